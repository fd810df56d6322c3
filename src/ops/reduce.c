/* ReduceSum Mean Max Min Prod L1 L2 LogSum LogSumExp SumSquare: dimensions collapse to one value.
 * ONNX opset 1..
 *
 *   in   x     any numeric type
 *        axes  constant int64, optional (an attribute before opset 13 and 18): none means all, or
 *              with noop_with_empty_axes nothing at all
 *   out  y     of x's type; the axes are gone, or 1 with keepdims
 *
 * f32 goes through vector kernels when the innermost dimension is reduced, or kept whole; blocked
 * inputs are taken when the axes are 2 and 3, and for sums also 1, 2 and 3, or all: padding lanes add
 * nothing.  Other types and patterns: one double, or one 64-bit integer, per result. */
#include <math.h>
#include <string.h>

#include "kernels/any_cast.h"
#include "kernels/f32_binary.h"
#include "kernels/f32_reduce.h"
#include "ops/args.h"
#include "ops/op.h"

#define GRAIN 32768 /* elements of the input */

typedef enum reduce_kind {
    SUM,
    MEAN,
    MAX,
    MIN,
    PROD,
    L1,
    L2,
    LOG_SUM,
    LOG_SUM_EXP,
    SUM_SQUARE,
} reduce_kind;

static const char *const names[] = {
    "ReduceSum", "ReduceMean", "ReduceMax",    "ReduceMin",       "ReduceProd",
    "ReduceL1",  "ReduceL2",   "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"};

typedef struct walk {
    uint32_t rank;
    size_t   dim[OC_RANK_MAX], step[OC_RANK_MAX]; /* of x, in elements; outermost first */
} walk;

typedef enum path { GENERIC, ROWS, COLUMNS, BLOCKED, BLOCKED_PICTURES } path;

typedef struct reduce_state {
    reduce_kind         kind;
    path                path;
    walk                kept, gone; /* merged dimensions of either sort */
    size_t              count;      /* elements behind one result */
    oc_k_f32_reduce_fn *reduce;
    oc_k_f32_binary_fn *binary;
    oc_k_any_cast_fn   *load, *store; /* to double, or to int64 for integers */
    bool                integer, is_unsigned, keep_blocked;
    size_t              bytes, blocks, channels, picture; /* floats behind one result */
} reduce_state;

static reduce_kind kind_of(const oc_node *node)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], node->op_type) == 0)
            return (reduce_kind)i;
    return SUM;
}

static bool is_float(oc_dtype t)
{
    return t == OC_F32 || t == OC_F64 || t == OC_F16;
}

/* gone[d] for each dimension of x. */
static oc_status axes_of(const oc_args *a, bool gone[OC_RANK_MAX], oc_error *err)
{
    const uint32_t rank = a->in[0]->shape.rank;
    const int64_t *attr;
    int64_t        axes[OC_RANK_MAX] = {0};
    size_t         n = 0;
    oc_status      st;

    if (oc_args_has(a, 1)) {
        if ((st = oc_args_ints(a, 1, "axes", axes, OC_RANK_MAX, &n, err)) != OC_OK)
            return st;
    } else if ((attr = oc_node_ints(a->node, "axes", &n)) != NULL) {
        if (n > OC_RANK_MAX)
            return OC_FAIL(err, OC_FORMAT, "%zu axes", n);
        memcpy(axes, attr, n * sizeof(*axes));
    }
    for (uint32_t d = 0; d < OC_RANK_MAX; d++)
        gone[d] = n == 0 && d < rank && !oc_node_int(a->node, "noop_with_empty_axes", 0);
    for (size_t i = 0; i < n; i++) {
        uint32_t d = 0;

        if ((st = oc_axis(axes[i], rank, &d, err)) != OC_OK)
            return st;
        gone[d] = true;
    }
    return OC_OK;
}

static oc_status reduce_infer(const oc_infer *ask, oc_error *err)
{
    const oc_args     a = oc_args_of_infer(ask);
    const reduce_kind kind = kind_of(ask->node);
    const bool        keep = oc_node_int(ask->node, "keepdims", 1) != 0;
    const oc_shape   *x = &ask->in[0].shape;
    bool              gone[OC_RANK_MAX];
    oc_shape          y = {0};
    oc_status         st;

    if (ask->in[0].dtype == OC_BOOL && kind != MAX && kind != MIN)
        return OC_FAIL(err, OC_UNSUPPORTED, "not defined for bool");
    if ((st = axes_of(&a, gone, err)) != OC_OK)
        return st;
    for (uint32_t d = 0; d < x->rank; d++)
        if (!gone[d] || keep)
            y.dim[y.rank++] = gone[d] ? 1 : x->dim[d];
    ask->out[0] = (oc_tensor_info){ask->in[0].dtype, y};
    return OC_OK;
}

