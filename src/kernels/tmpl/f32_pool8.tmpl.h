/* f32_pool8.tmpl.h -- oc_k_f32_pool8 of the vocabulary that is included. */
#include <math.h>
#include <stdbool.h>

#include "kernels/f32_pool8.h"

/* A NaN is passed over by the maximum, as the reference does. */
OC_INLINE vf tap(bool average, vf acc, vf x)
{
    return average ? vf_add(acc, x) : vf_max_known(acc, x);
}

typedef struct row_work {
    const oc_pool8 *p;
    const float    *x;          /* of tap row y0 */
    ptrdiff_t       rows, step; /* tap rows, floats from one to the next */
    ptrdiff_t       pad_rows;   /* taps inside the padded input */
} row_work;

/* Any output: taps clipped at the sides. */
static void edge(const row_work *w, bool average, ptrdiff_t ox, float *y)
{
    const oc_pool8 *p = w->p;
    const ptrdiff_t col = ox * p->stride_w - p->pad_l;
    vf              acc = vf_set(average ? 0.0f : -INFINITY);
    ptrdiff_t       x0, x1, unused, cols, count;

    oc_pool_taps(col, p->k_w, p->dil_w, p->in_w, &x0, &x1);
    oc_pool_taps(col + p->pad_l, p->k_w, p->dil_w, p->in_w + p->pad_l + p->pad_r, &unused, &cols);
    for (ptrdiff_t ky = 0; ky < w->rows; ky++)
        for (ptrdiff_t kx = x0; kx < x1; kx++)
            acc = tap(average, acc, vf_load_one(w->x + ky * w->step + (col + kx * p->dil_w) * 8));
    count = p->include_pad ? w->pad_rows * cols : w->rows * (x1 - x0);
    if (average)
        acc = count ? vf_div(acc, vf_set((float)count)) : vf_zero();
    vf_store_one(y + ox * 8, acc);
}

/* Outputs whose taps all lie inside: four vectors of them. */
#define INNER (4 * VF_PX)

OC_INLINE void inner(const row_work *w, bool average, ptrdiff_t ox, vf divisor,
                     const ptrdiff_t next, float *y)
{
    const oc_pool8 *p = w->p;
    const ptrdiff_t dil = p->dil_w * 8;
    const float    *x = w->x + (ox * p->stride_w - p->pad_l) * 8;
    vf              acc[4];

    OC_UNROLL for (int i = 0; i < 4; i++) acc[i] = vf_set(average ? 0.0f : -INFINITY);
    for (ptrdiff_t ky = 0; ky < w->rows; ky++, x += w->step) {
        const float *t = x;

        for (ptrdiff_t kx = 0; kx < p->k_w; kx++, t += dil)
            OC_UNROLL for (int i = 0; i < 4; i++) acc[i] =
                tap(average, acc[i], vf_load_px(t + i * VF_PX * next, next));
    }
    OC_UNROLL for (int i = 0; i < 4; i++)
        vf_store(y + ox * 8 + i * VF, average ? vf_div(acc[i], divisor) : acc[i]);
}

OC_INLINE void row(const row_work *w, bool average, float *y)
{
    const oc_pool8 *p = w->p;
    const ptrdiff_t reach = (p->k_w - 1) * p->dil_w + 1, next = p->stride_w * 8;
    const ptrdiff_t inside = p->in_w + p->pad_l >= reach
                                 ? (p->in_w + p->pad_l - reach) / p->stride_w + 1
                                 : 0; /* outputs before this do not stick out to the right */
    const vf        divisor = vf_set((float)((p->include_pad ? w->pad_rows : w->rows) * p->k_w));
    ptrdiff_t       ox = 0;

    for (; ox < p->out_w && ox * p->stride_w < p->pad_l; ox++)
        edge(w, average, ox, y);
    if (VF_PX > 1 && next == 8) /* neighbours come in one load */
        for (; w->rows && ox + INNER <= p->out_w && ox + INNER <= inside; ox += INNER)
            inner(w, average, ox, divisor, 8, y);
    for (; w->rows && ox + INNER <= p->out_w && ox + INNER <= inside; ox += INNER)
        inner(w, average, ox, divisor, next, y);
    for (; ox < p->out_w; ox++)
        edge(w, average, ox, y);
}

