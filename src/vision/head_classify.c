/* Classification: the best k of all classes.
 *
 *   out  any shape with one element per class: probabilities, or logits with `softmax: true` */
#include <math.h>

#include "vision/head.h"

typedef struct classify_params {
    const char *output;
    bool        softmax;
    size_t      top_k;
} classify_params;

typedef struct classify_state {
    const classify_params *p;
    int                    output;
    size_t                 n, top_k;
    oc_class              *best;
} classify_state;

static void classify_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    classify_params *p = params;
    (void)arena;
    p->output = oc_yaml_text_or(map, "output", NULL);
    p->softmax = oc_yaml_bool_or(map, "softmax", false);
    p->top_k = (size_t)oc_yaml_int_or(map, "top_k", 1, 1000, 5);
}

static oc_status classify_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    const classify_params *p = bind->params;
    int                    i = oc_head_output(bind, p->output, err);
    if (i < 0)
        return OC_INVALID;
    classify_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    const oc_port *port = &bind->outputs[i];
    char           text[128];
    if (!oc_shape_elements(&port->info.shape, &s->n) || s->n == 0 || s->n > UINT32_MAX ||
        (bind->n_labels && bind->n_labels != s->n))
        return OC_FAIL(err, OC_INVALID, "output '%s' is %s, the card has %zu labels", port->name,
                       oc_shape_text(&port->info.shape, text, sizeof(text)), bind->n_labels);
    s->p = p;
    s->output = i;
    s->top_k = p->top_k < s->n ? p->top_k : s->n;
    s->best = oc_arena_alloc(bind->arena, s->top_k, sizeof(*s->best));
    if (!s->best)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    *state = s;
    return OC_OK;
}

/* Insertion into a short sorted list; among equals the smaller label stays in front. */
static size_t insert(oc_class *best, size_t have, size_t most, oc_class c)
{
    size_t at = have;
    while (at > 0 && best[at - 1].score < c.score)
        at--;
    if (at == most)
        return have;
    if (have < most)
        have++;
    for (size_t j = have - 1; j > at; j--)
        best[j] = best[j - 1];
    best[at] = c;
    return have;
}

static void classify_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                            oc_result *result)
{
    classify_state *s = state;
    const float    *x = outs[s->output].data;
    size_t          have = 0;
    (void)map;
    for (size_t i = 0; i < s->n; i++)
        if (isfinite(x[i]))
            have = insert(s->best, have, s->top_k, (oc_class){.label = (uint32_t)i, .score = x[i]});
    if (s->p->softmax && have) {
        double sum = 0;
        float  most = s->best[0].score;
        for (size_t i = 0; i < s->n; i++)
            sum += isfinite(x[i]) ? exp((double)(x[i] - most)) : 0;
        for (size_t i = 0; i < have; i++)
            s->best[i].score = (float)(exp((double)(s->best[i].score - most)) / sum);
    }
    result->classes = s->best;
    result->n_classes = have;
    result->confidence = have ? s->best[0].score : 0;
}

const oc_head_ops oc_head_classify = {
    .name = "classify",
    .kind = OC_HEAD_CLASS,
    .params_bytes = sizeof(classify_params),
    .parse = classify_parse,
    .bind = classify_bind,
    .decode = classify_decode,
};
