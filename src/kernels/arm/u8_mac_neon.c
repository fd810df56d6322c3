/* Plain ARMv8-A: signed bytes multiplied into 16 bits, neighbours added, pairs of those added into
 * 32 bits.  Weights of -128 would let two neighbours' sum leave 16 bits: they are split. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/tmpl/inline.h"
#include "kernels/tmpl/u8_mac_tiles.h"
#include "kernels/u8_mac.h"

const oc_mac8_form oc_u8_mac_form__neon = {.deep = 4, .w_min = -127, .w_max = 127, .x_less = 128};

OC_INLINE int32x4_t step(int32x4_t acc, int8x16_t x, int8x16_t w)
{
    const int16x8_t lo = vmull_s8(vget_low_s8(x), vget_low_s8(w)), hi = vmull_high_s8(x, w);
    return vpadalq_s16(acc, vpaddq_s16(lo, hi));
}
#define DOT_STEP(acc, x, w) step(acc, x, w)
#define DOT_TILE tile_16
#define DOT_REGS 4
#include "kernels/arm/u8_mac_tile.h"
#define DOT_TILE tile_8
#define DOT_REGS 2
#include "kernels/arm/u8_mac_tile.h"

void oc_k_u8_mac__neon(const oc_mac8 *m)
{
    if (m->blocks == 2)
        OC_MAC8_TILES(tile_16, m)
    else
        OC_MAC8_TILES(tile_8, m)
}
