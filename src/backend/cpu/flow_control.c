/* If, Loop and Scan.   Source: ONNX docs/Operators.md */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/flow.h"
#include "ops/control.h"

static flow_graph *body_of(const flow_ask *ask, const char *name)
{
    for (uint32_t a = 0; a < ask->node->n_attrs; a++)
        if (strcmp(ask->node->attrs[a].name, name) == 0)
            return ask->bodies[a];
    return NULL;
}

static void drop_all(flow_world *w, flow_cell *cells, size_t n)
{
    for (size_t i = 0; cells && i < n; i++)
        flow_cell_drop(w, &cells[i]);
}

oc_status flow_run_if(const flow_ask *ask, oc_error *err)
{
    int64_t   yes;
    oc_status st = flow_cell_int(&ask->in[0], "the condition", &yes, err);
    if (st != OC_OK)
        return st;
    const char *body = yes ? "then_branch" : "else_branch";
    st = flow_graph_run(body_of(ask, body), ask->in + oc_node_first_capture(ask->node, body),
                        ask->out, err);
    if (st != OC_OK)
        oc_error_prefix(err, "%s", body);
    return st;
}

/* ---- what Loop and Scan share: values carried from turn to turn, and one result a turn ---- */

typedef struct turns {
    flow_world *world;
    flow_graph *body;
    flow_cell  *in, *out; /* of the body */
    uint32_t    n_in, n_out;
    flow_cell  *rows; /* [n_rows] sequences: what each turn gave for a stacked output */
    uint32_t    n_rows;
} turns;

static oc_status turns_begin(turns *t, flow_world *world, flow_graph *body, uint32_t n_rows,
                             oc_error *err)
{
    const oc_graph *g = flow_graph_peek(body);
    oc_status       st = OC_OK;
    *t = (turns){.world = world, .body = body, .n_in = g->n_inputs, .n_out = g->n_outputs};
    t->in = calloc((size_t)t->n_in + 1, sizeof(*t->in));
    t->out = calloc((size_t)t->n_out + 1, sizeof(*t->out));
    t->rows = calloc((size_t)n_rows + 1, sizeof(*t->rows));
    if (!t->in || !t->out || !t->rows)
        return OC_FAIL(err, OC_NOMEM, "turns");
    for (; t->n_rows < n_rows && st == OC_OK; t->n_rows++)
        st = flow_list_make(&t->rows[t->n_rows], err);
    return st;
}

static void turns_end(turns *t)
{
    drop_all(t->world, t->in, t->n_in);
    drop_all(t->world, t->out, t->n_out);
    drop_all(t->world, t->rows, t->n_rows);
    free(t->in);
    free(t->out);
    free(t->rows);
}

/* One turn: the body's outputs from `first` on are the rows. */
static oc_status turn(turns *t, uint32_t first, int64_t index, oc_error *err)
{
    oc_status st;
    drop_all(t->world, t->out, t->n_out);
    st = flow_graph_run(t->body, t->in, t->out, err);
    for (uint32_t r = 0; r < t->n_rows && st == OC_OK; r++)
        st = flow_list_add(&t->rows[r], &t->out[first + r], err);
    if (st != OC_OK)
        oc_error_prefix(err, "turn %lld", (long long)index);
    return st;
}

static void replace(flow_world *w, flow_cell *to, const flow_cell *from)
{
    flow_cell kept = flow_cell_keep(from);
    flow_cell_drop(w, to);
    *to = kept;
}

/* No turn at all: what the body declares, with nothing along the new axis. */
static oc_status no_rows(turns *t, uint32_t output, uint32_t axis, flow_cell *out, oc_error *err)
{
    const oc_graph *g = flow_graph_peek(t->body);
    const oc_value *v = &g->values[g->outputs[output]];
    oc_tensor_info  info = v->info;
    if (info.dtype == OC_DTYPE_NONE || info.shape.rank >= OC_RANK_MAX || axis > info.shape.rank)
        return OC_FAIL(err, OC_UNSUPPORTED,
                       "it ran no turn, and output '%.80s' of the body has no declared type",
                       v->name);
    for (uint32_t d = info.shape.rank++; d > axis; d--)
        info.shape.dim[d] = info.shape.dim[d - 1];
    info.shape.dim[axis] = 0;
    for (uint32_t d = 0; d < info.shape.rank; d++)
        if (info.shape.dim[d] < 0)
            info.shape.dim[d] = 0;
    return flow_cell_make(t->world, &info, out, err);
}

