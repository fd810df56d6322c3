#include "ops/int_conv.h"

#include <string.h>

#include "ops/packed.h"

#define UNIT_BYTES ((size_t)64 * 1024) /* of gathered pixels: they stay in the second-level cache */
#define K_MAX 32768                    /* 255 * 255 * K_MAX still fits 32 bits */

/* Packs what there is of the weights: once for constant ones, else at the beginning of each run. */
static void pack_dense(const oc_int_conv *c, const void *w, const void *zeros, int16_t *to)
{
    size_t tiles = (c->m + 3) / 4, oc = (size_t)c->g.oc;
    for (size_t i = 0; i < oc; i++) {
        size_t  tile = i / c->m * tiles + i % c->m / 4, row = i % c->m % 4;
        int32_t zero = oc_zero_at(c->w_type, zeros, c->n_w_zero > 1 ? i : 0);
        for (size_t k = 0; k < c->k; k++)
            to[((tile * c->k2 + k / 2) * 4 + row) * 2 + k % 2] =
                (int16_t)(oc_zero_at(c->w_type, w, i * c->k + k) - zero);
    }
}

static void pack_depthwise(const oc_int_conv *c, const void *w, const void *zeros, int16_t *to)
{
    for (size_t i = 0; i < (size_t)c->g.oc; i++) {
        int32_t zero = oc_zero_at(c->w_type, zeros, c->n_w_zero > 1 ? i : 0);
        for (size_t t = 0; t < c->taps; t++)
            to[i * c->taps + t] = (int16_t)(oc_zero_at(c->w_type, w, i * c->taps + t) - zero);
    }
}

static void pack_weights(const oc_int_conv *c, const void *w, const void *zeros)
{
    if (c->depthwise)
        pack_depthwise(c, w, zeros, c->w);
    else
        pack_dense(c, w, zeros, c->w);
}

static void plan_dense(oc_int_conv *c, oc_work *work)
{
    size_t strip_bytes = c->k2 * 32 * sizeof(int16_t);
    size_t outer = (size_t)(c->g.n * c->g.groups), tiles = (c->m + 3) / 4;
    c->n_strips = (c->out_pixels + 15) / 16;
    c->unit_strips = UNIT_BYTES / (strip_bytes + 1);
    c->unit_strips = c->unit_strips < 1 ? 1 : c->unit_strips > 8 ? 8 : c->unit_strips;
    c->strip_units = (c->n_strips + c->unit_strips - 1) / c->unit_strips;
    /* few pixels: cut the channels too, but keep enough of them to repay the gathering */
    size_t units = outer * c->strip_units, cut = units ? 16 / units : 0;
    size_t most = tiles / 8;
    cut = cut > most ? most : cut;
    c->tile_units = cut > 1 ? cut : 1;
    c->unit_tiles = (tiles + c->tile_units - 1) / c->tile_units;
    c->tile_units = c->unit_tiles ? (tiles + c->unit_tiles - 1) / c->unit_tiles : 0;
    work->phase[c->run_phase].units = units * c->tile_units;
    double macs = (double)(c->unit_strips * 16) * (double)(c->unit_tiles * 4) * (double)c->k;
    work->phase[c->run_phase].grain = macs >= 1e6 ? 1 : (size_t)(1e6 / (macs + 1)) + 1;
    work->scratch_bytes = c->unit_strips * strip_bytes + c->k * 16 + 64;
}

/* Rows y % stride and columns x % stride apart, each such phase a plane of rows of one width:
 * output (y, x) of every tap is then at y * row + x from where its first is, and a whole picture
 * is one stretch (with a few sums between the rows that nobody wants). */
