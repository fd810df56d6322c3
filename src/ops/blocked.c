#include "ops/blocked.h"

#include <string.h>

oc_blocked oc_blocked_of(const oc_shape *shape)
{
    const size_t c = (size_t)shape->dim[1];

    return (oc_blocked){.n = (size_t)shape->dim[0],
                        .c = c,
                        .blocks = (c + 7) / 8,
                        .pixels = (size_t)shape->dim[2] * (size_t)shape->dim[3]};
}

bool oc_blocked_operand_of(const oc_shape *operand, const oc_shape *result, oc_blocked_operand *out)
{
    const oc_blocked g = oc_blocked_of(result);
    int64_t          d[4] = {1, 1, 1, 1};
    bool             channels, picture;

    if (operand->rank > 4)
        return false;
    for (uint32_t i = 0; i < operand->rank; i++)
        d[i + 4 - operand->rank] = operand->dim[i];
    if (d[0] != 1 && d[0] != result->dim[0])
        return false;
    channels = d[1] == result->dim[1];
    picture = d[2] == result->dim[2] && d[3] == result->dim[3];
    if (channels && picture && operand->rank == 4)
        *out = (oc_blocked_operand){OC_BLOCKED_FULL, g.blocks * g.pixels * 8};
    else if (d[1] == 1 && d[2] == 1 && d[3] == 1)
        *out = (oc_blocked_operand){OC_BLOCKED_ONE, 1};
    else if (channels && d[2] == 1 && d[3] == 1 && operand->rank == 4)
        *out = (oc_blocked_operand){OC_BLOCKED_CHANNEL, g.blocks * 8};
    else if (channels && d[2] == 1 && d[3] == 1)
        *out = (oc_blocked_operand){OC_BLOCKED_CHANNELS, g.c};
    else if (d[1] == 1 && picture)
        *out = (oc_blocked_operand){OC_BLOCKED_PIXEL, g.pixels};
    else
        return false;
    if (d[0] == 1)
        out->batch_step = 0;
    return true;
}

/* The operand at vector `pixel` of a block; lanes is room for channels that have to be padded. */
static const float *peek(const oc_blocked *g, const oc_blocked_operand *o, const float *src,
                         size_t picture, size_t block, size_t pixel, float lanes[8], oc_operand *is)
{
    const float *p = src + picture * o->batch_step;

    switch (o->kind) {
    case OC_BLOCKED_FULL: *is = OC_OPERAND_FULL; return p + (block * g->pixels + pixel) * 8;
    case OC_BLOCKED_CHANNEL: *is = OC_OPERAND_LANES; return p + block * 8;
    case OC_BLOCKED_CHANNELS:
        *is = OC_OPERAND_LANES;
        memset(lanes, 0, 8 * sizeof(*lanes));
        memcpy(lanes, p + block * 8,
               (g->c - block * 8 < 8 ? g->c - block * 8 : 8) * sizeof(*lanes));
        return lanes;
    case OC_BLOCKED_PIXEL: *is = OC_OPERAND_EACH8; return p + pixel;
    default: *is = OC_OPERAND_ONE; return p;
    }
}

/* May a run of vectors cross from block to block? */
static bool seamless(const oc_blocked *g, const oc_blocked_operand *o)
{
    return (o->kind == OC_BLOCKED_FULL && (o->batch_step || g->n == 1)) ||
           (o->kind == OC_BLOCKED_ONE && !o->batch_step);
}

void oc_blocked_binary(oc_k_f32_binary_fn *kernel, oc_binary_kind kind, const oc_blocked *g,
                       const oc_blocked_operand operand[2], const float *const src[2], float *y,
                       oc_range part)
{
    const bool whole = seamless(g, &operand[0]) && seamless(g, &operand[1]);
    float      lanes[2][8];

    for (size_t v = part.begin; v < part.end;) {
        const size_t  block = v / g->pixels, pixel = v % g->pixels, picture = block / g->blocks;
        size_t        n = part.end - v;
        oc_f32_binary work = {.kind = kind, .y = y + v * 8};

        if (!whole && n > g->pixels - pixel)
            n = g->pixels - pixel;
        work.n = n * 8;
        work.a =
            peek(g, &operand[0], src[0], picture, block % g->blocks, pixel, lanes[0], &work.a_is);
        work.b =
            peek(g, &operand[1], src[1], picture, block % g->blocks, pixel, lanes[1], &work.b_is);
        kernel(&work);
        v += n;
    }
}

void oc_blocked_zero_padding(const oc_blocked *g, float *y, oc_range part)
{
    const size_t used = g->c % 8, picture = g->blocks * g->pixels;

    if (used == 0 || picture == 0)
        return;
    for (size_t i = part.begin / picture; i < g->n && i * picture < part.end; i++) {
        const size_t last = (i + 1) * picture - g->pixels, end = last + g->pixels;

        for (size_t v = last > part.begin ? last : part.begin; v < end && v < part.end; v++)
            memset(y + v * 8 + used, 0, (8 - used) * sizeof(*y));
    }
}
