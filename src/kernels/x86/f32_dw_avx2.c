/* A row at a time, in tiles of eight or four pixels; each input pixel is loaded once per tile and
 * row of taps.  The last tile is moved back over its neighbour instead of being narrower.  Tiles at the
 * edges take zeros for what lies outside; where the kernel has no tiles of its own, columns at the
 * edges go one by one. */
#include <immintrin.h>
#include <math.h>
#include <stdbool.h>

#include "kernels/f32_dw.h"
#include "kernels/x86/act_avx2.h"

typedef enum end_kind { END_NONE, END_RELU, END_CLIP, END_SWISH, END_ANY } end_kind;

typedef struct row_end {
    __m256   bias, lo, hi, mask; /* lo, hi: limits, or a and b of the hard swish */
    bool     swish;
    end_kind kind; /* ANY: with a mask or a residual */
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

OC_INLINE void store(const row *r, ptrdiff_t col, __m256 v)
{
    if (r->add)
        v = _mm256_add_ps(v, _mm256_load_ps(r->add + col * 8));
    v = r->e.swish ? oc_v8_act(OC_ACT_HARDSWISH, r->e.lo, r->e.hi, v)
                   : oc_v8_clamp(v, r->e.lo, r->e.hi);
    v = _mm256_and_ps(v, r->e.mask);
    _mm256_store_ps(r->y + col * 8, v);
}

OC_INLINE void store_tile(const int px, const row *r, ptrdiff_t col, const __m256 acc[8])
{
    float *y = r->y + col * 8;

    if (r->e.kind == END_NONE) {
        OC_UNROLL for (int p = 0; p < px; p++) _mm256_store_ps(y + p * 8, acc[p]);
    } else if (r->e.kind == END_RELU) {
        const __m256 zero = _mm256_setzero_ps();
        OC_UNROLL for (int p = 0; p < px; p++)
            _mm256_store_ps(y + p * 8, _mm256_max_ps(zero, acc[p]));
    } else if (r->e.kind == END_CLIP) {
        const __m256 lo = r->e.lo, hi = r->e.hi;
        OC_UNROLL for (int p = 0; p < px; p++)
            _mm256_store_ps(y + p * 8, oc_v8_clamp(acc[p], lo, hi));
    } else if (r->e.kind == END_SWISH) {
        const __m256 a = r->e.lo, b = r->e.hi;
        OC_UNROLL for (int p = 0; p < px; p++)
            _mm256_store_ps(y + p * 8, oc_v8_act(OC_ACT_HARDSWISH, a, b, acc[p]));
    } else {
        OC_UNROLL for (int p = 0; p < px; p++) store(r, col + p, acc[p]);
    }
}

/* Input pixel `ix` of a row, or zeros. */
OC_INLINE const float *pixel_or_zero(const float *x, ptrdiff_t ix, ptrdiff_t in_w)
{
    static const float zeros[8] __attribute__((aligned(32)));
    return (size_t)ix < (size_t)in_w ? x : zeros;
}

/* px neighbouring outputs, kernel width and stride constant: input j feeds output p with the tap
 * j - p * sx. */
OC_INLINE void tile(const int px, const int kw, const int sx, const bool edge, const row *r,
                    ptrdiff_t col)
{
    const ptrdiff_t ix = col * sx - r->d->left, in_w = r->d->in_w;
    __m256          acc[8], wv[5];
    const float    *x = r->x + col * sx * 8, *w = r->w;

    OC_UNROLL for (int p = 0; p < px; p++) acc[p] = r->e.bias;
    for (ptrdiff_t ky = 0; ky < r->n_ky; ky++, x += r->x_row, w += kw * 8) {
        OC_UNROLL for (int k = 0; k < kw; k++) wv[k] = _mm256_load_ps(w + k * 8);
        OC_UNROLL for (int j = 0; j < (px - 1) * sx + kw; j++)
        {
            const float *at = edge ? pixel_or_zero(x + j * 8, ix + j, in_w) : x + j * 8;
            __m256       v = _mm256_load_ps(at);
            OC_UNROLL for (int p = 0; p < px; p++) if (j - p * sx >= 0 && j - p * sx < kw) acc[p] =
                _mm256_fmadd_ps(v, wv[j - p * sx], acc[p]);
        }
    }
    store_tile(px, r, col, acc);
}

/* Any width, stride and dilation. */
OC_INLINE void tile_any(const int px, const row *r, ptrdiff_t col)
{
    const ptrdiff_t s = r->d->sx * 8, step = r->d->dx * 8, kw = r->d->kw;
    __m256          acc[8];
    const float    *x = r->x + col * s, *w = r->w;

    OC_UNROLL for (int p = 0; p < px; p++) acc[p] = r->e.bias;
    for (ptrdiff_t ky = 0; ky < r->n_ky; ky++, x += r->x_row) {
        const float *t = x;
        for (ptrdiff_t k = 0; k < kw; k++, w += 8, t += step) {
            __m256       v = _mm256_load_ps(w);
            const float *u = t;
            OC_UNROLL for (int p = 0; p < px; p++, u += s) acc[p] =
                _mm256_fmadd_ps(v, _mm256_load_ps(u), acc[p]);
        }
    }
    store_tile(px, r, col, acc);
}

/* One output whose taps kx0..kx1 reach the input.  Four sums, so that a large kernel over a small
 * plane does not wait for each addition. */
static void pixel(const row *r, ptrdiff_t col, ptrdiff_t kx0, ptrdiff_t kx1)
{
    const oc_dw *d = r->d;
    const float *x = r->x + col * d->sx * 8, *w = r->w;
    __m256       a0 = r->e.bias, a1 = _mm256_setzero_ps(), a2 = a1, a3 = a1;

    for (ptrdiff_t ky = 0; ky < r->n_ky; ky++, x += r->x_row, w += d->kw * 8) {
        const ptrdiff_t step = d->dx * 8;
        ptrdiff_t       k = kx0;
        for (; k + 4 <= kx1; k += 4) {
            const float *u = x + k * step, *v = w + k * 8;
            a0 = _mm256_fmadd_ps(_mm256_load_ps(u), _mm256_load_ps(v), a0);
            a1 = _mm256_fmadd_ps(_mm256_load_ps(u + step), _mm256_load_ps(v + 8), a1);
            a2 = _mm256_fmadd_ps(_mm256_load_ps(u + 2 * step), _mm256_load_ps(v + 16), a2);
            a3 = _mm256_fmadd_ps(_mm256_load_ps(u + 3 * step), _mm256_load_ps(v + 24), a3);
        }
        if (k < kx1)
            a1 = _mm256_fmadd_ps(_mm256_load_ps(x + k * step), _mm256_load_ps(w + k * 8), a1);
        if (k + 1 < kx1)
            a2 = _mm256_fmadd_ps(_mm256_load_ps(x + (k + 1) * step), _mm256_load_ps(w + k * 8 + 8),
                                 a2);
        if (k + 2 < kx1)
            a3 = _mm256_fmadd_ps(_mm256_load_ps(x + (k + 2) * step), _mm256_load_ps(w + k * 8 + 16),
                                 a3);
    }
    store(r, col, _mm256_add_ps(_mm256_add_ps(a0, a1), _mm256_add_ps(a2, a3)));
}

typedef void tile_fn(const row *r, ptrdiff_t col);
#ifdef OC_SANITIZED /* one instance for all sizes: see act_avx2.h */
static __attribute__((noinline)) void tile_one(const int px, const int kw, const int sx,
                                               const bool edge, const row *r, ptrdiff_t col)
{
    tile(px, kw, sx, edge, r, col);
}
#define tile tile_one
#endif

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
    /* clang-format on */

    static void tile_8_any(const row *r, ptrdiff_t col)
{
    tile_any(8, r, col);
}
static void tile_4_any(const row *r, ptrdiff_t col)
{
    tile_any(4, r, col);
}

typedef struct tile_set {
    tile_fn *eight, *four, *edge_eight, *edge_four; /* edges: NULL where columns go one by one */
} tile_set;

static tile_set tiles_for(const oc_dw *d)
{
#define SET(kw, sx)                                                                    \
    (tile_set)                                                                         \
    {                                                                                  \
        tile_8_##kw##_##sx, tile_4_##kw##_##sx, edge_8_##kw##_##sx, edge_4_##kw##_##sx \
    }
    if (d->dx == 1 && d->kw == 3 && d->sx == 1)
        return SET(3, 1);
    if (d->dx == 1 && d->kw == 3 && d->sx == 2)
        return SET(3, 2);
    if (d->dx == 1 && d->kw == 5 && d->sx == 1)
        return SET(5, 1);
    if (d->dx == 1 && d->kw == 5 && d->sx == 2)
        return SET(5, 2);
    return (tile_set){tile_8_any, tile_4_any, NULL, NULL};
#undef SET
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

OC_INLINE void act_run(const oc_act_kind kind, const oc_dw *d, __m256 mask, float *y, ptrdiff_t n)
{
    const __m256 a = _mm256_set1_ps(d->act.a), b = _mm256_set1_ps(d->act.b);

    for (ptrdiff_t i = 0; i < n; i++, y += 8)
        _mm256_store_ps(y, _mm256_and_ps(oc_v8_act(kind, a, b, _mm256_load_ps(y)), mask));
}

/* What is more than a few operations, over pixels just stored. */
static void act_pass(const oc_dw *d, __m256 mask, float *y, ptrdiff_t n)
{
#define CASE(kind) \
    case kind: act_run(kind, d, mask, y, n); return;
    switch (d->act.kind) {
        CASE(OC_ACT_LEAKY)
        CASE(OC_ACT_SIGMOID)
        CASE(OC_ACT_SILU)
        CASE(OC_ACT_HARDSIGMOID)
        CASE(OC_ACT_TANH)
        CASE(OC_ACT_GELU)
        CASE(OC_ACT_MISH)
    case OC_ACT_NONE:
    case OC_ACT_RELU:
    case OC_ACT_CLIP:
    case OC_ACT_HARDSWISH: return; /* done by the tiles */
    }
#undef CASE
}

static row_end end_of(const oc_dw *d)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    float         lo = -INFINITY, hi = INFINITY;
    end_kind      kind = END_NONE;

    if (d->act.kind == OC_ACT_RELU) {
        lo = 0.0f;
        kind = END_RELU;
    }
    if (d->act.kind == OC_ACT_CLIP) {
        lo = d->act.a;
        hi = d->act.b;
        kind = END_CLIP;
    }
    if (d->act.kind == OC_ACT_HARDSWISH) {
        lo = d->act.a;
        hi = d->act.b;
        kind = END_SWISH;
    }
    if (d->lanes < 8 || d->add)
        kind = END_ANY;
    return (row_end){
        .kind = kind,
        .swish = d->act.kind == OC_ACT_HARDSWISH,
        .bias = d->bias ? _mm256_load_ps(d->bias) : _mm256_setzero_ps(),
        .lo = _mm256_set1_ps(lo),
        .hi = _mm256_set1_ps(hi),
        .mask = _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)d->lanes), lane)),
    };
}

void oc_k_f32_dw__avx2(const oc_dw *d)
{
    const tile_set t = tiles_for(d);
    row            r = {.d = d, .e = end_of(d), .x_row = d->dy * d->in_w * 8};
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
        if (!t.edge_eight || d->out_w < 4)
            columns_by_pixel(&r, &t, c0, c1);
        else if (d->out_w < 8)
            columns_narrow(&r, &t, c0, c1);
        else
            columns(&r, &t, c0, c1);
        act_pass(d, r.e.mask, r.y, d->out_w);
    }
}