/* Is the result the same when zeros are thrown in? */
static bool is_sum(reduce_kind kind)
{
    return kind == SUM || kind == MEAN || kind == L1 || kind == L2 || kind == SUM_SQUARE ||
           kind == LOG_SUM;
}

static bool reduce_layout(oc_layout_ask *ask)
{
    const oc_args     a = oc_args_of_layout(ask);
    const reduce_kind kind = kind_of(ask->node);
    bool              gone[OC_RANK_MAX];

    if (ask->in[0].layout != OC_LAYOUT_NC8 || ask->in[0].info.dtype != OC_F32 ||
        kind == LOG_SUM_EXP || axes_of(&a, gone, NULL) != OC_OK || !gone[2] || !gone[3])
        return false;
    if (gone[1] ? !is_sum(kind) : gone[0])
        return false;
    ask->want_in[0] = true;
    ask->want_out[0] = !gone[1] && ask->out[0].info.shape.rank == 4;
    return true;
}

/* Dimension d of x joins the innermost so far, if that continues it, or starts a new one. */
static void walk_add(walk *w, size_t dim, size_t step)
{
    if (w->rank && w->step[w->rank - 1] == step * dim) {
        w->dim[w->rank - 1] *= dim;
        w->step[w->rank - 1] = step;
        return;
    }
    w->dim[w->rank] = dim;
    w->step[w->rank++] = step;
}

static void set_walks(reduce_state *s, const oc_shape *x, const bool gone[OC_RANK_MAX])
{
    size_t step = oc_dims_product(x, 0, x->rank);

    s->count = 1;
    for (uint32_t d = 0; d < x->rank; d++) {
        step = x->dim[d] ? step / (size_t)x->dim[d] : 0;
        if (gone[d])
            s->count *= (size_t)x->dim[d];
        if (x->dim[d] != 1)
            walk_add(gone[d] ? &s->gone : &s->kept, (size_t)x->dim[d], step);
    }
}

static path path_of(const reduce_state *s, oc_dtype dtype)
{
    const walk *g = &s->gone, *k = &s->kept;

    if (dtype != OC_F32 || s->count == 0)
        return GENERIC;
    if (g->rank && g->step[g->rank - 1] == 1 && s->kind != LOG_SUM_EXP)
        return ROWS;
    if (k->rank && k->step[k->rank - 1] == 1 && g->rank &&
        (s->kind == SUM || s->kind == MEAN || s->kind == MAX || s->kind == MIN || s->kind == PROD))
        return COLUMNS;
    return GENERIC;
}

static oc_status reduce_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_args   a = oc_args_of_prepare(p);
    const oc_dtype  dtype = p->in[0].info.dtype;
    const oc_shape *x = &p->in[0].info.shape;
    reduce_state   *s = p->state;
    bool            gone[OC_RANK_MAX];
    oc_status       st;

    if ((st = axes_of(&a, gone, err)) != OC_OK)
        return st;
    s->kind = kind_of(p->node);
    s->bytes = oc_dtype_bytes(dtype);
    s->integer = !is_float(dtype) && s->kind != LOG_SUM_EXP && s->kind != LOG_SUM && s->kind != L2;
    s->is_unsigned =
        dtype == OC_U64 || dtype == OC_U32 || dtype == OC_U16 || dtype == OC_U8 || dtype == OC_BOOL;
    s->load = oc_k_any_cast(dtype, s->integer ? OC_I64 : OC_F64);
    s->store = oc_k_any_cast(s->integer ? OC_I64 : OC_F64, dtype);
    s->reduce = oc_k_f32_reduce(p->isa);
    s->binary = oc_k_f32_binary(p->isa);
    set_walks(s, x, gone);
    s->path = path_of(s, dtype);
    p->work->phase[0].units = oc_elements(&p->out[0].info);
    if (p->in[0].layout == OC_LAYOUT_NC8) {
        s->path = gone[1] ? BLOCKED_PICTURES : BLOCKED;
        s->channels = (size_t)x->dim[1];
        s->blocks = (s->channels + 7) / 8;
        s->keep_blocked = p->out[0].layout == OC_LAYOUT_NC8;
        s->picture = s->blocks * 8 * (size_t)x->dim[2] * (size_t)x->dim[3];
        if (gone[0])
            s->picture *= (size_t)x->dim[0];
        if (!gone[1])
            p->work->phase[0].units = (size_t)x->dim[0] * s->blocks;
    }
    p->work->phase[0].grain = GRAIN / (s->count + 1) + 1;
    return OC_OK;
}

