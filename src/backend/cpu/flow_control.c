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

/* One result a turn, along a new axis. */
typedef struct rows {
    flow_cell      all;  /* data NULL before the first */
    oc_tensor_info row;  /* of every turn */
    int64_t        room; /* rows that fit */
} rows;

struct flow_turns {
    flow_world *world;
    flow_graph *body;
    flow_cell  *in, *out; /* of the body */
    uint32_t    n_in, n_out;
    rows       *rows; /* one per output of the body at most */
    uint32_t    n_rows;
};

oc_status flow_turns_create(oc_arena *mem, flow_graph *body, flow_turns **out, oc_error *err)
{
    const oc_graph *g = flow_graph_peek(body);
    flow_turns     *t = oc_arena_alloc(mem, 1, sizeof(*t));
    if (t) {
        *t = (flow_turns){.body = body, .n_in = g->n_inputs, .n_out = g->n_outputs};
        t->in = oc_arena_alloc(mem, (size_t)t->n_in + 1, sizeof(*t->in));
        t->out = oc_arena_alloc(mem, (size_t)t->n_out + 1, sizeof(*t->out));
        t->rows = oc_arena_alloc(mem, (size_t)t->n_out + 1, sizeof(*t->rows));
    }
    if (!t || !t->in || !t->out || !t->rows)
        return OC_FAIL(err, OC_NOMEM, "turns");
    *out = t;
    return OC_OK;
}

static void turns_begin(flow_turns *t, flow_world *world, uint32_t n_rows)
{
    t->world = world;
    t->n_rows = n_rows;
}

static void turns_end(flow_turns *t)
{
    drop_all(t->world, t->in, t->n_in);
    drop_all(t->world, t->out, t->n_out);
    for (uint32_t r = 0; r < t->n_rows; r++) {
        flow_cell_drop(t->world, &t->rows[r].all);
        t->rows[r] = (rows){0};
    }
}

static oc_status turn(flow_turns *t, int64_t index, oc_error *err)
{
    oc_status st;
    drop_all(t->world, t->out, t->n_out);
    if ((st = flow_graph_run(t->body, t->in, t->out, err)) != OC_OK)
        oc_error_prefix(err, "turn %lld", (long long)index);
    return st;
}

static void replace(flow_world *w, flow_cell *to, const flow_cell *from)
{
    flow_cell kept = flow_cell_keep(from);
    flow_cell_drop(w, to);
    *to = kept;
}

/* A dimension of n at `axis`. */
static oc_status add_axis(oc_shape *s, int64_t axis, int64_t n, oc_error *err)
{
    int64_t rank = (int64_t)s->rank + 1, at = axis < 0 ? axis + rank : axis;
    if (at < 0 || at >= rank)
        return OC_FAIL(err, OC_FORMAT, "axis %lld of a result of rank %lld", (long long)axis,
                       (long long)rank);
    if (rank > OC_RANK_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "more than %d axes", OC_RANK_MAX);
    for (int64_t d = s->rank++; d > at; d--)
        s->dim[d] = s->dim[d - 1];
    s->dim[at] = n;
    return OC_OK;
}

/* Memory for `n` rows; those that are there move along. */
static oc_status rows_grow(flow_turns *t, rows *r, int64_t axis, int64_t n, int64_t filled,
                           const oc_most *most, oc_error *err)
{
    oc_tensor_info info = r->row;
    flow_cell      more = {0};
    size_t         bytes;
    oc_status      st = add_axis(&info.shape, axis, n, err);
    if (st != OC_OK || (st = flow_cell_make(t->world, &info, most, &more, err)) != OC_OK)
        return st;
    if (filled && oc_tensor_bytes(&r->row, &bytes)) /* a Loop's: along axis 0 */
        memcpy(more.view.data, r->all.view.data, bytes * (size_t)filled);
    flow_cell_drop(t->world, &r->all);
    r->all = more;
    r->room = n;
    return OC_OK;
}

static oc_status check_row(const rows *r, const flow_cell *row, oc_error *err)
{
    char a[96], b[96];
    if (row->view.data && row->view.info.dtype == r->row.dtype &&
        oc_shape_equal(&row->view.info.shape, &r->row.shape))
        return OC_OK;
    return OC_FAIL(
        err, OC_FORMAT, "%s and %s cannot be joined", oc_shape_text(&r->row.shape, a, sizeof(a)),
        row->view.data ? oc_shape_text(&row->view.info.shape, b, sizeof(b)) : "no tensor");
}

