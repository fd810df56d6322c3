/* Reorder: the same values in the other layout (domain "ocellus": the layout pass makes it).
 *
 *   in   x  f32 or u8 [N,C,H,W], plain or NC8
 *   out  y  the same shape, the layout of its slot
 *
 * A unit is a run of pixels of one block of channels. */
#include <string.h>

#include "kernels/f32_nc8.h"
#include "kernels/u8_nc8.h"
#include "ops/op.h"

#define REORDER_PIXELS 2048 /* of eight channels: 128 KiB through the core, some 10 us */

typedef struct reorder_state {
    oc_k_f32_nc8_fn *kernel;
    oc_k_u8_nc8_fn  *bytes; /* NULL: floats */
    size_t           c, blocks, pixels, chunk, n_chunks;
    bool             to_blocked, copy;
} reorder_state;

static oc_status reorder_infer(const oc_infer *ask, oc_error *err)
{
    if ((ask->in[0].dtype != OC_F32 && ask->in[0].dtype != OC_U8) || ask->in[0].shape.rank != 4)
        return OC_FAIL(err, OC_UNSUPPORTED, "input is %s of rank %u, floats or bytes of 4 expected",
                       oc_dtype_name(ask->in[0].dtype), ask->in[0].shape.rank);
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static oc_status reorder_prepare(const oc_prepare *p, oc_error *err)
{
    reorder_state  *s = p->state;
    const oc_shape *shape = &p->in[0].info.shape;
    size_t          all;

    if (!oc_shape_elements(shape, &all))
        return OC_FAIL(err, OC_UNSUPPORTED, "the shape is not known");
    s->kernel = oc_k_f32_nc8(p->isa);
    s->bytes = p->in[0].info.dtype == OC_U8 ? oc_k_u8_nc8(p->isa) : NULL;
    s->c = (size_t)shape->dim[1];
    s->blocks = (s->c + 7) / 8;
    s->pixels = (size_t)shape->dim[2] * (size_t)shape->dim[3];
    s->to_blocked = p->out[0].layout == OC_LAYOUT_NC8;
    s->copy = p->out[0].layout == p->in[0].layout;
    s->chunk = s->pixels < REORDER_PIXELS ? s->pixels : REORDER_PIXELS;
    s->n_chunks = s->chunk ? (s->pixels + s->chunk - 1) / s->chunk : 0;
    p->work->n_phases = 1;
    p->work->phase[0].units = (size_t)shape->dim[0] * s->blocks * s->n_chunks;
    p->work->phase[0].grain = s->chunk ? 2 * REORDER_PIXELS / s->chunk : 1;
    return OC_OK;
}

static void run_unit(const reorder_state *s, const oc_op_run *r, size_t unit)
{
    const size_t chunk = unit % s->n_chunks, plane = unit / s->n_chunks;
    const size_t n = plane / s->blocks, block = plane % s->blocks, at = chunk * s->chunk;
    const size_t lanes = s->c - block * 8 < 8 ? s->c - block * 8 : 8;
    const size_t planar = (n * s->c + block * 8) * s->pixels + at;
    const size_t blocked = (plane * s->pixels + at) * 8;
    const size_t count = s->pixels - at < s->chunk ? s->pixels - at : s->chunk;
    const size_t size = s->bytes ? 1 : sizeof(float);
    uint8_t     *from = r->in[0].data, *to = r->out[0].data;
    float       *x = r->in[0].data, *y = r->out[0].data;

    if (s->copy && s->to_blocked) {
        memcpy(to + blocked * size, from + blocked * size, count * 8 * size);
        return;
    }
    for (size_t c = 0; s->copy && c < lanes; c++)
        memcpy(to + (planar + c * s->pixels) * size, from + (planar + c * s->pixels) * size,
               count * size);
    if (s->copy)
        return;
    if (s->bytes) {
        oc_bytes8 b = {.planar = (s->to_blocked ? from : to) + planar,
                       .blocked = (s->to_blocked ? to : from) + blocked,
                       .plane = s->pixels,
                       .n = count,
                       .lanes = (unsigned)lanes,
                       .to_blocked = s->to_blocked};
        s->bytes(&b);
        return;
    }
    oc_nc8 t = {
        .plane = s->pixels, .n = count, .lanes = (unsigned)lanes, .to_blocked = s->to_blocked};
    t.planar = (s->to_blocked ? x : y) + planar;
    t.blocked = (s->to_blocked ? y : x) + blocked;
    s->kernel(&t);
}

static void reorder_run(const oc_op_run *r)
{
    for (size_t u = r->part.begin; u < r->part.end; u++)
        run_unit(r->state, r, u);
}

const oc_op oc_op_reorder = {
    .name = "Reorder",
    .domain = "ocellus",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(reorder_state),
    .infer = reorder_infer,
    .prepare = reorder_prepare,
    .run = reorder_run,
};
