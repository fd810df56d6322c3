/* s16_mac: acc[p][c] = sum over k of x[p * x_px + k] * w[k][c], exactly (modulo 2^32).
 *
 *   px       rows, >= 1; k2 pairs of k, >= 1
 *   w        [k2][16][2]: neighbours in k lie together
 *   acc      [px][16], written; no alignment
 *   |x| and |w| under 2^15, so that a pair's sum fits 32 bits */
#ifndef OC_KERNELS_S16_MAC_H
#define OC_KERNELS_S16_MAC_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_s16_mac {
    const int16_t *x, *w;
    size_t         x_px, px, k2;
    int32_t       *acc;
} oc_s16_mac;

typedef void oc_k_s16_mac_fn(const oc_s16_mac *m);

#define OC_K(name, isa) oc_k_s16_mac_fn oc_k_s16_mac__##name;
#include "kernels/s16_mac.inc"
#undef OC_K

oc_k_s16_mac_fn *oc_k_s16_mac(oc_isa have);

#endif
