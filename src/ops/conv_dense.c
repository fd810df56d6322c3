#include "ops/conv_dense.h"

#include <string.h>

#include "ops/packed.h"

#define UNIT_FLOPS 2e6           /* about 20 us on one core */
#define RANGE_FLOPS 5e5          /* handing a range over costs a microsecond */
#define PIXELS_MIN 48            /* of a chunk, where there are so many */
#define CHUNK_BYTES (192 << 10)  /* input of a chunk: stays in L2 next to a panel of weights */
#define WEIGHTS_NEAR (512 << 10) /* stay in L2 from one chunk to the next */

size_t oc_grain_of_flops(size_t units, double unit_flops)
{
    const double ranges = (double)units * unit_flops / RANGE_FLOPS;
    size_t       n = ranges < 2    ? 1
                     : ranges < 8  ? (size_t)ranges / 2 * 2
                     : ranges < 64 ? (size_t)ranges / 8 * 8
                                   : 64;

    return (units + n - 1) / n;
}

double oc_act_flops(oc_act act)
{
    switch (act.kind) {
    case OC_ACT_NONE:
    case OC_ACT_RELU:
    case OC_ACT_CLIP: return 0;
    case OC_ACT_LEAKY:
    case OC_ACT_HARDSIGMOID:
    case OC_ACT_HARDSWISH: return 8;
    default: return 35;
    }
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t div_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

size_t oc_dense_panel_blocks(size_t left, unsigned panel)
{
    const size_t want = panel ? panel : 2;

    if (want == 2 && left == 3)
        return 3;
    if (want == 3 && left == 4)
        return 2;
    return min_size(want, left);
}

static oc_status make_panels(oc_dense *d, oc_arena *mem, oc_error *err)
{
    const size_t blocks = d->blocks_out, k = d->s.c * (size_t)(d->s.kh * d->s.kw);
    size_t       w = 0;

    d->panels = oc_arena_alloc(mem, blocks, sizeof(*d->panels));
    if (!d->panels)
        return OC_FAIL(err, OC_NOMEM, "%zu panels of weights", blocks);
    for (size_t at = 0, n; at < blocks; at += n, d->n_panels++) {
        n = oc_dense_panel_blocks(blocks - at, d->s.panel);
        d->panels[d->n_panels] =
            (oc_dense_panel){.first = (uint32_t)at, .blocks = (uint32_t)n, .lanes = 8, .w = w};
        w += n * 8 * k;
    }
    d->panels[d->n_panels - 1].lanes = (uint32_t)((d->s.oc - 1) % 8 + 1);
    d->group_w = w;
    return OC_OK;
}

/* Column (output channel) o of one panel row: input channel c, tap (ky, kx). */
static float weight_at(const oc_dense *d, const oc_dense_weights *w, size_t g, size_t o, size_t c,
                       ptrdiff_t ky, ptrdiff_t kx)
{
    const size_t og = d->s.oc / w->merge, cg = d->s.c / w->merge;

    if (o >= d->s.oc)
        return 0.0f;
    if (w->merge == 1) /* spares the divisions */
        return w->w[(ptrdiff_t)g * w->group + (ptrdiff_t)o * w->oc + (ptrdiff_t)c * w->c +
                    ky * w->ky + kx * w->kx];
    if (o / og != c / cg)
        return 0.0f;
    return w->w[(ptrdiff_t)(g * w->merge + o / og) * w->group + (ptrdiff_t)(o % og) * w->oc +
                (ptrdiff_t)(c % cg) * w->c + ky * w->ky + kx * w->kx];
}

#define TURN 64 /* input channels at a time: what is written stays in the nearest cache */

/* Blocked input, no merged groups: each output's weights are read in the order they lie in, as far as
 * that goes. */
static void pack_blocked(const oc_dense *d, const oc_dense_weights *w, size_t g,
                         const oc_dense_panel *panel, float *out)
{
    const size_t width = panel->blocks * 8, first = panel->first * 8;
    const size_t outs = min_size(width, d->s.oc - first);
    const float *from = w->w + (ptrdiff_t)g * w->group + (ptrdiff_t)first * w->oc;

    for (ptrdiff_t t = 0; t < d->s.kh * d->s.kw; t++, out += d->s.c * width)
        for (size_t c0 = 0; c0 < d->s.c; c0 += TURN) {
            const size_t end = min_size(c0 + TURN, d->s.c);
            const float *tap = from + t / d->s.kw * w->ky + t % d->s.kw * w->kx;
            for (size_t o = 0; o < outs; o++, tap += w->oc)
                for (size_t c = c0; c < end; c++)
                    out[c * width + o] = tap[(ptrdiff_t)c * w->c];
        }
}

static void pack_panel(const oc_dense *d, const oc_dense_weights *w, size_t g,
                       const oc_dense_panel *panel, float *out)
{
    if (!d->s.planar && w->merge == 1) {
        pack_blocked(d, w, g, panel, out);
        return;
    }
    const size_t    width = panel->blocks * 8, first = panel->first * 8;
    const ptrdiff_t kh = d->s.kh, kw = d->s.kw, c = (ptrdiff_t)d->s.c;
    /* planar: (c, ky, kx); blocked: (ky, kx, c) */
    const ptrdiff_t n0 = d->s.planar ? c : kh, n1 = d->s.planar ? kh : kw;
    const ptrdiff_t n2 = d->s.planar ? kw : c;

    for (ptrdiff_t i0 = 0; i0 < n0; i0++)
        for (ptrdiff_t i1 = 0; i1 < n1; i1++)
            for (ptrdiff_t i2 = 0; i2 < n2; i2++)
                for (size_t o = 0; o < width; o++)
                    *out++ = d->s.planar ? weight_at(d, w, g, first + o, (size_t)i0, i1, i2)
                                         : weight_at(d, w, g, first + o, (size_t)i2, i0, i1);
}

static oc_status pack(oc_dense *d, const oc_dense_weights *w, const oc_prepare *p, oc_error *err)
{
    const size_t bias_group = d->blocks_out * 8;
    bool         ready;

    d->w = oc_packed_take(p, d->s.groups * d->group_w, sizeof(float), &ready);
    d->bias = oc_arena_alloc64(p->mem, d->s.groups * bias_group, sizeof(float));
    if (!d->w || !d->bias)
        return OC_FAIL(err, OC_NOMEM, "%zu packed weights", d->s.groups * d->group_w);
    for (size_t g = 0; g < d->s.groups; g++) {
        for (size_t i = 0; i < d->n_panels && !ready; i++)
            pack_panel(d, w, g, &d->panels[i], d->w + g * d->group_w + d->panels[i].w);
        if (w->bias)
            memcpy(d->bias + g * bias_group, w->bias + g * d->s.oc, d->s.oc * sizeof(float));
    }
    d->w = oc_packed_keep(p, d->w);
    return OC_OK;
}

/* One tap, stride 1, nothing cut off: pixels of all rows are one long row. */
static bool is_flat(const oc_dense_shape *s)
{
    return !s->planar && s->kh == 1 && s->kw == 1 && s->sy == 1 && s->sx == 1 && s->top == 0 &&
           s->left == 0 && s->in_h == s->out_h && s->in_w == s->out_w &&
           (s->plain || s->y_row == s->out_w * s->y_px);
}

static bool leaves_input(const oc_dense_shape *s)
{
    if (s->kh < 1 || s->kw < 1)
        return false;
    return s->top > 0 || s->left > 0 ||
           (s->out_h - 1) * s->sy - s->top + (s->kh - 1) * s->dy >= s->in_h ||
           (s->out_w - 1) * s->sx - s->left + (s->kw - 1) * s->dx >= s->in_w;
}

/* Rows and columns of input under `rows` rows of output. */
static size_t rows_in(const oc_dense_shape *s, size_t rows)
{
    return (size_t)(((ptrdiff_t)rows - 1) * s->sy + (s->kh - 1) * s->dy + 1);
}
static size_t cols_in(const oc_dense_shape *s)
{
    return (size_t)((s->out_w - 1) * s->sx + (s->kw - 1) * s->dx + 1);
}
static size_t lanes_in(const oc_dense_shape *s)
{
    return s->planar ? 1 : 8;
}

static size_t copy_bytes(const oc_dense *d, size_t rows)
{
    size_t planes = d->s.planar ? d->s.c : d->blocks_in;
    return planes * rows_in(&d->s, rows) * cols_in(&d->s) * lanes_in(&d->s) * sizeof(float);
}

static size_t chunk_pixels(const oc_dense *d, size_t n)
{
    return d->flat ? n : n * (size_t)d->s.out_w;
}

/* Pixels, or rows of them: enough to spread the reading of the weights over, few enough that their
 * input stays in L2. */
static size_t chunk_of(const oc_dense *d, double each, size_t total)
{
    size_t chunk = (size_t)(UNIT_FLOPS / each) + 1;

    if (d->flat) {
        const size_t fit = CHUNK_BYTES / (d->s.c * sizeof(float) + 1) / 12 * 12;
        chunk = min_size((chunk + 11) / 12 * 12, fit);
        chunk = chunk < PIXELS_MIN ? PIXELS_MIN : chunk;
        if (total < chunk * 4 / 3) /* a few more are cheaper than the weights once more */
            chunk = total;
    } else if (d->group_w * sizeof(float) > WEIGHTS_NEAR) {
        chunk = total; /* weights from afar: as few times as may be */
    }
    while (!d->flat && chunk > 1 && copy_bytes(d, chunk) > 2 * CHUNK_BYTES &&
           (d->copy || d->group_w * sizeof(float) > WEIGHTS_NEAR))
        chunk--;
    return min_size(chunk, total);
}

/* Chunks of pixels times groups of panels: an even number of units, and not less than four of what
 * is worth that many, so that two and four threads have equal shares. */
static void cut_units(oc_dense *d)
{
    const oc_dense_shape *s = &d->s;
    const double          pixel =
        (double)s->oc * (2.0 * (double)s->c * (double)(s->kh * s->kw) + 16 + oc_act_flops(d->act));
    const size_t total = d->flat ? (size_t)(s->out_w) : (size_t)s->out_h;
    const double each = d->flat ? pixel : pixel * (double)s->out_w, all = each * (double)total;
    const size_t chunk = chunk_of(d, each, total);
    const size_t least = all < UNIT_FLOPS / 2 ? 1 : all < 2 * UNIT_FLOPS ? 2 : 4;
    size_t       n = chunk ? div_up(total, chunk) : 0, groups = 1, most = d->n_panels;

    if (d->copy) /* each group makes a copy of its own */
        most = min_size(most, div_up(8, n + 1));
    if (n && !s->plain)
        groups = min_size((size_t)(all / (double)n / UNIT_FLOPS) + 1, most);
    if (n * groups < 16 && n * groups % 2 && n * groups >= least)
        groups < most && !s->plain ? groups++ : n++;
    while (n && n < total && n * groups < least)
        groups < most && !s->plain ? groups++ : n++;
    n = min_size(n, total);
    d->chunk = n ? div_up(total, n) : 0;
    d->n_chunks = d->chunk ? div_up(total, d->chunk) : 0;
    d->panels_per = div_up(d->n_panels, groups);
    d->n_panel_groups = div_up(d->n_panels, d->panels_per);
    d->unit_flops = each * (double)d->chunk / (double)d->n_panel_groups;
    d->units = s->n * s->groups * d->n_chunks * d->n_panel_groups;
    d->scratch_bytes = d->copy ? copy_bytes(d, d->chunk) : 0;
    d->copy_floats = (d->scratch_bytes / sizeof(float) + 15) / 16 * 16;
    if (s->plain)
        d->scratch_bytes =
            (d->copy_floats + d->blocks_out * 8 * chunk_pixels(d, d->chunk)) * sizeof(float);
    d->x_width = d->copy ? (ptrdiff_t)cols_in(s) : s->in_w;
    d->x_plane = d->x_width * (d->copy ? (ptrdiff_t)rows_in(s, d->chunk) : s->in_h);
}

#define SUM_MAX 512 /* terms of a sum whose weights for a panel stay in L1 */

/* Long sums are made in parts, over all pixels of a unit, so that the weights of a part come from
 * L1 for all pixels but the first. */
static void cut_sum(oc_dense *d)
{
    const oc_dense_shape *s = &d->s;
    const size_t          n2 = div_up(s->c, 8);
    const size_t taps = (size_t)(s->kh * s->kw), rows = SUM_MAX / (n2 * (size_t)s->kw * 8 + 1);

    if (d->at || s->planar || taps * s->c <= SUM_MAX * 3 / 2)
        return;
    d->parts = true;
    d->sum.i2 = div_up(n2, div_up(n2 * 8, SUM_MAX));
    d->sum.i1 = d->sum.i2 < n2 ? 1 : min_size((size_t)s->kw, SUM_MAX / (n2 * 8));
    d->sum.i0 = d->sum.i1 < (size_t)s->kw || rows == 0 ? 1 : rows;
}

#define PLACES_MAX 1024

/* Planar input and a last block of less than 8 channels make short inner loops: the terms of the
 * sum are listed instead, where there are not too many. */
static oc_status list_places(oc_dense *d, oc_arena *mem, oc_error *err)
{
    const oc_dense_shape *s = &d->s;
    const size_t          n = s->c * (size_t)(s->kh * s->kw);
    size_t                k = 0;

    if ((!s->planar && s->c % 8 == 0) || n == 0 || n > PLACES_MAX)
        return OC_OK;
    d->at = oc_arena_alloc(mem, n, sizeof(*d->at));
    if (!d->at)
        return OC_FAIL(err, OC_NOMEM, "%zu places", n);
    const size_t n0 = s->planar ? s->c : 1;
    for (size_t c0 = 0; c0 < n0; c0++)
        for (ptrdiff_t ky = 0; ky < s->kh; ky++)
            for (ptrdiff_t kx = 0; kx < s->kw; kx++)
                for (size_t c = 0; c < (s->planar ? 1 : s->c); c++) {
                    ptrdiff_t pixel = ky * s->dy * d->x_width + kx * s->dx;
                    d->at[k++] = s->planar ? (ptrdiff_t)c0 * d->x_plane + pixel
                                           : ((ptrdiff_t)(c / 8) * d->x_plane + pixel) * 8 +
                                                 (ptrdiff_t)(c % 8);
                }
    d->n_at = n;
    return OC_OK;
}

oc_status oc_dense_init(oc_dense *d, const oc_dense_shape *shape, const oc_dense_weights *weights,
                        const oc_prepare *p, oc_error *err)
{
    oc_status st;

    *d = (oc_dense){.s = *shape,
                    .act = p->node->act,
                    .kernel = oc_k_f32_mac(p->isa),
                    .to_planar = oc_k_f32_nc8(p->isa)};
    d->blocks_in = div_up(shape->c, 8);
    d->blocks_out = div_up(shape->oc, 8);
    d->flat = is_flat(shape);
    d->cells_w = shape->out_w;
    if (d->flat) {
        d->s.in_w = d->s.out_w = shape->in_w * shape->in_h;
        d->s.in_h = d->s.out_h = 1;
    }
    if ((st = make_panels(d, p->mem, err)) != OC_OK || (st = pack(d, weights, p, err)) != OC_OK)
        return st;
    if (shape->plain) { /* into scratch, chunk by chunk */
        d->s.y_at = d->s.y_image = 0;
        d->s.y_px = 8;
        d->s.y_row = d->s.out_w * 8;
    }
    d->copy = leaves_input(&d->s);
    cut_units(d);
    if (shape->plain)
        d->s.y_blk = (ptrdiff_t)chunk_pixels(d, d->chunk) * 8;
    st = list_places(d, p->mem, err);
    cut_sum(d);
    return st;
}

/* The rows under output rows from `row` on, zeros where they leave the input. */
static void copy_padded(const oc_dense *d, const float *x, size_t row, size_t rows, float *out)
{
    const oc_dense_shape *s = &d->s;
    const size_t          lanes = lanes_in(s), planes = s->planar ? s->c : d->blocks_in;
    const ptrdiff_t       width = (ptrdiff_t)cols_in(s), count = (ptrdiff_t)rows_in(s, rows);
    const ptrdiff_t       iy0 = (ptrdiff_t)row * s->sy - s->top;
    ptrdiff_t             begin = s->left > 0 ? s->left : 0; /* columns of `out` inside the input */
    ptrdiff_t             end = s->in_w + s->left;

    end = end > width ? width : end;
    begin = begin > width ? width : begin;
    end = end < begin ? begin : end;
    for (size_t p = 0; p < planes; p++, x += (size_t)(s->in_h * s->in_w) * lanes) {
        float *plane = out + p * (size_t)d->x_plane * lanes;
        for (ptrdiff_t i = 0; i < count; i++, plane += (size_t)width * lanes) {
            ptrdiff_t iy = iy0 + i;
            if (iy < 0 || iy >= s->in_h) {
                memset(plane, 0, (size_t)width * lanes * sizeof(float));
                continue;
            }
            memset(plane, 0, (size_t)begin * lanes * sizeof(float));
            memcpy(plane + (size_t)begin * lanes,
                   x + (iy * s->in_w + begin - s->left) * (ptrdiff_t)lanes,
                   (size_t)(end - begin) * lanes * sizeof(float));
            memset(plane + (size_t)end * lanes, 0, (size_t)(width - end) * lanes * sizeof(float));
        }
    }
}

static oc_mac mac_for(const oc_dense *d)
{
    const oc_dense_shape *s = &d->s;
    const ptrdiff_t       width = d->x_width, plane = d->x_plane;
    const size_t          k2 = s->planar ? (size_t)s->kw : s->c;
    oc_mac                m = {.whole = true,
                               .act = d->act,
                               .y_px = s->y_px,
                               .y_blk = s->y_blk,
                               .at = d->at,
                               .n_at = d->n_at};

    m.n0 = s->planar ? s->c : (size_t)s->kh;
    m.n1 = (size_t)(s->planar ? s->kh : s->kw);
    m.n2 = div_up(k2, 8);
    m.k_last = k2 ? (unsigned)((k2 - 1) % 8 + 1) : 0;
    m.x_px = s->sx * (ptrdiff_t)lanes_in(s);
    m.x0 = s->planar ? plane : s->dy * width * 8;
    m.x1 = s->planar ? s->dy * width : s->dx * 8;
    m.x2 = s->planar ? 8 : plane * 8;
    if (m.n1 == 0 || m.n2 == 0)
        m.n0 = 0; /* no tap at all: bias alone */
    return m;
}

/* The cells of one plane: elements j .. j + width - 1 of row i of each, from neighbouring lanes. */
static void spread(const oc_dense *d, const float *from, size_t begin, size_t n, ptrdiff_t i,
                   ptrdiff_t j, size_t width, float *plane)
{
    const ptrdiff_t w = d->cells_w, sh = d->s.spread_h, sw = d->s.spread_w;
    ptrdiff_t       row = (ptrdiff_t)begin / w, col = (ptrdiff_t)begin % w;

    for (size_t p = 0; p < n; row++, col = 0) {
        float *to = plane + ((row * sh + i) * w + col) * sw + j;
        if (width == 2) /* the usual one: both at once */
            for (; col < w && p < n; col++, p++, to += sw)
                memcpy(to, from + p * 8, 2 * sizeof(float));
        for (; col < w && p < n; col++, p++, to += sw)
            *to = from[p * 8];
    }
}

/* Blocked results of the pixels [begin, begin + n) of one picture and group into plain planes. */
static void store_plain(const oc_dense *d, const float *from, size_t begin, size_t n, float *y)
{
    const size_t cell = (size_t)(d->s.spread_h * d->s.spread_w);
    const size_t pixels = (size_t)(d->s.out_h * d->s.out_w), block = chunk_pixels(d, d->chunk) * 8;

    for (size_t b = 0; cell == 1 && b < d->blocks_out; b++) {
        oc_nc8 t = {.planar = y + b * 8 * pixels + begin,
                    .plane = pixels,
                    .n = n,
                    .lanes = (unsigned)min_size(8, d->s.oc - b * 8)};
        memcpy(&t.blocked, &(const float *){from + b * block}, sizeof(t.blocked)); /* read only */
        d->to_planar(&t);
    }
    const size_t step = d->s.spread_w % 2 == 0 ? 2 : 1; /* even lanes pair up within a block */
    for (size_t o = 0; cell > 1 && o < d->s.oc; o += step)
        spread(d, from + o / 8 * block + o % 8, begin, n, (ptrdiff_t)(o % cell) / d->s.spread_w,
               (ptrdiff_t)(o % cell) % d->s.spread_w, step, y + o / cell * pixels * cell);
}

/* What a unit stands for. */
typedef struct dense_part {
    size_t image_group, n, g;
    size_t begin, end; /* rows, or pixels when flat */
    size_t panel, panel_end;
} dense_part;

static dense_part part_of(const oc_dense *d, size_t unit)
{
    const size_t panels = unit % d->n_panel_groups, chunk = unit / d->n_panel_groups % d->n_chunks;
    const size_t total = (size_t)(d->flat ? d->s.out_w : d->s.out_h);
    dense_part   u = {.image_group = unit / d->n_panel_groups / d->n_chunks};

    u.n = u.image_group / d->s.groups;
    u.g = u.image_group % d->s.groups;
    u.begin = chunk * d->chunk;
    u.end = min_size(u.begin + d->chunk, total);
    u.panel = panels * d->panels_per;
    u.panel_end = min_size(u.panel + d->panels_per, d->n_panels);
    return u;
}

/* Sets what of the panel's sum m makes: the whole, or that part of it.  Later parts add to what the
 * earlier ones left in y; the residual goes in first, the activation comes last. */
static void set_part(const oc_dense *d, const oc_mac *whole, oc_dense_place at, oc_mac *m)
{
    const bool first = at.i0 + at.i1 + at.i2 == 0;
    const bool last = at.i0 + d->sum.i0 >= whole->n0 && at.i1 + d->sum.i1 >= whole->n1 &&
                      at.i2 + d->sum.i2 >= whole->n2;
    const size_t k2 = (whole->n2 - 1) * 8 + whole->k_last;

    m->n0 = min_size(d->sum.i0, whole->n0 - at.i0);
    m->n1 = min_size(d->sum.i1, whole->n1 - at.i1);
    m->n2 = min_size(d->sum.i2, whole->n2 - at.i2);
    m->k_last = at.i2 + m->n2 == whole->n2 ? whole->k_last : 8;
    m->w = whole->w + ((at.i0 * whole->n1 + at.i1) * k2 + at.i2 * 8) * 8 * m->blocks;
    m->bias = first ? whole->bias : NULL;
    m->act = last ? whole->act : (oc_act){0};
}

static bool next_part(const oc_dense *d, const oc_mac *whole, oc_dense_place *at)
{
    if ((at->i2 += d->sum.i2) < whole->n2)
        return true;
    at->i2 = 0;
    if ((at->i1 += d->sum.i1) < whole->n1)
        return true;
    at->i1 = 0;
    return (at->i0 += d->sum.i0) < whole->n0;
}

/* x: the input under the part's first row or pixel; y, add: the first block of the group's output
 * there. */
static void run_panels(const oc_dense *d, const dense_part *u, const float *x, const float *add,
                       float *y)
{
    const oc_dense_shape *s = &d->s;
    const ptrdiff_t       row_step = s->sy * d->x_width * (ptrdiff_t)lanes_in(s);
    const size_t          rows = d->flat ? 1 : u->end - u->begin;
    oc_mac                m = mac_for(d);

    m.px = d->flat ? u->end - u->begin : (size_t)s->out_w;
    for (size_t p = u->panel; p < u->panel_end; p++) {
        const oc_dense_panel *panel = &d->panels[p];
        m.w = d->w + u->g * d->group_w + panel->w;
        m.bias = d->bias + (u->g * d->blocks_out + panel->first) * 8;
        m.blocks = panel->blocks;
        m.lanes = panel->lanes;
        const oc_mac   whole = m;
        oc_dense_place part = {0};
        do {
            const ptrdiff_t from =
                (ptrdiff_t)part.i0 * m.x0 + (ptrdiff_t)part.i1 * m.x1 + (ptrdiff_t)part.i2 * m.x2;
            if (d->parts)
                set_part(d, &whole, part, &m);
            const size_t size = m.n0 * m.n1 * ((m.n2 - 1) * 8 + m.k_last) * m.blocks * 8;
            const float *next = m.w + size, *end = d->w + d->s.groups * d->group_w;
            for (size_t row = 0; row < rows; row++) {
                oc_mac_fetch(&m, next, next + min_size(size, (size_t)(end - next)), rows, row);
                ptrdiff_t at = (ptrdiff_t)row * s->y_row + (ptrdiff_t)panel->first * s->y_blk;
                m.x = x + from + (ptrdiff_t)row * row_step;
                m.y = y + at;
                m.add = d->parts && !m.bias ? m.y : add ? add + at : NULL;
                d->kernel(&m);
            }
        } while (d->parts && next_part(d, &whole, &part));
        m = whole;
    }
}

void oc_dense_run(const oc_dense *d, const float *x, const float *add, float *y, size_t unit,
                  float *scratch)
{
    const oc_dense_shape *s = &d->s;
    const dense_part      u = part_of(d, unit);
    const ptrdiff_t       begin = (ptrdiff_t)u.begin;

    x += u.image_group * (s->planar ? s->c : d->blocks_in * 8) * (size_t)(s->in_h * s->in_w);
    if (d->copy) {
        copy_padded(d, x, u.begin, u.end - u.begin, scratch);
        x = scratch;
    } else if (d->flat) {
        x += begin * 8;
    } else {
        x += ((begin * s->sy - s->top) * s->in_w - s->left) * (ptrdiff_t)lanes_in(s);
    }
    if (s->plain) {
        run_panels(d, &u, x, NULL, scratch + d->copy_floats);
        store_plain(d, scratch + d->copy_floats, chunk_pixels(d, u.begin),
                    chunk_pixels(d, u.end - u.begin),
                    y + u.image_group * s->oc * (size_t)(s->out_h * s->out_w));
        return;
    }
    const ptrdiff_t at = s->y_at + (ptrdiff_t)u.n * s->y_image +
                         (ptrdiff_t)(u.g * d->blocks_out) * s->y_blk +
                         begin * (d->flat ? s->y_px : s->y_row);
    run_panels(d, &u, x, add ? add + at : NULL, y + at);
}