/* Where the i-th step of a walk leads, in elements. */
static size_t walk_at(const walk *w, size_t i)
{
    size_t at = 0;

    for (uint32_t d = w->rank; d-- > 0; i /= w->dim[d])
        at += i % w->dim[d] * w->step[d];
    return at;
}

static oc_reduce_kind kernel_kind(reduce_kind kind)
{
    switch (kind) {
    case MAX: return OC_REDUCE_MAX;
    case MIN: return OC_REDUCE_MIN;
    case PROD: return OC_REDUCE_PROD;
    case L1: return OC_REDUCE_SUM_ABS;
    case L2:
    case SUM_SQUARE: return OC_REDUCE_SUM_SQUARE;
    default: return OC_REDUCE_SUM;
    }
}

/* What comes after the sum. */
static double finish(const reduce_state *s, double v)
{
    switch (s->kind) {
    case MEAN: return v / (double)s->count;
    case L2: return sqrt(v);
    case LOG_SUM: return log(v);
    default: return v;
    }
}

static void run_rows(const reduce_state *s, const oc_op_run *r)
{
    const oc_reduce_kind kind = kernel_kind(s->kind);
    const walk          *g = &s->gone;
    const size_t         n = g->dim[g->rank - 1], rows = s->count / n;
    walk                 outer = *g;

    outer.rank--;
    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const float *x = (const float *)r->in[0].data + walk_at(&s->kept, u);
        float        acc[8];

        oc_reduce_start(kind, acc);
        for (size_t i = 0; i < rows; i++)
            s->reduce(kind, n, x + walk_at(&outer, i), NULL, acc);
        ((float *)r->out[0].data)[u] = (float)finish(s, (double)oc_reduce_fold(kind, acc));
    }
}

static void run_columns(const reduce_state *s, const oc_op_run *r)
{
    static const oc_binary_kind fold[] = {[SUM] = OC_BINARY_ADD,
                                          [MEAN] = OC_BINARY_ADD,
                                          [MAX] = OC_BINARY_MAX,
                                          [MIN] = OC_BINARY_MIN,
                                          [PROD] = OC_BINARY_MUL};
    const size_t                width = s->kept.dim[s->kept.rank - 1];
    size_t                      n;

    for (size_t u = r->part.begin; u < r->part.end; u += n) {
        const float  *x = (const float *)r->in[0].data + walk_at(&s->kept, u);
        float        *y = (float *)r->out[0].data + u;
        oc_f32_binary work = {.kind = fold[s->kind], .a = y, .y = y};

        n = width - u % width;
        n = n > r->part.end - u ? r->part.end - u : n;
        n = n > 1024 ? 1024 : n; /* results that stay in the cache */
        work.n = n;
        memcpy(y, x, n * sizeof(*y));
        for (size_t i = 1; i < s->count; i++) {
            work.b = x + walk_at(&s->gone, i);
            s->binary(&work);
        }
        for (size_t i = 0; i < n && s->kind == MEAN; i++)
            y[i] /= (float)s->count;
    }
}

static void run_blocked(const reduce_state *s, const oc_op_run *r)
{
    const oc_reduce_kind kind = kernel_kind(s->kind);
    float               *y = r->out[0].data;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const size_t picture = u / s->blocks, c0 = u % s->blocks * 8;
        float        acc[8];

        oc_reduce_start(kind, acc);
        s->reduce(kind, s->count * 8, (const float *)r->in[0].data + u * s->count * 8, NULL, acc);
        for (size_t i = 0; i < 8; i++) {
            const bool real = c0 + i < s->channels;

            if (s->keep_blocked)
                y[u * 8 + i] = real ? (float)finish(s, (double)acc[i]) : 0.0f;
            else if (real)
                y[picture * s->channels + c0 + i] = (float)finish(s, (double)acc[i]);
        }
    }
}

static void run_blocked_pictures(const reduce_state *s, const oc_op_run *r)
{
    const oc_reduce_kind kind = kernel_kind(s->kind);

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        float acc[8];

        oc_reduce_start(kind, acc);
        s->reduce(kind, s->picture, (const float *)r->in[0].data + u * s->picture, NULL, acc);
        ((float *)r->out[0].data)[u] = (float)finish(s, (double)oc_reduce_fold(kind, acc));
    }
}

static double element(const reduce_state *s, const char *x, size_t i)
{
    double v;

    s->load(1, x + walk_at(&s->gone, i) * s->bytes, &v);
    return v;
}

