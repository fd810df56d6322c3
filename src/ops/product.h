/* product.h -- batches of matrix products, as Gemm and MatMul run them.
 *
 *   y[b] = act(alpha * a[b] * w[b] + c + add),   a M x K, w K x N, y M x N
 *
 * f32 goes through multiply-accumulate tiles.  The right-hand side is packed into panels: once in
 * prepare when it is constant, else by each unit, which then makes all rows of a few panels.  The
 * other types run as plain loops (floats in double, integers modulo 2^64). */
#ifndef OC_OPS_PRODUCT_H
#define OC_OPS_PRODUCT_H

#include "kernels/f32_mac.h"
#include "ops/op.h"

typedef struct oc_product {
    /* by the operator */
    oc_dtype dtype;
    size_t   m, n, k, batches;
    size_t  *a_at, *w_at;        /* per batch: first element */
    bool     a_turned, w_turned; /* stored transposed: K x M, N x K */
    float    alpha, beta;
    oc_act   act;
    int      c, add;       /* inputs: the addend (steps below), the residual; or -1 */
    size_t   c_row, c_col; /* elements from row to row and column to column, may be 0 */
    /* by oc_product_init */
    oc_k_f32_mac_fn *kernel;
    float           *packed, *bias; /* NULL: by the units; no bias row */
    size_t           panels, panels_per, groups, rows_per, chunks;
} oc_product;

/* Shapes must agree (infer saw to that).  Fills p->work. */
OC_MUST_CHECK oc_status oc_product_init(oc_product *d, const oc_prepare *p, oc_error *err);
void                    oc_product_run(const oc_product *d, const oc_op_run *r);

bool oc_product_takes(oc_dtype dtype);

#endif