static void plan_depthwise(oc_int_conv *c, oc_work *work)
{
    const oc_conv_geom *g = &c->g;
    size_t rows = (size_t)g->out[0] + (size_t)((g->k[0] - 1) * g->dil[0] / g->stride[0]);
    c->row = (size_t)g->out[1] + (size_t)((g->k[1] - 1) * g->dil[1] / g->stride[1]);
    c->plane = rows * c->row;
    c->flat = (size_t)(g->out[0] - 1) * c->row + (size_t)g->out[1];
    size_t planes = (size_t)(g->stride[0] * g->stride[1]);
    work->phase[c->run_phase].units = (size_t)(g->n * g->c);
    double macs = (double)c->out_pixels * (double)c->taps * (double)(g->oc / g->c);
    work->phase[c->run_phase].grain = macs >= 5e5 ? 1 : (size_t)(5e5 / (macs + 1)) + 1;
    work->scratch_bytes = (planes * c->plane + 32) * sizeof(int16_t) +
                          (c->flat + 16) * sizeof(int32_t) + c->taps * sizeof(void *) + c->flat +
                          64;
}

static bool is_pointwise(const oc_conv_geom *g)
{
    for (uint32_t i = 0; i < g->dims; i++)
        if (g->k[i] != 1 || g->stride[i] != 1 || g->pad[i] || g->pad_end[i])
            return false;
    return true;
}

static oc_status check_zeros(oc_int_conv *c, const oc_prepare *p, oc_error *err)
{
    c->n_w_zero = 0;
    if (c->i_w_zero >= p->n_in || !p->in[c->i_w_zero].info.dtype)
        return OC_OK;
    const oc_slot *zero = &p->in[c->i_w_zero];
    c->n_w_zero = oc_elements(&zero->info);
    if (zero->info.dtype != c->w_type || (c->n_w_zero != 1 && c->n_w_zero != (size_t)c->g.oc))
        return OC_FAIL(err, OC_FORMAT, "%zu zero points of w, %s", c->n_w_zero,
                       oc_dtype_name(zero->info.dtype));
    return OC_OK;
}

/* The weights are packed here if they can be, else phase 0 of each run does it. */
static oc_status make_weights(oc_int_conv *c, const oc_prepare *p, oc_error *err)
{
    const oc_slot *w = &p->in[c->i_w];
    const oc_slot *zero = c->n_w_zero ? &p->in[c->i_w_zero] : NULL;
    size_t         tiles = (c->m + 3) / 4 * (size_t)c->g.groups;
    bool           ready = false;
    size_t         n = c->depthwise ? (size_t)c->g.oc * c->taps : tiles * c->k2 * 8;
    c->run_phase = w->data && (!zero || zero->data) ? 0 : 1;
    c->w = c->run_phase ? oc_arena_alloc64(p->mem, n + 1, sizeof(*c->w))
                        : oc_packed_take(p, n + 1, sizeof(*c->w), &ready);
    if (!c->w)
        return OC_FAIL(err, OC_NOMEM, "packed weights of %lld x %zu", (long long)c->g.oc, c->k);
    if (c->run_phase == 0) {
        if (!ready)
            pack_weights(c, w->data, zero ? zero->data : NULL);
        c->w = oc_packed_keep(p, c->w);
        oc_packed_consumed(p, c->i_w);
    }
    p->work->n_phases = c->run_phase + 1;
    p->work->phase[0].units = p->work->phase[0].grain = 1;
    return OC_OK;
}