/* A maximum taken down the columns first: k_h + k_w steps an output where windows overlap, in the
 * place of k_h * k_w.  Maxima do not mind the order (sums would). */
#define COLUMNS 96

/* Of n neighbouring columns from x on. */
OC_INLINE void columns_down(const row_work *w, const float *x, ptrdiff_t n, float *column)
{
    for (ptrdiff_t c = 0; c < n; c += VF_PX) {
        const bool   one = c + VF_PX > n;
        const float *from = x + c * 8;
        vf           acc = vf_set(-INFINITY);

        for (ptrdiff_t ky = 0; ky < w->rows; ky++, from += w->step)
            acc = tap(false, acc, one ? vf_load_one(from) : vf_load(from));
        if (one)
            vf_store_one(column + c * 8, acc);
        else
            vf_store(column + c * 8, acc);
    }
}

/* Columns first .. first + n - 1, of which those beside the input are empty. */
static void columns(const row_work *w, ptrdiff_t first, ptrdiff_t n, float *column)
{
    const ptrdiff_t in_w = w->p->in_w;
    const ptrdiff_t left = first < 0 ? (-first < n ? -first : n) : 0;
    const ptrdiff_t end = first + n > in_w ? in_w - first : n;

    for (ptrdiff_t c = 0; c < n; c++)
        if (c < left || c >= end)
            vf_store_one(column + c * 8, vf_set(-INFINITY));
    if (end > left)
        columns_down(w, w->x + (first + left) * 8, end - left, column + left * 8);
}

static void maximum_by_columns(const row_work *w, float *y)
{
    const oc_pool8 *p = w->p;
    const ptrdiff_t reach = (p->k_w - 1) * p->dil_w + 1;
    float           column[COLUMNS * 8];
    ptrdiff_t       n;

    for (ptrdiff_t ox = 0; ox < p->out_w; ox += n) {
        n = (COLUMNS - reach) / p->stride_w + 1;
        n = n > p->out_w - ox ? p->out_w - ox : n;
        columns(w, ox * p->stride_w - p->pad_l, (n - 1) * p->stride_w + reach, column);
        for (ptrdiff_t i = 0; i < n; i++) {
            const float *c = column + i * p->stride_w * 8;
            vf           acc = vf_set(-INFINITY);

            for (ptrdiff_t kx = 0; kx < p->k_w; kx++, c += p->dil_w * 8)
                acc = tap(false, acc, vf_load_one(c));
            vf_store_one(y + (ox + i) * 8, acc);
        }
    }
}

/* The detour through memory costs about as much again as the taps it takes. */
static bool columns_pay(const oc_pool8 *p)
{
    return (p->k_w - 1) * p->dil_w < COLUMNS &&
           2 * (p->stride_w * p->k_h + p->k_w + 2) < p->k_h * p->k_w;
}

void OC_KERNEL(f32_pool8)(const oc_pool8 *p, size_t oy, const float *x, float *y)
{
    const ptrdiff_t top = (ptrdiff_t)oy * p->stride_h - p->pad_t;
    row_work        w = {.p = p, .step = p->dil_h * p->in_w * 8};
    ptrdiff_t       y0, y1, unused;

    oc_pool_taps(top, p->k_h, p->dil_h, p->in_h, &y0, &y1);
    oc_pool_taps(top + p->pad_t, p->k_h, p->dil_h, p->in_h + p->pad_t + p->pad_b, &unused,
                 &w.pad_rows);
    w.rows = y1 - y0;
    w.x = w.rows ? x + (top + y0 * p->dil_h) * p->in_w * 8 : x;
    if (p->average)
        row(&w, true, y);
    else if (columns_pay(p))
        maximum_by_columns(&w, y);
    else
        row(&w, false, y);
}
