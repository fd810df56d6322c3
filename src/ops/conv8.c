#include "ops/conv8.h"

#include <assert.h>
#include <string.h>

#include "ops/packed.h"

#define SUM_MAX 32768          /* products in a sum: 255 * 255 * SUM_MAX still fits 32 bits */
#define DEPTHWISE_SUM_MAX 256  /* 255 * 255 * 256 < 2^24: exact in floats */
#define UNIT_MACS 3e6          /* of a unit: some 30 us */
#define COPY_BYTES (96 * 1024) /* of copied rows: they stay in the second-level cache */

/* Rows are copied with their borders: not where these are most of them, nor beyond what 32 bits of
 * `place` reach. The span of a kernel is never larger than that. */
static bool borders_fit(const oc_conv_geom *g)
{
    double area = 1, padded = 1;
    for (int i = 0; i < 2; i++) {
        area *= (double)g->in[i];
        padded *= (double)g->in[i] + (double)g->pad[i] + (double)g->pad_end[i];
    }
    return padded <= 4 * area + 4096 && padded * (double)((g->c + 7) / 8) < (double)(1 << 28);
}

bool oc_conv8_fits(const oc_conv_geom *g)
{
    if (g->dims != 2 || g->n < 1 || !borders_fit(g))
        return false;
    const int64_t sum = g->c / (g->groups ? g->groups : 1) * g->k[0] * g->k[1];
    if (g->groups != 1 && sum > DEPTHWISE_SUM_MAX)
        return false;
    return sum > 0 && sum <= SUM_MAX && g->out[0] > 0 && g->out[1] > 0 &&
           (g->groups == 1 || (g->groups == g->c && g->oc == g->c));
}

/* ---- packing ---- */

static size_t pairs_of(size_t rows)
{
    return (rows + 1) / 2;
}

/* Differences of all weights, in their order. */
static void differences(const oc_conv8_weights *from, size_t channels, size_t each, int16_t *to)
{
    for (size_t o = 0; o < channels; o++, to += each) {
        const int16_t zero = (int16_t)oc_zero_at(from->dtype, from->zero, from->n_zero > 1 ? o : 0);
        const uint8_t *w = (const uint8_t *)from->w + o * each;
        if (from->dtype == OC_I8)
            for (size_t i = 0; i < each; i++)
                to[i] = (int16_t)((int8_t)w[i] - zero);
        else
            for (size_t i = 0; i < each; i++)
                to[i] = (int16_t)(w[i] - zero);
    }
}

typedef struct dense_pack {
    size_t         groups;
    const int16_t *all;   /* [OC][C][taps] */
    int16_t       *w;     /* [groups][16][deep] */
    int32_t       *place; /* [groups] */
    uint32_t      *order; /* of all panels, one after the other */
} dense_pack;

/* Where group g of a pixel lies, and the weights of a panel's channels for it. */
static void gather_panel(const oc_conv8 *c, size_t panel, unsigned blocks, dense_pack *d)
{
    const oc_conv_geom *g = &c->g;
    const size_t        deep = (size_t)c->form.deep, halves = 8 / deep, channels = 8 * blocks;
    const size_t        taps = (size_t)(g->k[0] * g->k[1]), inputs = (size_t)g->c;
    for (size_t i = 0; i < d->groups; i++) {
        const size_t half = i % halves, block = i / halves % c->in_blocks;
        const size_t tap = i / halves / c->in_blocks, in = block * 8 + half * deep;
        const size_t ky = tap / (size_t)g->k[1], kx = tap % (size_t)g->k[1];
        const size_t there = inputs > in ? inputs - in : 0, n = there < deep ? there : deep;
        const size_t at = block * c->plane + ky * (size_t)g->dil[0] * c->row +
                          kx * (size_t)g->dil[1]; /* pixels */
        int16_t *to = d->w + i * channels * deep;
        d->place[i] = (int32_t)(at * 8 + half * deep);
        memset(to, 0, channels * deep * sizeof(*to));
        for (size_t o = 0; o < channels && panel * 16 + o < (size_t)g->oc; o++) {
            const int16_t *from = d->all + ((panel * 16 + o) * inputs + in) * taps + tap;
            for (size_t k = 0; k < n; k++)
                to[o * deep + k] = from[k * taps];
        }
    }
}

