/* AVX-512 VNNI: sixteen channels in a register; a panel of eight in half of one. */
#include "kernels/tmpl/u8_mac_tiles.h"
#include "kernels/x86/vec_avx512.h"

#define DOT_TILE tile_16
#define DOT_V __m512i
#define DOT_REGS 1
#define DOT_LOAD(p) _mm512_loadu_si512(p)
#define DOT_STORE(p, v) _mm512_storeu_si512(p, v)
#define DOT_SET(v) _mm512_set1_epi32(v)
#define DOT_ZERO _mm512_setzero_si512()
#define DOT_ADD(a, b) _mm512_add_epi32(a, b)
#define DOT_STEP(acc, x, w) _mm512_dpbusd_epi32(acc, x, w)
#include "kernels/tmpl/u8_mac.tmpl.h"

#define DOT_TILE tile_8
#define DOT_V __m256i
#define DOT_REGS 1
#define DOT_LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define DOT_STORE(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#define DOT_SET(v) _mm256_set1_epi32(v)
#define DOT_ZERO _mm256_setzero_si256()
#define DOT_ADD(a, b) _mm256_add_epi32(a, b)
#define DOT_STEP(acc, x, w) _mm256_dpbusd_epi32(acc, x, w)
#include "kernels/tmpl/u8_mac.tmpl.h"

const oc_mac8_form oc_u8_mac_form__vnni = {.deep = 4, .w_min = -128, .w_max = 127};

void oc_k_u8_mac__vnni(const oc_mac8 *m)
{
    if (m->blocks == 2)
        OC_MAC8_TILES(tile_16, m)
    else
        OC_MAC8_TILES(tile_8, m)
}
