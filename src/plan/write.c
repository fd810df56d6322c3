/* A plan's file: structure and contents are gathered in memory, then written beside the old file
 * and put in its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/xxh64.h"
#include "ops/op.h"
#include "plan/format.h"
#include "plan/plan.h"

typedef struct planner {
    const oc_plan_content *c;
    oc_vid                *id; /* value of the graph -> value of the plan, OC_VID_NONE: not in it */
    oc_vid                *of; /* and back */
    uint32_t               n_values;
    oc_plan_out            structure, contents;
} planner;

/* ---- which values ---- */

static void number_value(planner *w, oc_vid v)
{
    if (v == OC_VID_NONE || w->id[v] != OC_VID_NONE)
        return;
    w->of[w->n_values] = v;
    w->id[v] = w->n_values++;
}

static oc_status number_values(planner *w, oc_error *err)
{
    const oc_graph *g = w->c->graph;
    w->id = malloc(((size_t)g->n_values + 1) * sizeof(*w->id));
    w->of = malloc(((size_t)g->n_values + 1) * sizeof(*w->of));
    if (!w->id || !w->of)
        return OC_FAIL(err, OC_NOMEM, "plan of %u values", g->n_values);
    memset(w->id, 0xff, ((size_t)g->n_values + 1) * sizeof(*w->id));
    for (uint32_t i = 0; i < g->n_inputs; i++)
        number_value(w, g->inputs[i]);
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        for (uint32_t k = 0; k < g->nodes[i].n_in; k++)
            number_value(w, g->nodes[i].in[k]);
        for (uint32_t k = 0; k < g->nodes[i].n_out; k++)
            number_value(w, g->nodes[i].out[k]);
    }
    for (uint32_t i = 0; i < g->n_outputs; i++)
        number_value(w, g->outputs[i]);
    return OC_OK;
}

/* ---- structure ---- */

static uint64_t put_contents(planner *w, const void *data, size_t n)
{
    static const unsigned char zeros[PLAN_ALIGN];
    oc_plan_put(&w->contents, zeros, (PLAN_ALIGN - w->contents.n % PLAN_ALIGN) % PLAN_ALIGN);
    uint64_t at = w->contents.n;
    oc_plan_put(&w->contents, data, n);
    return at;
}

static void put_info(oc_plan_out *o, const oc_tensor_info *info)
{
    oc_plan_put_u8(o, (uint8_t)info->dtype);
    oc_plan_put_u8(o, (uint8_t)info->shape.rank);
    for (uint32_t d = 0; d < info->shape.rank; d++)
        oc_plan_put_u64(o, (uint64_t)info->shape.dim[d]);
}

static oc_status put_value(planner *w, oc_vid v, oc_error *err)
{
    const oc_value *value = &w->c->graph->values[v];
    oc_plan_out    *o = &w->structure;
    size_t          bytes = 0;
    if (value->late || (value->info.dtype != OC_DTYPE_NONE && !oc_value_bytes(value, &bytes)))
        return OC_FAIL(err, OC_UNSUPPORTED,
                       "the shape of '%.80s' is decided by the data: plans hold fixed shapes only",
                       value->name);
    oc_plan_put_text(o, value->name);
    put_info(o, &value->info);
    oc_plan_put_u8(o, (uint8_t)value->layout);
    oc_plan_put_u8(o, (uint8_t)((value->is_input ? PLAN_IS_INPUT : 0) |
                                (value->is_output ? PLAN_IS_OUTPUT : 0)));
    if (!value->data) {
        oc_plan_put_u8(o, PLAN_VALUE_COMPUTED);
    } else if (w->c->released[v]) {
        oc_plan_put_u8(o, PLAN_VALUE_ABSENT);
    } else {
        oc_plan_put_u8(o, PLAN_VALUE_CONSTANT);
        oc_plan_put_u64(o, put_contents(w, value->data, bytes));
    }
    return OC_OK;
}

static void put_ids(planner *w, const oc_vid *ids, uint32_t n)
{
    oc_plan_put_u32(&w->structure, n);
    for (uint32_t i = 0; i < n; i++)
        oc_plan_put_u32(&w->structure, ids[i] == OC_VID_NONE ? OC_VID_NONE : w->id[ids[i]]);
}

