/* CenterNet (Zhou et al. 2019, arXiv:1904.07850) with its peaks picked inside the network.
 *
 *   out  [1, N, 6]: x0, y0, x1, y1 in input pixels, score, class; by falling score
 *
 * Other detectors that end in a list of boxes have this form, too. */
#include <math.h>

#include "vision/head.h"

typedef struct centernet_params {
    oc_head_select select;
    const char    *output;
} centernet_params;

typedef struct centernet_state {
    const centernet_params *p;
    oc_candidates           c;
    int                     output;
    size_t                  rows;
    size_t                  labels; /* 0 = not known */
} centernet_state;

static void centernet_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    centernet_params *p = params;
    (void)arena;
    oc_head_select_parse(map, .4f, 1, &p->select);
    p->output = oc_yaml_text_or(map, "output", NULL);
}

static oc_status centernet_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    const centernet_params *p = bind->params;
    int                     i = oc_head_output(bind, p->output, err);
    if (i < 0)
        return OC_INVALID;
    oc_status st = oc_head_shape(bind, i, 2, (int64_t[]){-1, 6}, err);
    if (st != OC_OK)
        return st;
    centernet_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    s->p = p;
    s->output = i;
    s->rows = (size_t)oc_head_dim(bind, i, 2, 0);
    s->labels = bind->n_labels;
    *state = s;
    return oc_candidates_init(&s->c, bind->arena, &p->select, s->rows, 0, err);
}

static void centernet_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                             oc_result *result)
{
    centernet_state *s = state;
    const float     *row = outs[s->output].data;
    float            most = s->labels ? (float)s->labels : 65536.0f;
    for (size_t i = 0; i < s->rows; i++, row += 6)
        if (row[4] >= s->p->select.score && row[5] >= 0 && row[5] < most)
            oc_candidates_add(&s->c, (oc_box){row[0], row[1], row[2], row[3]}, row[4],
                              (uint32_t)row[5], 0);
    oc_candidates_finish(&s->c, map, result);
}

const oc_head_ops oc_head_centernet = {
    .name = "centernet",
    .kind = OC_HEAD_DETECT,
    .params_bytes = sizeof(centernet_params),
    .parse = centernet_parse,
    .bind = centernet_bind,
    .decode = centernet_decode,
};
