/* SDOT: four products of signed bytes a lane in one instruction. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/tmpl/inline.h"
#include "kernels/tmpl/u8_mac_tiles.h"
#include "kernels/u8_mac.h"

const oc_mac8_form oc_u8_mac_form__dotprod = {
    .deep = 4, .w_min = -128, .w_max = 127, .x_less = 128};

#define DOT_STEP(acc, x, w) vdotq_s32(acc, x, w)
#define DOT_TILE tile_16
#define DOT_REGS 4
#include "kernels/arm/u8_mac_tile.h"
#define DOT_TILE tile_8
#define DOT_REGS 2
#include "kernels/arm/u8_mac_tile.h"

void oc_k_u8_mac__dotprod(const oc_mac8 *m)
{
    if (m->blocks == 2)
        OC_MAC8_TILES(tile_16, m)
    else
        OC_MAC8_TILES(tile_8, m)
}