static unsigned panel_blocks(const oc_conv8 *c, size_t panel)
{
    return c->out_blocks - panel * 2 < 2 ? 1 : 2;
}

static size_t align64(size_t n)
{
    return (n + 63) / 64 * 64;
}

/* What becomes of the groups of each panel, and where in the packed weights it lies. */
static void sort_panels(const oc_conv8 *c, dense_pack *d, oc_conv8_panel *panels)
{
    const size_t inputs = (size_t)(c->g.c * c->g.k[0] * c->g.k[1]);
    uint32_t    *order = d->order;
    size_t       at = 0;
    for (size_t q = 0; q < c->panels; q++) {
        const unsigned blocks = panel_blocks(c, q);
        const size_t   each = 8 * (size_t)blocks * (size_t)c->form.deep;
        gather_panel(c, q, blocks, d);
        const oc_mac8_counts n = oc_mac8_sort(&c->form, d->groups, blocks, d->w, order);
        oc_conv8_panel      *p = &panels[q];
        order += n.n_narrow + n.n_wide;
        p->n_narrow = n.n_narrow;
        p->n_coupled = n.n_coupled;
        p->n_wide = n.n_wide;
        p->narrow = at;
        p->wide = p->narrow + align64(n.n_narrow * each);
        p->at = p->wide + align64(n.n_wide * each * 2);
        at = p->at + align64((n.n_narrow + n.n_wide) * sizeof(int32_t));
        for (size_t o = 0; o < 16; o++) {
            p->sum[o] = 0;
            for (size_t i = 0; i < inputs && q * 16 + o < (size_t)c->g.oc; i++)
                p->sum[o] += d->all[(q * 16 + o) * inputs + i];
        }
    }
}

static void pack_panels(const oc_conv8 *c, dense_pack *d, oc_conv8_panel *panels, uint8_t *to)
{
    const uint32_t *order = d->order;
    for (size_t q = 0; q < c->panels; q++) {
        oc_conv8_panel      *p = &panels[q];
        const unsigned       blocks = panel_blocks(c, q);
        const oc_mac8_counts n = {p->n_narrow, p->n_coupled, p->n_wide};
        const oc_mac8_room   room = {(int8_t *)(to + p->narrow), (int16_t *)(to + p->wide),
                                     (int32_t *)(to + p->at), p->sum_narrow};
        gather_panel(c, q, blocks, d);
        oc_mac8_pack(&c->form, &n, order, blocks, d->w, d->place, &room);
        order += n.n_narrow + n.n_wide;
    }
}

static oc_status pack_dense(oc_conv8 *c, const oc_conv8_weights *from, const oc_prepare *p,
                            oc_error *err)
{
    const size_t groups = (size_t)(c->g.k[0] * c->g.k[1]) * c->in_blocks * 8 / (size_t)c->form.deep;
    dense_pack   d = {.groups = groups};
    oc_arena     own = {0};
    bool         ready = false, again = false;
    size_t       bytes = 0;
    oc_status    st = OC_OK;
    oc_conv8_panel *panels = oc_packed_take(p, c->panels, sizeof(*panels), &ready);
    if (!panels)
        return OC_FAIL(err, OC_NOMEM, "%zu panels", c->panels);
    if (!ready) {
        d.w = oc_arena_alloc(&own, groups * 16 * (size_t)c->form.deep, sizeof(*d.w));
        d.place = oc_arena_alloc(&own, groups, sizeof(*d.place));
        const size_t each = (size_t)(c->g.c * c->g.k[0] * c->g.k[1]), oc = (size_t)c->g.oc;
        int16_t     *all = oc_arena_alloc(&own, oc * each, sizeof(*all));
        d.order = oc_arena_alloc(&own, c->panels * groups, OC_MAC8_PARTS * sizeof(*d.order));
        if (!d.w || !d.place || !all || !d.order) {
            st = OC_FAIL(err, OC_NOMEM, "packing %zu groups", groups);
            goto out;
        }
        differences(from, oc, each, all);
        d.all = all;
        sort_panels(c, &d, panels);
    }
    const oc_conv8_panel *last = &panels[c->panels - 1];
    bytes = last->at + align64((last->n_narrow + last->n_wide) * sizeof(int32_t));
    uint8_t *packed = oc_packed_take(p, bytes + 64, 1, &again);
    if (!packed) {
        st = OC_FAIL(err, OC_NOMEM, "%zu bytes of packed weights", bytes);
        goto out;
    }
    if (!ready)
        pack_panels(c, &d, panels, packed);
    c->panel = panels;
    c->packed = oc_packed_keep(p, packed);
out:
    oc_arena_finish(&own);
    return st;
}

