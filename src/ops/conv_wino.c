#include "ops/conv_wino.h"

#include <math.h>
#include <string.h>

#include "ops/conv_dense.h"
#include "ops/packed.h"

#define SCRATCH_BYTES (384 << 10) /* both sides of the products: most of L2 */
#define UNITS_WANTED 8
#define LANES 16       /* outputs whose weights are transformed at once */
#define UNIT_FLOPS 4e6 /* some 40 us */

bool oc_conv_wino_fits(const oc_conv_geom *g)
{
    return g->dims == 2 && g->groups == 1 && g->k[0] == 3 && g->k[1] == 3 && g->stride[0] == 1 &&
           g->stride[1] == 1 && g->dil[0] == 1 && g->dil[1] == 1 && g->c >= 8 && g->oc >= 8 &&
           g->out[0] > 0 && g->out[1] > 0;
}

double oc_conv_wino_error(unsigned m, int64_t channels)
{
    static const double of_one[OC_WINO_PAIRS_MAX] = {1.2e-7, 4e-7, 2.4e-6}; /* m 2, 4, 6 */

    return of_one[m / 2 - 1] * sqrt((double)channels);
}

/* Four outputs: their floats fill a register of any processor this runs on, their doubles two. */
typedef double four __attribute__((vector_size(32)));
typedef float  four_floats __attribute__((vector_size(16)));

static size_t panel_blocks(const oc_conv_wino *d, size_t panel)
{
    return panel + 1 == d->n_panels ? d->blocks_out - 2 * panel : 2;
}

/* The rows of G: see wino_points.h. */
static void weight_rows(unsigned m, double g[OC_WINO_IN_MAX][3])
{
    const unsigned pairs = m / 2;
    const double  *p = oc_wino_points_of[pairs - 1].p;
    double         z0 = 1;

    memset(g, 0, OC_WINO_IN_MAX * sizeof(*g));
    for (unsigned j = 0; j < pairs; j++) {
        const double y = p[j] * p[j];
        double       d = 2 * y;
        for (unsigned i = 0; i < pairs; i++)
            d *= i == j ? 1 : y - p[i] * p[i];
        for (unsigned k = 0; k < 3; k++) {
            double v = (k == 0 ? 1 : k == 1 ? p[j] : y) / d;
            g[2 * j + 1][k] = v;
            g[2 * j + 2][k] = k == 1 ? -v : v;
        }
        z0 *= -y;
    }
    g[0][0] = 1 / z0;
    g[m + 1][2] = 1;
}

/* One side of u = G w G^T, three w that lie `step` apart -> u[m + 2], for four outputs.  Rows 2 j + 1
 * and 2 j + 2 of G differ in the sign of the middle. */
static inline void turn_four(unsigned m, const double g[OC_WINO_IN_MAX][3], const four *w,
                             size_t step, four *u)
{
    const four w0 = w[0], w1 = w[step], w2 = w[2 * step];

    u[0] = g[0][0] * w0;
    u[m + 1] = w2;
    for (unsigned i = 1; i <= m; i += 2) {
        const four even = g[i][0] * w0 + g[i][2] * w2, odd = g[i][1] * w1;
        u[i] = even + odd;
        u[i + 1] = even - odd;
    }
}

/* u = G w G^T of LANES outputs and one input channel, to planes that lie `plane` floats apart. */
static inline void turn_weights(unsigned m, const double g[OC_WINO_IN_MAX][3],
                                const float w[9][LANES], float *to, size_t plane, size_t width)
{
    float rows[OC_WINO_IN_MAX * OC_WINO_IN_MAX][LANES];

    for (unsigned o = 0; o < LANES; o += 4) {
        four        x[9], side[3][OC_WINO_IN_MAX], u[OC_WINO_IN_MAX];
        four_floats f;
        for (unsigned k = 0; k < 9; k++) {
            memcpy(&f, &w[k][o], sizeof(f));
            x[k] = __builtin_convertvector(f, four);
        }
        for (unsigned k = 0; k < 3; k++)
            turn_four(m, g, x + k, 3, side[k]);
        for (unsigned i = 0; i < m + 2; i++) {
            turn_four(m, g, &side[0][i], OC_WINO_IN_MAX, u);
            for (unsigned j = 0; j < m + 2; j++) {
                f = __builtin_convertvector(u[j], four_floats);
                memcpy(&rows[i * (m + 2) + j][o], &f, sizeof(f));
            }
        }
    }
    for (unsigned q = 0; q < (m + 2) * (m + 2); q++) {
        if (width >= LANES) /* a size that is known is a few moves, any other a call */
            memcpy(to + q * plane, rows[q], LANES * sizeof(float));
        else
            memcpy(to + q * plane, rows[q], width * sizeof(float));
    }
}