/* The row of turn `index` goes to place `at` of `total` (-1: nobody knows how many there will be). */
static oc_status rows_put(flow_turns *t, rows *r, const flow_cell *row, int64_t axis, int64_t index,
                          int64_t at, int64_t total, const oc_most *most, oc_error *err)
{
    oc_status st = OC_OK;
    size_t    bytes = 0, outer = 1;
    int64_t   room = total;
    if (index == 0)
        r->row = row->view.info;
    if ((st = check_row(r, row, err)) != OC_OK)
        return st;
    if (!oc_tensor_bytes(&r->row, &bytes))
        return OC_FAIL(err, OC_FORMAT, "a result too large");
    if (room < 0) { /* as many as the bound has room for, else twice as many as before */
        room = r->room ? 2 * r->room : 8;
        if (most && bytes && most->bytes / bytes > (size_t)index)
            room = (int64_t)(most->bytes / bytes);
    }
    if (index >= r->room && (st = rows_grow(t, r, axis, room, index, most, err)) != OC_OK)
        return st;
    if (axis < 0)
        axis += (int64_t)r->row.shape.rank + 1;
    for (int64_t d = 0; d < axis; d++)
        outer *= (size_t)r->row.shape.dim[d];
    size_t run = outer ? bytes / outer : 0;
    for (size_t o = 0; o < outer && run; o++)
        memcpy((char *)r->all.view.data + (o * (size_t)r->room + (size_t)at) * run,
               (const char *)row->view.data + o * run, run);
    return OC_OK;
}

/* No turn at all: what the body declares, with nothing along the new axis. */
static oc_status no_rows(flow_turns *t, uint32_t output, int64_t axis, const oc_most *most,
                         flow_cell *out, oc_error *err)
{
    const oc_graph *g = flow_graph_peek(t->body);
    const oc_value *v = &g->values[g->outputs[output]];
    oc_tensor_info  info = v->info;
    if (info.dtype == OC_DTYPE_NONE && v->most)
        info = v->most->info; /* of no elements: the bound has the rank */
    if (info.dtype == OC_DTYPE_NONE || add_axis(&info.shape, axis, 0, err) != OC_OK)
        return OC_FAIL(err, OC_UNSUPPORTED,
                       "it ran no turn, and output '%.80s' of the body has no declared type",
                       v->name);
    for (uint32_t d = 0; d < info.shape.rank; d++)
        if (info.shape.dim[d] < 0)
            info.shape.dim[d] = 0;
    return flow_cell_make(t->world, &info, most, out, err);
}

static oc_status rows_take(flow_turns *t, uint32_t row, uint32_t output, int64_t axis, int64_t n,
                           const oc_most *most, flow_cell *out, oc_error *err)
{
    rows *r = &t->rows[row];
    if (n == 0)
        return no_rows(t, output, axis, most, out, err);
    *out = r->all;
    out->view.info.shape.dim[axis < 0 ? axis + (int64_t)r->row.shape.rank + 1 : axis] = n;
    *r = (rows){0};
    return OC_OK;
}

/* ---- Loop ---- */