static double largest(const reduce_state *s, const char *x)
{
    double top = -INFINITY;

    for (size_t i = 0; i < s->count; i++) {
        const double v = element(s, x, i);
        top = isnan(top) || top > v ? top : v;
    }
    return top;
}

static double generic_float(const reduce_state *s, const char *x)
{
    const double top = s->kind == LOG_SUM_EXP ? largest(s, x) : 0;
    const double shift = isfinite(top) ? top : 0;
    double       acc = s->kind == MAX ? -INFINITY : s->kind == MIN ? INFINITY : s->kind == PROD;

    for (size_t i = 0; i < s->count; i++) {
        const double v = element(s, x, i);

        switch (s->kind) {
        case MAX: acc = isnan(acc) || acc > v ? acc : v; break;
        case MIN: acc = isnan(acc) || acc < v ? acc : v; break;
        case PROD: acc *= v; break;
        case L1: acc += fabs(v); break;
        case L2:
        case SUM_SQUARE: acc += v * v; break;
        case LOG_SUM_EXP: acc += exp(v - shift); break;
        default: acc += v; break;
        }
    }
    return s->kind == LOG_SUM_EXP ? log(acc) + shift : finish(s, acc);
}

/* What an empty maximum or minimum gives: the limit of the type. */
static int64_t empty_limit(const reduce_state *s)
{
    if (s->kind == MAX)
        return s->is_unsigned ? 0 : INT64_MIN >> (64 - 8 * s->bytes);
    return s->is_unsigned ? -1 : INT64_MAX >> (64 - 8 * s->bytes);
}

static int64_t generic_int(const reduce_state *s, const char *x)
{
    uint64_t acc = s->kind == PROD;
    int64_t  v = 0;

    if (s->count == 0 && (s->kind == MAX || s->kind == MIN))
        return empty_limit(s);
    for (size_t i = 0; i < s->count; i++) {
        bool less;

        s->load(1, x + walk_at(&s->gone, i) * s->bytes, &v);
        less = s->is_unsigned ? (uint64_t)v < acc : v < (int64_t)acc;
        switch (s->kind) {
        case MAX: acc = i && (less || v == (int64_t)acc) ? acc : (uint64_t)v; break;
        case MIN: acc = i && !less ? acc : (uint64_t)v; break;
        case PROD: acc *= (uint64_t)v; break;
        case L1: acc += v < 0 && !s->is_unsigned ? 0 - (uint64_t)v : (uint64_t)v; break;
        case SUM_SQUARE: acc += (uint64_t)v * (uint64_t)v; break;
        default: acc += (uint64_t)v; break;
        }
    }
    if (s->kind == MEAN && s->count)
        return (int64_t)acc / (int64_t)s->count;
    return (int64_t)acc;
}

static void reduce_run(const oc_op_run *r)
{
    const reduce_state *s = r->state;

    switch (s->path) {
    case ROWS: run_rows(s, r); return;
    case COLUMNS: run_columns(s, r); return;
    case BLOCKED: run_blocked(s, r); return;
    case BLOCKED_PICTURES: run_blocked_pictures(s, r); return;
    case GENERIC: break;
    }
    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const char   *x = (const char *)r->in[0].data + walk_at(&s->kept, u) * s->bytes;
        char         *y = (char *)r->out[0].data + u * s->bytes;
        const int64_t i = s->integer ? generic_int(s, x) : 0;
        const double  f = s->integer ? 0 : generic_float(s, x);

        s->store(1, s->integer ? (const void *)&i : (const void *)&f, y);
    }
}

#define REDUCE(symbol, text)                \
    const oc_op oc_op_##symbol = {          \
        .name = text,                       \
        .domain = "",                       \
        .n_in_min = 1,                      \
        .n_in_max = 2,                      \
        .n_out_min = 1,                     \
        .n_out_max = 1,                     \
        .state_size = sizeof(reduce_state), \
        .infer = reduce_infer,              \
        .layout = reduce_layout,            \
        .prepare = reduce_prepare,          \
        .run = reduce_run,                  \
    }

REDUCE(reduce_sum, "ReduceSum");
REDUCE(reduce_mean, "ReduceMean");
REDUCE(reduce_max, "ReduceMax");
REDUCE(reduce_min, "ReduceMin");
REDUCE(reduce_prod, "ReduceProd");
REDUCE(reduce_l1, "ReduceL1");
REDUCE(reduce_l2, "ReduceL2");
REDUCE(reduce_log_sum, "ReduceLogSum");
REDUCE(reduce_log_sum_exp, "ReduceLogSumExp");
REDUCE(reduce_sum_square, "ReduceSumSquare");
