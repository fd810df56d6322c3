#include <immintrin.h>
#include <math.h>
#include <stdbool.h>

#include "kernels/f32_pool8.h"

/* max gives back its second operand when either is NaN: the running maximum goes second, so that a
 * NaN tap is passed over as the reference does. */
static inline __m256 tap(bool average, __m256 acc, const float *x)
{
    const __m256 v = _mm256_loadu_ps(x);
    return average ? _mm256_add_ps(acc, v) : _mm256_max_ps(v, acc);
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
    __m256          acc = _mm256_set1_ps(average ? 0.0f : -INFINITY);
    ptrdiff_t       x0, x1, unused, cols, count;

    oc_pool_taps(col, p->k_w, p->dil_w, p->in_w, &x0, &x1);
    oc_pool_taps(col + p->pad_l, p->k_w, p->dil_w, p->in_w + p->pad_l + p->pad_r, &unused, &cols);
    for (ptrdiff_t ky = 0; ky < w->rows; ky++)
        for (ptrdiff_t kx = x0; kx < x1; kx++)
            acc = tap(average, acc, w->x + ky * w->step + (col + kx * p->dil_w) * 8);
    count = p->include_pad ? w->pad_rows * cols : w->rows * (x1 - x0);
    if (average)
        acc = count ? _mm256_div_ps(acc, _mm256_set1_ps((float)count)) : _mm256_setzero_ps();
    _mm256_storeu_ps(y + ox * 8, acc);
}

/* Four outputs whose taps all lie inside. */
static void four(const row_work *w, bool average, ptrdiff_t ox, __m256 divisor, float *y)
{
    const oc_pool8 *p = w->p;
    const ptrdiff_t next = p->stride_w * 8, dil = p->dil_w * 8;
    const float    *x = w->x + (ox * p->stride_w - p->pad_l) * 8;
    __m256          a = _mm256_set1_ps(average ? 0.0f : -INFINITY), b = a, c = a, d = a;

    for (ptrdiff_t ky = 0; ky < w->rows; ky++, x += w->step) {
        const float *t = x;

        for (ptrdiff_t kx = 0; kx < p->k_w; kx++, t += dil) {
            a = tap(average, a, t);
            b = tap(average, b, t + next);
            c = tap(average, c, t + 2 * next);
            d = tap(average, d, t + 3 * next);
        }
    }
    if (average) {
        a = _mm256_div_ps(a, divisor);
        b = _mm256_div_ps(b, divisor);
        c = _mm256_div_ps(c, divisor);
        d = _mm256_div_ps(d, divisor);
    }
    _mm256_storeu_ps(y + ox * 8, a);
    _mm256_storeu_ps(y + ox * 8 + 8, b);
    _mm256_storeu_ps(y + ox * 8 + 16, c);
    _mm256_storeu_ps(y + ox * 8 + 24, d);
}

static inline __attribute__((always_inline)) void row(const row_work *w, bool average, float *y)
{
    const oc_pool8 *p = w->p;
    const ptrdiff_t reach = (p->k_w - 1) * p->dil_w + 1;
    const ptrdiff_t inside = p->in_w + p->pad_l >= reach
                                 ? (p->in_w + p->pad_l - reach) / p->stride_w + 1
                                 : 0; /* outputs before this do not stick out to the right */
    const ptrdiff_t count = (p->include_pad ? w->pad_rows : w->rows) * p->k_w;
    const __m256    divisor = _mm256_set1_ps((float)count);
    ptrdiff_t       ox = 0;

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
    const oc_pool8 *p = w->p;
    const ptrdiff_t reach = (p->k_w - 1) * p->dil_w + 1;
    const __m256    none = _mm256_set1_ps(-INFINITY);
    float           column[COLUMNS * 8];
    ptrdiff_t       n;

    for (ptrdiff_t ox = 0; ox < p->out_w; ox += n) {
        const ptrdiff_t first = ox * p->stride_w - p->pad_l;

        n = (COLUMNS - reach) / p->stride_w + 1;
        n = n > p->out_w - ox ? p->out_w - ox : n;
        for (ptrdiff_t c = 0; c < (n - 1) * p->stride_w + reach; c++) {
            const bool   inside = first + c >= 0 && first + c < p->in_w;
            const float *x = w->x + (inside ? (first + c) * 8 : 0);
            __m256       acc = none;

            for (ptrdiff_t ky = 0; inside && ky < w->rows; ky++, x += w->step)
                acc = tap(false, acc, x);
            _mm256_storeu_ps(column + c * 8, acc);
        }
        for (ptrdiff_t i = 0; i < n; i++) {
            const float *c = column + i * p->stride_w * 8;
            __m256       acc = none;

            for (ptrdiff_t kx = 0; kx < p->k_w; kx++, c += p->dil_w * 8)
                acc = tap(false, acc, c);
            _mm256_storeu_ps(y + (ox + i) * 8, acc);
        }
    }
}

/* The detour through memory costs about as much again as the taps it takes. */
static bool columns_pay(const oc_pool8 *p)
{
    return (p->k_w - 1) * p->dil_w < COLUMNS &&
           2 * (p->stride_w * p->k_h + p->k_w + 2) < p->k_h * p->k_w;
}

void oc_k_f32_pool8__avx2(const oc_pool8 *p, size_t oy, const float *x, float *y)
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