/* x_less goes with the narrow weights, the zero point with all. */
static oc_status make_start(oc_conv8 *c, const int32_t *bias, const oc_prepare *p, oc_error *err)
{
    int32_t *start = oc_arena_alloc64(p->mem, c->out_blocks * 8 + 8, sizeof(*start));
    if (!start)
        return OC_FAIL(err, OC_NOMEM, "%zu sums", c->out_blocks * 8);
    for (size_t o = 0; o < c->out_blocks * 8; o++) {
        uint32_t v = bias && o < (size_t)c->g.oc ? (uint32_t)bias[o] : 0;
        if (!c->depthwise) {
            const oc_conv8_panel *q = &c->panel[o / 16];
            v += (uint32_t)c->form.x_less * (uint32_t)q->sum_narrow[o % 16];
            v -= (uint32_t)c->x_zero * (uint32_t)q->sum[o % 16];
        }
        start[o] = (int32_t)v;
    }
    c->start = start;
    return OC_OK;
}

/* Pairs of rows against an output row that begins with the first row of a pair, and with the second. */
static oc_status pack_by_pairs(oc_conv8 *c, const oc_conv8_weights *from, const oc_prepare *p,
                               oc_error *err)
{
    const size_t kh = (size_t)c->g.k[0], kw = (size_t)c->g.k[1], each = pairs_of(kh + 1) * kw * 16;
    bool         ready = false;
    int16_t     *w = oc_packed_take(p, c->out_blocks * 2 * each, sizeof(*w), &ready);
    if (!w)
        return OC_FAIL(err, OC_NOMEM, "packed weights of %lld channels", (long long)c->g.oc);
    for (size_t o = 0; o < (size_t)c->g.oc && !ready; o++) {
        const int32_t zero = oc_zero_at(from->dtype, from->zero, from->n_zero > 1 ? o : 0);
        for (size_t i = 0; i < 2 * kh * kw; i++) {
            const size_t odd = i / (kh * kw), ky = i / kw % kh, kx = i % kw;
            const size_t row = ky + odd, at = (row / 2 * kw + kx) * 16 + o % 8 * 2 + row % 2;
            w[(o / 8 * 2 + odd) * each + at] =
                (int16_t)(oc_zero_at(from->dtype, from->w, (o * kh + ky) * kw + kx) - zero);
        }
    }
    c->w_pairs = oc_packed_keep(p, w);
    return OC_OK;
}

static oc_status pack_depthwise(oc_conv8 *c, const oc_conv8_weights *from, const oc_prepare *p,
                                oc_error *err)
{
    if (c->dw_pairs)
        return pack_by_pairs(c, from, p, err);
    const size_t taps = (size_t)(c->g.k[0] * c->g.k[1]);
    bool         ready = false;
    float       *w = oc_packed_take(p, c->out_blocks * taps * 8, sizeof(*w), &ready);
    if (!w)
        return OC_FAIL(err, OC_NOMEM, "packed weights of %lld channels", (long long)c->g.oc);
    for (size_t o = 0; o < (size_t)c->g.oc && !ready; o++) {
        const int32_t zero = oc_zero_at(from->dtype, from->zero, from->n_zero > 1 ? o : 0);
        for (size_t t = 0; t < taps; t++)
            w[(o / 8 * taps + t) * 8 + o % 8] =
                (float)(oc_zero_at(from->dtype, from->w, o * taps + t) - zero);
    }
    c->w_dw = oc_packed_keep(p, w);
    return OC_OK;
}

/* ---- units ---- */

static size_t rows_read(const oc_conv8 *c, size_t out_rows)
{
    return (out_rows - 1) * (size_t)c->g.stride[0] + (size_t)((c->g.k[0] - 1) * c->g.dil[0]) + 1;
}

