/* Einsum: sums of products along named axes.   ONNX opset 12..
 *
 *   in   one or more tensors of one type: f32, f64, i32 or i64
 *   equation  "ij,jk->ik": letters name axes, a letter twice in a term is a diagonal, "..." stands
 *        for axes that broadcast; without "->" the letters that occur once, in alphabetical order
 *   out  sums over the letters that the result lacks
 *
 * Every result element is summed by itself, over loops whose strides are known beforehand. */
#include <ctype.h>
#include <string.h>

#include "ops/args.h"

#define LABELS 64 /* 26 + 26 letters, and the axes of "..." */
#define TERMS_MAX OC_ARGS_MAX
#define DOTS 52 /* labels of "..." begin here */

typedef struct einsum_state {
    uint32_t n_terms, n_out, n_sum;
    size_t   out_dim[OC_RANK_MAX], sum_dim[LABELS];
    size_t   out_step[TERMS_MAX][OC_RANK_MAX], sum_step[TERMS_MAX][LABELS]; /* elements */
    size_t   sums; /* turns of the inner loops */
} einsum_state;

typedef struct einsum_term {
    uint8_t  label[OC_RANK_MAX];
    uint32_t n;
} einsum_term;

typedef struct einsum_plan {
    einsum_term term[TERMS_MAX], out;
    uint32_t    n_terms, dots; /* axes of the longest "..." */
    int64_t     dim[LABELS];   /* 0 in `used`: not there */
    uint32_t    used[LABELS];  /* how often */
} einsum_plan;

static int letter(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= 'A' && c <= 'Z' ? c - 'A' : -1;
}

/* One term of the equation, for a tensor of `rank`; `dots` axes of "..." are numbered from the
 * right. */
static oc_status parse_term(const char **text, uint32_t rank, uint32_t dots_max, einsum_term *t,
                            uint32_t *dots, oc_error *err)
{
    const char *p = *text, *from = p;
    uint32_t    letters = 0;
    for (; *p && *p != ',' && !(p[0] == '-' && p[1] == '>'); p++)
        letters += letter(*p) >= 0;
    if (letters > rank && dots_max == UINT32_MAX)
        return OC_FAIL(err, OC_FORMAT, "a term names %u axes of a tensor of rank %u", letters,
                       rank);
    *dots = dots_max == UINT32_MAX ? rank - letters : dots_max;
    bool seen = false;
    t->n = 0;
    for (const char *c = from; c < p; c++) {
        if (isspace((unsigned char)*c))
            continue;
        bool is_dots = c + 2 < p && strncmp(c, "...", 3) == 0 && !seen;
        if (letter(*c) < 0 && !is_dots)
            return OC_FAIL(err, OC_FORMAT, "'%c' in the equation", *c);
        uint32_t n = is_dots ? *dots : 1;
        if (t->n + n > OC_RANK_MAX)
            return OC_FAIL(err, OC_UNSUPPORTED, "a term of more than %d axes", OC_RANK_MAX);
        for (uint32_t i = 0; i < n; i++)
            t->label[t->n++] =
                is_dots ? (uint8_t)(DOTS + OC_RANK_MAX - n + i) : (uint8_t)letter(*c);
        if (is_dots) {
            seen = true;
            c += 2;
        }
    }
    if (!seen && dots_max == UINT32_MAX && *dots)
        return OC_FAIL(err, OC_FORMAT, "a term names %u axes of a tensor of rank %u", letters,
                       rank);
    *text = p;
    return OC_OK;
}

static oc_status note_dims(einsum_plan *plan, const einsum_term *t, const oc_shape *shape,
                           oc_error *err)
{
    for (uint32_t i = 0; i < t->n; i++) {
        uint8_t l = t->label[i];
        if (!plan->used[l] || plan->dim[l] == 1)
            plan->dim[l] = shape->dim[i];
        else if (shape->dim[i] != plan->dim[l] && shape->dim[i] != 1)
            return OC_FAIL(err, OC_FORMAT, "an axis is %lld here and %lld there",
                           (long long)plan->dim[l], (long long)shape->dim[i]);
        plan->used[l]++;
    }
    return OC_OK;
}

