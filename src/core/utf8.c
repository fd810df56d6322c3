#include <string.h>

#include "core/utf8.h"

static int within(unsigned char c, unsigned low, unsigned high)
{
    return c >= low && c <= high;
}

size_t oc_utf8_length(const char *text, size_t n)
{
    const unsigned char *t = (const unsigned char *)text;
    if (n == 0)
        return 0;
    if (t[0] < 0x80)
        return 1;
    size_t   length = within(t[0], 0xC2, 0xDF)   ? 2
                      : within(t[0], 0xE0, 0xEF) ? 3
                      : within(t[0], 0xF0, 0xF4) ? 4
                                                 : 0;
    unsigned low = t[0] == 0xE0 ? 0xA0 : t[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = t[0] == 0xED ? 0x9F : t[0] == 0xF4 ? 0x8F : 0xBF;
    if (!length || n < length || !within(t[1], low, high))
        return 0;
    for (size_t i = 2; i < length; i++)
        if (!within(t[i], 0x80, 0xBF))
            return 0;
    return length;
}

size_t oc_utf8_clean(const char *text, char *out, size_t bytes)
{
    static const char bad[] = "\xEF\xBF\xBD"; /* U+FFFD */
    size_t            left = strlen(text), to = 0;
    while (left > 0) {
        size_t      length = oc_utf8_length(text, left), step = length ? length : 1;
        const char *from = length ? text : bad;
        size_t      n = length ? length : 3;
        if (to + n >= bytes)
            break;
        memcpy(out + to, from, n);
        to += n;
        text += step;
        left -= step;
    }
    out[to] = '\0';
    return to;
}
