/* Pad: more (or, with negative pads, less) of the tensor at both ends of its axes.   ONNX opset 2..
 *
 *   in   data   any type; f32 of rank 4 also blocked when H and W grow, or zeros follow the channels
 *        pads   constant int64 (opset 11; an attribute before): begins, then ends
 *        value  constant scalar of the data's type (attribute `value` before opset 11); 0 otherwise
 *        axes   constant (opset 18): the axes pads speaks of
 *   mode  constant, reflect, edge, wrap (opset 19)
 *   out   in the layout of the input
 *
 * Along one axis the result is a row of runs: a stretch of the input forwards or backwards, one
 * element repeated, or the value.  The product of the axes' runs is the list of copies. */
#include <stdlib.h>
#include <string.h>

#include "ops/args.h"
#include "ops/move.h"

#define AXIS_MAX (1 << 27) /* an axis is walked through point by point */
#define COPIES_MAX 4096

typedef enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;

typedef struct pad_args {
    pad_mode mode;
    int64_t  begin[OC_RANK_MAX], end[OC_RANK_MAX];
} pad_args;

/* Elements [at, at + n) of the output come from input elements first, first + step, ...; with
 * `value` from none. */
typedef struct pad_run {
    int64_t at, n, first;
    int     step;
    bool    value;
} pad_run;

static oc_status read_mode(const oc_node *node, pad_mode *mode, oc_error *err)
{
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    const char              *text = oc_node_string(node, "mode", "constant");
    for (int i = 0; i < 4; i++)
        if (strcmp(text, names[i]) == 0) {
            *mode = (pad_mode)i;
            return OC_OK;
        }
    return OC_FAIL(err, OC_UNSUPPORTED, "mode '%s'", text);
}

static oc_status read_pads(const oc_args *a, int64_t *pads, size_t *n, oc_error *err)
{
    if (oc_args_has(a, 1))
        return oc_args_ints(a, 1, "pads", pads, 2 * OC_RANK_MAX, n, err);
    const int64_t *ints = oc_node_ints(a->node, "pads", n);
    if (!ints)
        ints = oc_node_ints(a->node, "paddings", n); /* opset 1's name */
    if (*n > 2 * OC_RANK_MAX)
        return OC_FAIL(err, OC_FORMAT, "%zu pads", *n);
    for (size_t i = 0; i < *n; i++)
        pads[i] = ints[i];
    return OC_OK;
}

static oc_status check_axis(const pad_args *pad, const oc_shape *in, uint32_t i, oc_error *err)
{
    int64_t dim = in->dim[i], b = pad->begin[i], e = pad->end[i];
    int64_t limit = 1 << 24; /* axes are walked element by element */
    if (b > limit || e > limit || b < -limit || e < -limit || dim + b + e < 0)
        return OC_FAIL(err, OC_FORMAT, "axis %u of size %lld: pads %lld and %lld", i,
                       (long long)dim, (long long)b, (long long)e);
    if (pad->mode == PAD_REFLECT && (b >= dim || e >= dim) && (b > 0 || e > 0))
        return OC_FAIL(err, OC_FORMAT, "axis %u of size %lld cannot be reflected by %lld and %lld",
                       i, (long long)dim, (long long)b, (long long)e);
    if (pad->mode != PAD_CONSTANT && dim == 0 && (b > 0 || e > 0))
        return OC_FAIL(err, OC_FORMAT, "axis %u is empty: nothing to repeat", i);
    return OC_OK;
}

static oc_status read_args(const oc_args *a, pad_args *pad, oc_error *err)
{
    const oc_shape *in = &a->in[0]->shape;
    int64_t         pads[2 * OC_RANK_MAX], axes[OC_RANK_MAX];
    size_t          n = 0, n_axes = in->rank;
    oc_status       st = oc_shape_known(a->in[0], "the input", err);
    *pad = (pad_args){PAD_CONSTANT, {0}, {0}};
    if (st != OC_OK || (st = read_mode(a->node, &pad->mode, err)) != OC_OK ||
        (st = read_pads(a, pads, &n, err)) != OC_OK)
        return st;
    for (uint32_t i = 0; i < in->rank; i++)
        axes[i] = i;
    if (oc_args_has(a, 3) &&
        (st = oc_args_ints(a, 3, "axes", axes, OC_RANK_MAX, &n_axes, err)) != OC_OK)
        return st;
    if (n != 2 * n_axes)
        return OC_FAIL(err, OC_FORMAT, "%zu pads for %zu axes", n, n_axes);
    for (size_t i = 0; i < n_axes; i++) {
        uint32_t axis;
        if ((st = oc_axis(axes[i], in->rank, &axis, err)) != OC_OK)
            return st;
        pad->begin[axis] = pads[i];
        pad->end[axis] = pads[i + n_axes];
    }
    for (uint32_t i = 0; i < in->rank; i++)
        if ((st = check_axis(pad, in, i, err)) != OC_OK)
            return st;
    return OC_OK;
}