/* The result of an equation without "->". */
static oc_status implied_output(einsum_plan *plan, oc_error *err)
{
    einsum_term *o = &plan->out;
    for (uint32_t i = 0; i < plan->dots; i++)
        o->label[o->n++] = (uint8_t)(DOTS + OC_RANK_MAX - plan->dots + i);
    for (uint8_t l = 0; l < DOTS; l++) {
        if (plan->used[l] != 1)
            continue;
        if (o->n == OC_RANK_MAX)
            return OC_FAIL(err, OC_UNSUPPORTED, "a result of more than %d axes", OC_RANK_MAX);
        o->label[o->n++] = l;
    }
    return OC_OK;
}

static oc_status make_plan(const oc_node *node, const oc_args *a, einsum_plan *plan, oc_error *err)
{
    const char *p = oc_node_string(node, "equation", "");
    oc_status   st;
    *plan = (einsum_plan){0};
    if (a->n_in > TERMS_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "%u terms, at most %d", a->n_in, TERMS_MAX);
    for (uint32_t i = 0; i < a->n_in; i++) {
        uint32_t dots;
        if ((st = oc_shape_known(a->in[i], "an input", err)) != OC_OK)
            return st;
        if (a->in[i]->dtype != a->in[0]->dtype)
            return OC_FAIL(err, OC_FORMAT, "inputs of different types");
        if (i && *p++ != ',')
            return OC_FAIL(err, OC_FORMAT, "the equation has fewer terms than there are inputs");
        st = parse_term(&p, a->in[i]->shape.rank, UINT32_MAX, &plan->term[i], &dots, err);
        if (st != OC_OK || (st = note_dims(plan, &plan->term[i], &a->in[i]->shape, err)) != OC_OK)
            return st;
        plan->dots = dots > plan->dots ? dots : plan->dots;
    }
    plan->n_terms = a->n_in;
    if (*p == '\0')
        return implied_output(plan, err);
    if (p[0] != '-' || p[1] != '>')
        return OC_FAIL(err, OC_FORMAT, "the equation has more terms than there are inputs");
    p += 2;
    uint32_t dots;
    if ((st = parse_term(&p, 0, plan->dots, &plan->out, &dots, err)) != OC_OK)
        return st;
    bool twice[LABELS] = {false};
    for (uint32_t i = 0; i < plan->out.n; i++) {
        if (!plan->used[plan->out.label[i]] || twice[plan->out.label[i]] || *p)
            return OC_FAIL(err, OC_FORMAT, "axis %u of the result is in no term, or named twice",
                           i);
        twice[plan->out.label[i]] = true;
    }
    return OC_OK;
}

static oc_status einsum_infer(const oc_infer *ask, oc_error *err)
{
    oc_args     a = oc_args_of_infer(ask);
    einsum_plan plan;
    oc_dtype    t = ask->in[0].dtype;
    size_t      total;
    oc_status   st = make_plan(ask->node, &a, &plan, err);
    if (st != OC_OK)
        return st;
    if (t != OC_F32 && t != OC_F64 && t != OC_I32 && t != OC_I64)
        return OC_FAIL(err, OC_UNSUPPORTED, "Einsum of %s", oc_dtype_name(t));
    oc_shape out = {.rank = plan.out.n};
    for (uint32_t i = 0; i < out.rank; i++)
        out.dim[i] = plan.dim[plan.out.label[i]];
    if (!oc_shape_elements(&out, &total))
        return OC_FAIL(err, OC_FORMAT, "the result is too large");
    ask->out[0] = (oc_tensor_info){t, out};
    return OC_OK;
}

/* How far term t moves for one step along a label: diagonals add up, broadcast axes stand still. */
static size_t label_step(const einsum_term *t, const oc_shape *shape, const ptrdiff_t *stride,
                         uint8_t label)
{
    size_t step = 0;
    for (uint32_t i = 0; i < t->n; i++)
        if (t->label[i] == label && shape->dim[i] != 1)
            step += (size_t)stride[i];
    return step;
}

