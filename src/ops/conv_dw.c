#include "ops/conv_dw.h"

#include <string.h>

#include "ops/conv_dense.h"
#include "ops/packed.h"

#define UNIT_FLOPS 2e6         /* of the dense path: some 20 us */
#define BLOCKS_MANY 16         /* enough for all threads, without a cut between rows */
#define PLANE_SMALL (16 << 10) /* bytes: a cut between its rows costs more than it brings */

static oc_status pack(oc_conv_dw *d, const oc_conv_geom *g, const float *w, const float *bias,
                      const oc_prepare *p, oc_error *err)
{
    const size_t taps = (size_t)(g->k[0] * g->k[1]), c = (size_t)g->c;
    bool         ready;

    d->w = oc_packed_take(p, d->blocks * taps * 8, sizeof(float), &ready);
    d->bias = oc_arena_alloc64(p->mem, d->blocks * 8, sizeof(float));
    if (!d->w || !d->bias)
        return OC_FAIL(err, OC_NOMEM, "%zu packed weights", d->blocks * taps * 8);
    for (size_t i = 0; i < c && !ready; i++)
        for (size_t t = 0; t < taps; t++)
            d->w[(i / 8 * taps + t) * 8 + i % 8] = w[i * taps + t];
    if (bias)
        memcpy(d->bias, bias, c * sizeof(float));
    d->w = oc_packed_keep(p, d->w);
    return OC_OK;
}

oc_status oc_conv_dw_init(oc_conv_dw *d, const oc_conv_geom *g, const float *w, const float *bias,
                          const oc_prepare *p, oc_error *err)
{
    const size_t blocks = (size_t)(g->c + 7) / 8, rows = (size_t)g->out[0];
    const size_t in_plane = (size_t)(g->in[0] * g->in[1]);
    /* two times and a half as long as the dense path takes for as many flops, and memory */
    const double row = (double)g->out[1] *
                       (40.0 * (double)(g->k[0] * g->k[1]) + 8 * (30 + oc_act_flops(p->node->act)));

    *d = (oc_conv_dw){.kernel = oc_k_f32_dw(p->isa), .blocks = blocks, .rows = rows};
    d->call = (oc_dw){.in_h = g->in[0],
                      .in_w = g->in[1],
                      .out_w = g->out[1],
                      .kh = g->k[0],
                      .kw = g->k[1],
                      .sy = g->stride[0],
                      .sx = g->stride[1],
                      .dy = g->dil[0],
                      .dx = g->dil[1],
                      .top = g->pad[0],
                      .left = g->pad[1],
                      .act = p->node->act};
    d->lanes_last = (unsigned)((g->c - 1) % 8 + 1);
    const bool whole = blocks >= BLOCKS_MANY && in_plane * 8 * sizeof(float) <= PLANE_SMALL;
    d->n_chunks = (size_t)(row * (double)rows / UNIT_FLOPS) + (whole ? 1 : 2);
    d->n_chunks = d->n_chunks < rows ? d->n_chunks : rows;
    d->chunk = d->n_chunks ? (rows + d->n_chunks - 1) / d->n_chunks : 0;
    d->n_chunks = d->chunk ? (rows + d->chunk - 1) / d->chunk : 0;
    d->units = (size_t)g->n * blocks * d->n_chunks;
    d->unit_flops = row * (double)d->chunk;
    return pack(d, g, w, bias, p, err);
}

void oc_conv_dw_run(const oc_conv_dw *d, const float *x, const float *add, float *y, size_t unit)
{
    /* all blocks of some rows, then the next rows: neighbours in time are neighbours in space, as
     * in the dense paths, and what one core has written it reads again */
    const size_t block = unit % d->blocks, chunk = unit / d->blocks % d->n_chunks;
    const size_t plane = unit / d->blocks / d->n_chunks * d->blocks + block;
    const size_t in_plane = (size_t)(d->call.in_h * d->call.in_w) * 8;
    const size_t out_plane = d->rows * (size_t)d->call.out_w * 8;
    const size_t end = (chunk + 1) * d->chunk;
    oc_dw        call = d->call;

    call.x = x + plane * in_plane;
    call.y = y + plane * out_plane;
    call.add = add ? add + plane * out_plane : NULL;
    call.w = d->w + block * (size_t)(call.kh * call.kw) * 8;
    call.bias = d->bias + block * 8;
    call.lanes = block + 1 == d->blocks ? d->lanes_last : 8;
    call.row_begin = (ptrdiff_t)(chunk * d->chunk);
    call.row_end = (ptrdiff_t)(end < d->rows ? end : d->rows);
    d->kernel(&call);
}