static oc_status stack_rows(turns *t, uint32_t row, uint32_t output, int64_t axis, bool backwards,
                            flow_cell *out, oc_error *err)
{
    flow_list *l = t->rows[row].list;
    if (l->n == 0)
        return no_rows(t, output, axis < 0 ? 0 : (uint32_t)axis, out, err);
    int64_t rank = (int64_t)l->item[0].view.info.shape.rank + 1;
    if (axis < -rank || axis >= rank)
        return OC_FAIL(err, OC_FORMAT, "axis %lld of a result of rank %lld", (long long)axis,
                       (long long)rank);
    for (size_t i = 0; backwards && i < l->n / 2; i++) {
        flow_cell swap = l->item[i];
        l->item[i] = l->item[l->n - 1 - i];
        l->item[l->n - 1 - i] = swap;
    }
    return flow_join(t->world, l->item, l->n, (uint32_t)(axis < 0 ? axis + rank : axis), true, out,
                     err);
}

/* ---- Loop ---- */

static oc_status loop_start(const flow_ask *ask, turns *t, int64_t *most, int64_t *go,
                            oc_error *err)
{
    const flow_cell *m = &ask->in[0], *cond = &ask->in[1];
    oc_status        st;
    *most = INT64_MAX;
    *go = 1;
    if (m->view.data && (st = flow_cell_int(m, "the number of turns", most, err)) != OC_OK)
        return st;
    if (cond->view.data && (st = flow_cell_int(cond, "the condition", go, err)) != OC_OK)
        return st;
    if (!m->view.data && !cond->view.data)
        return OC_FAIL(err, OC_FORMAT, "neither a number of turns nor a condition ends it");
    for (uint32_t i = 2; i < t->n_in; i++)
        t->in[i] = flow_cell_keep(&ask->in[i]);
    return OC_OK;
}

static oc_status loop_turns(turns *t, uint32_t n_state, int64_t most, int64_t go, oc_error *err)
{
    oc_status st = OC_OK;
    for (int64_t i = 0; i < most && go && st == OC_OK; i++) {
        flow_cell_drop(t->world, &t->in[0]);
        flow_cell_drop(t->world, &t->in[1]);
        if ((st = flow_cell_scalar(t->world, OC_I64, i, &t->in[0], err)) != OC_OK ||
            (st = flow_cell_scalar(t->world, OC_BOOL, go, &t->in[1], err)) != OC_OK ||
            (st = turn(t, 1 + n_state, i, err)) != OC_OK)
            return st;
        st = flow_cell_int(&t->out[0], "the condition a turn leaves", &go, err);
        for (uint32_t k = 0; k < n_state; k++)
            replace(t->world, &t->in[2 + k], &t->out[1 + k]);
    }
    return st;
}

oc_status flow_run_loop(const flow_ask *ask, oc_error *err)
{
    flow_graph     *body = body_of(ask, "body");
    const oc_graph *g = flow_graph_peek(body);
    uint32_t        n_state = oc_node_own_inputs(ask->node) - 2;
    turns           t;
    int64_t         most, go;
    oc_status       st = turns_begin(&t, ask->world, body, g->n_outputs - 1 - n_state, err);
    if (st == OC_OK && (st = loop_start(ask, &t, &most, &go, err)) == OC_OK)
        st = loop_turns(&t, n_state, most, go, err);
    for (uint32_t i = 0; i < ask->node->n_out && st == OC_OK; i++) {
        if (ask->node->out[i] == OC_VID_NONE)
            continue;
        if (i < n_state)
            ask->out[i] = flow_cell_keep(&t.in[2 + i]);
        else
            st = stack_rows(&t, i - n_state, 1 + i, 0, false, &ask->out[i], err);
        ask->out[i].fixed = false;
    }
    turns_end(&t);
    return st;
}

/* ---- Scan ---- */

typedef struct scan_plan {
    uint32_t         n_state, n_scan, n_captures;
    const flow_cell *in; /* states, scanned, captures */
    const int64_t   *in_axis, *in_back, *out_axis, *out_back;
    size_t           n_in_axis, n_in_back, n_out_axis, n_out_back;
    int64_t          length;
} scan_plan;