static oc_status pad_infer(const oc_infer *ask, oc_error *err)
{
    oc_args   a = oc_args_of_infer(ask);
    pad_args  pad;
    size_t    total;
    oc_status st = read_args(&a, &pad, err);
    if (st != OC_OK)
        return st;
    if (oc_args_has(&a, 2) && ask->in[2].dtype != ask->in[0].dtype)
        return OC_FAIL(err, OC_FORMAT, "the value is %s, the data %s",
                       oc_dtype_name(ask->in[2].dtype), oc_dtype_name(ask->in[0].dtype));
    if (oc_args_has(&a, 2) && oc_elements(&ask->in[2]) == 1 && !a.data[2])
        return OC_FAIL(err, OC_DYNAMIC, "the value is computed at run time");
    ask->out[0] = ask->in[0];
    for (uint32_t i = 0; i < ask->in[0].shape.rank; i++)
        ask->out[0].shape.dim[i] += pad.begin[i] + pad.end[i];
    if (!oc_shape_elements(&ask->out[0].shape, &total))
        return OC_FAIL(err, OC_FORMAT, "the result is too large");
    if (ask->in[0].dtype != OC_F32 && oc_node_float(a.node, "value", 0.0f) != 0.0f)
        return OC_FAIL(err, OC_UNSUPPORTED, "attribute value for %s",
                       oc_dtype_name(ask->in[0].dtype));
    return OC_OK;
}

static bool value_is_zero(const oc_args *a)
{
    if (!oc_args_has(a, 2))
        return oc_node_float(a->node, "value", 0.0f) == 0.0f;
    return a->in[2]->dtype == OC_F32 && a->data[2] && *(const float *)a->data[2] == 0.0f;
}

/* Channels of zeros behind the others are what the lanes beyond C hold already, and whole blocks. */
static bool pad_layout(oc_layout_ask *ask)
{
    oc_args  a = oc_args_of_layout(ask);
    pad_args pad;
    if (ask->in[0].layout != OC_LAYOUT_NC8 || read_args(&a, &pad, NULL) != OC_OK)
        return false;
    bool zeros = pad.end[1] > 0 && pad.mode == PAD_CONSTANT && value_is_zero(&a);
    ask->want_in[0] = ask->want_out[0] = pad.begin[1] == 0 && (pad.end[1] == 0 || zeros);
    return ask->want_in[0];
}

/* Where output element i (from -begin on) comes from, for the modes that copy. */
static int64_t source_of(pad_mode mode, int64_t i, int64_t dim)
{
    if (mode == PAD_EDGE)
        return i < 0 ? 0 : i >= dim ? dim - 1 : i;
    if (mode == PAD_WRAP)
        return ((i % dim) + dim) % dim;
    return i < 0 ? -i : i >= dim ? 2 * dim - 2 - i : i;
}

/* Cuts an axis into runs; counts only while `runs` is NULL. */
static size_t cut_axis(const pad_args *pad, uint32_t axis, int64_t dim, pad_run *runs)
{
    size_t  n = 0;
    int64_t total = dim + pad->begin[axis] + pad->end[axis];
    pad_run run = {0};
    for (int64_t at = 0; at < total; at++) {
        int64_t i = at - pad->begin[axis];
        bool    value = pad->mode == PAD_CONSTANT && (i < 0 || i >= dim);
        int64_t from = value ? 0 : source_of(pad->mode, i, dim);
        bool    more = at && value == run.value;
        if (more && !value) {
            int64_t step = from - (run.first + (run.n - 1) * run.step);
            if (run.n == 1 && step >= -1 && step <= 1)
                run.step = (int)step;
            more = step == run.step && step >= -1 && step <= 1;
        }
        if (more) {
            run.n++;
            continue;
        }
        if (at && runs)
            runs[n] = run;
        n += at != 0;
        run = (pad_run){.at = at, .n = 1, .first = from, .step = value ? 0 : 1, .value = value};
    }
    if (total && runs)
        runs[n] = run;
    return n + (total != 0);
}

/* The value, eight times over with zeros beyond C for the last block of a blocked tensor. */
typedef struct pad_value {
    const char *full, *last;
} pad_value;

static oc_status make_value(const oc_prepare *p, pad_value *v, oc_error *err)
{
    size_t     elem = oc_dtype_bytes(p->in[0].info.dtype);
    char      *full = oc_arena_alloc(p->mem, 2, 8 * elem);
    const char one[8] = {0}, *from = one;
    float      f = oc_node_float(p->node, "value", 0.0f);
    if (!full)
        return OC_FAIL(err, OC_NOMEM, "%zu bytes", 16 * elem);
    if (p->n_in > 2 && p->in[2].data)
        from = p->in[2].data;
    else if (p->in[0].info.dtype == OC_F32)
        from = (const char *)&f;
    size_t c = p->in[0].layout == OC_LAYOUT_NC8 ? (size_t)p->in[0].info.shape.dim[1] : 8;
    for (size_t i = 0; i < 8; i++) {
        memcpy(full + i * elem, from, elem);
        if (i < (c - 1) % 8 + 1)
            memcpy(full + (8 + i) * elem, from, elem);
    }
    *v = (pad_value){full, full + 8 * elem};
    return OC_OK;
}

