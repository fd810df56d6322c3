#include "ops/broadcast.h"

#include <string.h>

/* Dimension i of `shape` seen as one of `rank`: missing leading dimensions are 1. */
static int64_t dim_of(const oc_shape *shape, uint32_t rank, uint32_t i)
{
    return i + shape->rank < rank ? 1 : shape->dim[i + shape->rank - rank];
}

oc_status oc_broadcast_shape(const oc_tensor_info *in, size_t n, oc_shape *out, oc_error *err)
{
    char a[64], b[64];

    out->rank = 0;
    for (size_t k = 0; k < n; k++)
        if (in[k].shape.rank > out->rank)
            out->rank = in[k].shape.rank;
    for (uint32_t i = 0; i < out->rank; i++) {
        out->dim[i] = 1;
        for (size_t k = 0; k < n; k++) {
            const int64_t d = dim_of(&in[k].shape, out->rank, i);

            if (d < 0)
                return OC_FAIL(err, OC_INVALID, "input %zu: dimensions of %s are not all known", k,
                               oc_shape_text(&in[k].shape, a, sizeof(a)));
            if (d == 1 || d == out->dim[i])
                continue;
            if (out->dim[i] != 1)
                return OC_FAIL(err, OC_FORMAT, "shapes %s and %s do not broadcast together",
                               oc_shape_text(&in[0].shape, a, sizeof(a)),
                               oc_shape_text(&in[k].shape, b, sizeof(b)));
            out->dim[i] = d;
        }
    }
    return OC_OK;
}

/* Can dimension i of the map swallow the one before it? */
static bool merges(const oc_broadcast *map, uint32_t i)
{
    for (uint32_t k = 0; k < map->n_operands; k++)
        if (map->step[k][i - 1] != map->step[k][i] * map->dim[i])
            return false;
    return true;
}

void oc_broadcast_init(oc_broadcast *map, const oc_shape *out, const oc_shape *const *in,
                       uint32_t n_operands)
{
    size_t run[OC_BROADCAST_OPERANDS] = {0};

    memset(map, 0, sizeof(*map));
    map->n_operands = n_operands;
    for (uint32_t i = 0; i < out->rank; i++)
        if (out->dim[i] != 1)
            map->dim[map->n_dims++] = (size_t)out->dim[i];
    for (uint32_t k = 0; k < n_operands; k++) {
        uint32_t at = map->n_dims;

        run[k] = 1;
        for (uint32_t i = out->rank; i-- > 0;) {
            const int64_t d = dim_of(in[k], out->rank, i);

            if (out->dim[i] != 1)
                map->step[k][--at] = d == 1 ? 0 : run[k];
            run[k] *= (size_t)d;
        }
    }
    for (uint32_t i = map->n_dims; i-- > 1;) {
        if (!merges(map, i))
            continue;
        map->dim[i - 1] *= map->dim[i];
        for (uint32_t k = 0; k < n_operands; k++)
            map->step[k][i - 1] = map->step[k][i];
        map->n_dims--;
        for (uint32_t j = i; j < map->n_dims; j++) {
            map->dim[j] = map->dim[j + 1];
            for (uint32_t k = 0; k < n_operands; k++)
                map->step[k][j] = map->step[k][j + 1];
        }
    }
    if (map->n_dims == 0) { /* one element */
        map->n_dims = 1;
        map->dim[0] = 1;
    }
}

void oc_broadcast_run(const oc_broadcast *map, oc_range part, oc_broadcast_fn *fn, void *ctx)
{
    const uint32_t last = map->n_dims - 1;
    size_t         index[OC_RANK_MAX], at[OC_BROADCAST_OPERANDS] = {0}, rest = part.begin;

    for (uint32_t i = map->n_dims; i-- > 0;) {
        index[i] = map->dim[i] ? rest % map->dim[i] : 0;
        rest = map->dim[i] ? rest / map->dim[i] : 0;
        for (uint32_t k = 0; k < map->n_operands; k++)
            at[k] += index[i] * map->step[k][i];
    }
    for (size_t here = part.begin; here < part.end;) {
        size_t n = map->dim[last] - index[last];

        if (n > part.end - here)
            n = part.end - here;
        fn(ctx, n, here, at);
        here += n;
        index[last] += n;
        for (uint32_t k = 0; k < map->n_operands; k++)
            at[k] += n * map->step[k][last];
        for (uint32_t i = last; i > 0 && index[i] == map->dim[i]; i--) {
            index[i] = 0;
            index[i - 1]++;
            for (uint32_t k = 0; k < map->n_operands; k++)
                at[k] += map->step[k][i - 1] - map->dim[i] * map->step[k][i];
        }
    }
}