static int64_t at_or_0(const int64_t *list, size_t n, size_t i)
{
    return list && i < n ? list[i] : 0;
}

static oc_status scan_axis(const scan_plan *p, uint32_t i, uint32_t *axis, oc_error *err)
{
    const oc_shape *s = &p->in[p->n_state + i].view.info.shape;
    int64_t         a = at_or_0(p->in_axis, p->n_in_axis, i);
    if (!p->in[p->n_state + i].view.data || a < -(int64_t)s->rank || a >= (int64_t)s->rank)
        return OC_FAIL(err, OC_FORMAT, "scan input %u has no axis %lld", i, (long long)a);
    *axis = (uint32_t)(a < 0 ? a + s->rank : a);
    return OC_OK;
}

static oc_status scan_length(scan_plan *p, oc_error *err)
{
    oc_status st = OC_OK;
    for (uint32_t i = 0; i < p->n_scan && st == OC_OK; i++) {
        uint32_t axis;
        if ((st = scan_axis(p, i, &axis, err)) != OC_OK)
            return st;
        int64_t n = p->in[p->n_state + i].view.info.shape.dim[axis];
        if (i && n != p->length)
            return OC_FAIL(err, OC_FORMAT, "scan inputs of %lld and %lld turns",
                           (long long)p->length, (long long)n);
        p->length = n;
    }
    return st;
}

static oc_status scan_turns(turns *t, const scan_plan *p, oc_error *err)
{
    oc_status st = OC_OK;
    for (uint32_t i = 0; i < p->n_state; i++)
        t->in[i] = flow_cell_keep(&p->in[i]);
    for (uint32_t i = p->n_state + p->n_scan; i < t->n_in; i++)
        t->in[i] = flow_cell_keep(&p->in[i]);
    for (int64_t at = 0; at < p->length && st == OC_OK; at++) {
        for (uint32_t i = 0; i < p->n_scan && st == OC_OK; i++) {
            bool     back = at_or_0(p->in_back, p->n_in_back, i) != 0;
            uint32_t axis;
            flow_cell_drop(t->world, &t->in[p->n_state + i]);
            if ((st = scan_axis(p, i, &axis, err)) == OC_OK)
                st = flow_slice(t->world, &p->in[p->n_state + i], axis,
                                back ? p->length - 1 - at : at, 1, false, &t->in[p->n_state + i],
                                err);
        }
        if (st == OC_OK)
            st = turn(t, p->n_state, at, err);
        for (uint32_t i = 0; i < p->n_state && st == OC_OK; i++)
            replace(t->world, &t->in[i], &t->out[i]);
    }
    return st;
}

static oc_status scan_once(const flow_ask *ask, scan_plan *p, flow_cell *out, oc_error *err)
{
    flow_graph     *body = body_of(ask, "body");
    const oc_graph *g = flow_graph_peek(body);
    turns           t;
    oc_status       st = turns_begin(&t, ask->world, body, g->n_outputs - p->n_state, err);
    if (st == OC_OK && (st = scan_length(p, err)) == OC_OK)
        st = scan_turns(&t, p, err);
    for (uint32_t i = 0; i < ask->node->n_out && st == OC_OK; i++) {
        uint32_t row = i - p->n_state;
        if (i < p->n_state)
            out[i] = flow_cell_keep(&t.in[i]);
        else
            st = stack_rows(&t, row, i, at_or_0(p->out_axis, p->n_out_axis, row),
                            at_or_0(p->out_back, p->n_out_back, row) != 0, &out[i], err);
        out[i].fixed = false;
    }
    turns_end(&t);
    return st;
}

static scan_plan scan_read(const flow_ask *ask, uint32_t first)
{
    const oc_node *node = ask->node;
    scan_plan      p = {.in = ask->in + first};
    p.n_scan = (uint32_t)oc_node_int(node, "num_scan_inputs", 1);
    p.n_state = oc_node_own_inputs(node) - first - p.n_scan;
    p.n_captures = node->n_in - oc_node_own_inputs(node);
    p.in_axis = oc_node_ints(node, "scan_input_axes", &p.n_in_axis);
    p.in_back = oc_node_ints(node, first ? "directions" : "scan_input_directions", &p.n_in_back);
    p.out_axis = oc_node_ints(node, "scan_output_axes", &p.n_out_axis);
    p.out_back = oc_node_ints(node, "scan_output_directions", &p.n_out_back);
    return p;
}

