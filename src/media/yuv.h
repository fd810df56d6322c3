/* yuv.h -- where each channel of a pixel format lies, and the matrices between YUV and RGB. */
#ifndef OC_MEDIA_YUV_H
#define OC_MEDIA_YUV_H

#include "media/frame.h"

/* Channel c of a format: Y, U, V or R, G, B.  Pixel (x, y) is the byte
 * plane[(y >> down_y) * stride + (x >> down_x) * step + offset]. */
typedef struct oc_channel {
    uint8_t plane, offset, step, down_x, down_y;
} oc_channel;

/* 1 for gray, else 3. */
int  oc_pixel_channels(oc_pixel_format format, oc_channel out[3]);
bool oc_pixel_is_rgb(oc_pixel_format format);

/* rgb = m * (y, u, v) + off, all on 0..255. */
void oc_yuv_to_rgb(oc_yuv_matrix matrix, bool full_range, float m[3][3], float off[3]);

/* Luma of full range from stored luma: y * scale + off. */
void oc_luma_full(bool full_range, float *scale, float *off);

/* Weights of R, G and B in luma. */
void oc_luma_weights(oc_yuv_matrix matrix, float k[3]);

#endif