/* Of a depthwise chunk's inputs as they are multiplied. */
static size_t depthwise_in_bytes(const oc_conv8 *c)
{
    return align64(c->dw_pairs ? pairs_of(c->rows) * c->row * 16 * sizeof(int16_t)
                               : c->rows * (size_t)c->g.in[1] * 8 * sizeof(float));
}

static size_t at_least_1(double v, size_t most)
{
    const size_t n = v < 1 ? 1 : v > (double)most ? most : (size_t)v;
    return n < 1 ? 1 : n;
}

/* Depthwise and with borders: a unit is rows, as many as fit the cache once copied. */
static void plan_rows(oc_conv8 *c, size_t element, double macs_per_row)
{
    const size_t out_rows = (size_t)c->g.out[0];
    const size_t blocks = c->depthwise ? 1 : c->in_blocks,
                 row_bytes = c->row * 8 * element * blocks;
    size_t rows = at_least_1(UNIT_MACS / (macs_per_row + 1), out_rows);
    if (!c->depthwise && rows < 4) /* borders are copied for every unit: not for a row or two */
        rows = out_rows < 4 ? out_rows : 4;
    while (rows > 1 && rows_read(c, rows) * row_bytes > COPY_BYTES)
        rows = rows > 8 ? rows - 4 : rows - 1;
    c->n_chunks = (out_rows + rows - 1) / rows;
    c->chunk = (out_rows + c->n_chunks - 1) / c->n_chunks;
    c->n_chunks = (out_rows + c->chunk - 1) / c->chunk;
    c->rows = rows_read(c, c->chunk);
}

static void plan_pixels(oc_conv8 *c, double macs_per_pixel)
{
    size_t px = at_least_1(UNIT_MACS / (macs_per_pixel + 1), c->out_pixels);
    px = (px + c->strip - 1) / c->strip * c->strip;
    c->chunk = px;
    c->n_chunks = (c->out_pixels + px - 1) / px;
}

static void plan_units(oc_conv8 *c, oc_work *work)
{
    const oc_conv_geom *g = &c->g;
    const double        taps = (double)(g->k[0] * g->k[1]), width = (double)g->out[1];
    const double        macs = taps * (double)(c->depthwise ? 8 : g->c * g->oc); /* of a pixel */
    c->part = c->panels;
    c->n_parts = 1;
    if (c->copied || c->depthwise)
        plan_rows(c,
                  !c->depthwise ? 1
                  : c->dw_pairs ? 2
                                : 4,
                  macs * width * (c->depthwise ? 3 : 1));
    else
        plan_pixels(c, macs);
    const size_t outer = (size_t)g->n * (c->depthwise ? c->out_blocks : 1) * c->n_chunks;
    if (!c->depthwise && outer < 8) { /* few pixels: channels are cut, too */
        const double unit = macs * (double)c->out_pixels / (double)c->n_chunks;
        size_t       parts = at_least_1(unit / (UNIT_MACS / 2), 8 / outer);
        parts = parts > c->panels ? c->panels : parts;
        c->part = (c->panels + parts - 1) / parts;
        c->n_parts = (c->panels + c->part - 1) / c->part;
    }
    const size_t units = outer * c->n_parts;
    work->n_phases = 1;
    work->phase[0].units = units;
    const double each = macs * (double)c->out_pixels * (double)g->n *
                        (double)(c->depthwise ? 3 * c->out_blocks : 1) / (double)units;
    work->phase[0].grain = each >= UNIT_MACS / 2 ? 1 : (size_t)(UNIT_MACS / (each + 1)) + 1;
    work->flops = oc_conv_geom_flops(g, false);
    if (c->depthwise)
        work->scratch_bytes =
            depthwise_in_bytes(c) + c->chunk * (size_t)g->out[1] * 8 * sizeof(float) + 64;
    else if (c->copied)
        work->scratch_bytes = c->in_blocks * c->rows * c->row * 8 + 64;
}

