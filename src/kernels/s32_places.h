/* s32_places: where a row of pixels comes from, in 64ths of a pixel: what u8_warp takes.
 *
 *   straight      u[i] = (u0 + i * du) >> 10, v likewise                       0 <= i < n
 *   not straight  w = max(g i + h, 1e-6);  x = (a i + b) * (1 / w) - 1/2,  y = (d i + e) * (1 / w) - 1/2,
 *                 both held within +-20000;  u[i] = round(64 x), v[i] = round(64 y)
 *
 *   u0, du, v0, dv  16.16 bits, half a 64th added; u0 + n du does not overflow
 *   n <= 16384
 *
 * Every variant gives the same numbers: nothing is fused. */
#ifndef OC_KERNELS_S32_PLACES_H
#define OC_KERNELS_S32_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_places {
    bool    straight;
    int32_t u0, du, v0, dv;
    float   a, b, d, e, g, h;
} oc_places;

typedef void oc_k_s32_places_fn(const oc_places *p, size_t n, int32_t *u, int32_t *v);

#define OC_K(name, isa) oc_k_s32_places_fn oc_k_s32_places__##name;
#include "kernels/s32_places.inc"
#undef OC_K

oc_k_s32_places_fn *oc_k_s32_places(oc_isa have);

#endif
