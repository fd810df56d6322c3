/* u8_nc8: bytes from planes to blocks of eight channels, or back.
 *
 *   to_blocked:  blocked[p][c] = planar[c * plane + p], lanes from `lanes` on become `fill`
 *   else         planar[c * plane + p] = blocked[p][c] for c < lanes
 *
 *   n        pixels, >= 1; lanes 1..8; no alignment; nothing beyond those pixels is touched */
#ifndef OC_KERNELS_U8_NC8_H
#define OC_KERNELS_U8_NC8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_bytes8 {
    uint8_t *planar, *blocked;
    size_t   plane, n;
    unsigned lanes;
    uint8_t  fill;
    bool     to_blocked;
} oc_bytes8;

typedef void oc_k_u8_nc8_fn(const oc_bytes8 *t);

#define OC_K(name, isa) oc_k_u8_nc8_fn oc_k_u8_nc8__##name;
#include "kernels/u8_nc8.inc"
#undef OC_K

oc_k_u8_nc8_fn *oc_k_u8_nc8(oc_isa have);

#endif
