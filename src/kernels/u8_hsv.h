/* u8_hsv: hue turned, saturation and value scaled, of RGB pixels.
 *
 *   V = max, S = (max - min) / max, H in sixths of the circle from red (0 for greys), then
 *   H' = H + hue, S' = min(1, S * saturation), V' = min(255, V * value), and back to RGB,
 *   rounded half to even
 *
 *   x, out      3 n bytes, any alignment; out may be x
 *   hue         0 <= hue < 6
 *   saturation, value >= 0
 *
 * Variants are at most 1 level from the reference.
 * Source: A. R. Smith, Color Gamut Transform Pairs, SIGGRAPH 1978. */
#ifndef OC_KERNELS_U8_HSV_H
#define OC_KERNELS_U8_HSV_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_u8_hsv {
    float hue, saturation, value;
} oc_u8_hsv;

typedef void oc_k_u8_hsv_fn(size_t n, const uint8_t *x, const oc_u8_hsv *by, uint8_t *out);

#define OC_K(name, isa) oc_k_u8_hsv_fn oc_k_u8_hsv__##name;
#include "kernels/u8_hsv.inc"
#undef OC_K

oc_k_u8_hsv_fn *oc_k_u8_hsv(oc_isa have);

#endif
