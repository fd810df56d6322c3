/* A row at a time, in tiles of eight or four pixels of two vectors; each input pixel is loaded once
 * per tile and row of taps.  The last tile is moved back over its neighbour instead of being
 * narrower.  Tiles at the edges take zeros for what lies outside; where the kernel has no tiles of
 * its own, columns at the edges go one by one. */
#include <math.h>
#include <stdbool.h>

#include "kernels/arm/act_neon.h"
#include "kernels/f32_dw.h"

/* As in f32_mac_neon.c: the early scheduler would spill accumulators. */
#if !defined(__clang__)
#pragma GCC optimize("no-schedule-insns")
#endif

typedef struct row_end {
    float32x4_t  bias[2], lo, hi;
    uint32x4x2_t mask;
    bool         whole; /* no mask, no residual */
} row_end;

/* One output row: the taps of rows ky0..ky1 reach the input; x is at the first of them, column
 * -left. */
typedef struct row {
    const oc_dw *d;
    row_end      e;
    const float *x, *w, *add;
    float       *y;
    ptrdiff_t    n_ky, x_row; /* rows of taps; floats from one to the next */
} row;

OC_INLINE void store(const row *r, ptrdiff_t col, const float32x4_t acc[2])
{
    for (int h = 0; h < 2; h++) {
        float32x4_t v = acc[h];
        if (r->add)
            v = vaddq_f32(v, vld1q_f32(r->add + col * 8 + h * 4));
        v = oc_v4_and(oc_v4_clamp(v, r->e.lo, r->e.hi), r->e.mask.val[h]);
        vst1q_f32(r->y + col * 8 + h * 4, v);
    }
}

OC_INLINE void store_tile(const int px, const row *r, ptrdiff_t col, const float32x4_t acc[16])
{
    const float32x4_t lo = r->e.lo, hi = r->e.hi;
    float            *y = r->y + col * 8;

    if (r->e.whole)
        OC_UNROLL for (int i = 0; i < 2 * px; i++)
            vst1q_f32(y + i * 4, oc_v4_clamp(acc[i], lo, hi));
    else
        OC_UNROLL for (int p = 0; p < px; p++) store(r, col + p, acc + 2 * p);
}

/* Input pixel `ix` of a row, or zeros. */
OC_INLINE const float *pixel_or_zero(const float *x, ptrdiff_t ix, ptrdiff_t in_w)
{
    static const float zeros[8];
    return (size_t)ix < (size_t)in_w ? x : zeros;
}

/* px neighbouring outputs, kernel width and stride constant: input j feeds output p with the tap
 * j - p * sx. */
OC_INLINE void tile(const int px, const int kw, const int sx, const bool edge, const row *r,
                    ptrdiff_t col)
{
    const ptrdiff_t ix = col * sx - r->d->left, in_w = r->d->in_w;
    float32x4_t     acc[16], wv[10];
    const float    *x = r->x + col * sx * 8, *w = r->w;

    OC_UNROLL for (int i = 0; i < 2 * px; i++) acc[i] = r->e.bias[i % 2];
    for (ptrdiff_t ky = 0; ky < r->n_ky; ky++, x += r->x_row, w += kw * 8) {
        OC_UNROLL for (int i = 0; i < 2 * kw; i++) wv[i] = vld1q_f32(w + i * 4);
        OC_UNROLL for (int j = 0; j < (px - 1) * sx + kw; j++)
        {
            const float      *at = edge ? pixel_or_zero(x + j * 8, ix + j, in_w) : x + j * 8;
            const float32x4_t v0 = vld1q_f32(at), v1 = vld1q_f32(at + 4);
            OC_UNROLL for (int p = 0; p < px; p++) if (j - p * sx >= 0 && j - p * sx < kw)
            {
                const int k = j - p * sx;
                acc[2 * p] = vfmaq_f32(acc[2 * p], v0, wv[2 * k]);
                acc[2 * p + 1] = vfmaq_f32(acc[2 * p + 1], v1, wv[2 * k + 1]);
            }
        }
    }
    store_tile(px, r, col, acc);
}