oc_status oc_conv8_init(oc_conv8 *c, const oc_conv_geom *g, const oc_conv8_weights *w,
                        const int32_t *bias, int32_t x_zero, const oc_prepare *p, oc_error *err)
{
    oc_status st;
    c->g = *g;
    c->x_zero = x_zero;
    c->in_blocks = ((size_t)g->c + 7) / 8;
    c->out_blocks = ((size_t)g->oc + 7) / 8;
    c->panels = (c->out_blocks + 1) / 2;
    c->out_pixels = (size_t)(g->out[0] * g->out[1]);
    c->depthwise = g->groups == g->c && g->c > 1;
    c->copied = g->pad[0] || g->pad[1] || g->pad_end[0] || g->pad_end[1];
    c->mac = oc_k_u8_mac(p->isa, &c->form);
    c->dw = oc_k_f32_dw(p->isa);
    if (p->isa & OC_ISA_AVX2 && g->dil[0] == 1 && g->dil[1] == 1) { /* others have no such kernel */
        c->pairs = oc_k_s16_pairs(p->isa);
        c->dw_pairs = oc_k_s16_dw(p->isa);
    }
    c->to_floats = oc_k_x8_dequantize(p->isa);
    c->finish = oc_k_s32_finish(p->isa);
    c->row = (size_t)(g->in[1] + g->pad[1] + g->pad_end[1]);
    c->rows = (size_t)g->in[0];
    c->strip = g->c * g->k[0] * g->k[1] > 640 ? OC_CONV8_STRIP / 2 : OC_CONV8_STRIP;
    plan_units(c, p->work);
    c->plane = c->rows * c->row;
    assert(c->plane * c->in_blocks < (size_t)1 << 28); /* oc_conv8_fits */
    st = c->depthwise ? pack_depthwise(c, w, p, err) : pack_dense(c, w, p, err);
    return st == OC_OK ? make_start(c, bias, p, err) : st;
}

/* Multiply-adds a cycle as measured with AVX2 (half of the groups wide), as the instructions allow
 * elsewhere, with a fifth off. */
double oc_conv8_cycles(const oc_conv_geom *g, oc_isa isa)
{
    const double macs = oc_conv_geom_flops(g, false) / 2;
    const double rate = isa & OC_ISA_I8MM                         ? 100
                        : isa & (OC_ISA_DOTPROD | OC_ISA_AVXVNNI) ? 50
                        : isa & OC_ISA_VNNI                       ? 100
                        : isa & OC_ISA_NEON                       ? 12
                                                                  : 26;
    return macs / rate + (double)(g->n * g->oc * g->out[0] * g->out[1]) * 0.5;
}

/* ---- running ---- */

/* The rows that output rows from `first` on read, with their borders, as bytes or as differences. */
static void copy_rows(const oc_conv8 *c, const uint8_t *x, size_t first, uint8_t *to)
{
    const oc_conv_geom *g = &c->g;
    const int64_t       top = (int64_t)first * g->stride[0] - g->pad[0];
    const size_t        width = (size_t)g->in[1] * 8, left = (size_t)g->pad[1] * 8;
    const size_t        bytes = c->row * 8;
    for (size_t b = 0; b < c->in_blocks; b++)
        for (size_t r = 0; r < c->rows; r++, to += bytes) {
            const int64_t y = top + (int64_t)r;
            if (y < 0 || y >= g->in[0]) {
                memset(to, c->x_zero, bytes);
                continue;
            }
            memset(to, c->x_zero, left);
            memcpy(to + left, x + (b * (size_t)g->in[0] + (size_t)y) * width, width);
            memset(to + left + width, c->x_zero, bytes - left - width);
        }
}

/* Lanes beyond the channels are zero in blocked floats, whatever the activation makes of zero. */
static void clear_lanes(const oc_conv8 *c, size_t n, float *y)
{
    const size_t lanes = (size_t)c->g.oc % 8;
    for (size_t i = 0; lanes && i < n; i++)
        memset(y + i * 8 + lanes, 0, (8 - lanes) * sizeof(*y));
}

