/* Bounds of what broadcasts, and the numbers that shapes are made of. */
#include <math.h>
#include <string.h>

#include "ops/bound_rules.h"

/* ---- broadcasting ---- */

typedef void combine_fn(double a, double b, double *lo, double *hi);

static void widen(double x, double *lo, double *hi)
{
    *lo = fmin(*lo, x);
    *hi = fmax(*hi, x);
}

#define COMBINE(name, expression)                                \
    static void name(double a, double b, double *lo, double *hi) \
    {                                                            \
        widen((expression), lo, hi);                             \
    }
COMBINE(combine_add, a + b)
COMBINE(combine_sub, a - b)
COMBINE(combine_mul, a *b)
COMBINE(combine_min, fmin(a, b))
COMBINE(combine_max, fmax(a, b))
#undef COMBINE

static void combine_div(double a, double b, double *lo, double *hi)
{
    widen(a / b, lo, hi);
}

static void compare(const char *op, const oc_bound *a, uint32_t k, const oc_bound *b, uint32_t m,
                    oc_bound *y, uint32_t i)
{
    const double al = a->lo[k], ah = a->hi[k], bl = b->lo[m], bh = b->hi[m];
    if (strcmp(op, "Equal") == 0)
        oc_bound_certain(y, i, al == ah && bl == bh && al == bl, ah < bl || bh < al);
    else if (strcmp(op, "Less") == 0)
        oc_bound_certain(y, i, ah < bl, al >= bh);
    else if (strcmp(op, "LessOrEqual") == 0)
        oc_bound_certain(y, i, ah <= bl, al > bh);
    else if (strcmp(op, "Greater") == 0)
        oc_bound_certain(y, i, al > bh, ah <= bl);
    else if (strcmp(op, "GreaterOrEqual") == 0)
        oc_bound_certain(y, i, al >= bh, ah < bl);
    else if (strcmp(op, "And") == 0)
        oc_bound_certain(y, i, al > 0 && bl > 0, ah == 0 || bh == 0);
    else if (strcmp(op, "Or") == 0)
        oc_bound_certain(y, i, al > 0 || bl > 0, ah == 0 && bh == 0);
    else
        oc_bound_certain(y, i, false, false);
}

static combine_fn *combine_of(const char *op)
{
    static const struct {
        const char *name;
        combine_fn *fn;
    } rows[] = {{"Add", combine_add}, {"Sub", combine_sub}, {"Mul", combine_mul},
                {"Div", combine_div}, {"Min", combine_min}, {"Max", combine_max}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, op) == 0)
            return rows[i].fn;
    return NULL;
}

/* fn NULL: a comparison.  The extremes of a monotone function of two intervals lie in their corners. */
static void combine(const oc_bound_ask *ask, combine_fn *fn)
{
    const oc_bound *a = &ask->in[0], *b = &ask->in[1];
    oc_bound       *y = &ask->out[0];
    uint32_t        n = a->n_range > b->n_range ? a->n_range : b->n_range;
    if (ask->n_in != 2 || !a->n_range || !b->n_range || (a->n_range != n && a->n_range != 1) ||
        (b->n_range != n && b->n_range != 1) || !oc_bound_exact(y) || y->elements != n)
        return;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = a->n_range == 1 ? 0 : i, m = b->n_range == 1 ? 0 : i;
        if (!fn) {
            compare(ask->node->op->name, a, k, b, m, y, i);
            continue;
        }
        const double x[2] = {a->lo[k], a->hi[k]}, z[2] = {b->lo[m], b->hi[m]};
        if (fn == combine_div && z[0] <= 0 && z[1] >= 0)
            return;
        y->lo[i] = INFINITY;
        y->hi[i] = -INFINITY;
        for (int c = 0; c < 4; c++)
            fn(x[c & 1], z[c >> 1], &y->lo[i], &y->hi[i]);
        if (fn == combine_div && y->info.dtype >= OC_U8) {
            y->lo[i] = trunc(y->lo[i]);
            y->hi[i] = trunc(y->hi[i]);
        }
    }
    y->n_range = n;
}

