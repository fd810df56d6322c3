/* f32_mac: y[p][o] = act(bias[o] + add[p][o] + sum over k of x[p][k] * w[k][o]), the multiplication
 * under every convolution and matrix product.
 *
 * One call makes `px` pixels (rows of a matrix) of one panel: `blocks` times 8 output channels
 * (columns).  k runs, in this order, over n0 x n1 x n2 blocks of 8 floats that lie next to each
 * other; the last of each n2 blocks has k_last of them:
 *
 *                        blocked convolution     planar first layer    matrix product
 *   n0, x0               ky, input rows          channels, planes      1
 *   n1, x1               kx, input pixels        ky, input rows        1
 *   n2, x2, k_last       channel blocks, planes  kx, 8, kw             K in eights, 8
 *   x_px                 8 * stride              stride                row of the left matrix
 *
 * Where those blocks would be short or ragged, `at` lists the places instead: k is x[at[k]],
 * k < n_at, and n0 .. k_last, x0 .. x2 are not looked at.
 *
 *   w        n0 * n1 * ((n2 - 1) * 8 + k_last), or n_at, rows of 8 * blocks floats, 32-byte
 *            aligned; rows of one i0 follow those of the one before
 *   bias     8 * blocks floats, or NULL for zeros
 *   add      as y, or NULL; may be y itself
 *   y        pixel p, block b at y + p * y_px + b * y_blk
 *   lanes    valid channels of the last block, 1..8; where `whole` is set, lanes beyond them are
 *            stored as zero, otherwise not touched (nor read in add)
 *   act      applied to the sum
 *   ahead    what will be read soon (the weights of the next call): `ahead_lines` lines of 64 bytes
 *            are fetched with every 8 k of a tile, from `ahead` on, until about `ahead_end`.  By the
 *            loops only; ahead_lines 0: none.  Nothing but the time depends on it.
 *
 * Reads x only where named (no over-read), any alignment.  y overlaps neither x nor w.  The order
 * of the sum depends on px and blocks alone: equal calls give equal bits. */
#ifndef OC_KERNELS_F32_MAC_H
#define OC_KERNELS_F32_MAC_H

#include <stdbool.h>
#include <stddef.h>

#include "core/cpu.h"
#include "tensor/act.h"

#define OC_MAC_BLOCKS_MAX 3

typedef struct oc_mac {
    const float     *x;
    ptrdiff_t        x_px, x0, x1, x2; /* in floats */
    size_t           n0, n1, n2;       /* at least 1; n0 may be 0: no tap reaches the input */
    unsigned         k_last;           /* 1..8 */
    const ptrdiff_t *at;               /* NULL: by the loops */
    size_t           n_at;
    const float     *w, *bias, *add;
    float           *y;
    ptrdiff_t        y_px, y_blk;
    size_t           px; /* at least 1 */
    unsigned         blocks, lanes;
    bool             whole;
    oc_act           act;
    const float     *ahead, *ahead_end;
    unsigned         ahead_lines;
} oc_mac;

typedef void oc_k_f32_mac_fn(const oc_mac *m);

/* Has m fetch floats [from, end) in one of `calls` calls like it that follow each other: the weights
 * of what comes after them.  i: which of the calls. */
void oc_mac_fetch(oc_mac *m, const float *from, const float *end, size_t calls, size_t i);

#define OC_K(name, isa) oc_k_f32_mac_fn oc_k_f32_mac__##name;
#include "kernels/f32_mac.inc"
#undef OC_K

oc_k_f32_mac_fn *oc_k_f32_mac(oc_isa have);

#endif
