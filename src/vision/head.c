/* The list of heads, and what they have in common. */
#include "vision/head.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "vision/nms.h"

#define OC_HEAD(name) extern const oc_head_ops oc_head_##name;
#include "vision/heads.inc"
#undef OC_HEAD

static const oc_head_ops *const heads[] = {
#define OC_HEAD(name) &oc_head_##name,
#include "vision/heads.inc"
#undef OC_HEAD
};

const oc_head_ops *oc_head_at(size_t i)
{
    return i < sizeof(heads) / sizeof(*heads) ? heads[i] : NULL;
}

const oc_head_ops *oc_head_find(const char *name)
{
    const oc_head_ops *head;
    for (size_t i = 0; (head = oc_head_at(i)); i++)
        if (strcmp(head->name, name) == 0)
            return head;
    return NULL;
}

static void list_outputs(const oc_head_bind *bind, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < bind->n_outputs && used < bytes; i++) {
        int n = snprintf(text + used, bytes - used, "%s'%s'", i ? ", " : "", bind->outputs[i].name);
        used += n > 0 ? (size_t)n : 0;
    }
}

static bool check_dtype(const oc_port *port, oc_error *err)
{
    if (port->info.dtype == OC_F32)
        return true;
    OC_FAIL(err, OC_INVALID, "output '%s' is %s, heads read float32 and float16", port->name,
            oc_dtype_name(port->info.dtype));
    return false;
}

int oc_head_output(const oc_head_bind *bind, const char *name, oc_error *err)
{
    char list[300];
    for (size_t i = 0; i < bind->n_outputs; i++)
        if (name ? strcmp(bind->outputs[i].name, name) == 0 : bind->n_outputs == 1)
            return check_dtype(&bind->outputs[i], err) ? (int)i : -1;
    list_outputs(bind, list, sizeof(list));
    if (name)
        OC_FAIL(err, OC_INVALID, "the network has no output '%s', only %s", name, list);
    else
        OC_FAIL(err, OC_INVALID, "the network has %zu outputs (%s): the card must name one",
                bind->n_outputs, list);
    return -1;
}

/* dims without those ones in front that make the rank larger than n. */
static const int64_t *tail_dims(const oc_shape *shape, size_t n)
{
    size_t skip = 0;
    while (shape->rank - skip > n && shape->dim[skip] == 1)
        skip++;
    return shape->rank - skip == n ? shape->dim + skip : NULL;
}

oc_status oc_head_shape(const oc_head_bind *bind, int i, size_t n, const int64_t *dims,
                        oc_error *err)
{
    const oc_port *port = &bind->outputs[i];
    const int64_t *have = tail_dims(&port->info.shape, n);
    bool           fits = have != NULL;
    for (size_t j = 0; fits && j < n; j++)
        fits = have[j] > 0 && (dims[j] < 0 || dims[j] == have[j]);
    if (fits)
        return OC_OK;
    char     a[128], b[128];
    oc_shape want = {.rank = (uint32_t)n};
    memcpy(want.dim, dims, n * sizeof(*dims));
    return OC_FAIL(err, OC_INVALID, "output '%s' is %s, the card's head needs %s", port->name,
                   oc_shape_text(&port->info.shape, a, sizeof(a)),
                   oc_shape_text(&want, b, sizeof(b)));
}

int64_t oc_head_dim(const oc_head_bind *bind, int i, size_t n, size_t j)
{
    return tail_dims(&bind->outputs[i].info.shape, n)[j];
}

void oc_head_select_parse(oc_yaml_map *map, float score, float iou, oc_head_select *select)
{
    select->score = (float)oc_yaml_float_or(map, "score", 0, 1, score);
    select->iou = (float)oc_yaml_float_or(map, "iou", 0, 1, iou);
    select->agnostic = oc_yaml_bool_or(map, "agnostic", false);
    select->top_k = (size_t)oc_yaml_int_or(map, "top_k", 1, 100000, 1000);
    select->keep_max = (size_t)oc_yaml_int_or(map, "keep", 1, 10000, 300);
}

oc_status oc_candidates_init(oc_candidates *c, oc_arena *arena, const oc_head_select *select,
                             size_t cap, size_t n_points, oc_error *err)
{
    size_t keep = select->keep_max < cap ? select->keep_max : cap;
    *c = (oc_candidates){.select = select, .cap = cap, .n_points = n_points};
    c->items = oc_arena_alloc(arena, cap, sizeof(*c->items));
    c->source = oc_arena_alloc(arena, cap, sizeof(*c->source));
    c->order = oc_arena_alloc(arena, cap, sizeof(*c->order));
    c->kept = oc_arena_alloc(arena, keep, sizeof(*c->kept));
    if (n_points)
        c->points = oc_arena_alloc(arena, keep * n_points, sizeof(*c->points));
    if (!c->items || !c->source || !c->order || !c->kept || (n_points && !c->points))
        return OC_FAIL(err, OC_NOMEM, "out of memory for %zu candidates", cap);
    return OC_OK;
}

void oc_candidates_add(oc_candidates *c, oc_box box, float score, uint32_t label, uint32_t source)
{
    if (!isfinite(score) || !isfinite(box.x0) || !isfinite(box.y0) || !isfinite(box.x1) ||
        !isfinite(box.y1) || box.x1 < box.x0 || box.y1 < box.y0 || c->n == c->cap)
        return;
    c->items[c->n] = (oc_detection){.box = box, .score = score, .label = label};
    c->source[c->n] = source;
    c->n++;
}

void oc_candidates_finish(oc_candidates *c, const oc_to_tensor_map *map, oc_result *result)
{
    const oc_head_select *s = c->select;
    oc_nms_options        options = {.iou = s->iou,
                                     .agnostic = s->agnostic,
                                     .top_k = s->top_k,
                                     .keep_max = s->keep_max < c->cap ? s->keep_max : c->cap};
    size_t                n = oc_nms(c->items, c->n, &options, c->order);
    for (size_t i = 0; i < n; i++) {
        c->kept[i] = c->items[c->order[i]];
        c->kept[i].box = oc_map_box(map, c->kept[i].box);
    }
    result->detections = (oc_detections){.items = c->kept,
                                         .points = c->points,
                                         .n = n,
                                         .cap = options.keep_max,
                                         .n_points = c->n_points};
    c->n = 0;
}
