/* A pixel is two vectors of four channels. */
#include <math.h>
#include <stdbool.h>

#include "kernels/arm/act_neon.h"
#include "kernels/f32_pool8.h"

/* A comparison with a NaN is false: the running maximum stays, the tap is passed over. */
OC_INLINE float32x4_t tap(bool average, float32x4_t acc, const float *x)
{
    const float32x4_t v = vld1q_f32(x);
    return average ? vaddq_f32(acc, v) : vbslq_f32(vcgtq_f32(v, acc), v, acc);
}

OC_INLINE void tap8(bool average, float32x4_t acc[2], const float *x)
{
    acc[0] = tap(average, acc[0], x);
    acc[1] = tap(average, acc[1], x + 4);
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
    const oc_pool8   *p = w->p;
    const ptrdiff_t   col = ox * p->stride_w - p->pad_l;
    const float32x4_t start = vdupq_n_f32(average ? 0.0f : -INFINITY);
    float32x4_t       acc[2] = {start, start};
    ptrdiff_t         x0, x1, unused, cols, count;

    oc_pool_taps(col, p->k_w, p->dil_w, p->in_w, &x0, &x1);
    oc_pool_taps(col + p->pad_l, p->k_w, p->dil_w, p->in_w + p->pad_l + p->pad_r, &unused, &cols);
    for (ptrdiff_t ky = 0; ky < w->rows; ky++)
        for (ptrdiff_t kx = x0; kx < x1; kx++)
            tap8(average, acc, w->x + ky * w->step + (col + kx * p->dil_w) * 8);
    count = p->include_pad ? w->pad_rows * cols : w->rows * (x1 - x0);
    for (int h = 0; h < 2; h++) {
        if (average)
            acc[h] = count ? vdivq_f32(acc[h], vdupq_n_f32((float)count)) : vdupq_n_f32(0.0f);
        vst1q_f32(y + ox * 8 + h * 4, acc[h]);
    }
}

/* Four outputs whose taps all lie inside. */
OC_INLINE void four(const row_work *w, bool average, ptrdiff_t ox, float32x4_t divisor, float *y)
{
    const oc_pool8 *p = w->p;
    const ptrdiff_t next = p->stride_w * 8, dil = p->dil_w * 8;
    const float    *x = w->x + (ox * p->stride_w - p->pad_l) * 8;
    float32x4_t     acc[8];

    OC_UNROLL for (int i = 0; i < 8; i++) acc[i] = vdupq_n_f32(average ? 0.0f : -INFINITY);
    for (ptrdiff_t ky = 0; ky < w->rows; ky++, x += w->step) {
        const float *t = x;

        for (ptrdiff_t kx = 0; kx < p->k_w; kx++, t += dil)
            OC_UNROLL for (int i = 0; i < 4; i++) tap8(average, acc + 2 * i, t + i * next);
    }
    OC_UNROLL for (int i = 0; i < 8; i++)
        vst1q_f32(y + ox * 8 + i * 4, average ? vdivq_f32(acc[i], divisor) : acc[i]);
}

OC_INLINE void row(const row_work *w, bool average, float *y)
{
    const oc_pool8   *p = w->p;
    const ptrdiff_t   reach = (p->k_w - 1) * p->dil_w + 1;
    const ptrdiff_t   inside = p->in_w + p->pad_l >= reach
                                   ? (p->in_w + p->pad_l - reach) / p->stride_w + 1
                                   : 0; /* outputs before this do not stick out to the right */
    const ptrdiff_t   count = (p->include_pad ? w->pad_rows : w->rows) * p->k_w;
    const float32x4_t divisor = vdupq_n_f32((float)count);
    ptrdiff_t         ox = 0;

    for (; ox < p->out_w && ox * p->stride_w < p->pad_l; ox++)
        edge(w, average, ox, y);
    for (; w->rows && ox + 4 <= p->out_w && ox + 4 <= inside; ox += 4)
        four(w, average, ox, divisor, y);
    for (; ox < p->out_w; ox++)
        edge(w, average, ox, y);
}

/* A maximum taken down the columns first: k_h + k_w steps an output where windows overlap, in the
 * place of k_h * k_w.  Maxima do not mind the order (sums would). */
#define COLUMNS 96

static void maximum_by_columns(const row_work *w, float *y)
{
    const oc_pool8   *p = w->p;
    const ptrdiff_t   reach = (p->k_w - 1) * p->dil_w + 1;
    const float32x4_t none = vdupq_n_f32(-INFINITY);
    float             column[COLUMNS * 8];
    ptrdiff_t         n;

    for (ptrdiff_t ox = 0; ox < p->out_w; ox += n) {
        const ptrdiff_t first = ox * p->stride_w - p->pad_l;

        n = (COLUMNS - reach) / p->stride_w + 1;
        n = n > p->out_w - ox ? p->out_w - ox : n;
        for (ptrdiff_t c = 0; c < (n - 1) * p->stride_w + reach; c++) {
            const bool   inside = first + c >= 0 && first + c < p->in_w;
            const float *x = w->x + (inside ? (first + c) * 8 : 0);
            float32x4_t  acc[2] = {none, none};

            for (ptrdiff_t ky = 0; inside && ky < w->rows; ky++, x += w->step)
                tap8(false, acc, x);
            vst1q_f32(column + c * 8, acc[0]);
            vst1q_f32(column + c * 8 + 4, acc[1]);
        }
        for (ptrdiff_t i = 0; i < n; i++) {
            const float *c = column + i * p->stride_w * 8;
            float32x4_t  acc[2] = {none, none};

            for (ptrdiff_t kx = 0; kx < p->k_w; kx++, c += p->dil_w * 8)
                tap8(false, acc, c);
            vst1q_f32(y + (ox + i) * 8, acc[0]);
            vst1q_f32(y + (ox + i) * 8 + 4, acc[1]);
        }
    }
}

/* The detour through memory costs about as much again as the taps it takes. */
static bool columns_pay(const oc_pool8 *p)
{
    return (p->k_w - 1) * p->dil_w < COLUMNS &&
           2 * (p->stride_w * p->k_h + p->k_w + 2) < p->k_h * p->k_w;
}

void oc_k_f32_pool8__neon(const oc_pool8 *p, size_t oy, const float *x, float *y)
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
