#include "ops/lanes.h"

#include <assert.h>
#include <string.h>

#define CHUNK_PIXELS ((size_t)512)

oc_status oc_lanes_init(oc_lanes *l, const oc_prepare *p, oc_error *err)
{
    const oc_shape *first = &p->out[0].info.shape;
    size_t          n = 0;
    for (uint32_t i = 0; i < p->n_out; i++)
        n += (size_t)(p->out[i].info.shape.dim[1] + 7) / 8;
    *l = (oc_lanes){.n_blocks = n,
                    .batch = (size_t)first->dim[0],
                    .pixels = (size_t)(first->dim[2] * first->dim[3]),
                    .kernel = oc_k_f32_lanes(p->isa)};
    if (p->out[0].info.dtype == OC_U8)
        l->bytes = oc_k_u8_lanes(p->isa);
    l->blocks = oc_arena_alloc(p->mem, n ? n : 1, sizeof(*l->blocks));
    if (!l->blocks)
        return OC_FAIL(err, OC_NOMEM, "%zu channel blocks", n);
    oc_lanes_block *b = l->blocks;
    for (uint32_t i = 0; i < p->n_out; i++)
        for (uint32_t k = 0; k < (p->out[i].info.shape.dim[1] + 7) / 8; k++, b++) {
            b->out = i;
            b->block = k;
        }
    return OC_OK;
}

void oc_lanes_set(oc_lanes *l, uint32_t out, size_t out_c, uint32_t in, size_t in_c)
{
    oc_lanes_block *b = l->blocks;
    while (b->out != out)
        b++;
    b += out_c / 8;
    oc_lanes_piece *piece = NULL;
    for (uint32_t i = 0; i < b->n; i++)
        if (b->piece[i].in == in && b->piece[i].block == in_c / 8)
            piece = &b->piece[i];
    if (!piece) {
        assert(b->n < OC_K_LANE_PIECES);
        piece = &b->piece[b->n++];
        *piece = (oc_lanes_piece){in, (uint32_t)(in_c / 8), {-1, -1, -1, -1, -1, -1, -1, -1}};
    }
    piece->lane[out_c % 8] = (int32_t)(in_c % 8);
}

void oc_lanes_finish(oc_lanes *l, const oc_prepare *p)
{
    l->chunk = l->pixels < CHUNK_PIXELS ? l->pixels : CHUNK_PIXELS;
    l->n_chunks = l->chunk ? (l->pixels + l->chunk - 1) / l->chunk : 0;
    p->work->n_phases = 1;
    p->work->phase[0].units = l->batch * l->n_blocks * l->n_chunks;
    p->work->phase[0].grain = 8 * CHUNK_PIXELS / (l->chunk ? l->chunk : 1);
}

static void run_unit_of_bytes(const oc_lanes *l, size_t unit, const oc_op_run *r)
{
    size_t                first = unit % l->n_chunks * l->chunk;
    size_t                n = l->pixels - first < l->chunk ? l->pixels - first : l->chunk;
    const oc_lanes_block *b = &l->blocks[unit / l->n_chunks % l->n_blocks];
    size_t                image = unit / l->n_chunks / l->n_blocks;
    oc_k_byte_lanes       piece[OC_K_LANE_PIECES];
    for (uint32_t i = 0; i < b->n; i++) {
        const oc_lanes_piece *from = &b->piece[i];
        size_t                blocks = (size_t)(r->in[from->in].info.shape.dim[1] + 7) / 8;
        piece[i].src = (const uint8_t *)r->in[from->in].data +
                       ((image * blocks + from->block) * l->pixels + first) * 8;
        memcpy(piece[i].lane, from->lane, sizeof(from->lane));
    }
    size_t   blocks = (size_t)(r->out[b->out].info.shape.dim[1] + 7) / 8;
    uint8_t *dst = r->out[b->out].data;
    l->bytes(n, b->n, piece, dst + ((image * blocks + b->block) * l->pixels + first) * 8);
}

static void run_unit(const oc_lanes *l, size_t unit, const oc_op_run *r)
{
    size_t                first = unit % l->n_chunks * l->chunk;
    size_t                n = l->pixels - first < l->chunk ? l->pixels - first : l->chunk;
    const oc_lanes_block *b = &l->blocks[unit / l->n_chunks % l->n_blocks];
    size_t                image = unit / l->n_chunks / l->n_blocks;
    oc_k_lanes            piece[OC_K_LANE_PIECES];
    for (uint32_t i = 0; i < b->n; i++) {
        const oc_lanes_piece *from = &b->piece[i];
        size_t                blocks = (size_t)(r->in[from->in].info.shape.dim[1] + 7) / 8;
        const float          *src = r->in[from->in].data;
        piece[i].src = src + ((image * blocks + from->block) * l->pixels + first) * 8;
        for (int k = 0; k < 8; k++)
            piece[i].lane[k] = from->lane[k];
    }
    size_t blocks = (size_t)(r->out[b->out].info.shape.dim[1] + 7) / 8;
    float *dst = r->out[b->out].data;
    l->kernel(n, b->n, piece, dst + ((image * blocks + b->block) * l->pixels + first) * 8);
}

void oc_lanes_run(const oc_lanes *l, const oc_op_run *r)
{
    for (size_t unit = r->part.begin; unit < r->part.end; unit++)
        if (l->bytes)
            run_unit_of_bytes(l, unit, r);
        else
            run_unit(l, unit, r);
}