/* Element `b` of a batch, `length` entries of what is scanned. */
static oc_status batch_inputs(const flow_ask *ask, const scan_plan *p, int64_t b, int64_t length,
                              flow_cell *in, oc_error *err)
{
    oc_status st = OC_OK;
    for (uint32_t i = 0; i < p->n_state + p->n_scan && st == OC_OK; i++) {
        const oc_shape *s = &p->in[i].view.info.shape;
        flow_cell       one = {0};
        if (!p->in[i].view.data || s->rank < 1 || b >= s->dim[0])
            return OC_FAIL(err, OC_FORMAT, "input %u has no element %lld of the batch", i,
                           (long long)b);
        if ((st = flow_slice(ask->world, &p->in[i], 0, b, 1, false, &one, err)) != OC_OK)
            return st;
        if (i < p->n_state) {
            in[i] = one;
            continue;
        }
        if (one.view.info.shape.rank < 1 || length > one.view.info.shape.dim[0])
            st = OC_FAIL(err, OC_FORMAT, "input %u is shorter than %lld", i, (long long)length);
        else
            st = flow_slice(ask->world, &one, 0, 0, length, true, &in[i], err);
        flow_cell_drop(ask->world, &one);
    }
    for (uint32_t i = 0; i < p->n_captures; i++)
        in[p->n_state + p->n_scan + i] = flow_cell_keep(&p->in[p->n_state + p->n_scan + i]);
    return st;
}

static int64_t batch_length(const flow_ask *ask, const scan_plan *p, int64_t b)
{
    const oc_tensor_view *lens = &ask->in[0].view;
    const oc_shape       *s = &p->in[p->n_state].view.info.shape;
    if (lens->data && lens->info.dtype == OC_I64 && lens->info.shape.rank == 1 &&
        b < lens->info.shape.dim[0])
        return ((const int64_t *)lens->data)[b];
    return s->rank > 1 ? s->dim[1] : 0;
}

/* Opset 8: each element of a batch is scanned for itself, along its first axis. */
static oc_status scan_batch(const flow_ask *ask, oc_error *err)
{
    scan_plan p = scan_read(ask, 1);
    uint32_t  n_in = p.n_state + p.n_scan + p.n_captures, n_out = ask->node->n_out;
    int64_t   n = p.in[p.n_state].view.data && p.in[p.n_state].view.info.shape.rank
                      ? p.in[p.n_state].view.info.shape.dim[0]
                      : 0;
    if (n < 1 || n > 1 << 20)
        return OC_FAIL(err, OC_FORMAT, "a batch of %lld", (long long)n);
    flow_cell *in = calloc((size_t)n_in + 1, sizeof(*in));
    flow_cell *got = calloc((size_t)n_out * (size_t)n + 1, sizeof(*got)); /* [output][batch] */
    flow_cell *one = calloc((size_t)n_out + 1, sizeof(*one));
    oc_status  st = in && got && one ? OC_OK : OC_FAIL(err, OC_NOMEM, "a batch");
    for (int64_t b = 0; b < n && st == OC_OK; b++) {
        scan_plan each = p;
        each.in = in;
        st = batch_inputs(ask, &p, b, batch_length(ask, &p, b), in, err);
        if (st == OC_OK)
            st = scan_once(ask, &each, one, err);
        drop_all(ask->world, in, n_in);
        for (uint32_t i = 0; i < n_out; i++) {
            got[(int64_t)i * n + b] = one[i];
            one[i] = (flow_cell){0};
        }
    }
    for (uint32_t i = 0; i < n_out && st == OC_OK; i++)
        st = flow_join(ask->world, got + (int64_t)i * n, (size_t)n, 0, true, &ask->out[i], err);
    drop_all(ask->world, in, n_in);
    drop_all(ask->world, got, got ? (size_t)n_out * (size_t)n : 0);
    free(in);
    free(got);
    free(one);
    return st;
}

oc_status flow_run_scan(const flow_ask *ask, oc_error *err)
{
    if (ask->node->opset < 9)
        return scan_batch(ask, err);
    scan_plan p = scan_read(ask, 0);
    return scan_once(ask, &p, ask->out, err);
}
