/* u8_max8: one output row of a 2-d maximum pooling over one block of 8 channels of bytes, [H][W][8].
 *
 *   pool     as f32_pool8 has it; average and include_pad are not looked at
 *   x        the block's first pixel; y out_w pixels, not overlapping x
 *   row      room for (pad_l + in_w + what the last window reaches) * 8 + 32 bytes: oc_max8_row
 *   taps outside the input count as 0 */
#ifndef OC_KERNELS_U8_MAX8_H
#define OC_KERNELS_U8_MAX8_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"
#include "kernels/f32_pool8.h"

typedef void oc_k_u8_max8_fn(const oc_pool8 *pool, size_t oy, const uint8_t *x, uint8_t *row,
                             uint8_t *y);

/* Pixels of a row with its borders; bytes of `row`. */
static inline size_t oc_max8_pixels(const oc_pool8 *p)
{
    const ptrdiff_t reach = (p->out_w - 1) * p->stride_w + (p->k_w - 1) * p->dil_w + 1;
    const ptrdiff_t own = p->pad_l + p->in_w;
    return (size_t)(reach > own ? reach : own);
}
static inline size_t oc_max8_row(const oc_pool8 *p)
{
    return oc_max8_pixels(p) * 8 + 32;
}

#define OC_K(name, isa) oc_k_u8_max8_fn oc_k_u8_max8__##name;
#include "kernels/u8_max8.inc"
#undef OC_K

oc_k_u8_max8_fn *oc_k_u8_max8(oc_isa have);

#endif