static oc_status loop_start(const flow_ask *ask, flow_turns *t, int64_t *most, int64_t *go,
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

static oc_status loop_turn(const flow_ask *ask, flow_turns *t, uint32_t n_state, int64_t i,
                           int64_t *go, oc_error *err)
{
    oc_status st;
    flow_cell_drop(t->world, &t->in[0]);
    flow_cell_drop(t->world, &t->in[1]);
    if ((st = flow_cell_scalar(t->world, OC_I64, i, &t->in[0], err)) != OC_OK ||
        (st = flow_cell_scalar(t->world, OC_BOOL, *go, &t->in[1], err)) != OC_OK ||
        (st = turn(t, i, err)) != OC_OK)
        return st;
    for (uint32_t r = 0; r < t->n_rows && st == OC_OK; r++) {
        const uint32_t o = n_state + r;
        if (o >= ask->node->n_out || ask->node->out[o] == OC_VID_NONE)
            continue;
        st = rows_put(t, &t->rows[r], &t->out[1 + o], 0, i, i, -1, flow_most(ask, o), err);
    }
    if (st == OC_OK)
        st = flow_cell_int(&t->out[0], "the condition a turn leaves", go, err);
    for (uint32_t k = 0; k < n_state && st == OC_OK; k++)
        replace(t->world, &t->in[2 + k], &t->out[1 + k]);
    return st;
}

oc_status flow_run_loop(const flow_ask *ask, oc_error *err)
{
    flow_turns *t = ask->turns;
    uint32_t    n_state = oc_node_own_inputs(ask->node) - 2;
    int64_t     most, go, n = 0;
    turns_begin(t, ask->world, t->n_out - 1 - n_state);
    oc_status st = loop_start(ask, t, &most, &go, err);
    for (; st == OC_OK && n < most && go; n += st == OC_OK)
        st = loop_turn(ask, t, n_state, n, &go, err);
    for (uint32_t i = 0; i < ask->node->n_out && st == OC_OK; i++) {
        if (ask->node->out[i] == OC_VID_NONE)
            continue;
        if (i < n_state)
            ask->out[i] = flow_cell_keep(&t->in[2 + i]);
        else
            st = rows_take(t, i - n_state, 1 + i, 0, n, flow_most(ask, i), &ask->out[i], err);
        ask->out[i].fixed = false;
    }
    turns_end(t);
    return st;
}

/* ---- Scan ---- */

typedef struct scan_plan {
    uint32_t         n_state, n_scan, n_captures;
    const flow_cell *in; /* states, scanned, captures */
    const int64_t   *in_axis, *in_back, *out_axis, *out_back;
    size_t           n_in_axis, n_in_back, n_out_axis, n_out_back;
    int64_t          length;
    bool             most; /* the node's outputs are this scan's: their bounds hold */
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

static oc_status scan_inputs(flow_turns *t, const scan_plan *p, int64_t at, oc_error *err)
{
    const oc_graph *g = flow_graph_peek(t->body);
    oc_status       st = OC_OK;
    for (uint32_t i = 0; i < p->n_scan && st == OC_OK; i++) {
        const uint32_t k = p->n_state + i;
        bool           back = at_or_0(p->in_back, p->n_in_back, i) != 0;
        uint32_t       axis;
        flow_cell_drop(t->world, &t->in[k]);
        if ((st = scan_axis(p, i, &axis, err)) == OC_OK)
            st = flow_slice(t->world, &p->in[k], axis, back ? p->length - 1 - at : at, 1, false,
                            g->values[g->inputs[k]].most, &t->in[k], err);
    }
    return st;
}

static oc_status scan_rows(const flow_ask *ask, flow_turns *t, const scan_plan *p, int64_t at,
                           oc_error *err)
{
    oc_status st = OC_OK;
    for (uint32_t r = 0; r < t->n_rows && st == OC_OK; r++) {
        const uint32_t o = p->n_state + r;
        bool           back = at_or_0(p->out_back, p->n_out_back, r) != 0;
        if (o < ask->node->n_out && ask->node->out[o] != OC_VID_NONE)
            st = rows_put(t, &t->rows[r], &t->out[o], at_or_0(p->out_axis, p->n_out_axis, r), at,
                          back ? p->length - 1 - at : at, p->length,
                          p->most ? flow_most(ask, o) : NULL, err);
    }
    return st;
}

static oc_status scan_turns(const flow_ask *ask, flow_turns *t, const scan_plan *p, oc_error *err)
{
    oc_status st = OC_OK;
    for (uint32_t i = 0; i < p->n_state; i++)
        t->in[i] = flow_cell_keep(&p->in[i]);
    for (uint32_t i = p->n_state + p->n_scan; i < t->n_in; i++)
        t->in[i] = flow_cell_keep(&p->in[i]);
    for (int64_t at = 0; at < p->length && st == OC_OK; at++) {
        if ((st = scan_inputs(t, p, at, err)) != OC_OK || (st = turn(t, at, err)) != OC_OK ||
            (st = scan_rows(ask, t, p, at, err)) != OC_OK)
            break;
        for (uint32_t i = 0; i < p->n_state; i++)
            replace(t->world, &t->in[i], &t->out[i]);
    }
    return st;
}

static oc_status scan_once(const flow_ask *ask, scan_plan *p, flow_cell *out, oc_error *err)
{
    flow_turns *t = ask->turns;
    turns_begin(t, ask->world, t->n_out - p->n_state);
    oc_status st = scan_length(p, err);
    if (st == OC_OK)
        st = scan_turns(ask, t, p, err);
    for (uint32_t i = 0; i < ask->node->n_out && st == OC_OK; i++) {
        if (ask->node->out[i] == OC_VID_NONE)
            continue;
        uint32_t row = i - p->n_state;
        if (i < p->n_state)
            out[i] = flow_cell_keep(&t->in[i]);
        else
            st = rows_take(t, row, i, at_or_0(p->out_axis, p->n_out_axis, row), p->length,
                           p->most ? flow_most(ask, i) : NULL, &out[i], err);
        out[i].fixed = false;
    }
    turns_end(t);
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
        if ((st = flow_slice(ask->world, &p->in[i], 0, b, 1, false, NULL, &one, err)) != OC_OK)
            return st;
        if (i < p->n_state) {
            in[i] = one;
            continue;
        }
        if (one.view.info.shape.rank < 1 || length > one.view.info.shape.dim[0])
            st = OC_FAIL(err, OC_FORMAT, "input %u is shorter than %lld", i, (long long)length);
        else
            st = flow_slice(ask->world, &one, 0, 0, length, true, NULL, &in[i], err);
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
    p.most = true;
    return scan_once(ask, &p, ask->out, err);
}

/* ---- rehearsals ---- */

/* Both are alive as long as either is: a run has one of them. */
static oc_status hold_both(const flow_ask *ask, uint32_t i, const flow_cell *a, const flow_cell *b,
                           oc_error *err)
{
    const oc_most *most = flow_most(ask, i);
    oc_status      st;
    if (!most || (!a->view.data && !b->view.data))
        return OC_OK;
    if ((st = flow_list_make(&ask->out[i], err)) != OC_OK ||
        (st = flow_list_add(&ask->out[i], a, err)) != OC_OK ||
        (st = flow_list_add(&ask->out[i], b, err)) != OC_OK)
        return st;
    ask->out[i].view.info = most->info;
    ask->out[i].view.data = a->view.data ? a->view.data : b->view.data;
    return OC_OK;
}

oc_status flow_rehearse_if(const flow_ask *ask, oc_error *err)
{
    static const char *const names[] = {"then_branch", "else_branch"};
    size_t                   n = (size_t)ask->node->n_out + 1;
    flow_cell               *got[2] = {calloc(n, sizeof(flow_cell)), calloc(n, sizeof(flow_cell))};
    oc_status                st = got[0] && got[1] ? OC_OK : OC_FAIL(err, OC_NOMEM, "a rehearsal");
    for (int i = 0; i < 2 && st == OC_OK; i++)
        st = flow_graph_rehearse(body_of(ask, names[i]),
                                 ask->in + oc_node_first_capture(ask->node, names[i]), got[i], err);
    for (uint32_t k = 0; k < ask->node->n_out && st == OC_OK; k++)
        st = hold_both(ask, k, &got[0][k], &got[1][k], err);
    for (int i = 0; i < 2; i++) {
        drop_all(ask->world, got[i], n);
        free(got[i]);
    }
    return st;
}

/* What the body reads in each turn: all but values carried and captured is fresh. */
static oc_status rehearse_inputs(const flow_ask *ask, flow_turns *t, bool loop, uint32_t n_state,
                                 oc_error *err)
{
    const oc_graph *g = flow_graph_peek(t->body);
    uint32_t        first = loop ? 0 : n_state, own = g->n_inputs - g->n_captures;
    oc_status       st = OC_OK;
    for (uint32_t i = first; i < (loop ? 2 : own) && st == OC_OK; i++) {
        flow_cell_drop(t->world, &t->in[i]);
        if (loop)
            st = flow_cell_scalar(t->world, i ? OC_BOOL : OC_I64, 0, &t->in[i], err);
        else if (g->values[g->inputs[i]].most)
            st = flow_cell_reserve(t->world, g->values[g->inputs[i]].most, &t->in[i], err);
    }
    (void)ask;
    return st;
}

oc_status flow_rehearse_turns(const flow_ask *ask, oc_error *err)
{
    flow_turns     *t = ask->turns;
    const oc_graph *g = flow_graph_peek(t->body);
    bool            loop = oc_flow_kind_of(ask->node->op) == OC_FLOW_LOOP;
    uint32_t        own = g->n_inputs - g->n_captures, first = loop ? 2 : 0;
    uint32_t        n_scan = loop ? 0 : (uint32_t)oc_node_int(ask->node, "num_scan_inputs", 1);
    uint32_t        n_state = own - first - n_scan, skip = loop ? 1 : 0;
    oc_status       st = OC_OK;
    if (!loop && ask->node->opset < 9)
        return OC_OK; /* has no bound */
    turns_begin(t, ask->world, t->n_out - skip - n_state);
    for (uint32_t i = 0; i < t->n_in; i++)
        t->in[i] = flow_cell_keep(&ask->in[i]);
    for (uint32_t i = n_state; i < ask->node->n_out && st == OC_OK; i++)
        if (ask->node->out[i] != OC_VID_NONE && flow_most(ask, i))
            st = flow_cell_reserve(t->world, flow_most(ask, i), &ask->out[i], err);
    for (int i = 0; i < 2 && st == OC_OK; i++) {
        if ((st = rehearse_inputs(ask, t, loop, n_state, err)) != OC_OK)
            break;
        drop_all(t->world, t->out, t->n_out);
        st = flow_graph_rehearse(t->body, t->in, t->out, err);
        for (uint32_t k = 0; k < n_state && st == OC_OK && i == 0; k++)
            replace(t->world, &t->in[first + k], &t->out[skip + k]);
    }
    for (uint32_t k = 0; k < n_state && k < ask->node->n_out && st == OC_OK; k++)
        if (ask->node->out[k] != OC_VID_NONE)
            st = hold_both(ask, k, &ask->in[first + k], &t->out[skip + k], err);
    turns_end(t);
    return st;
}
