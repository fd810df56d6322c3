/* Text by connectionist temporal classification (Graves et al. 2006), greedy.
 *
 *   out  [1, T, C]  probabilities, or logits with `softmax: true`, per time step
 *
 * C = blank + the labels + a space where `space: true`; `blank: first` or `last`.  Steps that
 * repeat the one before, and blanks, are left out; confidence is the mean probability of what is
 * kept. */
#include <math.h>
#include <string.h>

#include "vision/head.h"

typedef struct ctc_params {
    const char *output;
    bool        blank_last, space, softmax;
} ctc_params;

typedef struct ctc_state {
    const ctc_params  *p;
    int                output;
    size_t             steps, classes;
    const char *const *labels;
    size_t             n_labels;
    char              *text;
} ctc_state;

static void ctc_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    static const oc_yaml_word where[] = {{"first", 0}, {"last", 1}, {NULL, 0}};
    ctc_params               *p = params;
    (void)arena;
    p->output = oc_yaml_text_or(map, "output", NULL);
    p->blank_last = oc_yaml_word_or(map, "blank", where, 0) == 1;
    p->space = oc_yaml_bool_or(map, "space", false);
    p->softmax = oc_yaml_bool_or(map, "softmax", false);
}

static oc_status ctc_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    const ctc_params *p = bind->params;
    int               i = oc_head_output(bind, p->output, err);
    if (i < 0)
        return OC_INVALID;
    if (!bind->n_labels)
        return OC_FAIL(err, OC_INVALID, "a text head needs labels: its characters");
    size_t    classes = bind->n_labels + 1 + p->space;
    oc_status st = oc_head_shape(bind, i, 2, (int64_t[]){-1, (int64_t)classes}, err);
    if (st != OC_OK)
        return st;
    ctc_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    *s = (ctc_state){.p = p,
                     .output = i,
                     .classes = classes,
                     .labels = bind->labels,
                     .n_labels = bind->n_labels};
    s->steps = (size_t)oc_head_dim(bind, i, 2, 0);
    size_t longest = 1;
    for (size_t k = 0; k < s->n_labels; k++)
        longest = strlen(s->labels[k]) > longest ? strlen(s->labels[k]) : longest;
    s->text = oc_arena_alloc(bind->arena, s->steps + 1, longest);
    if (!s->text)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    *state = s;
    return OC_OK;
}

static size_t best_class(const ctc_state *s, const float *row, float *probability)
{
    size_t best = 0;
    for (size_t k = 1; k < s->classes; k++)
        if (row[k] > row[best])
            best = k;
    *probability = row[best];
    if (s->p->softmax) {
        float sum = 0;
        for (size_t k = 0; k < s->classes; k++)
            sum += expf(row[k] - row[best]);
        *probability = 1 / sum;
    }
    return best;
}

static void ctc_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                       oc_result *result)
{
    ctc_state   *s = state;
    const float *row = outs[s->output].data;
    size_t       blank = s->p->blank_last ? s->classes - 1 : 0;
    size_t       before = blank, used = 0, kept = 0;
    float        sum = 0;
    (void)map;
    for (size_t t = 0; t < s->steps; t++, row += s->classes) {
        float  probability;
        size_t best = best_class(s, row, &probability);
        if (best != before && best != blank) {
            size_t      label = s->p->blank_last ? best : best - 1;
            const char *text = label < s->n_labels ? s->labels[label] : " ";
            size_t      bytes = strlen(text);
            memcpy(s->text + used, text, bytes);
            used += bytes;
            sum += isfinite(probability) ? probability : 0;
            kept++;
        }
        before = best;
    }
    s->text[used] = 0;
    result->text = s->text;
    result->confidence = kept ? sum / (float)kept : 0;
}

const oc_head_ops oc_head_ctc_text = {
    .name = "ctc_text",
    .kind = OC_HEAD_TEXT,
    .params_bytes = sizeof(ctc_params),
    .parse = ctc_parse,
    .bind = ctc_bind,
    .decode = ctc_decode,
};