oc_status oc_int_conv_prepare(oc_int_conv *c, const oc_prepare *p, uint32_t i_w, uint32_t i_w_zero,
                              oc_error *err)
{
    oc_status st = oc_conv_geom_read(p->node, &p->in[0].info, &p->in[i_w].info, &c->g, err);
    if (st != OC_OK)
        return st;
    c->i_w = i_w;
    c->i_w_zero = i_w_zero;
    c->w_type = p->in[i_w].info.dtype;
    c->in_pixels = c->out_pixels = c->taps = 1;
    for (uint32_t i = 0; i < c->g.dims; i++) {
        c->in_pixels *= (size_t)c->g.in[i];
        c->out_pixels *= (size_t)c->g.out[i];
        c->taps *= (size_t)c->g.k[i];
    }
    c->m = (size_t)(c->g.oc / c->g.groups);
    c->k = (size_t)(c->g.c / c->g.groups) * c->taps;
    c->k2 = (c->k + 1) / 2;
    if (c->k > K_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "sums of %zu products may leave 32 bits", c->k);
    c->gemm = oc_k_s16_gemm_4x16(p->isa);
    c->pack = oc_k_s16_pack(p->isa);
    c->tap_row = oc_k_s16_taps(p->isa);
    c->widen = oc_k_s16_widen(p->isa);
    c->requant = oc_k_s32_requant(p->isa);
    c->depthwise = c->g.groups == c->g.c && c->g.dims == 2 && c->out_pixels;
    c->pointwise = is_pointwise(&c->g);
    if ((st = check_zeros(c, p, err)) != OC_OK || (st = make_weights(c, p, err)) != OC_OK)
        return st;
    p->work->flops = 2.0 * (double)c->g.n * (double)c->g.oc * (double)c->out_pixels * (double)c->k;
    if (c->depthwise)
        plan_depthwise(c, p->work);
    else
        plan_dense(c, p->work);
    return OC_OK;
}

/* n sums of out channel oc of picture `image`, from pixel `at` on. */
static void store(const oc_int_conv *c, const oc_int_conv_out *out, size_t image, size_t oc,
                  size_t at, size_t n, const int32_t *acc)
{
    size_t to = (image * (size_t)c->g.oc + oc) * c->out_pixels + at;
    if (out->raw) {
        memcpy((int32_t *)out->y + to, acc, n * sizeof(*acc));
        return;
    }
    oc_k_requant q = {.bias = out->bias ? out->bias[oc] : 0,
                      .zero = out->zero,
                      .scale = out->scale[oc],
                      .is_signed = out->is_signed};
    c->requant(n, acc, &q, (uint8_t *)out->y + to);
}

/* ---- dense ---- */

/* Pixels of a strip that follow each other in a row of the output. */
typedef struct pixel_run {
    size_t  first, n;
    int64_t origin[OC_CONV_DIMS_MAX]; /* where the first one's first tap reads */
} pixel_run;

static size_t pixel_runs(const oc_conv_geom *g, size_t at, size_t n, pixel_run *runs)
{
    size_t n_runs = 0, width = (size_t)g->out[g->dims - 1];
    for (size_t i = 0; i < n; i += runs[n_runs++].n) {
        size_t left = at + i, in_row = width - left % width;
        runs[n_runs].first = i;
        runs[n_runs].n = in_row < n - i ? in_row : n - i;
        for (uint32_t d = g->dims; d-- > 0; left /= (size_t)g->out[d])
            runs[n_runs].origin[d] = (int64_t)(left % (size_t)g->out[d]) * g->stride[d] - g->pad[d];
    }
    return n_runs;
}

/* One tap of a run: to[i] = x[row][origin + i * stride], `pad` outside the picture. */
static void gather_run(const oc_conv_geom *g, const uint8_t *x, const int64_t *shift,
                       const pixel_run *run, uint8_t pad, uint8_t *to)
{
    uint32_t last = g->dims - 1;
    size_t   at = 0, i = 0;
    bool     inside = true;
    for (uint32_t d = 0; d < last; d++) {
        int64_t p = run->origin[d] + shift[d];
        inside &= p >= 0 && p < g->in[d];
        at = (at + (size_t)p) * (size_t)g->in[d + 1];
    }
    if (!inside) {
        memset(to, pad, run->n);
        return;
    }
    int64_t p = run->origin[last] + shift[last], step = g->stride[last], width = g->in[last];
    for (; i < run->n && p < 0; i++, p += step)
        to[i] = pad;
    size_t end = p < width ? i + (size_t)((width - 1 - p) / step) + 1 : i;
    end = end < run->n ? end : run->n;
    const uint8_t *from = x + at + p;
    if (step == 1 && end - i == 16)
        memcpy(to, from, 16);
    else
        for (size_t k = i; k < end; k++, from += step)
            to[k] = *from;
    if (end < run->n)
        memset(to + end, pad, run->n - end);
}

