/* draw_pen.h -- filling pixels of one plane; what draw.c and draw_text.c share. */
#ifndef OC_MEDIA_DRAW_PEN_H
#define OC_MEDIA_DRAW_PEN_H

#include "media/draw.h"

typedef struct oc_pen {
    oc_frame *frame;
    uint8_t   value[3]; /* Y, U, V of the colour in this frame's range and matrix */
    uint8_t   alpha;
} oc_pen;

oc_pen oc_pen_of(oc_frame *frame, oc_color color);

/* Luma pixels [x0, x1) x [y0, y1) and the chroma samples they touch. */
void oc_pen_rect(const oc_pen *pen, int x0, int y0, int x1, int y1);

/* Samples [x0, x1) of row y of plane p. */
void oc_pen_span(const oc_pen *pen, int p, int y, int x0, int x1);

#endif
