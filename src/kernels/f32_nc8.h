/* f32_nc8: one block of up to eight planes to or from the blocked layout.
 *
 *   planar   lane c of pixel i at planar[c * plane + i], c < lanes
 *   blocked  lane c of pixel i at blocked[i * 8 + c], 32-byte aligned
 *   to_blocked  writes all eight lanes, zero where c >= lanes; the way back reads only c < lanes
 *
 * n pixels; the two do not overlap. */
#ifndef OC_KERNELS_F32_NC8_H
#define OC_KERNELS_F32_NC8_H

#include <stdbool.h>
#include <stddef.h>

#include "core/cpu.h"

typedef struct oc_nc8 {
    float   *planar, *blocked; /* the source is only read */
    size_t   plane, n;
    unsigned lanes; /* 1..8 */
    bool     to_blocked;
} oc_nc8;

typedef void oc_k_f32_nc8_fn(const oc_nc8 *t);

#define OC_K(name, isa) oc_k_f32_nc8_fn oc_k_f32_nc8__##name;
#include "kernels/f32_nc8.inc"
#undef OC_K

oc_k_f32_nc8_fn *oc_k_f32_nc8(oc_isa have);

#endif