/* Strip of n pixels from `at` on, all k of a group, packed. */
static void make_strip(const oc_int_conv *c, const uint8_t *x, size_t at, size_t n, oc_k_pack pack,
                       uint8_t *bytes, int16_t *to)
{
    const oc_conv_geom *g = &c->g;
    pixel_run           runs[16];
    pack.rows = c->k;
    pack.cols = n;
    if (c->pointwise) {
        pack.stride = c->in_pixels;
        c->pack(&pack, x + at, to);
        return;
    }
    size_t n_runs = pixel_runs(g, at, n, runs);
    for (size_t k = 0; k < c->k; k++) {
        int64_t shift[OC_CONV_DIMS_MAX];
        size_t  tap = k % c->taps;
        for (uint32_t d = g->dims; d-- > 0; tap /= (size_t)g->k[d])
            shift[d] = (int64_t)(tap % (size_t)g->k[d]) * g->dil[d];
        for (size_t i = 0; i < n_runs; i++)
            gather_run(g, x + k / c->taps * c->in_pixels, shift, &runs[i], (uint8_t)pack.zero,
                       bytes + k * n + runs[i].first);
    }
    pack.stride = n;
    c->pack(&pack, bytes, to);
}

static void dense_unit(const oc_int_conv *c, const oc_op_run *r, size_t unit, int32_t x_zero,
                       const oc_int_conv_out *out)
{
    size_t   tile_unit = unit % c->tile_units, strip_unit = unit / c->tile_units % c->strip_units;
    size_t   outer = unit / c->tile_units / c->strip_units, groups = (size_t)c->g.groups;
    size_t   group = outer % groups, image = outer / groups, tiles = (c->m + 3) / 4;
    size_t   first = strip_unit * c->unit_strips, left = c->n_strips - first;
    size_t   strips = left < c->unit_strips ? left : c->unit_strips;
    size_t   tile_end = (tile_unit + 1) * c->unit_tiles;
    int16_t *packed = r->scratch;
    uint8_t *bytes = (uint8_t *)(packed + c->unit_strips * c->k2 * 32);
    const uint8_t *x =
        (const uint8_t *)r->in[0].data + outer * (size_t)(c->g.c / c->g.groups) * c->in_pixels;
    oc_k_pack pack = {.zero = x_zero, .is_signed = r->in[0].info.dtype == OC_I8};
    for (size_t s = 0; s < strips; s++) {
        size_t at = (first + s) * 16, n = c->out_pixels - at;
        make_strip(c, x, at, n < 16 ? n : 16, pack, bytes, packed + s * c->k2 * 32);
    }
    for (size_t t = tile_unit * c->unit_tiles; t < tile_end && t < tiles; t++) {
        const int16_t *w = c->w + (group * tiles + t) * c->k2 * 8;
        for (size_t s = 0; s < strips; s++) {
            int32_t acc[64];
            size_t  at = (first + s) * 16, n = c->out_pixels - at;
            c->gemm(c->k2, w, packed + s * c->k2 * 32, acc);
            for (size_t m = t * 4; m < t * 4 + 4 && m < c->m; m++)
                store(c, out, image, group * c->m + m, at, n < 16 ? n : 16, acc + m % 4 * 16);
        }
    }
}

/* ---- depthwise ---- */

