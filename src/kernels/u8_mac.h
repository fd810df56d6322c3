/* u8_mac: acc[p][o] = start[o] + sum over k of w[k][o] * (x[p][k] - x_less), exactly: bytes times
 * bytes in sums of 32 bits, under quantised convolutions over blocked (NC8) bytes.
 *
 * k comes in groups of four (eight where `form.deep` says so) neighbouring bytes; group g of pixel p
 * lies at x[p] + at[g].  Weights are differences of bytes, in [-255, 255].  What an instruction set
 * can do exactly differs, so that a panel of 8 * blocks channels is packed for it (oc_mac8_pack):
 *
 *   narrow   groups whose weights are int8.  AVX2 multiplies u8 by s8 and adds neighbours in 16 bits,
 *            which saturate: there a group is narrow when in every pair of its weights the positive
 *            ones add up to at most 128 and the negative ones to at least -128, for
 *            255 * 128 < 32767.  Nothing saturates then, whatever x is.
 *   coupled  narrow groups, two by two: the same holds for what both have in a place of 16 bits, so
 *            that their products are added there, and widened once.
 *   wide     AVX2's other groups, as 16-bit weights: the same number of multiplications, more of
 *            everything else.
 *
 * Without pairs in 16 bits there are no wide groups: weights beyond int8 are split into two or
 * three narrow groups of the same place.  Groups of zeros are dropped; the order of a sum does not matter, it is
 * exact (modulo 2^32: the caller sees that the whole fits).
 *
 *   px       pixels, >= 1; x: px places
 *   acc      [px][8 * blocks], written; blocks 1 or 2
 *   start    [8 * blocks]
 *   reads form.deep bytes at each place, no alignment */
#ifndef OC_KERNELS_U8_MAC_H
#define OC_KERNELS_U8_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

#define OC_MAC8_BLOCKS_MAX 2

typedef struct oc_mac8_form {
    int     deep;         /* bytes in a group: 4 or 8 */
    int     w_min, w_max; /* of narrow weights */
    int     pair_max; /* of a narrow pair's weights of one sign, added; 0: no bound, none is wide */
    int32_t x_less;   /* x is taken for x - x_less in narrow groups */
    bool    two_by_two; /* narrow weights lie [group][channel / 2][2][8] */
} oc_mac8_form;

typedef struct oc_mac8 {
    const uint8_t *const *x;
    const int32_t        *at; /* of narrow groups, then of wide ones */
    size_t                n_narrow, n_wide;
    size_t                n_coupled; /* narrow groups of couples: the first ones; even */
    const int8_t         *narrow;    /* [n_narrow][8 * blocks][deep] */
    const int16_t        *wide;      /* [n_wide][2][8 * blocks][2]: (w0, w2), then (w1, w3) */
    const int32_t        *start;
    size_t                px;
    unsigned              blocks;
    int32_t              *acc;
} oc_mac8;

typedef void oc_k_u8_mac_fn(const oc_mac8 *m);

#define OC_K(name, isa)                            \
    oc_k_u8_mac_fn            oc_k_u8_mac__##name; \
    extern const oc_mac8_form oc_u8_mac_form__##name;
#include "kernels/u8_mac.inc"
#undef OC_K

/* The kernel, and in *form (may be NULL) how its weights lie. */
oc_k_u8_mac_fn *oc_k_u8_mac(oc_isa have, oc_mac8_form *form);

/* What packing makes: how many groups of either kind, and where they go. */
typedef struct oc_mac8_counts {
    size_t n_narrow, n_coupled, n_wide;
} oc_mac8_counts;
typedef struct oc_mac8_room {
    int8_t  *narrow;
    int16_t *wide;
    int32_t *at;  /* [n_narrow + n_wide] */
    int32_t *sum; /* [8 * blocks]: of a channel's narrow weights, what x_less takes away */
} oc_mac8_room;

#define OC_MAC8_PARTS 3 /* narrow groups that make up one of any weights, at most */

/* Decides what becomes of each group of w [groups][8 * blocks][deep]: order has room for
 * OC_MAC8_PARTS * groups entries, n_narrow + n_wide of them are what oc_mac8_pack asks for. */
oc_mac8_counts oc_mac8_sort(const oc_mac8_form *form, size_t groups, unsigned blocks,
                            const int16_t *w, uint32_t *order);
/* Packs them; group g lies at place[g]. */
void oc_mac8_pack(const oc_mac8_form *form, const oc_mac8_counts *n, const uint32_t *order,
                  unsigned blocks, const int16_t *w, const int32_t *place, const oc_mac8_room *to);

#endif