/* A strip of pixels through the panels of this unit. */
static void run_strip(const oc_conv8 *c, const uint8_t *const *x, size_t n, size_t first_panel,
                      size_t last_panel, const oc_finish8 *f, size_t to)
{
    int32_t    acc[OC_CONV8_STRIP * 16];
    oc_finish8 out = *f;
    out.acc = acc;
    out.px = n;
    out.y_blk = (ptrdiff_t)c->out_pixels * 8;
    for (size_t q = first_panel; q < last_panel; q++) {
        const oc_conv8_panel *p = &c->panel[q];
        const size_t          at = (q * 2 * c->out_pixels + to) * 8;
        const oc_mac8         m = {.x = x,
                                   .at = (const int32_t *)(c->packed + p->at),
                                   .n_narrow = p->n_narrow,
                                   .n_coupled = p->n_coupled,
                                   .n_wide = p->n_wide,
                                   .narrow = (const int8_t *)(c->packed + p->narrow),
                                   .wide = (const int16_t *)(c->packed + p->wide),
                                   .start = c->start + q * 16,
                                   .px = n,
                                   .blocks = panel_blocks(c, q),
                                   .acc = acc};
        c->mac(&m);
        out.blocks = m.blocks;
        out.scale = f->scale + q * 16;
        out.y = f->raw ? (void *)((float *)f->y + at) : (void *)((uint8_t *)f->y + at);
        out.add = f->add ? f->add + at : NULL;
        c->finish(&out);
        if (f->raw && q * 2 + m.blocks == c->out_blocks)
            clear_lanes(c, n, (float *)out.y + (ptrdiff_t)(m.blocks - 1) * out.y_blk);
    }
}

static void run_dense(const oc_conv8 *c, const uint8_t *x, const oc_finish8 *f, size_t chunk,
                      size_t part, uint8_t *scratch)
{
    const oc_conv_geom *g = &c->g;
    const size_t        width = (size_t)g->out[1], first_panel = part * c->part;
    const size_t last_panel = first_panel + c->part < c->panels ? first_panel + c->part : c->panels;
    const size_t first_row = c->copied ? chunk * c->chunk : 0;
    size_t       at = c->copied ? first_row * width : chunk * c->chunk;
    size_t       end = at + (c->copied ? c->chunk * width : c->chunk);
    const uint8_t *px[OC_CONV8_STRIP];
    end = end < c->out_pixels ? end : c->out_pixels;
    if (c->copied) {
        copy_rows(c, x, first_row, scratch);
        x = scratch;
    }
    size_t strips = (end - at + c->strip - 1) / c->strip;
    for (size_t n; at < end; at += n, strips--) {
        n = (end - at + strips - 1) / strips;
        for (size_t i = 0; i < n; i++) {
            const size_t row = (at + i) / width - first_row, col = (at + i) % width;
            px[i] = x + (row * (size_t)g->stride[0] * c->row + col * (size_t)g->stride[1]) * 8;
        }
        run_strip(c, px, n, first_panel, last_panel, f, at);
    }
}

/* Sums of a chunk's rows of one block, in floats. */
static void sums_in_floats(const oc_conv8 *c, const uint8_t *x, size_t block, int64_t top,
                           size_t rows, float *in, float *out)
{
    const oc_conv_geom *g = &c->g;
    const int64_t       from = top < 0 ? 0 : top;
    int64_t             end = top + (int64_t)rows_read(c, rows);
    end = end > g->in[0] ? g->in[0] : end;
    const size_t n = end > from ? (size_t)((end - from) * g->in[1]) * 8 : 0;
    if (n)
        c->to_floats(n, x + from * g->in[1] * 8, 1.0f, c->x_zero, false, in);
    const oc_dw d = {.x = in,
                     .w = c->w_dw + block * (size_t)(g->k[0] * g->k[1]) * 8,
                     .y = out,
                     .in_h = end > from ? end - from : 0,
                     .in_w = g->in[1],
                     .out_w = g->out[1],
                     .kh = g->k[0],
                     .kw = g->k[1],
                     .sy = g->stride[0],
                     .sx = g->stride[1],
                     .dy = g->dil[0],
                     .dx = g->dil[1],
                     .top = from - top, /* the first row that is there is row 0 */
                     .left = g->pad[1],
                     .row_end = (ptrdiff_t)rows,
                     .lanes = 8};
    c->dw(&d);
}

/* Row `y` of a block; NULL outside the picture. */
static const uint8_t *row_or_none(const oc_conv8 *c, const uint8_t *x, int64_t y)
{
    return y < 0 || y >= c->g.in[0] ? NULL : x + y * c->g.in[1] * 8;
}

