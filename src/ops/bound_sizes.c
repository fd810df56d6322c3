/* Bounds where numbers of the network or the contents of a tensor decide how large a result is. */
#include <math.h>
#include <string.h>

#include "ops/bound_rules.h"

/* ---- sizes that numbers of the network decide ---- */

oc_status oc_bound_reshape(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *x = &ask->in[0], *to = oc_bound_input(ask, 1);
    oc_bound       *y = &ask->out[0];
    bool            zero = oc_node_int(ask->node, "allowzero", 0) != 0;
    if (!to || (oc_bound_all_exact(ask) && oc_bound_contents(to, (int64_t[OC_BOUND_RANGE]){0}))) {
        oc_status st = oc_bound_copy(ask, why);
        y->elements = st == OC_OK && x->elements < y->elements ? x->elements : y->elements;
        return st;
    }
    if (to->n_range != to->elements || to->n_range > OC_RANK_MAX)
        return oc_bound_none(why, "nothing is known of the shape it is given");
    y->info = (oc_tensor_info){x->info.dtype, {to->n_range, {0}}};
    for (uint32_t d = 0; d < to->n_range; d++) {
        int64_t n = 0;
        bool    fixed = oc_bound_number(to, d, &n);
        y->least[d] = fixed && n > 0 ? n : 0;
        y->info.shape.dim[d] = fixed && n > 0 ? n : to->lo[d] >= 0 ? oc_bound_dim(to->hi[d]) : -1;
        if (fixed && n == 0 && !zero && d < x->info.shape.rank) {
            y->least[d] = x->least[d];
            y->info.shape.dim[d] = x->info.shape.dim[d];
        }
    }
    for (uint32_t d = 0; d < to->n_range;
         d++) { /* what is left, or one more element than there are */
        int64_t others = 1;
        for (uint32_t k = 0; k < to->n_range; k++)
            others *= k != d && y->least[k] > 1 && y->least[k] < 1 << 20 ? y->least[k] : 1;
        int64_t room = (int64_t)x->elements / (others > 0 ? others : 1);
        if (y->info.shape.dim[d] < 0 || (y->info.shape.dim[d] > room && y->least[d] == 0))
            y->info.shape.dim[d] = room;
    }
    if (!oc_shape_elements(&y->info.shape, &y->elements) || y->elements > x->elements)
        y->elements = x->elements;
    return OC_OK;
}

/* Expand and ConstantOfShape: the shape is input `at`, joined with input 0's where that counts. */
static oc_status to_shape(const oc_bound_ask *ask, const oc_bound *to, const oc_bound *with,
                          oc_dtype dtype, oc_error *why)
{
    oc_bound *y = &ask->out[0];
    if (to->n_range != to->elements || !oc_bound_exact(to) || to->n_range > OC_RANK_MAX)
        return oc_bound_none(why, "nothing is known of the shape it is given");
    uint32_t rank = to->n_range;
    if (with && with->info.shape.rank > rank)
        rank = with->info.shape.rank;
    y->info = (oc_tensor_info){dtype, {rank, {0}}};
    for (uint32_t k = 1; k <= rank; k++) {
        int64_t *most = &y->info.shape.dim[rank - k];
        if (k <= to->n_range) {
            *most = oc_bound_dim(to->hi[to->n_range - k]);
            y->least[rank - k] = oc_bound_dim(to->lo[to->n_range - k]);
        }
        if (with && k <= with->info.shape.rank) {
            const uint32_t d = with->info.shape.rank - k;
            *most = with->info.shape.dim[d] > *most ? with->info.shape.dim[d] : *most;
            y->least[rank - k] = with->least[d] > 1 ? with->least[d] : 0;
        }
    }
    return oc_bound_counted(y, why);
}

oc_status oc_bound_expand(const oc_bound_ask *ask, oc_error *why)
{
    if (oc_bound_all_exact(ask) && oc_bound_contents(&ask->in[1], (int64_t[OC_BOUND_RANGE]){0}))
        return oc_bound_copy(ask, why);
    return to_shape(ask, &ask->in[1], &ask->in[0], ask->in[0].info.dtype, why);
}

oc_status oc_bound_fill(const oc_bound_ask *ask, oc_error *why)
{
    float                 nothing = 0;
    const oc_tensor_view  zero = {.info = {.dtype = OC_F32}, .data = &nothing};
    const oc_attr        *a = oc_node_attr(ask->node, "value");
    const oc_tensor_view *value = a && a->kind == OC_ATTR_TENSOR ? &a->tensor : &zero;
    oc_status             st = to_shape(ask, &ask->in[0], NULL, value->info.dtype, why);
    oc_bound             *y = &ask->out[0], one = oc_bound_of(&value->info, value->data);
    if (st != OC_OK || one.n_range != 1 || !oc_bound_exact(y) || y->elements > OC_BOUND_RANGE ||
        y->info.shape.rank > 1)
        return st;
    y->n_range = (uint32_t)y->elements;
    for (uint32_t i = 0; i < y->n_range; i++)
        y->lo[i] = y->hi[i] = one.lo[0];
    return OC_OK;
}

