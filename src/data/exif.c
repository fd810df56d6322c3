/* Source: CIPA DC-008 (EXIF 2.32): an APP1 segment "Exif\0\0", behind it a TIFF whose first directory
 * has the tag 0x112. */
#include "data/exif.h"

#include <stdbool.h>
#include <string.h>

#define TAG_ORIENTATION 0x112
#define TYPE_SHORT 3

static uint32_t number(const uint8_t *p, int bytes, bool little)
{
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | p[little ? bytes - 1 - i : i];
    return v;
}

static int of_tiff(const uint8_t *t, size_t n)
{
    if (n < 8 || (memcmp(t, "II*\0", 4) != 0 && memcmp(t, "MM\0*", 4) != 0))
        return 1;
    bool   little = t[0] == 'I';
    size_t at = number(t + 4, 4, little);
    if (at > n || n - at < 2)
        return 1;
    size_t entries = number(t + at, 2, little);
    for (at += 2; entries-- && n - at >= 12; at += 12) {
        if (number(t + at, 2, little) != TAG_ORIENTATION)
            continue;
        uint32_t v = number(t + at + 8, 2, little);
        bool     one = number(t + at + 2, 2, little) == TYPE_SHORT;
        return one && v >= 1 && v <= 8 ? (int)v : 1;
    }
    return 1;
}

int oc_exif_orientation(const uint8_t *jpeg, size_t n)
{
    if (n < 4 || jpeg[0] != 0xff || jpeg[1] != 0xd8)
        return 1;
    for (size_t at = 2; n - at >= 4 && jpeg[at] == 0xff && jpeg[at + 1] != 0xda;) {
        size_t length = number(jpeg + at + 2, 2, false);
        if (length < 2 || n - at - 2 < length)
            return 1;
        if (jpeg[at + 1] == 0xe1 && length >= 8 && memcmp(jpeg + at + 4, "Exif\0\0", 6) == 0)
            return of_tiff(jpeg + at + 10, length - 8);
        at += 2 + length;
    }
    return 1;
}

void oc_exif_from(int orientation, int32_t width, int32_t height, int32_t x, int32_t y,
                  int32_t *from_x, int32_t *from_y)
{
    bool swapped = orientation > 4;
    bool mirror = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    *from_x = swapped ? y : x;
    *from_y = swapped ? x : y;
    if (mirror)
        *from_x = width - 1 - *from_x;
    if (flip)
        *from_y = height - 1 - *from_y;
}