/* Any width, stride and dilation. */
OC_INLINE void tile_any(const int px, const row *r, ptrdiff_t col)
{
    const ptrdiff_t s = r->d->sx * 8, step = r->d->dx * 8, kw = r->d->kw;
    float32x4_t     acc[16];
    const float    *x = r->x + col * s, *w = r->w;

    OC_UNROLL for (int i = 0; i < 2 * px; i++) acc[i] = r->e.bias[i % 2];
    for (ptrdiff_t ky = 0; ky < r->n_ky; ky++, x += r->x_row) {
        const float *t = x;
        for (ptrdiff_t k = 0; k < kw; k++, w += 8, t += step) {
            const float32x4_t w0 = vld1q_f32(w), w1 = vld1q_f32(w + 4);
            const float      *u = t;
            OC_UNROLL for (int p = 0; p < px; p++, u += s)
            {
                acc[2 * p] = vfmaq_f32(acc[2 * p], w0, vld1q_f32(u));
                acc[2 * p + 1] = vfmaq_f32(acc[2 * p + 1], w1, vld1q_f32(u + 4));
            }
        }
    }
    store_tile(px, r, col, acc);
}

/* One tap of one pixel. */
OC_INLINE void tap(const float *x, const float *w, float32x4_t sum[2])
{
    sum[0] = vfmaq_f32(sum[0], vld1q_f32(x), vld1q_f32(w));
    sum[1] = vfmaq_f32(sum[1], vld1q_f32(x + 4), vld1q_f32(w + 4));
}

/* One output whose taps kx0..kx1 reach the input.  Four sums, so that a large kernel over a small
 * plane does not wait for each addition. */
static void pixel(const row *r, ptrdiff_t col, ptrdiff_t kx0, ptrdiff_t kx1)
{
    const oc_dw      *d = r->d;
    const float32x4_t zero = vdupq_n_f32(0.0f);
    const ptrdiff_t   step = d->dx * 8;
    const float      *x = r->x + col * d->sx * 8, *w = r->w;
    float32x4_t       a[2] = {r->e.bias[0], r->e.bias[1]}, b[2] = {zero, zero};
    float32x4_t       c[2] = {zero, zero}, e[2] = {zero, zero};

    for (ptrdiff_t ky = 0; ky < r->n_ky; ky++, x += r->x_row, w += d->kw * 8) {
        ptrdiff_t k = kx0;
        for (; k + 4 <= kx1; k += 4) {
            tap(x + k * step, w + k * 8, a);
            tap(x + (k + 1) * step, w + k * 8 + 8, b);
            tap(x + (k + 2) * step, w + k * 8 + 16, c);
            tap(x + (k + 3) * step, w + k * 8 + 24, e);
        }
        if (k < kx1)
            tap(x + k * step, w + k * 8, b);
        if (k + 1 < kx1)
            tap(x + (k + 1) * step, w + k * 8 + 8, c);
        if (k + 2 < kx1)
            tap(x + (k + 2) * step, w + k * 8 + 16, e);
    }
    for (int h = 0; h < 2; h++)
        a[h] = vaddq_f32(vaddq_f32(a[h], b[h]), vaddq_f32(c[h], e[h]));
    store(r, col, a);
}

typedef void tile_fn(const row *r, ptrdiff_t col);

#define TILE(px, kw, sx)                                             \
    static void tile_##px##_##kw##_##sx(const row *r, ptrdiff_t col) \
    {                                                                \
        tile(px, kw, sx, false, r, col);                             \
    }                                                                \
    static void edge_##px##_##kw##_##sx(const row *r, ptrdiff_t col) \
    {                                                                \
        tile(px, kw, sx, true, r, col);                              \
    }
