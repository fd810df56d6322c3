#include "ops/conv_wino.h"

#include <math.h>
#include <string.h>

#include "ops/conv_dense.h"
#include "ops/packed.h"

#define SCRATCH_BYTES (384 << 10) /* both sides of the products: most of L2 */
#define WEIGHT_BYTES_MAX (16 << 20)

/* Measured to pay from eight channels on either side, down to planes of a few tiles; there only
 * with weights (four times as many as before) that stay in the nearer caches. */
bool oc_conv_wino_fits(const oc_conv_geom *g)
{
    const int64_t tiles = ((g->out[0] + 3) / 4) * ((g->out[1] + 3) / 4);
    const int64_t weights_max =
        (tiles >= 9 ? WEIGHT_BYTES_MAX : WEIGHT_BYTES_MAX / 16) / (36 * (int64_t)sizeof(float));

    return g->groups == 1 && g->k[0] == 3 && g->k[1] == 3 && g->stride[0] == 1 &&
           g->stride[1] == 1 && g->dil[0] == 1 && g->dil[1] == 1 && g->c >= 8 && g->oc >= 8 &&
           g->out[0] >= 6 && g->out[1] >= 6 && g->c * g->oc <= weights_max;
}

static size_t panel_blocks(const oc_conv_wino *d, size_t panel)
{
    return panel + 1 == d->n_panels ? d->blocks_out - 2 * panel : 2;
}

/* u = G w G^T of one output and input channel. */
static void turn_weights(const float *w, double u[36])
{
    const double a = sqrt(0.5), b = sqrt(2.0); /* the points: see f32_wino_in.h */
    const double g[6][3] = {{1, 0, 0},
                            {-2 / 3., -2 / 3. * a, -1 / 3.},
                            {-2 / 3., 2 / 3. * a, -1 / 3.},
                            {1 / 6., b / 6., 1 / 3.},
                            {1 / 6., -b / 6., 1 / 3.},
                            {0, 0, 1}};
    double       t[6][3];

    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 3; j++)
            t[i][j] =
                g[i][0] * (double)w[j] + g[i][1] * (double)w[3 + j] + g[i][2] * (double)w[6 + j];
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
            u[i * 6 + j] = t[i][0] * g[j][0] + t[i][1] * g[j][1] + t[i][2] * g[j][2];
}

static oc_status pack(oc_conv_wino *d, const float *w, const float *bias, const oc_prepare *p,
                      oc_error *err)
{
    const size_t plane = d->c * d->blocks_out * 8;
    bool         ready;

    d->u = oc_packed_take(p, 36 * plane, sizeof(float), &ready);
    d->bias = oc_arena_alloc64(p->mem, d->blocks_out * 8, sizeof(float));
    if (!d->u || !d->bias)
        return OC_FAIL(err, OC_NOMEM, "%zu transformed weights", 36 * plane);
    if (bias)
        memcpy(d->bias, bias, d->oc * sizeof(float));
    for (size_t o = 0; o < d->oc && !ready; o++) {
        size_t panel = o / 16 < d->n_panels ? o / 16 : d->n_panels - 1;
        size_t width = panel_blocks(d, panel) * 8;
        float *to = d->u + panel * 16 * d->c + (o - panel * 16);
        for (size_t c = 0; c < d->c; c++) {
            double u[36];
            turn_weights(w + (o * d->c + c) * 9, u);
            for (size_t q = 0; q < 36; q++)
                to[q * plane + c * width] = (float)u[q];
        }
    }
    d->u = oc_packed_keep(p, d->u);
    return OC_OK;
}