static oc_status einsum_prepare(const oc_prepare *p, oc_error *err)
{
    einsum_state *s = p->state;
    oc_args       a = oc_args_of_prepare(p);
    einsum_plan   plan;
    bool          kept[LABELS] = {false};
    uint8_t       sum[LABELS];
    oc_status     st = make_plan(p->node, &a, &plan, err);
    if (st != OC_OK)
        return st;
    s->n_terms = plan.n_terms;
    s->n_out = plan.out.n;
    s->sums = 1;
    for (uint32_t i = 0; i < plan.out.n; i++) {
        kept[plan.out.label[i]] = true;
        s->out_dim[i] = (size_t)plan.dim[plan.out.label[i]];
    }
    for (uint8_t l = 0; l < LABELS; l++)
        if (plan.used[l] && !kept[l]) {
            s->sum_dim[s->n_sum] = (size_t)plan.dim[l];
            s->sums *= (size_t)plan.dim[l];
            sum[s->n_sum++] = l;
        }
    for (uint32_t t = 0; t < s->n_terms; t++) {
        ptrdiff_t stride[OC_RANK_MAX];
        oc_strides(&p->in[t].info.shape, 1, stride);
        for (uint32_t i = 0; i < s->n_out; i++)
            s->out_step[t][i] =
                label_step(&plan.term[t], &p->in[t].info.shape, stride, plan.out.label[i]);
        for (uint32_t i = 0; i < s->n_sum; i++)
            s->sum_step[t][i] = label_step(&plan.term[t], &p->in[t].info.shape, stride, sum[i]);
    }
    p->work->phase[0].units = oc_elements(&p->out[0].info);
    p->work->phase[0].grain = 20000 / (s->sums * s->n_terms + 1) + 1;
    p->work->flops = (double)s->sums * (double)p->work->phase[0].units * 2.0;
    return OC_OK;
}

#define ELEMENT(name, type, wide)                                                              \
    static type element_##name(const einsum_state *s, const oc_op_run *r, const size_t *start) \
    {                                                                                          \
        size_t at[TERMS_MAX], count[LABELS] = {0};                                             \
        wide   total = 0;                                                                      \
        memcpy(at, start, sizeof(at));                                                         \
        for (size_t k = 0; k < s->sums; k++) {                                                 \
            wide product = 1;                                                                  \
            for (uint32_t t = 0; t < s->n_terms; t++)                                          \
                product *= (wide)((const type *)r->in[t].data)[at[t]];                         \
            total += product;                                                                  \
            for (uint32_t d = s->n_sum; d-- > 0;) {                                            \
                count[d]++;                                                                    \
                bool wrap = count[d] == s->sum_dim[d];                                         \
                for (uint32_t t = 0; t < s->n_terms; t++)                                      \
                    at[t] += wrap ? (size_t)0 - s->sum_step[t][d] * (s->sum_dim[d] - 1)        \
                                  : s->sum_step[t][d];                                         \
                if (!wrap)                                                                     \
                    break;                                                                     \
                count[d] = 0;                                                                  \
            }                                                                                  \
        }                                                                                      \
        return (type)total;                                                                    \
    }
ELEMENT(f32, float, double)
ELEMENT(f64, double, double)
ELEMENT(i32, int32_t, uint32_t)
ELEMENT(i64, int64_t, uint64_t)
#undef ELEMENT

static void einsum_run(const oc_op_run *r)
{
    const einsum_state *s = r->state;
    void               *y = r->out[0].data;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        size_t at[TERMS_MAX] = {0}, left = unit;
        for (uint32_t d = s->n_out; d-- > 0; left /= s->out_dim[d])
            for (uint32_t t = 0; t < s->n_terms; t++)
                at[t] += left % s->out_dim[d] * s->out_step[t][d];
        switch (r->out[0].info.dtype) {
        case OC_F32: ((float *)y)[unit] = element_f32(s, r, at); break;
        case OC_F64: ((double *)y)[unit] = element_f64(s, r, at); break;
        case OC_I32: ((int32_t *)y)[unit] = element_i32(s, r, at); break;
        default: ((int64_t *)y)[unit] = element_i64(s, r, at); break;
        }
    }
}

const oc_op oc_op_einsum = {
    .name = "Einsum",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = OC_ARGS_MAX,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(einsum_state),
    .infer = einsum_infer,
    .prepare = einsum_prepare,
    .run = einsum_run,
};