/* clang-format off */
TILE(8, 3, 1) TILE(4, 3, 1) TILE(8, 3, 2) TILE(4, 3, 2)
TILE(8, 5, 1) TILE(4, 5, 1) TILE(8, 5, 2) TILE(4, 5, 2)
static void tile_8_any(const row *r, ptrdiff_t col)
{
    tile_any(8, r, col);
}
/* clang-format on */
static void tile_4_any(const row *r, ptrdiff_t col)
{
    tile_any(4, r, col);
}

typedef struct tile_set {
    tile_fn *eight, *four, *edge_eight, *edge_four; /* edges: NULL where columns go one by one */
} tile_set;

static const tile_set *tiles_for(const oc_dw *d)
{
    /* clang-format off */
#define SET(kw, sx) \
    {tile_8_##kw##_##sx, tile_4_##kw##_##sx, edge_8_##kw##_##sx, edge_4_##kw##_##sx}
    static const tile_set sets[2][2] = {{SET(3, 1), SET(3, 2)}, {SET(5, 1), SET(5, 2)}};
    static const tile_set any = {tile_8_any, tile_4_any, NULL, NULL};
#undef SET
    /* clang-format on */

    if (d->dx == 1 && (d->kw == 3 || d->kw == 5) && d->sx <= 2)
        return &sets[d->kw == 5][d->sx == 2];
    return &any;
}

/* Columns [begin, end), all of whose taps lie inside. */
static void inner_columns(const row *r, const tile_set *t, ptrdiff_t begin, ptrdiff_t end)
{
    ptrdiff_t c = begin;

    if (end - begin < 4) {
        for (; c < end; c++)
            pixel(r, c, 0, r->d->kw);
        return;
    }
    for (; c + 8 <= end; c += 8)
        t->eight(r, c);
    if (end - c > 4 && end - begin >= 8) {
        t->eight(r, end - 8);
    } else if (c < end) {
        if (end - c > 4)
            t->four(r, c);
        t->four(r, end - 4);
    }
}

/* Columns [c0, c1) have all their taps inside; the others go one by one. */
static void columns_by_pixel(const row *r, const tile_set *t, ptrdiff_t c0, ptrdiff_t c1)
{
    const oc_dw *d = r->d;

    for (ptrdiff_t c = 0; c < d->out_w; c++) {
        if (c == c0 && c1 > c0) {
            inner_columns(r, t, c0, c1);
            c = c1 - 1;
            continue;
        }
        ptrdiff_t ix = c * d->sx - d->left;
        pixel(r, c, oc_tap_begin(ix, d->dx, d->kw), oc_tap_end(ix, d->dx, d->kw, d->in_w));
    }
}

/* A row of 4 to 7 columns: two tiles of four. */
static void columns_narrow(const row *r, const tile_set *t, ptrdiff_t c0, ptrdiff_t c1)
{
    const ptrdiff_t out_w = r->d->out_w;

    (c0 == 0 && c1 >= 4 ? t->four : t->edge_four)(r, 0);
    if (out_w > 4)
        (out_w - 4 >= c0 && out_w <= c1 ? t->four : t->edge_four)(r, out_w - 4);
}

/* In eights; half of one is enough where four columns or less are left. */
static void columns(const row *r, const tile_set *t, ptrdiff_t c0, ptrdiff_t c1)
{
    const ptrdiff_t out_w = r->d->out_w;
    ptrdiff_t       c = 0;

    for (; c + 8 <= out_w; c += 8)
        (c >= c0 && c + 8 <= c1 ? t->eight : t->edge_eight)(r, c);
    if (out_w - c > 4)
        (out_w - 8 >= c0 && out_w <= c1 ? t->eight : t->edge_eight)(r, out_w - 8);
    else if (c < out_w)
        (out_w - 4 >= c0 && out_w <= c1 ? t->four : t->edge_four)(r, out_w - 4);
}

OC_INLINE void act_run(const oc_act_kind kind, const oc_dw *d, uint32x4x2_t mask, float *y,
                       ptrdiff_t n)
{
    const float32x4_t a = vdupq_n_f32(d->act.a), b = vdupq_n_f32(d->act.b);

    for (ptrdiff_t i = 0; i < n; i++, y += 8) {
        vst1q_f32(y, oc_v4_and(oc_v4_act(kind, a, b, vld1q_f32(y)), mask.val[0]));
        vst1q_f32(y + 4, oc_v4_and(oc_v4_act(kind, a, b, vld1q_f32(y + 4)), mask.val[1]));
    }
}

/* What is more than a clamp, over pixels just stored. */
static void act_pass(const oc_dw *d, uint32x4x2_t mask, float *y, ptrdiff_t n)
{
#define CASE(kind) \
    case kind: act_run(kind, d, mask, y, n); return;
    switch (d->act.kind) {
        CASE(OC_ACT_LEAKY)
        CASE(OC_ACT_SIGMOID)
        CASE(OC_ACT_SILU)
        CASE(OC_ACT_HARDSIGMOID)
        CASE(OC_ACT_HARDSWISH)
        CASE(OC_ACT_TANH)
        CASE(OC_ACT_GELU)
        CASE(OC_ACT_MISH)
    case OC_ACT_NONE:
    case OC_ACT_RELU:
    case OC_ACT_CLIP: return;
    }
#undef CASE
}

static row_end end_of(const oc_dw *d)
{
    const float32x4_t zero = vdupq_n_f32(0.0f);
    float             lo = -INFINITY, hi = INFINITY;

    if (d->act.kind == OC_ACT_RELU)
        lo = 0.0f;
    if (d->act.kind == OC_ACT_CLIP) {
        lo = d->act.a;
        hi = d->act.b;
    }
    return (row_end){
        .bias = {d->bias ? vld1q_f32(d->bias) : zero, d->bias ? vld1q_f32(d->bias + 4) : zero},
        .lo = vdupq_n_f32(lo),
        .hi = vdupq_n_f32(hi),
        .mask = oc_v8_mask(d->lanes),
        .whole = d->lanes == 8 && !d->add,
    };
}

void oc_k_f32_dw__neon(const oc_dw *d)
{
    const tile_set *t = tiles_for(d);
    row             r = {.d = d, .e = end_of(d), .x_row = d->dy * d->in_w * 8};
    /* columns [c0, c1) have all their taps inside */
    ptrdiff_t c0 = (d->left + d->sx - 1) / d->sx;
    ptrdiff_t last = d->in_w - 1 - (d->kw - 1) * d->dx + d->left; /* c * sx <= last */
    ptrdiff_t c1 = last < 0 ? 0 : last / d->sx + 1;
    c0 = c0 < d->out_w ? c0 : d->out_w;
    c1 = c1 < d->out_w ? c1 : d->out_w;
    c1 = c1 > c0 ? c1 : c0;

    for (ptrdiff_t at = d->row_begin; at < d->row_end; at++) {
        ptrdiff_t iy = at * d->sy - d->top, ky0 = oc_tap_begin(iy, d->dy, d->kh);
        ptrdiff_t ky1 = oc_tap_end(iy, d->dy, d->kh, d->in_h);
        r.n_ky = ky1 > ky0 ? ky1 - ky0 : 0;
        r.x = r.n_ky ? d->x + ((iy + ky0 * d->dy) * d->in_w - d->left) * 8 : d->x;
        r.w = d->w + ky0 * d->kw * 8;
        r.y = d->y + at * d->out_w * 8;
        r.add = d->add ? d->add + at * d->out_w * 8 : NULL;
        if (!t->edge_eight || d->out_w < 4)
            columns_by_pixel(&r, t, c0, c1);
        else if (d->out_w < 8)
            columns_narrow(&r, t, c0, c1);
        else
            columns(&r, t, c0, c1);
        act_pass(d, r.e.mask, r.y, d->out_w);
    }
}
