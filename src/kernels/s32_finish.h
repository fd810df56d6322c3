/* s32_finish: sums of a quantised convolution become bytes (or floats) of blocked layout.
 *
 *   v = act(acc[p][c] * scale[c])              in float; with `sums`, whole numbers in floats, instead of
 *                                              acc: act((sums[p][c] + start[c]) * scale[c])
 *   raw:  y = v, floats
 *   else  b = round_half_even(v * per_quantum) + zero, saturated to 0..255
 *         b = table[b]                            where there is one: an operator of one value
 *         b = saturate(round_half_even(ratio * b + (ratio_add * add + fixed)))   where there is `add`
 *             (add_last: ratio_add * add + (ratio * b + fixed): the order decides ties)
 *         y = b clamped to lo..hi: Relu and Clip, which quantising does not change the order of
 *
 *   px       pixels, >= 1; blocks of eight channels, 1 or 2
 *   acc      [px][8 * blocks], sums likewise; start [8 * blocks]; scale [8 * blocks]; per_quantum 1 where scale has it in it
 *   y        pixel p, block b at y + p * 8 + b * y_blk elements; add likewise; may be y itself
 *   no alignment; acc * scale must be under 2^31 (else it saturates like 2^31) */
#ifndef OC_KERNELS_S32_FINISH_H
#define OC_KERNELS_S32_FINISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"
#include "tensor/act.h"

typedef struct oc_finish8 {
    const int32_t *acc;
    const float   *sums, *start; /* NULL: acc */
    const float   *scale;
    oc_act         act;
    float          per_quantum;
    int32_t        zero;
    const uint8_t *table; /* [256] or NULL */
    const uint8_t *add;   /* or NULL */
    float          ratio, ratio_add, fixed;
    bool           add_last;
    uint8_t        lo, hi;
    bool           raw;
    size_t         px;
    unsigned       blocks;
    void          *y;
    ptrdiff_t      y_blk;
} oc_finish8;

typedef void oc_k_s32_finish_fn(const oc_finish8 *f);

#define OC_K(name, isa) oc_k_s32_finish_fn oc_k_s32_finish__##name;
#include "kernels/s32_finish.inc"
#undef OC_K

oc_k_s32_finish_fn *oc_k_s32_finish(oc_isa have);

#endif