/* Tiles of a unit: whole register tiles (6 or 4 wide), few enough for L2. */
static void cut_units(oc_conv_wino *d, size_t images)
{
    const size_t tile_bytes = 36 * 8 * (d->blocks_in + d->blocks_out) * sizeof(float);
    size_t       per = SCRATCH_BYTES / tile_bytes / 12 * 12;

    per = per < 12 ? 12 : per > 48 ? 48 : per;
    if (per > d->tiles)
        per = d->tiles;
    d->units_per_image = (d->tiles + per - 1) / per;
    d->per_unit = (d->tiles + d->units_per_image - 1) / d->units_per_image;
    d->units = images * d->units_per_image;
    /* planes a multiple of a page apart would share cache sets */
    d->v_q = d->blocks_in * d->per_unit * 8 + 16;
    d->m_q = d->blocks_out * d->per_unit * 8 + 16;
    d->scratch_bytes = 36 * (d->v_q + d->m_q) * sizeof(float);
    /* a transform of eight channels takes as long as some 4000 flops of the products */
    d->unit_flops = (double)d->per_unit * (72.0 * (double)d->c * (double)d->oc +
                                           4000.0 * (double)(d->blocks_in + d->blocks_out) +
                                           16.0 * (double)d->oc * oc_act_flops(d->act));
}

oc_status oc_conv_wino_init(oc_conv_wino *d, const oc_conv_geom *g, const float *w,
                            const float *bias, const oc_prepare *p, oc_error *err)
{
    *d = (oc_conv_wino){.mac = oc_k_f32_mac(p->isa),
                        .in = oc_k_f32_wino_in(p->isa),
                        .out = oc_k_f32_wino_out(p->isa),
                        .act = p->node->act,
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
    d->tiles_w = (size_t)(g->out[1] + OC_WINO_OUT - 1) / OC_WINO_OUT;
    d->tiles = d->tiles_w * ((size_t)(g->out[0] + OC_WINO_OUT - 1) / OC_WINO_OUT);
    cut_units(d, (size_t)g->n);
    return pack(d, w, bias, p, err);
}

static void multiply(const oc_conv_wino *d, const float *v, float *m, size_t tiles)
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

    for (size_t q = 0; q < 36; q++)
        for (size_t p = 0; p < d->n_panels; p++) {
            call.x = v + q * d->v_q;
            call.w = d->u + (q * d->blocks_out * 8 + p * 16) * d->c;
            call.y = m + q * d->m_q + p * 2 * d->per_unit * 8;
            call.blocks = (unsigned)panel_blocks(d, p);
            d->mac(&call);
        }
}

void oc_conv_wino_run(const oc_conv_wino *d, const float *x, const float *add, float *y,
                      size_t unit, float *scratch)
{
    const size_t image = unit / d->units_per_image, first = unit % d->units_per_image * d->per_unit;
    const size_t tiles = d->tiles - first < d->per_unit ? d->tiles - first : d->per_unit;
    const size_t in_plane = (size_t)(d->in_h * d->in_w) * 8;
    const size_t out_plane = (size_t)(d->out_h * d->out_w) * 8;
    float       *v = scratch, *m = scratch + 36 * d->v_q;
    oc_wino_in   in = {.in_h = d->in_h,
                       .in_w = d->in_w,
                       .top = d->top,
                       .left = d->left,
                       .v_q = (ptrdiff_t)d->v_q,
                       .tiles_w = d->tiles_w,
                       .first = first,
                       .tiles = tiles};
    oc_wino_out  out = {.out_h = d->out_h,
                        .out_w = d->out_w,
                        .m_q = (ptrdiff_t)d->m_q,
                        .tiles_w = d->tiles_w,
                        .first = first,
                        .tiles = tiles,
                        .lanes = 8,
                        .act = d->act};

    for (size_t b = 0; b < d->blocks_in; b++) {
        in.x = x + (image * d->blocks_in + b) * in_plane;
        in.v = v + b * d->per_unit * 8;
        d->in(&in);
    }
    multiply(d, v, m, tiles);
    for (size_t b = 0; b < d->blocks_out; b++) {
        const size_t plane = (image * d->blocks_out + b) * out_plane;
        out.m = m + b * d->per_unit * 8;
        out.bias = d->bias + b * 8;
        out.add = add ? add + plane : NULL;
        out.y = y + plane;
        if (b + 1 == d->blocks_out)
            out.lanes = (unsigned)((d->oc - 1) % 8 + 1);
        d->out(&out);
    }
}
