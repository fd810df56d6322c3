#include "ops/conv_dot.h"

#include <string.h>

#include "ops/conv_dense.h"

#define UNIT_FLOPS 2e6

bool oc_conv_dot_fits(const oc_conv_geom *g)
{
    bool fits = g->groups == 1 && g->oc <= 4;

    for (uint32_t i = 0; i < 2; i++)
        fits = fits && g->k[i] == 1 && g->stride[i] == 1 && g->pad[i] == 0 && g->pad_end[i] == 0;
    return fits;
}

oc_status oc_conv_dot_init(oc_conv_dot *d, const oc_conv_geom *g, const float *w, const float *bias,
                           oc_act act, oc_isa isa, oc_arena *mem, oc_error *err)
{
    const size_t c = (size_t)g->c, oc = (size_t)g->oc, blocks = (c + 7) / 8;
    float       *packed = oc_arena_alloc64(mem, oc * blocks * 8, sizeof(float));
    float       *own_bias = bias ? oc_arena_dup(mem, bias, oc * sizeof(float)) : NULL;

    if (!packed || (bias && !own_bias))
        return OC_FAIL(err, OC_NOMEM, "%zu packed weights", oc * blocks * 8);
    for (size_t o = 0; o < oc; o++)
        memcpy(packed + o * blocks * 8, w + o * c, c * sizeof(float));
    *d = (oc_conv_dot){.kernel = oc_k_f32_dot8(isa), .pixels = (size_t)(g->out[0] * g->out[1])};
    d->call = (oc_dot8){.w = packed,
                        .bias = own_bias,
                        .x_blk = (ptrdiff_t)d->pixels * 8,
                        .y_plane = (ptrdiff_t)d->pixels,
                        .oc = oc,
                        .blocks = blocks,
                        .act = act};
    /* a third of the speed of the tiles, and the sums across lanes */
    const double pixel = (double)oc * (48.0 * (double)blocks + 40 + oc_act_flops(act));
    size_t       n = (size_t)(pixel * (double)d->pixels / UNIT_FLOPS) + 1;
    d->chunk = ((d->pixels + n - 1) / n + 7) / 8 * 8;
    d->n_chunks = d->chunk ? (d->pixels + d->chunk - 1) / d->chunk : 0;
    d->units = (size_t)g->n * d->n_chunks;
    d->unit_flops = pixel * (double)d->chunk;
    return OC_OK;
}

void oc_conv_dot_run(const oc_conv_dot *d, const float *x, float *y, size_t unit)
{
    const size_t n = unit / d->n_chunks, at = unit % d->n_chunks * d->chunk;
    oc_dot8      call = d->call;

    call.x = x + (n * call.blocks * d->pixels + at) * 8;
    call.y = y + n * call.oc * d->pixels + at;
    call.px = d->pixels - at < d->chunk ? d->pixels - at : d->chunk;
    d->kernel(&call);
}