/* Along each axis inputs agree or have one element: the bound is that of the largest, or of any that
 * is known to have more than one. */
static void broadcast_dim(const oc_bound_ask *ask, uint32_t from_end, int64_t *most, int64_t *least)
{
    *most = 0;
    *least = 0;
    for (uint32_t i = 0; i < ask->n_in; i++) {
        const oc_bound *b = &ask->in[i];
        if (b->info.dtype == OC_DTYPE_NONE || b->info.shape.rank < from_end)
            continue;
        uint32_t d = b->info.shape.rank - from_end;
        if (b->least[d] > 1 && b->least[d] == b->info.shape.dim[d]) {
            *most = *least = b->least[d];
            return;
        }
        if (b->info.shape.dim[d] > *most)
            *most = b->info.shape.dim[d];
        if (b->least[d] > 1 && b->least[d] > *least)
            *least = b->least[d];
    }
}

static oc_status broadcast(const oc_bound_ask *ask, oc_error *why)
{
    oc_bound *y = &ask->out[0];
    oc_status st = oc_bound_of_ones(ask, &y->info, why);
    for (uint32_t d = 0; d < y->info.shape.rank && st == OC_OK; d++)
        broadcast_dim(ask, y->info.shape.rank - d, &y->info.shape.dim[d], &y->least[d]);
    return st == OC_OK ? oc_bound_counted(y, why) : st;
}

oc_status oc_bound_broadcast(const oc_bound_ask *ask, oc_error *why)
{
    combine_fn *fn = combine_of(ask->node->op->name);
    oc_status   st = oc_bound_all_exact(ask) ? oc_bound_plain(ask, why) : broadcast(ask, why);
    if (st == OC_OK && (fn || ask->out[0].info.dtype == OC_BOOL))
        combine(ask, fn);
    return st;
}

oc_status oc_bound_where(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *cond = &ask->in[0], *a = &ask->in[1], *b = &ask->in[2];
    oc_bound       *y = &ask->out[0];
    oc_status       st = oc_bound_broadcast(ask, why);
    if (st != OC_OK || !a->n_range || a->n_range != b->n_range || !oc_bound_exact(y) ||
        y->elements != a->n_range)
        return st;
    y->n_range = a->n_range;
    for (uint32_t i = 0; i < y->n_range; i++) {
        const bool known = cond->n_range == y->n_range && cond->lo[i] == cond->hi[i];
        const bool first = known && cond->lo[i] > 0, second = known && !first;
        y->lo[i] = first ? a->lo[i] : second ? b->lo[i] : fmin(a->lo[i], b->lo[i]);
        y->hi[i] = first ? a->hi[i] : second ? b->hi[i] : fmax(a->hi[i], b->hi[i]);
    }
    return OC_OK;
}

oc_status oc_bound_not(const oc_bound_ask *ask, oc_error *why)
{
    oc_bound *y = &ask->out[0];
    oc_status st = oc_bound_plain(ask, why);
    if (st != OC_OK)
        return st;
    oc_bound_keep_numbers(ask);
    for (uint32_t i = 0; i < y->n_range; i++)
        oc_bound_certain(y, i, ask->in[0].hi[i] == 0, ask->in[0].lo[i] > 0);
    return OC_OK;
}

/* ---- numbers of shapes ---- */

oc_status oc_bound_shape(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *x = &ask->in[0];
    oc_bound       *y = &ask->out[0];
    oc_status       st = oc_bound_plain(ask, why);
    int64_t         rank = x->info.shape.rank, start = oc_node_int(ask->node, "start", 0);
    if (st != OC_OK)
        return st;
    y->data = NULL;
    y->n_range = (uint32_t)y->info.shape.dim[0];
    start += start < 0 ? rank : 0;
    start = start < 0 ? 0 : start;
    for (uint32_t i = 0; i < y->n_range; i++) {
        y->lo[i] = (double)x->least[start + i];
        y->hi[i] = (double)x->info.shape.dim[start + i];
    }
    return OC_OK;
}

