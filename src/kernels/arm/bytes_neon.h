/* bytes_neon.h -- bytes as 16-bit values, for the integer kernels. */
#ifndef OC_KERNELS_ARM_BYTES_NEON_H
#define OC_KERNELS_ARM_BYTES_NEON_H

#include <arm_neon.h>
#include <stdbool.h>

static inline int16x8_t oc_v8_widen(uint8x8_t x, bool is_signed)
{
    return is_signed ? vmovl_s8(vreinterpret_s8_u8(x)) : vreinterpretq_s16_u16(vmovl_u8(x));
}

#endif
