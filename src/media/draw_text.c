#include <math.h>
#include <stddef.h>

#include "media/draw_pen.h"
#include "media/font.h"

#define PATCH_MARGIN 2

/* The next letter, one for each code point of UTF-8; NULL: not in the font. */
static const uint8_t *next_letter(const char **text)
{
    unsigned char c = (unsigned char)*(*text)++;

    if (c >= 0x80)
        while (((unsigned char)**text & 0xc0) == 0x80)
            (*text)++;
    return c >= ' ' && c <= '~' ? oc_font[c - ' '] : NULL;
}

static int tame_scale(int scale)
{
    return scale < 1 ? 1 : scale > 16 ? 16 : scale;
}

void oc_text_size(const char *text, int scale, int *width, int *height)
{
    int columns = 0, lines = 1, widest = 0;

    while (*text) {
        if (*text == '\n') {
            text++;
            lines++;
            columns = 0;
            continue;
        }
        next_letter(&text);
        columns++;
        widest = columns > widest ? columns : widest;
    }
    *width = widest * OC_FONT_WIDTH * tame_scale(scale);
    *height = lines * OC_FONT_HEIGHT * tame_scale(scale);
}

static void letter(const oc_pen *pen, int x, int y, int scale, const uint8_t *rows)
{
    for (int r = 0; r < OC_FONT_ROWS; r++) {
        for (int c = 0; c < OC_FONT_COLUMNS; c++) {
            /* a letter that the font lacks is an empty box */
            bool box = r < 7 && (r == 0 || r == 6 || c == 0 || c == OC_FONT_COLUMNS - 1);
            bool set = rows ? (rows[r] >> (OC_FONT_COLUMNS - 1 - c)) & 1 : box;
            if (set)
                oc_pen_rect(pen, x + c * scale, y + r * scale, x + (c + 1) * scale,
                            y + (r + 1) * scale);
        }
    }
}

void oc_draw_text(oc_frame *frame, float fx, float fy, int scale, oc_color color, const char *text)
{
    oc_pen pen = oc_pen_of(frame, color);

    if (!(fabsf(fx) < 1e5f && fabsf(fy) < 1e5f))
        return;
    scale = tame_scale(scale);
    int left = (int)lrintf(fx), x = left, y = (int)lrintf(fy);
    while (*text) {
        if (*text == '\n') {
            text++;
            x = left;
            y += OC_FONT_HEIGHT * scale;
            continue;
        }
        letter(&pen, x, y, scale, next_letter(&text));
        x += OC_FONT_WIDTH * scale;
    }
}

void oc_draw_label(oc_frame *frame, float x, float y, int scale, oc_color color, oc_color back,
                   const char *text)
{
    int w, h, margin = PATCH_MARGIN * tame_scale(scale);

    if (!(fabsf(x) < 1e5f && fabsf(y) < 1e5f))
        return;
    oc_text_size(text, scale, &w, &h);
    w += 2 * margin - tame_scale(scale); /* the last letter's gap */
    h += 2 * margin - tame_scale(scale);
    x = fmaxf(fminf(x, (float)(frame->width - w)), 0);
    y = fmaxf(fminf(y, (float)(frame->height - h)), 0);
    oc_box patch = {x, y, x + (float)w, y + (float)h};
    oc_draw_fill(frame, &patch, back);
    oc_draw_text(frame, x + (float)margin, y + (float)margin, scale, color, text);
}