/* The phase planes of a picture, less its zero point; pads are 0. */
static void widen_planes(const oc_int_conv *c, const uint8_t *x, bool is_signed, int32_t zero,
                         int16_t *planes)
{
    const oc_conv_geom *g = &c->g;
    size_t sy = (size_t)g->stride[0], sx = (size_t)g->stride[1], rows = c->plane / c->row;
    memset(planes, 0, sy * sx * c->plane * sizeof(*planes));
    for (size_t py = 0; py < sy; py++)
        for (size_t px = 0; px < sx; px++)
            for (size_t row = 0; row < rows; row++) {
                int64_t y = (int64_t)(row * sy + py) - g->pad[0];
                int64_t from = (int64_t)px - g->pad[1], first = 0;
                if (y < 0 || y >= g->in[0])
                    continue;
                if (from < 0) {
                    first = (-from + (int64_t)sx - 1) / (int64_t)sx;
                    from += first * (int64_t)sx;
                }
                int64_t n = from < g->in[1] ? (g->in[1] - 1 - from) / (int64_t)sx + 1 : 0;
                n = n < (int64_t)c->row - first ? n : (int64_t)c->row - first;
                if (n > 0)
                    c->widen((size_t)n, x + y * g->in[1] + from, sx, zero, is_signed,
                             planes + (py * sx + px) * c->plane + row * c->row + (size_t)first);
            }
}

/* From sums with gaps between the rows to the output. */
static void store_rows(const oc_int_conv *c, const oc_int_conv_out *out, size_t image, size_t oc,
                       const int32_t *acc, uint8_t *bytes)
{
    size_t to = (image * (size_t)c->g.oc + oc) * c->out_pixels, n = (size_t)c->g.out[1];
    if (!out->raw) {
        oc_k_requant q = {.bias = out->bias ? out->bias[oc] : 0,
                          .zero = out->zero,
                          .scale = out->scale[oc],
                          .is_signed = out->is_signed};
        c->requant(c->flat, acc, &q, bytes);
    }
    for (size_t y = 0; y < (size_t)c->g.out[0]; y++, to += n) {
        if (out->raw)
            memcpy((int32_t *)out->y + to, acc + y * c->row, n * sizeof(*acc));
        else
            memcpy((uint8_t *)out->y + to, bytes + y * c->row, n);
    }
}

static void depthwise_unit(const oc_int_conv *c, const oc_op_run *r, size_t unit, int32_t x_zero,
                           const oc_int_conv_out *out)
{
    const oc_conv_geom *g = &c->g;
    size_t              channel = unit % (size_t)g->c, image = unit / (size_t)g->c;
    size_t              sy = (size_t)g->stride[0], sx = (size_t)g->stride[1];
    int16_t            *planes = r->scratch;
    int32_t            *acc = (int32_t *)(void *)(planes + (sy * sx * c->plane + 31) / 32 * 32);
    const int16_t     **taps = (const int16_t **)(void *)(acc + (c->flat + 15) / 16 * 16);
    uint8_t            *bytes = (uint8_t *)(taps + c->taps);
    widen_planes(c, (const uint8_t *)r->in[0].data + unit * c->in_pixels,
                 r->in[0].info.dtype == OC_I8, x_zero, planes);
    for (size_t t = 0; t < c->taps; t++) {
        size_t ky = t / (size_t)g->k[1] * (size_t)g->dil[0];
        size_t kx = t % (size_t)g->k[1] * (size_t)g->dil[1];
        taps[t] = planes + (ky % sy * sx + kx % sx) * c->plane + ky / sy * c->row + kx / sx;
    }
    for (size_t m = 0; m < c->m; m++) {
        size_t oc = channel * c->m + m;
        c->tap_row(c->flat, c->taps, taps, c->w + oc * c->taps, acc);
        store_rows(c, out, image, oc, acc, bytes);
    }
}

void oc_int_conv_run(const oc_int_conv *c, const oc_op_run *r, int32_t x_zero,
                     const oc_int_conv_out *out)
{
    if (r->phase < c->run_phase) {
        if (r->part.begin < r->part.end)
            pack_weights(c, r->in[c->i_w].data, c->n_w_zero ? r->in[c->i_w_zero].data : NULL);
        return;
    }
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        if (c->depthwise)
            depthwise_unit(c, r, unit, x_zero, out);
        else
            dense_unit(c, r, unit, x_zero, out);
    }
}