/* Two rows at a time side by side, with their borders. */
static void make_pairs(const oc_conv8 *c, const uint8_t *x, int64_t top, size_t pairs, int16_t *to)
{
    const size_t left = (size_t)c->g.pad[1] * 16, width = (size_t)c->g.in[1] * 16;
    const size_t all = c->row * 16;
    for (size_t j = 0; j < pairs; j++, to += all) {
        const int64_t y = top + 2 * (int64_t)j;
        memset(to, 0, left * sizeof(*to));
        c->pairs(width / 2, row_or_none(c, x, y), row_or_none(c, x, y + 1), c->x_zero, to + left);
        memset(to + left + width, 0, (all - left - width) * sizeof(*to));
    }
}

static void sums_by_pairs(const oc_conv8 *c, const uint8_t *x, size_t block, int64_t top,
                          size_t rows, int16_t *in, int32_t *out)
{
    const oc_conv_geom *g = &c->g;
    const size_t        kh = (size_t)g->k[0], kw = (size_t)g->k[1];
    make_pairs(c, x, top, pairs_of(rows_read(c, rows)), in);
    for (size_t r = 0; r < rows; r++) {
        const size_t    first = r * (size_t)g->stride[0], odd = first % 2;
        const oc_s16_dw d = {.v = in + first / 2 * c->row * 16,
                             .w = c->w_pairs + (block * 2 + odd) * pairs_of(kh + 1) * kw * 16,
                             .start = c->start + block * 8,
                             .v_row = c->row * 16,
                             .px = (size_t)g->out[1],
                             .pairs = pairs_of(kh + odd),
                             .taps = kw,
                             .sx = (size_t)g->stride[1],
                             .y = out + r * (size_t)g->out[1] * 8};
        c->dw_pairs(&d);
    }
}

static void run_depthwise(const oc_conv8 *c, const uint8_t *x, const oc_finish8 *f, size_t block,
                          size_t chunk, void *in)
{
    const oc_conv_geom *g = &c->g;
    const size_t        width = (size_t)g->out[1], first = chunk * c->chunk;
    const size_t        left = (size_t)g->out[0] - first, rows = left < c->chunk ? left : c->chunk;
    const int64_t       top = (int64_t)first * g->stride[0] - g->pad[0];
    const size_t        to = (block * c->out_pixels + first * width) * 8;
    void               *sums = (char *)in + depthwise_in_bytes(c);
    float               start[8];
    oc_finish8          out = *f;
    x += block * (size_t)(g->in[0] * g->in[1]) * 8;
    if (c->dw_pairs) {
        sums_by_pairs(c, x, block, top, rows, in, sums);
        out.acc = sums;
    } else {
        for (size_t i = 0; i < 8; i++)
            start[i] = (float)c->start[block * 8 + i];
        sums_in_floats(c, x, block, top, rows, in, sums);
        out.sums = sums;
        out.start = start;
    }
    out.blocks = 1;
    out.scale = f->scale + block * 8;
    out.px = rows * width;
    out.y = f->raw ? (void *)((float *)f->y + to) : (void *)((uint8_t *)f->y + to);
    out.add = f->add ? f->add + to : NULL;
    c->finish(&out);
    if (f->raw && block + 1 == c->out_blocks)
        clear_lanes(c, out.px, out.y);
}

void oc_conv8_run(const oc_conv8 *c, const uint8_t *x, const oc_finish8 *f, size_t unit,
                  void *scratch)
{
    const size_t chunk = unit % c->n_chunks, rest = unit / c->n_chunks;
    const size_t inner = c->depthwise ? c->out_blocks : c->n_parts;
    const size_t which = rest % inner, n = rest / inner;
    const size_t to = n * c->out_blocks * c->out_pixels * 8;
    oc_finish8   out = *f;
    out.y = f->raw ? (void *)((float *)f->y + to) : (void *)((uint8_t *)f->y + to);
    out.add = f->add ? f->add + to : NULL;
    x += n * c->in_blocks * (size_t)(c->g.in[0] * c->g.in[1]) * 8;
    if (c->depthwise)
        run_depthwise(c, x, &out, which, chunk, scratch);
    else
        run_dense(c, x, &out, chunk, which, scratch);
}