typedef struct pad_plan {
    oc_shape  in, out; /* of elements, which in blocked tensors are whole pixels of a block */
    size_t    elem;
    pad_run  *runs[OC_RANK_MAX];
    size_t    n_runs[OC_RANK_MAX];
    bool      blocked;
    pad_value value;
} pad_plan;

static void add_copy(oc_moves *list, const pad_plan *plan, size_t which)
{
    ptrdiff_t src[OC_RANK_MAX], dst[OC_RANK_MAX];
    bool      value = false, last = false;
    oc_strides(&plan->in, plan->elem, src);
    oc_strides(&plan->out, plan->elem, dst);
    oc_move *m = oc_moves_add(list, 0, 0, plan->elem);
    size_t   left = which;
    for (uint32_t i = plan->in.rank; i-- > 0;) {
        const pad_run *run = &plan->runs[i][left % plan->n_runs[i]];
        left /= plan->n_runs[i];
        value |= run->value;
        last |= plan->blocked && i == 1 && run->at + run->n == plan->out.dim[1];
    }
    left = which;
    const pad_run *pick[OC_RANK_MAX];
    for (uint32_t i = plan->in.rank; i-- > 0;) {
        pick[i] = &plan->runs[i][left % plan->n_runs[i]];
        left /= plan->n_runs[i];
    }
    for (uint32_t i = 0; i < plan->in.rank; i++) {
        m->dst_at += pick[i]->at * dst[i];
        m->src_at += value ? 0 : pick[i]->first * src[i];
        oc_move_loop(m, (size_t)pick[i]->n, value ? 0 : pick[i]->step * src[i], dst[i]);
    }
    if (value)
        m->constant = last ? plan->value.last : plan->value.full;
}

static oc_status make_runs(const oc_prepare *p, const pad_args *pad, pad_plan *plan, size_t *copies,
                           oc_error *err)
{
    *copies = 1;
    for (uint32_t i = 0; i < plan->in.rank; i++) {
        if (plan->out.dim[i] > AXIS_MAX)
            return OC_FAIL(err, OC_UNSUPPORTED, "axis %u of %lld points, at most %d", i,
                           (long long)plan->out.dim[i], AXIS_MAX);
        size_t n = cut_axis(pad, i, plan->in.dim[i], NULL);
        /* the last block has zero lanes, so its fill is a run of its own; behind it come zeros only */
        bool extra = plan->blocked && i == 1 && plan->in.dim[1] > 1 && pad->end[1] == 0;
        plan->n_runs[i] = n + extra;
        plan->runs[i] = oc_arena_alloc(p->mem, n + 1, sizeof(pad_run));
        if (!plan->runs[i])
            return OC_FAIL(err, OC_NOMEM, "%zu runs", n);
        cut_axis(pad, i, plan->in.dim[i], plan->runs[i]);
        if (extra) {
            pad_run *r = plan->runs[i];
            r[1] = (pad_run){.at = r->n - 1, .n = 1, .first = r->n - 1, .step = 1};
            r[0].n--;
        }
        if (__builtin_mul_overflow(*copies, plan->n_runs[i], copies) || *copies > COPIES_MAX)
            return OC_FAIL(err, OC_UNSUPPORTED, "more than %d pieces to pad", COPIES_MAX);
    }
    return OC_OK;
}

static oc_status pad_prepare(const oc_prepare *p, oc_error *err)
{
    oc_moves *list = p->state;
    oc_args   a = oc_args_of_prepare(p);
    pad_args  pad;
    size_t    copies;
    pad_plan  plan = {.in = p->in[0].info.shape,
                      .out = p->out[0].info.shape,
                      .elem = oc_dtype_bytes(p->in[0].info.dtype),
                      .blocked = p->in[0].layout == OC_LAYOUT_NC8};
    oc_status st = read_args(&a, &pad, err);
    if (st != OC_OK || (st = make_value(p, &plan.value, err)) != OC_OK)
        return st;
    if (plan.blocked) {
        plan.elem = 32;
        plan.in.dim[1] = (plan.in.dim[1] + 7) / 8;
        plan.out.dim[1] = (plan.out.dim[1] + 7) / 8;
        pad.end[1] = plan.out.dim[1] - plan.in.dim[1];
    }
    if ((st = make_runs(p, &pad, &plan, &copies, err)) != OC_OK ||
        (st = oc_moves_init(list, p, copies, err)) != OC_OK)
        return st;
    for (size_t i = 0; i < copies; i++)
        add_copy(list, &plan, i);
    oc_moves_finish(list, p);
    return OC_OK;
}

const oc_op oc_op_pad = {
    .name = "Pad",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 4,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(oc_moves),
    .infer = pad_infer,
    .layout = pad_layout,
    .prepare = pad_prepare,
    .run = oc_moves_run,
};