/* Outputs [first, first + width) of all input channels; those past the last are zero. */
static void pack_lanes(const oc_conv_wino *d, const double g[OC_WINO_IN_MAX][3], const float *w,
                       size_t first, size_t width, float *to, size_t step)
{
    const size_t plane = d->c * d->blocks_out * 8;
    const size_t outs = d->oc - first < width ? d->oc - first : width;
    float        lanes[9][LANES] = {{0}};

    for (size_t c = 0; c < d->c; c++, to += step) {
        for (size_t o = 0; o < outs; o++)
            for (size_t k = 0; k < 9; k++)
                lanes[k][o] = w[((first + o) * d->c + c) * 9 + k];
        const float(*x)[LANES] = (const float(*)[LANES])lanes;
        if (d->m == 2) /* sizes that are known make straight code */
            turn_weights(2, g, x, to, plane, width);
        else if (d->m == 4)
            turn_weights(4, g, x, to, plane, width);
        else
            turn_weights(d->m, g, x, to, plane, width);
    }
}

/* A panel is two blocks wide, the last up to three. */
static void pack_panel(const oc_conv_wino *d, const double g[OC_WINO_IN_MAX][3], const float *w,
                       size_t panel)
{
    const size_t width = panel_blocks(d, panel) * 8;
    float       *to = d->u + panel * 16 * d->c;

    for (size_t at = 0; at < width; at += LANES) {
        const size_t n = width - at < LANES ? width - at : LANES;
        pack_lanes(d, g, w, panel * 16 + at, n, to + at, width);
    }
}

static oc_status pack(oc_conv_wino *d, const float *w, const float *bias, const oc_prepare *p,
                      oc_error *err)
{
    const size_t plane = d->c * d->blocks_out * 8;
    double       g[OC_WINO_IN_MAX][3];
    bool         ready;

    weight_rows(d->m, g);
    d->u = oc_packed_take(p, d->q * plane, sizeof(float), &ready);
    d->bias = oc_arena_alloc64(p->mem, d->blocks_out * 8, sizeof(float));
    if (!d->u || !d->bias)
        return OC_FAIL(err, OC_NOMEM, "%zu transformed weights", d->q * plane);
    if (bias)
        memcpy(d->bias, bias, d->oc * sizeof(float));
    for (size_t panel = 0; panel < d->n_panels && !ready; panel++)
        pack_panel(d, (const double(*)[3])g, w, panel);
    d->u = oc_packed_keep(p, d->u);
    return OC_OK;
}

/* Measured with AVX2, at 100 flops of the products a nanosecond. */
double oc_conv_wino_turn_flops(unsigned m)
{
    return m == 2 ? 1300 : m == 4 ? 3900 : 11500;
}

/* Whole register tiles (6 or 4 wide), few enough for L2. */
double oc_conv_wino_tiles(unsigned m, int64_t c, int64_t oc)
{
    const size_t blocks = (size_t)((c + 7) / 8 + (oc + 7) / 8);
    const size_t tile_bytes = (m + 2) * (m + 2) * 8 * blocks * sizeof(float);
    const size_t per = SCRATCH_BYTES / tile_bytes / 12 * 12;

    return per < 12 ? 12 : per > 48 ? 48 : (double)per;
}

/* Where there are few tiles, several units take the same ones and each some of the panels.  Each
 * transforms the input again: a small share of its time where there are panels enough. */
static void share_panels(oc_conv_wino *d, double flops)
{
    size_t groups = UNITS_WANTED / (d->units ? d->units : 1), most = d->blocks_out / 8;

    if (groups > most)
        groups = most;
    while (groups > 1 && flops / (double)(d->units * groups) < UNIT_FLOPS)
        groups--;
    groups = groups < 1 ? 1 : groups > d->n_panels ? d->n_panels : groups;
    d->panels_per = (d->n_panels + groups - 1) / groups;
    d->n_groups = (d->n_panels + d->panels_per - 1) / d->panels_per;
    d->units *= d->n_groups;
}

static void cut_units(oc_conv_wino *d, size_t images)
{
    size_t per = (size_t)oc_conv_wino_tiles(d->m, (int64_t)d->c, (int64_t)d->oc);

    if (per > d->tiles)
        per = d->tiles;
    d->units_per_image = (d->tiles + per - 1) / per;
    d->per_unit = (d->tiles + d->units_per_image - 1) / d->units_per_image;
    d->units = images * d->units_per_image;
    /* planes a multiple of a page apart would share cache sets */
    d->v_q = d->blocks_in * d->per_unit * 8 + 16;
    d->u_q = d->blocks_out * d->per_unit * 8 + 16;
    d->scratch_bytes = d->q * (d->v_q + d->u_q) * sizeof(float);
    const double flops = (double)d->per_unit *
                         (2.0 * d->q * (double)d->c * (double)d->oc +
                          oc_conv_wino_turn_flops(d->m) * (double)(d->blocks_in + d->blocks_out) +
                          d->m * d->m * (double)d->oc * oc_act_flops(d->act));
    const size_t all = d->units;
    share_panels(d, flops * (double)all);
    d->unit_flops = flops * (double)all / (double)d->units;
}