oc_status oc_bound_tile(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *x = &ask->in[0], *by = &ask->in[1];
    oc_bound       *y = &ask->out[0];
    if (by->n_range != x->info.shape.rank)
        return oc_bound_none(why, "nothing is known of the repeats it is given");
    y->info = x->info;
    for (uint32_t d = 0; d < by->n_range; d++) {
        if (__builtin_mul_overflow(x->info.shape.dim[d], oc_bound_dim(by->hi[d]),
                                   &y->info.shape.dim[d]))
            return oc_bound_none(why, "larger than anybody can set aside");
        y->least[d] = x->least[d] * oc_bound_dim(by->lo[d]);
    }
    return oc_bound_counted(y, why);
}

oc_status oc_bound_range(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *from = &ask->in[0], *to = &ask->in[1], *by = &ask->in[2];
    oc_bound       *y = &ask->out[0];
    if (from->n_range != 1 || to->n_range != 1 || by->n_range != 1 || by->lo[0] != by->hi[0] ||
        by->lo[0] == 0)
        return oc_bound_none(why, "its ends and its step are computed at run time");
    double n = by->lo[0] > 0 ? (to->hi[0] - from->lo[0]) / by->lo[0]
                             : (to->lo[0] - from->hi[0]) / by->lo[0];
    double least = by->lo[0] > 0 ? (to->lo[0] - from->hi[0]) / by->lo[0]
                                 : (to->hi[0] - from->lo[0]) / by->lo[0];
    y->info = (oc_tensor_info){from->info.dtype, {1, {oc_bound_dim(ceil(n))}}};
    y->least[0] = oc_bound_dim(ceil(least));
    return oc_bound_counted(y, why);
}

oc_status oc_bound_topk(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *x = &ask->in[0], *k = oc_bound_input(ask, 1);
    uint32_t        axis;
    oc_error        quiet;
    if (!k)
        return oc_bound_plain(ask, why);
    if (oc_axis(oc_node_int(ask->node, "axis", -1), x->info.shape.rank, &axis, &quiet) != OC_OK)
        return oc_bound_none(why, "its axis is not there");
    for (uint32_t i = 0; i < ask->n_out; i++) {
        oc_bound *y = &ask->out[i];
        y->info = x->info;
        if (i)
            y->info.dtype = OC_I64;
        memcpy(y->least, x->least, sizeof(y->least));
        if (k->n_range == 1 && oc_bound_dim(k->hi[0]) < y->info.shape.dim[axis])
            y->info.shape.dim[axis] = oc_bound_dim(k->hi[0]);
        if (k->n_range != 1 || oc_bound_dim(k->lo[0]) < y->least[axis])
            y->least[axis] = k->n_range == 1 ? oc_bound_dim(k->lo[0]) : 0;
        if (!oc_bound_count(y))
            return oc_bound_none(why, "larger than anybody can set aside");
    }
    return OC_OK;
}
/* ---- Slice, Split, Squeeze ---- */

/* Elements of x[start:end] by steps of 1 along a dimension of at most n. */
static int64_t slice_most(int64_t n, double start, double end)
{
    double s = start, e = end;
    if (s >= 0 && e >= 0)
        e = fmin(e, (double)n);
    else if (s >= 0)
        e += (double)n;
    else if (e >= 0) /* the last -s, of which some lie before e */
        return oc_bound_dim(fmin(fmin(-s, e), (double)n));
    return oc_bound_dim(fmin(e - s, (double)n));
}