static oc_status put_attr(planner *w, const oc_attr *a, oc_error *err)
{
    oc_plan_out *o = &w->structure;
    size_t       bytes;
    oc_plan_put_text(o, a->name);
    oc_plan_put_u8(o, (uint8_t)a->kind);
    switch (a->kind) {
    case OC_ATTR_INT: oc_plan_put(o, &a->i, sizeof(a->i)); return OC_OK;
    case OC_ATTR_FLOAT: oc_plan_put(o, &a->f, sizeof(a->f)); return OC_OK;
    case OC_ATTR_STRING: oc_plan_put_text(o, a->s); return OC_OK;
    case OC_ATTR_INTS:
        oc_plan_put_u32(o, (uint32_t)a->n);
        oc_plan_put(o, a->ints, a->n * sizeof(*a->ints));
        return OC_OK;
    case OC_ATTR_FLOATS:
        oc_plan_put_u32(o, (uint32_t)a->n);
        oc_plan_put(o, a->floats, a->n * sizeof(*a->floats));
        return OC_OK;
    case OC_ATTR_STRINGS:
        oc_plan_put_u32(o, (uint32_t)a->n);
        for (size_t i = 0; i < a->n; i++)
            oc_plan_put_text(o, a->strings[i]);
        return OC_OK;
    case OC_ATTR_TENSOR:
        if (!oc_tensor_bytes(&a->tensor.info, &bytes))
            return OC_FAIL(err, OC_UNSUPPORTED, "attribute '%.40s' is too large", a->name);
        put_info(o, &a->tensor.info);
        oc_plan_put_u64(o, put_contents(w, a->tensor.data, bytes));
        return OC_OK;
    case OC_ATTR_GRAPH: break;
    }
    return OC_FAIL(err, OC_UNSUPPORTED, "plans hold no graphs inside nodes");
}

static oc_status put_node(planner *w, const oc_node *n, oc_error *err)
{
    oc_plan_out *o = &w->structure;
    oc_status    st = OC_OK;
    if (n->op->flags & OC_OP_FLOW)
        return OC_FAIL(err, OC_UNSUPPORTED, "node '%.80s' (%.40s): plans hold no graphs in nodes",
                       n->name, n->op->name);
    oc_plan_put_text(o, n->name);
    oc_plan_put_text(o, n->op->domain);
    oc_plan_put_text(o, n->op->name);
    oc_plan_put_u32(o, (uint32_t)n->opset);
    oc_plan_put_u8(o, (uint8_t)n->act.kind);
    oc_plan_put(o, &n->act.a, sizeof(float));
    oc_plan_put(o, &n->act.b, sizeof(float));
    oc_plan_put_u8(o, n->add);
    put_ids(w, n->in, n->n_in);
    put_ids(w, n->out, n->n_out);
    oc_plan_put_u32(o, n->n_attrs);
    for (uint32_t i = 0; i < n->n_attrs && st == OC_OK; i++)
        st = put_attr(w, &n->attrs[i], err);
    if (st != OC_OK)
        oc_error_prefix(err, "node '%.80s' (%.40s)", n->name, n->op->name);
    return st;
}

static void put_step(planner *w, const oc_plan_step *s)
{
    oc_plan_put_u32(&w->structure, s->node);
    oc_plan_put_text(&w->structure, s->choice);
    oc_plan_put_text(&w->structure, s->kernel);
    oc_plan_put_u32(&w->structure, s->n_blobs);
    for (uint32_t i = 0; i < s->n_blobs; i++) {
        oc_plan_put_u64(&w->structure, put_contents(w, s->blobs[i].data, s->blobs[i].bytes));
        oc_plan_put_u64(&w->structure, s->blobs[i].bytes);
    }
}