oc_status oc_conv_wino_init(oc_conv_wino *d, const oc_conv_geom *g, unsigned m, const float *w,
                            const float *bias, const oc_prepare *p, oc_error *err)
{
    *d = (oc_conv_wino){.mac = oc_k_f32_mac(p->isa),
                        .in = oc_k_f32_wino_in(p->isa),
                        .out = oc_k_f32_wino_out(p->isa),
                        .act = p->node->act,
                        .m = m,
                        .q = (m + 2) * (m + 2),
                        .in_h = g->in[0],
                        .in_w = g->in[1],
                        .out_h = g->out[0],
                        .out_w = g->out[1],
                        .top = g->pad[0],
                        .left = g->pad[1],
                        .c = (size_t)g->c,
                        .oc = (size_t)g->oc};
    d->blocks_in = (d->c + 7) / 8;
    d->blocks_out = (d->oc + 7) / 8;
    d->n_panels = d->blocks_out == 1 ? 1 : d->blocks_out / 2;
    d->tiles_w = (size_t)(g->out[1] + m - 1) / m;
    d->tiles = d->tiles_w * ((size_t)(g->out[0] + m - 1) / m);
    cut_units(d, (size_t)g->n);
    return pack(d, w, bias, p, err);
}

/* Panels [begin, end) of all products. */
static void multiply(const oc_conv_wino *d, const float *v, float *u, size_t tiles, size_t begin,
                     size_t end)
{
    oc_mac call = {.x_px = 8,
                   .x2 = (ptrdiff_t)d->per_unit * 8,
                   .n0 = 1,
                   .n1 = 1,
                   .n2 = d->blocks_in,
                   .k_last = (unsigned)((d->c - 1) % 8 + 1),
                   .y_px = 8,
                   .y_blk = (ptrdiff_t)d->per_unit * 8,
                   .px = tiles,
                   .lanes = 8,
                   .whole = true};

    const size_t all = d->q * d->blocks_out * 8 * d->c;
    for (size_t q = 0; q < d->q; q++)
        for (size_t p = begin; p < end; p++) {
            call.x = v + q * d->v_q;
            call.w = d->u + (q * d->blocks_out * 8 + p * 16) * d->c;
            call.y = u + q * d->u_q + p * 2 * d->per_unit * 8;
            call.blocks = (unsigned)panel_blocks(d, p);
            const size_t size = d->c * call.blocks * 8;
            const size_t next = p + 1 < end ? (q * d->blocks_out * 8 + p * 16) * d->c + size
                                            : ((q + 1) * d->blocks_out * 8 + begin * 16) * d->c;
            if (next < all)
                oc_mac_fetch(&call, d->u + next,
                             d->u + next + (size < all - next ? size : all - next), 1, 0);
            else
                call.ahead_lines = 0;
            d->mac(&call);
        }
}

void oc_conv_wino_run(const oc_conv_wino *d, const float *x, const float *add, float *y,
                      size_t unit, float *scratch)
{
    const size_t group = unit % d->n_groups, part = unit / d->n_groups;
    const size_t image = part / d->units_per_image, first = part % d->units_per_image * d->per_unit;
    const size_t panel = group * d->panels_per;
    const size_t panel_end =
        panel + d->panels_per < d->n_panels ? panel + d->panels_per : d->n_panels;
    const size_t block_end = panel_end == d->n_panels ? d->blocks_out : panel_end * 2;
    const size_t tiles = d->tiles - first < d->per_unit ? d->tiles - first : d->per_unit;
    const size_t in_plane = (size_t)(d->in_h * d->in_w) * 8;
    const size_t out_plane = (size_t)(d->out_h * d->out_w) * 8;
    float       *v = scratch, *u = scratch + d->q * d->v_q;
    oc_wino_in   in = {.in_h = d->in_h,
                       .in_w = d->in_w,
                       .top = d->top,
                       .left = d->left,
                       .v_q = (ptrdiff_t)d->v_q,
                       .tiles_w = d->tiles_w,
                       .first = first,
                       .tiles = tiles,
                       .m = d->m};
    oc_wino_out  out = {.out_h = d->out_h,
                        .out_w = d->out_w,
                        .u_q = (ptrdiff_t)d->u_q,
                        .tiles_w = d->tiles_w,
                        .first = first,
                        .tiles = tiles,
                        .m = d->m,
                        .lanes = 8,
                        .act = d->act};

    for (size_t b = 0; b < d->blocks_in; b++) {
        in.x = x + (image * d->blocks_in + b) * in_plane;
        in.v = v + b * d->per_unit * 8;
        d->in(&in);
    }
    multiply(d, v, u, tiles, panel, panel_end);
    for (size_t b = panel * 2; b < block_end; b++) {
        const size_t plane = (image * d->blocks_out + b) * out_plane;
        out.u = u + b * d->per_unit * 8;
        out.bias = d->bias + b * 8;
        out.add = add ? add + plane : NULL;
        out.y = y + plane;
        if (b + 1 == d->blocks_out)
            out.lanes = (unsigned)((d->oc - 1) % 8 + 1);
        d->out(&out);
    }
}
