/* f32_dw.tmpl.h -- oc_k_f32_dw of the vocabulary that is included.
 *
 * A row at a time, in tiles of eight or four pixels, VF_PX neighbours to a vector; each input vector
 * is loaded once per tile and row of taps.  The last tile is moved back over its neighbour instead of
 * being narrower.  Tiles at the edges take zeros for what lies outside; where the kernel has no tiles
 * of its own, columns at the edges go one by one. */
#include <math.h>
#include <stdbool.h>

#include "kernels/f32_dw.h"
#include "kernels/tmpl/act.tmpl.h"

typedef enum end_kind { END_NONE, END_RELU, END_CLIP, END_SWISH, END_ANY } end_kind;

typedef struct row_end {
    vf       bias, lo, hi; /* lo, hi: limits, or a and b of the hard swish */
    vf_mask  mask;
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

/* With all that can be different about it. */
OC_INLINE vf finish(const row *r, vf v, vf add)
{
    if (r->add)
        v = vf_add(v, add);
    v = r->e.swish ? vf_act(OC_ACT_HARDSWISH, r->e.lo, r->e.hi, v) : vf_clamp(v, r->e.lo, r->e.hi);
    return vf_keep(r->e.mask, v);
}

/* A tile of n vectors, whatever is done with it.  Its sums come as a copy in memory, of floats: the
 * address of the tile's own would keep them from registers. */
static __attribute__((noinline)) void store_any(int n, const row *r, ptrdiff_t col,
                                                const float *sums)
{
    const float *add = r->add ? r->add + col * 8 : NULL;

    for (int i = 0; i < n; i++)
        vf_store(r->y + col * 8 + i * VF,
                 finish(r, vf_load(sums + i * VF), add ? vf_load(add + i * VF) : vf_zero()));
}

OC_INLINE void store_tile(const int px, const row *r, ptrdiff_t col, const vf acc[8])
{
    const vf  lo = r->e.lo, hi = r->e.hi, none = vf_zero();
    const int n = px / VF_PX;
    float    *y = r->y + col * 8;

    if (r->e.kind == END_NONE) {
        OC_UNROLL for (int i = 0; i < n; i++) vf_store(y + i * VF, acc[i]);
    } else if (r->e.kind == END_RELU) {
        OC_UNROLL for (int i = 0; i < n; i++) vf_store(y + i * VF, vf_at_least(none, acc[i]));
    } else if (r->e.kind == END_CLIP) {
        OC_UNROLL for (int i = 0; i < n; i++) vf_store(y + i * VF, vf_clamp(acc[i], lo, hi));
    } else if (r->e.kind == END_SWISH) {
        OC_UNROLL for (int i = 0; i < n; i++)
            vf_store(y + i * VF, vf_act(OC_ACT_HARDSWISH, lo, hi, acc[i]));
    } else {
        float copy[8 * VF];
        OC_UNROLL for (int i = 0; i < n; i++) vf_store(copy + i * VF, acc[i]);
        store_any(n, r, col, copy);
    }
}

/* Input pixel `ix` of a row, or zeros. */
OC_INLINE const float *pixel_or_zero(const float *x, ptrdiff_t ix, ptrdiff_t in_w)
{
    static const float zeros[8] __attribute__((aligned(32)));
    return (size_t)ix < (size_t)in_w ? x : zeros;
}

/* What of a tile's inputs lies outside: nothing, the kernel's half on the left, on the right or on
 * both sides (those inputs are left out of the sums), or anything else. */
typedef enum edge { EDGE_NONE, EDGE_LEFT, EDGE_RIGHT, EDGE_BOTH, EDGE_ANY, EDGES } edge;

/* px neighbouring outputs, kernel width and stride constant: input j (and j + sx, for a second output
 * in the vector) feeds vector q with the tap j - q * VF_PX * sx. */
OC_INLINE void tile(const int px, const int kw, const int sx, const edge e, const row *r,
                    ptrdiff_t col)
{
    const ptrdiff_t ix = col * sx - r->d->left, in_w = r->d->in_w;
    const int       n = px / VF_PX, next = VF_PX * sx, inputs = (n - 1) * next + kw, half = kw / 2;
    const bool      cut = VF_PX == 1 && e != EDGE_NONE && e != EDGE_ANY;
    const int       from = cut && e != EDGE_RIGHT ? half : 0;
    const int       end = cut && e != EDGE_LEFT ? inputs - half : inputs;
    vf              acc[8], wv[5];
    const float    *x = r->x + col * sx * 8, *w = r->w;

    OC_UNROLL for (int q = 0; q < n; q++) acc[q] = r->e.bias;
    for (ptrdiff_t ky = 0; ky < r->n_ky; ky++, x += r->x_row, w += kw * 8) {
        OC_UNROLL for (int k = 0; k < kw; k++) wv[k] = vf_load8(w + k * 8);
        OC_UNROLL for (int j = from; j < end; j++)
        {
            const float *at = x + j * 8;
            const vf     v = e != EDGE_NONE && !cut
                                 ? vf_load_at(pixel_or_zero(at, ix + j, in_w),
                                              pixel_or_zero(at + sx * 8, ix + j + sx, in_w))
                                 : vf_load_px(at, sx * 8);
            OC_UNROLL for (int q = 0; q < n; q++) if (j - q * next >= 0 && j - q * next < kw)
                acc[q] = vf_fma(v, wv[j - q * next], acc[q]);
        }
    }
    store_tile(px, r, col, acc);
}

/* Any width, stride and dilation. */
OC_INLINE void tile_any(const int px, const row *r, ptrdiff_t col)
{
    const ptrdiff_t s = r->d->sx * 8, step = r->d->dx * 8, kw = r->d->kw;
    const int       n = px / VF_PX;
    vf              acc[8];
    const float    *x = r->x + col * s, *w = r->w;

    OC_UNROLL for (int q = 0; q < n; q++) acc[q] = r->e.bias;
    for (ptrdiff_t ky = 0; ky < r->n_ky; ky++, x += r->x_row) {
        const float *t = x;
        for (ptrdiff_t k = 0; k < kw; k++, w += 8, t += step) {
            const vf     v = vf_load8(w);
            const float *u = t;
            OC_UNROLL for (int q = 0; q < n; q++, u += VF_PX * s) acc[q] =
                vf_fma(v, vf_load_px(u, s), acc[q]);
        }
    }
    store_tile(px, r, col, acc);
}

/* One tap of one pixel. */
OC_INLINE vf tap(const float *x, const float *w, vf sum)
{
    return vf_fma(vf_load_one(x), vf_load_one(w), sum);
}

/* One output whose taps kx0..kx1 reach the input.  Four sums, so that a large kernel over a small
 * plane does not wait for each addition. */
static void pixel(const row *r, ptrdiff_t col, ptrdiff_t kx0, ptrdiff_t kx1)
{
    const oc_dw    *d = r->d;
    const ptrdiff_t step = d->dx * 8;
    const float    *x = r->x + col * d->sx * 8, *w = r->w;
    vf              a0 = r->e.bias, a1 = vf_zero(), a2 = a1, a3 = a1;

    for (ptrdiff_t ky = 0; ky < r->n_ky; ky++, x += r->x_row, w += d->kw * 8) {
        ptrdiff_t k = kx0;
        for (; k + 4 <= kx1; k += 4) {
            const float *u = x + k * step, *v = w + k * 8;
            a0 = tap(u, v, a0);
            a1 = tap(u + step, v + 8, a1);
            a2 = tap(u + 2 * step, v + 16, a2);
            a3 = tap(u + 3 * step, v + 24, a3);
        }
        if (k < kx1)
            a1 = tap(x + k * step, w + k * 8, a1);
        if (k + 1 < kx1)
            a2 = tap(x + (k + 1) * step, w + k * 8 + 8, a2);
        if (k + 2 < kx1)
            a3 = tap(x + (k + 2) * step, w + k * 8 + 16, a3);
    }
    a0 = vf_add(vf_add(a0, a1), vf_add(a2, a3));
    vf_store_one(r->y + col * 8, finish(r, a0, r->add ? vf_load_one(r->add + col * 8) : a1));
}

typedef void tile_fn(const row *r, ptrdiff_t col);

#ifdef OC_SANITIZED /* one instance for all sizes: see inline.h */
static __attribute__((noinline)) void tile_one(const int px, const int kw, const int sx,
                                               const edge e, const row *r, ptrdiff_t col)
{
    tile(px, kw, sx, e, r, col);
}
#define tile tile_one
#endif

#define TILE(px, kw, sx, e)                                                \
    static void tile_##px##_##kw##_##sx##_##e(const row *r, ptrdiff_t col) \
    {                                                                      \
        tile(px, kw, sx, e, r, col);                                       \
    }
#define TILES(px, kw, sx)       \
    TILE(px, kw, sx, EDGE_NONE) \
    TILE(px, kw, sx, EDGE_LEFT) \
    TILE(px, kw, sx, EDGE_RIGHT) TILE(px, kw, sx, EDGE_BOTH) TILE(px, kw, sx, EDGE_ANY)
/* Widths of a tile; of seven, where a vector is one pixel: 7, 14 and 13 are common widths. */
#if VF_PX == 1
#define DW_ODD 7
#define TILES_OF(kw, sx) TILES(8, kw, sx) TILES(7, kw, sx) TILES(4, kw, sx)
#else
#define DW_ODD 8
#define TILES_OF(kw, sx) TILES(8, kw, sx) TILES(4, kw, sx)
#endif
TILES_OF(3, 1)
TILES_OF(3, 2)
TILES_OF(5, 1)
TILES_OF(5, 2)

static void tile_8_any(const row *r, ptrdiff_t col)
{
    tile_any(8, r, col);
}
static void tile_4_any(const row *r, ptrdiff_t col)
{
    tile_any(4, r, col);
}

/* By what lies outside; where only EDGE_NONE is there, columns at the edges go one by one. */
typedef struct tile_set {
    tile_fn *eight[EDGES], *odd[EDGES], *four[EDGES];
} tile_set;

/* clang-format off */
#define BY_EDGE(px, kw, sx)                                                       \
    {tile_##px##_##kw##_##sx##_EDGE_NONE, tile_##px##_##kw##_##sx##_EDGE_LEFT,    \
     tile_##px##_##kw##_##sx##_EDGE_RIGHT, tile_##px##_##kw##_##sx##_EDGE_BOTH,   \
     tile_##px##_##kw##_##sx##_EDGE_ANY}
#define ODD(px, kw, sx) BY_EDGE(px, kw, sx)
#define SET(kw, sx) {BY_EDGE(8, kw, sx), ODD(DW_ODD, kw, sx), BY_EDGE(4, kw, sx)}
static const tile_set sets[2][2] = {{SET(3, 1), SET(3, 2)}, {SET(5, 1), SET(5, 2)}};
/* clang-format on */
static const tile_set any_set = {.eight = {tile_8_any}, .four = {tile_4_any}};

static const tile_set *tiles_for(const oc_dw *d)
{
    const bool own = d->dx == 1 && (d->kw == 3 || d->kw == 5) && (d->sx == 1 || d->sx == 2);

    return own ? &sets[d->kw == 5][d->sx - 1] : &any_set;
}

/* The tile of px columns from `col` on. */
static void run_tile(const row *r, tile_fn *const by_edge[EDGES], ptrdiff_t px, ptrdiff_t col)
{
    const oc_dw    *d = r->d;
    const ptrdiff_t ix = col * d->sx - d->left, half = d->kw / 2;
    const ptrdiff_t before = -ix, after = ix + (px - 1) * d->sx + d->kw - d->in_w;
    edge            e = EDGE_ANY;

    if ((before <= 0 || before == half) && (after <= 0 || after == half))
        e = (before > 0 ? EDGE_LEFT : EDGE_NONE) + (after > 0 ? EDGE_RIGHT : EDGE_NONE);
    by_edge[e](r, col);
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
        t->eight[EDGE_NONE](r, c);
    if (end - c > 4 && end - begin >= 8) {
        t->eight[EDGE_NONE](r, end - 8);
    } else if (c < end) {
        if (end - c > 4)
            t->four[EDGE_NONE](r, c);
        t->four[EDGE_NONE](r, end - 4);
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

/* Tiles of seven where they make less than eights and fours do: the last one overlaps the one before. */
static bool in_sevens(ptrdiff_t out_w)
{
    const ptrdiff_t rest = out_w % 8, eights = out_w - rest + (rest > 4 ? 8 : rest ? 4 : 0);

    return DW_ODD == 7 && out_w >= 7 && (out_w + 6) / 7 * 7 < eights;
}

static void columns_in_sevens(const row *r, const tile_set *t)
{
    const ptrdiff_t out_w = r->d->out_w;

    for (ptrdiff_t c = 0; c < out_w; c += 7)
        run_tile(r, t->odd, 7, c + 7 <= out_w ? c : out_w - 7);
}

/* In eights; half of one is enough where four columns or less are left. */
static void columns(const row *r, const tile_set *t)
{
    const ptrdiff_t out_w = r->d->out_w;
    ptrdiff_t       c = 0;

    for (; c + 8 <= out_w; c += 8)
        run_tile(r, t->eight, 8, c);
    if (out_w - c > 4 && out_w >= 8) {
        run_tile(r, t->eight, 8, out_w - 8);
    } else if (c < out_w) {
        if (out_w - c > 4)
            run_tile(r, t->four, 4, c);
        run_tile(r, t->four, 4, out_w - 4);
    }
}

OC_INLINE void act_run(const oc_act_kind kind, const oc_dw *d, vf_mask mask, float *y, ptrdiff_t n)
{
    const vf a = vf_set(d->act.a), b = vf_set(d->act.b);

    for (; n >= VF_PX; n -= VF_PX, y += VF)
        vf_store(y, vf_keep(mask, vf_act(kind, a, b, vf_load(y))));
    if (VF_PX > 1 && n)
        vf_store_one(y, vf_keep(mask, vf_act(kind, a, b, vf_load_one(y))));
}

/* What is more than a few operations, over pixels just stored. */
static void act_pass(const oc_dw *d, vf_mask mask, float *y, ptrdiff_t n)
{
#define RUN(kind) act_run(kind, d, mask, y, n)
    switch (d->act.kind) {
        OC_ACT_LONG_CASES(RUN);
    case OC_ACT_NONE:
    case OC_ACT_RELU:
    case OC_ACT_CLIP:
    case OC_ACT_HARDSWISH: return; /* done by the tiles */
    }
#undef RUN
}

static row_end end_of(const oc_dw *d)
{
    float    lo = -INFINITY, hi = INFINITY;
    end_kind kind = END_NONE;

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
        .bias = d->bias ? vf_load8(d->bias) : vf_zero(),
        .lo = vf_set(lo),
        .hi = vf_set(hi),
        .mask = vf_first8(d->lanes),
    };
}

void OC_KERNEL(f32_dw)(const oc_dw *d)
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
        if (!t->four[EDGE_ANY] || d->out_w < 4)
            columns_by_pixel(&r, t, c0, c1);
        else if (in_sevens(d->out_w))
            columns_in_sevens(&r, t);
        else
            columns(&r, t);
        act_pass(d, r.e.mask, r.y, d->out_w);
    }
}