static oc_status put_all(planner *w, oc_error *err)
{
    const oc_plan_content *c = w->c;
    const oc_graph        *g = c->graph;
    oc_plan_out           *o = &w->structure;
    oc_status              st = OC_OK;
    oc_plan_put_text(o, c->key.build);
    oc_plan_put_text(o, c->key.isa);
    oc_plan_put_u32(o, c->key.isa_flags);
    oc_plan_put_u8(o, c->key.no_fusion);
    oc_origin_put(c->origin, o);
    oc_plan_put_u64(o, c->arena_bytes);
    oc_plan_put_u32(o, w->n_values);
    for (uint32_t i = 0; i < w->n_values && st == OC_OK; i++)
        st = put_value(w, w->of[i], err);
    put_ids(w, g->inputs, g->n_inputs);
    put_ids(w, g->outputs, g->n_outputs);
    oc_plan_put_u32(o, g->n_nodes);
    for (uint32_t i = 0; i < g->n_nodes && st == OC_OK; i++)
        st = put_node(w, &g->nodes[i], err);
    oc_plan_put_u32(o, (uint32_t)c->n_steps);
    for (size_t i = 0; i < c->n_steps && st == OC_OK; i++)
        put_step(w, &c->steps[i]);
    if (st == OC_OK && (o->bad || w->contents.bad))
        st = OC_FAIL(err, OC_NOMEM, "plan of %zu bytes", o->n + w->contents.n);
    return st;
}

/* ---- file ---- */

static bool write_all(int fd, const void *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t put = write(fd, (const char *)bytes + at, n - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        at += (size_t)put;
    }
    return true;
}

static bool write_parts(int fd, const planner *w)
{
    static const unsigned char zeros[PLAN_PAGE];
    plan_head                  h = {.magic = PLAN_MAGIC,
                                    .version = OC_PLAN_VERSION,
                                    .head_bytes = sizeof(h),
                                    .structure_bytes = w->structure.n,
                                    .contents_bytes = w->contents.n};
    size_t                     end = sizeof(h) + w->structure.n;
    h.contents_at = (end + PLAN_PAGE - 1) / PLAN_PAGE * PLAN_PAGE;
    h.structure_sum = oc_xxh64(w->structure.data, w->structure.n);
    h.contents_sum = oc_xxh64(w->contents.data, w->contents.n);
    h.head_sum = oc_xxh64(&h, offsetof(plan_head, head_sum));
    return write_all(fd, &h, sizeof(h)) && write_all(fd, w->structure.data, w->structure.n) &&
           write_all(fd, zeros, (size_t)h.contents_at - end) &&
           write_all(fd, w->contents.data, w->contents.n);
}

static oc_status write_file(const char *path, const planner *w, oc_error *err)
{
    char     *beside = NULL;
    oc_status st = OC_OK;
    if (asprintf(&beside, "%s.new%ld", path, (long)getpid()) < 0)
        return OC_FAIL(err, OC_NOMEM, "%s", path);
    unlink(beside); /* of a process of that number that did not live to the end */
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    if (st == OC_OK && !write_parts(fd, w))
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    if (fd >= 0 && close(fd) != 0 && st == OC_OK)
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    if (st == OC_OK && rename(beside, path) != 0)
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    if (st != OC_OK && fd >= 0)
        unlink(beside);
    free(beside);
    return st;
}

oc_status oc_plan_write(const char *path, const oc_plan_content *content, oc_error *err)
{
    planner   w = {.c = content};
    oc_status st = oc_plan_check_graph(content->graph, err);
    if (st == OC_OK && (st = number_values(&w, err)) == OC_OK && (st = put_all(&w, err)) == OC_OK)
        st = write_file(path, &w, err);
    oc_plan_out_finish(&w.structure);
    oc_plan_out_finish(&w.contents);
    free(w.id);
    free(w.of);
    return st;
}

bool oc_plan_reseal(unsigned char *bytes, size_t n)
{
    plan_head h;
    if (n < sizeof(h))
        return false;
    memcpy(&h, bytes, sizeof(h));
    size_t after = n - sizeof(h);
    if (h.structure_bytes > after || h.contents_at > n || h.contents_bytes > n - h.contents_at)
        return false;
    h.structure_sum = oc_xxh64(bytes + sizeof(h), (size_t)h.structure_bytes);
    h.contents_sum = oc_xxh64(bytes + h.contents_at, (size_t)h.contents_bytes);
    h.head_sum = oc_xxh64(&h, offsetof(plan_head, head_sum));
    memcpy(bytes, &h, sizeof(h));
    return true;
}