oc_status oc_bound_size(const oc_bound_ask *ask, oc_error *why)
{
    oc_status st = oc_bound_plain(ask, why);
    double    least = 1;
    for (uint32_t d = 0; d < ask->in[0].info.shape.rank; d++)
        least *= (double)ask->in[0].least[d];
    ask->out[0].n_range = st == OC_OK;
    ask->out[0].lo[0] = least;
    ask->out[0].hi[0] = (double)ask->in[0].elements;
    return st;
}

oc_status oc_bound_gather(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *x = &ask->in[0], *at = &ask->in[1];
    oc_bound       *y = &ask->out[0];
    oc_status       st = oc_bound_plain(ask, why);
    if (st != OC_OK || !x->n_range || x->info.shape.rank != 1 || !oc_bound_exact(y) ||
        y->elements > OC_BOUND_RANGE || y->info.shape.rank > 1)
        return st;
    y->n_range = (uint32_t)y->elements;
    for (uint32_t i = 0; i < y->n_range; i++) {
        int64_t k;
        if (!oc_bound_number(at, i, &k) || k < -(int64_t)x->n_range || k >= (int64_t)x->n_range) {
            y->n_range = 0;
            return OC_OK;
        }
        k += k < 0 ? x->n_range : 0;
        y->lo[i] = x->lo[k];
        y->hi[i] = x->hi[k];
    }
    return OC_OK;
}

oc_status oc_bound_concat(const oc_bound_ask *ask, oc_error *why)
{
    oc_bound *y = &ask->out[0];
    oc_status st = oc_bound_plain(ask, why);
    uint32_t  n = 0;
    if (st != OC_OK || y->info.shape.rank != 1 || !oc_bound_exact(y) ||
        y->elements > OC_BOUND_RANGE)
        return st;
    for (uint32_t i = 0; i < ask->n_in; i++) {
        const oc_bound *x = &ask->in[i];
        if (x->n_range != x->elements || n + x->n_range > OC_BOUND_RANGE)
            return OC_OK;
        memcpy(y->lo + n, x->lo, x->n_range * sizeof(double));
        memcpy(y->hi + n, x->hi, x->n_range * sizeof(double));
        n += x->n_range;
    }
    y->n_range = n;
    return OC_OK;
}

oc_status oc_bound_reduce(const oc_bound_ask *ask, oc_error *why)
{
    static const struct {
        const char *name;
        combine_fn *fn;
    } rows[] = {{"ReduceMin", combine_min},
                {"ReduceMax", combine_max},
                {"ReduceSum", combine_add},
                {"ReduceProd", combine_mul}};
    const oc_bound *x = &ask->in[0];
    oc_bound       *y = &ask->out[0];
    oc_status       st = oc_bound_plain(ask, why);
    if (st != OC_OK || !x->n_range || x->lo[0] < 0 || !oc_bound_exact(y) || y->elements != 1 ||
        y->info.shape.rank > 1)
        return st;
    y->n_range = 1;
    y->lo[0] = x->lo[0];
    y->hi[0] = x->hi[0];
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
        for (uint32_t i = 1; i < x->n_range && strcmp(rows[k].name, ask->node->op->name) == 0;
             i++) {
            double lo = INFINITY, hi = -INFINITY, skip;
            if (x->lo[i] < 0) {
                y->n_range = 0;
                return OC_OK;
            }
            skip = hi;
            rows[k].fn(y->lo[0], x->lo[i], &lo, &skip);
            skip = lo;
            rows[k].fn(y->hi[0], x->hi[i], &skip, &hi);
            y->lo[0] = lo;
            y->hi[0] = hi;
        }
    return OC_OK;
}
