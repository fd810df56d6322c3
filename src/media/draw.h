/* draw.h -- boxes, lines, points and text on I420 frames, for annotated video.
 *
 * The frame must be I420 and held by the caller alone.  Coordinates as in detect.h; what lies
 * outside the frame is cut off.  alpha 255 is opaque. */
#ifndef OC_MEDIA_DRAW_H
#define OC_MEDIA_DRAW_H

#include "ocellus/detect.h"
#include "ocellus/media.h"

typedef struct oc_color {
    uint8_t r, g, b, alpha;
} oc_color;

#define OC_COLOR(r, g, b) ((oc_color){(r), (g), (b), 255})

typedef struct oc_xy {
    float x, y;
} oc_xy;

oc_color oc_color_of_id(uint64_t id); /* bright; neighbours differ clearly */
oc_color oc_color_alpha(oc_color color, uint8_t alpha);

void oc_draw_fill(oc_frame *frame, const oc_box *box, oc_color color);
void oc_draw_box(oc_frame *frame, const oc_box *box, float thickness, oc_color color);
void oc_draw_line(oc_frame *frame, oc_xy from, oc_xy to, float thickness, oc_color color);
void oc_draw_disc(oc_frame *frame, oc_xy center, float radius, oc_color color);
void oc_draw_circle(oc_frame *frame, oc_xy center, float radius, float thickness, oc_color color);

/* n points; closed joins the last with the first. */
void oc_draw_polyline(oc_frame *frame, const oc_xy *points, size_t n, bool closed, float thickness,
                      oc_color color);
void oc_draw_polygon(oc_frame *frame, const oc_xy *points, size_t n, oc_color color); /* filled */
void oc_draw_arrow(oc_frame *frame, oc_xy from, oc_xy to, float thickness, oc_color color);

/* Key points with score >= score_min, and the edges between two such.  `edges` holds n_edges pairs
 * of indices; oc_skeleton_coco has the 17 points of COCO. */
void oc_draw_skeleton(oc_frame *frame, const oc_point *points, size_t n, const uint8_t (*edges)[2],
                      size_t n_edges, float score_min, float thickness, oc_color color);
extern const uint8_t oc_skeleton_coco[][2];
extern const size_t  oc_skeleton_coco_edges;

/* Text in a 6x10 font, scale 1, 2 or 3; (x, y) its upper left corner; '\n' starts a new line.
 * Letters outside ASCII appear as a box, one for each code point of UTF-8. */
void oc_draw_text(oc_frame *frame, float x, float y, int scale, oc_color color, const char *text);
/* The same on a filled patch, moved so that it lies inside the frame where it can. */
void oc_draw_label(oc_frame *frame, float x, float y, int scale, oc_color color, oc_color back,
                   const char *text);
void oc_text_size(const char *text, int scale, int *width, int *height);

#endif
