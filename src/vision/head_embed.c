/* An embedding: the output as a vector of length 1.
 *
 *   out  any shape; with `center: true` its mean is taken off first, which turns a classifier's
 *        logits into a usable embedding */
#include <math.h>
#include <string.h>

#include "vision/head.h"

typedef struct embed_params {
    const char *output;
    bool        center;
} embed_params;

typedef struct embed_state {
    const embed_params *p;
    int                 output;
    size_t              n;
    float              *vector;
} embed_state;

static void embed_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    embed_params *p = params;
    (void)arena;
    p->output = oc_yaml_text_or(map, "output", NULL);
    p->center = oc_yaml_bool_or(map, "center", false);
}

static oc_status embed_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    const embed_params *p = bind->params;
    int                 i = oc_head_output(bind, p->output, err);
    if (i < 0)
        return OC_INVALID;
    embed_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    if (!oc_shape_elements(&bind->outputs[i].info.shape, &s->n) || s->n < 2 || s->n > 65536)
        return OC_FAIL(err, OC_INVALID, "output '%s' cannot be an embedding: 2 .. 65536 elements",
                       bind->outputs[i].name);
    s->p = p;
    s->output = i;
    s->vector = oc_arena_alloc64(bind->arena, s->n, sizeof(float));
    if (!s->vector)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    *state = s;
    return OC_OK;
}

static void embed_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                         oc_result *result)
{
    embed_state *s = state;
    const float *x = outs[s->output].data;
    double       mean = 0, square = 0;
    (void)map;
    for (size_t i = 0; s->p->center && i < s->n; i++)
        mean += x[i];
    mean /= (double)s->n;
    for (size_t i = 0; i < s->n; i++)
        square += (x[i] - mean) * (x[i] - mean);
    /* Nothing, or nothing finite, to normalise: the zero vector is near to nobody. */
    double scale = isfinite(square) && square > 0 ? 1 / sqrt(square) : 0;
    for (size_t i = 0; i < s->n; i++)
        s->vector[i] = scale > 0 ? (float)((x[i] - mean) * scale) : 0;
    result->embedding = s->vector;
    result->n_embedding = s->n;
}

const oc_head_ops oc_head_embed = {
    .name = "embed",
    .kind = OC_HEAD_EMBED,
    .params_bytes = sizeof(embed_params),
    .parse = embed_parse,
    .bind = embed_bind,
    .decode = embed_decode,
};