static int64_t clamp(int64_t x, int64_t lo, int64_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* All is known: as many as Slice itself takes. */
static int64_t slice_exact(int64_t n, int64_t start, int64_t end, int64_t step)
{
    if (n == 0)
        return 0;
    const int64_t least = step > 0 ? 0 : -1, most = step > 0 ? n : n - 1;
    start = clamp(start < 0 ? start + n : start, least + (step < 0), most);
    end = clamp(end < 0 ? end + n : end, least, most);
    if (step > 0)
        return end > start ? (end - start - 1) / step + 1 : 0;
    return start > end ? (start - end - 1) / -step + 1 : 0;
}

static const oc_bound *slice_list(const oc_bound_ask *ask, uint32_t i, uint32_t n)
{
    const oc_bound *b = oc_bound_input(ask, i);
    return b && b->n_range == n && n ? b : NULL;
}

static void slice_numbers(const oc_bound_ask *ask)
{
    const oc_bound *x = &ask->in[0], *step = oc_bound_input(ask, 4);
    oc_bound       *y = &ask->out[0];
    int64_t         from, by = 1;
    if (!x->n_range || x->info.shape.rank != 1 || !oc_bound_exact(y) || !oc_bound_input(ask, 1) ||
        !oc_bound_number(oc_bound_input(ask, 1), 0, &from) ||
        (step && !oc_bound_number(step, 0, &by)) || by != 1 || y->elements > x->n_range)
        return;
    from += from < 0 ? x->n_range : 0;
    from = from < 0 ? 0 : from;
    y->n_range = (uint32_t)y->elements;
    for (uint32_t i = 0; i < y->n_range && (size_t)from + i < OC_BOUND_RANGE; i++) {
        y->lo[i] = x->lo[from + i];
        y->hi[i] = x->hi[from + i];
    }
}

static void slice_axis(const oc_bound_ask *ask, uint32_t i, uint32_t n, bool *known)
{
    const oc_bound *starts = slice_list(ask, 1, n), *ends = slice_list(ask, 2, n);
    const oc_bound *axes = slice_list(ask, 3, n), *steps = slice_list(ask, 4, n);
    oc_bound       *y = &ask->out[0];
    int64_t         axis = i, step = 1;
    uint32_t        d;
    oc_error        quiet;
    *known = (!oc_bound_input(ask, 3) || (axes && oc_bound_number(axes, i, &axis))) &&
             oc_axis(axis, y->info.shape.rank, &d, &quiet) == OC_OK;
    if (!*known)
        return;
    bool    exact = y->least[d] == y->info.shape.dim[d];
    int64_t start, end;
    y->least[d] = 0;
    if (exact && starts && ends && oc_bound_number(starts, i, &start) &&
        oc_bound_number(ends, i, &end) &&
        (!oc_bound_input(ask, 4) || (steps && oc_bound_number(steps, i, &step))) && step != 0 &&
        step > INT32_MIN)
        y->least[d] = y->info.shape.dim[d] = slice_exact(y->info.shape.dim[d], start, end, step);
    else if (starts && ends &&
             (!oc_bound_input(ask, 4) || (steps && oc_bound_number(steps, i, &step))) &&
             step == 1 && (starts->lo[i] >= 0 || starts->hi[i] < 0) &&
             (ends->lo[i] >= 0 || ends->hi[i] < 0))
        y->info.shape.dim[d] = slice_most(y->info.shape.dim[d], starts->lo[i], ends->hi[i]);
}

oc_status oc_bound_slice(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *x = &ask->in[0], *starts = oc_bound_input(ask, 1);
    oc_bound       *y = &ask->out[0];
    oc_error        quiet;
    uint32_t        n = starts ? (uint32_t)starts->info.shape.dim[0] : 0;
    bool            known = starts && starts->info.shape.rank == 1 && oc_bound_exact(starts);
    if (oc_bound_all_exact(ask) && oc_bound_plain(ask, &quiet) == OC_OK) {
        slice_numbers(ask);
        return OC_OK;
    }
    *y = *x;
    y->data = NULL;
    y->n_range = 0;
    for (uint32_t i = 0; i < n && known; i++)
        slice_axis(ask, i, n, &known);
    if (!known) { /* any axis may have been cut, none has grown */
        y->info = x->info;
        memset(y->least, 0, sizeof(y->least));
    }
    size_t elements = x->elements;
    if (!oc_bound_count(y))
        return oc_bound_none(why, "larger than anybody can set aside");
    y->elements = y->elements < elements ? y->elements : elements;
    return OC_OK;
}

/* What it cuts is as long as the pieces say, or the run fails. */
oc_status oc_bound_split(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *x = &ask->in[0], *sizes = oc_bound_input(ask, 1);
    size_t          n_given;
    const int64_t  *given = oc_node_ints(ask->node, "split", &n_given);
    uint32_t        axis;
    oc_error        quiet;
    if (oc_axis(oc_node_int(ask->node, "axis", 0), x->info.shape.rank, &axis, &quiet) != OC_OK)
        return oc_bound_none(why, "its axis is not there");
    if (x->least[axis] == x->info.shape.dim[axis] && oc_bound_plain(ask, &quiet) == OC_OK)
        return OC_OK;
    for (uint32_t k = 0; k < ask->n_out; k++) {
        oc_bound *y = &ask->out[k];
        int64_t  *dim = &y->info.shape.dim[axis], size = -1;
        *y = *x;
        y->data = NULL;
        y->n_range = 0;
        y->least[axis] = 0;
        if (k < n_given)
            size = given[k];
        else if (sizes && k < sizes->n_range && !oc_bound_number(sizes, k, &size))
            *dim = *dim < oc_bound_dim(sizes->hi[k]) ? *dim : oc_bound_dim(sizes->hi[k]);
        if (size >= 0)
            y->least[axis] = *dim = size;
        if (!oc_bound_count(y))
            return oc_bound_none(why, "larger than anybody can set aside");
    }
    return OC_OK;
}

oc_status oc_bound_squeeze(const oc_bound_ask *ask, oc_error *why)
{
    if (!oc_bound_input(ask, 1) && !oc_node_attr(ask->node, "axes") && !oc_bound_exact(&ask->in[0]))
        return oc_bound_none(why,
                             "it removes dimensions of one, and which those are the data decide");
    return oc_bound_copy(ask, why);
}
/* ---- operators whose contents decide ---- */

oc_status oc_bound_nonzero(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *x = &ask->in[0];
    oc_bound       *y = &ask->out[0];
    y->info = (oc_tensor_info){OC_I64, {2, {x->info.shape.rank, (int64_t)x->elements}}};
    y->least[0] = x->info.shape.rank;
    return oc_bound_counted(y, why);
}

oc_status oc_bound_compress(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *x = &ask->in[0], *keep = &ask->in[1];
    oc_bound       *y = &ask->out[0];
    uint32_t        axis = 0;
    oc_error        quiet;
    *y = *x;
    y->data = NULL;
    y->n_range = 0;
    if (!oc_node_attr(ask->node, "axis"))
        y->info.shape = (oc_shape){1, {(int64_t)x->elements}};
    else if (oc_axis(oc_node_int(ask->node, "axis", 0), x->info.shape.rank, &axis, &quiet) != OC_OK)
        return oc_bound_none(why, "its axis is not there");
    if ((int64_t)keep->elements < y->info.shape.dim[axis])
        y->info.shape.dim[axis] = (int64_t)keep->elements;
    y->least[axis] = 0;
    return oc_bound_counted(y, why);
}

oc_status oc_bound_unique(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *x = &ask->in[0];
    uint32_t        axis = 0;
    oc_error        quiet;
    oc_bound        y = *x;
    y.data = NULL;
    y.n_range = 0;
    if (!oc_node_attr(ask->node, "axis"))
        y.info.shape = (oc_shape){1, {(int64_t)x->elements}};
    else if (oc_axis(oc_node_int(ask->node, "axis", 0), x->info.shape.rank, &axis, &quiet) != OC_OK)
        return oc_bound_none(why, "its axis is not there");
    y.least[axis] = 0;
    ask->out[0] = y;
    for (uint32_t k = 1; k < ask->n_out; k++) {
        ask->out[k].info = (oc_tensor_info){OC_I64, {1, {y.info.shape.dim[axis]}}};
        if (!oc_bound_count(&ask->out[k]))
            return oc_bound_none(why, "larger than anybody can set aside");
    }
    return oc_bound_counted(&ask->out[0], why);
}

oc_status oc_bound_nms(const oc_bound_ask *ask, oc_error *why)
{
    const oc_shape *boxes = &ask->in[0].info.shape, *scores = &ask->in[1].info.shape;
    const oc_bound *most = oc_bound_input(ask, 2);
    oc_bound       *y = &ask->out[0];
    int64_t         each, rows;
    if (boxes->rank != 3 || scores->rank != 3)
        return oc_bound_none(why, "boxes and scores have three dimensions each");
    each = boxes->dim[1];
    if (!most) /* none are kept when nobody says how many */
        each = 0;
    else if (most->n_range == 1 && oc_bound_dim(most->hi[0]) < each)
        each = oc_bound_dim(most->hi[0]);
    if (__builtin_mul_overflow(each, scores->dim[0], &rows) ||
        __builtin_mul_overflow(rows, scores->dim[1], &rows))
        return oc_bound_none(why, "larger than anybody can set aside");
    y->info = (oc_tensor_info){OC_I64, {2, {rows, 3}}};
    y->least[1] = 3;
    return oc_bound_counted(y, why);
}

/* Scales that are computed at run time change no shape. */
oc_status oc_bound_quantize(const oc_bound_ask *ask, oc_error *why)
{
    const oc_bound *zero = oc_bound_input(ask, 2);
    bool            to = strcmp(ask->node->op->name, "QuantizeLinear") == 0;
    ask->out[0] = ask->in[0];
    ask->out[0].data = NULL;
    ask->out[0].n_range = 0;
    ask->out[0].info.dtype = !to ? OC_F32 : zero ? zero->info.dtype : OC_U8;
    return oc_bound_counted(&ask->out[0], why);
}
