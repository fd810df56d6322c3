/* Recipes of random graphs: what moves elements about. */
#include <string.h>

#include "models/graph_maker.h"

int transpose_of(maker *m, int x, const int64_t *perm)
{
    made    in = m->v[x];
    int64_t dim[MAKER_RANK_MAX];
    for (int i = 0; i < in.rank; i++)
        dim[i] = in.dim[perm[i]];
    op_begin(m, "Transpose", NULL);
    op_in(m, x);
    op_ints(m, "perm", in.rank, perm);
    int y = new_value(m, in.type, in.rank, dim, in.size);
    m->v[y].exact = in.exact;
    op_end(m, 1, &y);
    return y;
}

int reshape_of(maker *m, int x, int rank, const int64_t *dim)
{
    made    in = m->v[x];
    int64_t told[MAKER_RANK_MAX];
    memcpy(told, dim, (size_t)rank * sizeof(*dim));
    int style = (int)rnd(m, 3);
    if (style == 1) /* one left to be found */
        told[rnd(m, (uint32_t)rank)] = -1;
    for (int i = 0; style == 2 && i < rank && i < in.rank; i++)
        if (dim[i] == in.dim[i] && chance(m, 50))
            told[i] = 0;
    int shape = ints64(m, rank, told);
    op_begin(m, "Reshape", NULL);
    op_in(m, x);
    op_in(m, shape);
    int y = new_value(m, in.type, rank, dim, in.size);
    m->v[y].exact = in.exact;
    op_end(m, 1, &y);
    return y;
}

/* All of one rank, equal but for the axis. */
int concat_of(maker *m, int n, const int *x, int axis)
{
    made   out = m->v[x[0]];
    double size = 0;
    bool   exact = true;
    out.dim[axis] = 0;
    for (int i = 0; i < n; i++) {
        const made *v = &m->v[x[i]];
        out.dim[axis] += v->dim[axis];
        size = v->size > size ? v->size : size;
        exact = exact && v->exact;
    }
    if (!fits(out.rank, out.dim))
        return -1;
    op_begin(m, "Concat", NULL);
    for (int i = 0; i < n; i++)
        op_in(m, x[i]);
    op_int(m, "axis", chance(m, 25) ? axis - out.rank : axis);
    int y = new_value(m, out.type, out.rank, out.dim, size);
    m->v[y].exact = exact;
    op_end(m, 1, &y);
    return y;
}

int slice_of(maker *m, int x, int axis, int64_t from, int64_t to, int64_t step)
{
    made    in = m->v[x];
    int64_t size = in.dim[axis];
    int64_t n = step > 0 ? (to - from + step - 1) / step : (from - to - step - 1) / -step;
    if (n < 1)
        return -1;
    int64_t told[4] = {from, to, axis, step};
    if (step > 0 && chance(m, 30))
        told[0] -= size;
    if (step > 0 && to == size && chance(m, 40))
        told[1] = INT64_MAX;
    else if (to >= 0 && to < size && chance(m, 30))
        told[1] -= size;
    if (to < 0) /* backwards to the very first */
        told[1] = -size - 5;
    if (chance(m, 30))
        told[2] -= in.rank;
    int id[4];
    for (int i = 0; i < 4; i++)
        id[i] = ints64(m, 1, &told[i]);
    op_begin(m, "Slice", NULL);
    op_in(m, x);
    for (int i = 0; i < (step == 1 && chance(m, 50) ? 3 : 4); i++)
        op_in(m, id[i]);
    in.dim[axis] = n;
    int y = new_value(m, in.type, in.rank, in.dim, in.size);
    m->v[y].exact = in.exact;
    op_end(m, 1, &y);
    return y;
}

static bool agree_but_for(const made *a, const made *b, int axis)
{
    if (a->type != b->type || a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (i != axis && a->dim[i] != b->dim[i])
            return false;
    return true;
}

/* Values that go behind x along the axis; the same one may come twice, constants sometimes. */
static int partners(maker *m, int x, int axis, int *out, int most)
{
    int n = 0;
    out[n++] = x;
    for (int i = m->n - 1; i >= 0 && n < most; i--) {
        const made *v = &m->v[i];
        if (v->hidden || !agree_but_for(v, &m->v[x], axis) ||
            !chance(m, v->constant ? 8
                       : i == x    ? 20
                                   : 60))
            continue;
        out[n++] = i;
    }
    if (n == 1 && m->v[x].type == T_F32 && chance(m, 50)) {
        made c = m->v[x];
        c.dim[axis] = rnd_between(m, 1, 9);
        out[n++] = floats(m, c.rank, c.dim, -1, 1);
    }
    for (int i = n - 1; i > 0; i--) { /* shuffled */
        int k = (int)rnd(m, (uint32_t)i + 1), t = out[i];
        out[i] = out[k];
        out[k] = t;
    }
    return n;
}

static bool make_concat(maker *m)
{
    int x = chance(m, 80) ? pick(m, T_F32, 4) : pick(m, T_F32, 0), parts[5];
    if (x < 0 || m->v[x].rank == 0)
        return false;
    int axis = m->v[x].rank > 1 && chance(m, 75) ? 1 : (int)rnd(m, (uint32_t)m->v[x].rank);
    int n = partners(m, x, axis, parts, 2 + (int)rnd(m, 4));
    int y = concat_of(m, n, parts, axis);
    if (y >= 0 && chance(m, 30)) { /* and again: a concatenation of concatenations */
        n = partners(m, y, axis, parts, 3);
        (void)concat_of(m, n, parts, axis);
    }
    return y >= 0;
}

static bool make_split(maker *m)
{
    int x = pick(m, T_F32, chance(m, 80) ? 4 : 0), out[3];
    if (x < 0 || m->v[x].rank == 0)
        return false;
    made    in = m->v[x];
    int     axis = in.rank > 1 && chance(m, 75) ? 1 : (int)rnd(m, (uint32_t)in.rank);
    int     n = 2 + (int)rnd(m, 2);
    int64_t size = in.dim[axis], part[3], left = size;
    bool    even = size % n == 0 && chance(m, 50);
    if (size < n)
        return false;
    for (int i = 0; i < n; i++) {
        part[i] = even ? size / n : i + 1 == n ? left : rnd_between(m, 1, left - (n - 1 - i));
        left -= part[i];
    }
    if (n == 2 && size > 8 && !even && chance(m, 50)) { /* whole blocks */
        part[0] = 8;
        part[1] = size - 8;
    }
    bool told = !even || chance(m, 60);
    int  sizes = told && m->opset >= 13 ? ints64(m, n, part) : -1;
    op_begin(m, "Split", NULL);
    op_in(m, x);
    if (sizes >= 0)
        op_in(m, sizes);
    if (told && m->opset < 13)
        op_ints(m, "split", n, part);
    if (!told && m->opset >= 18)
        op_int(m, "num_outputs", n);
    op_int(m, "axis", axis);
    for (int i = 0; i < n; i++) {
        in.dim[axis] = part[i];
        out[i] = new_value(m, T_F32, in.rank, in.dim, in.size);
        m->v[out[i]].exact = in.exact;
    }
    op_end(m, n, out);
    return true;
}

static bool make_slice(maker *m)
{
    int x = pick(m, T_F32, chance(m, 80) ? 4 : 0);
    if (x < 0 || m->v[x].rank == 0)
        return false;
    int     axis = (int)rnd(m, (uint32_t)m->v[x].rank);
    int64_t size = m->v[x].dim[axis], from = rnd_between(m, 0, size - 1);
    if (chance(m, 15))
        return slice_of(m, x, axis, size - 1, -1, -rnd_between(m, 1, 2)) >= 0;
    if (chance(m, 30))
        from = 0;
    int64_t to = chance(m, 40) ? size : rnd_between(m, from + 1, size);
    int64_t step = chance(m, 25) ? rnd_between(m, 2, 3) : 1;
    return slice_of(m, x, axis, from, to, step) >= 0;
}

static bool make_pad(maker *m)
{
    static const char *const modes[] = {"constant", "constant", "constant", "reflect", "edge"};
    int                      x = pick_image(m);
    if (x < 0)
        return false;
    made        in = m->v[x];
    const char *mode = modes[rnd(m, 5)];
    int64_t     pads[8] = {0}, out[4];
    bool        inside = chance(m, 80); /* height and width alone */
    for (int d = 0; d < 4; d++) {
        for (int end = 0; end < 2; end++) {
            int64_t most = mode[0] == 'r' && in.dim[d] <= 3 ? in.dim[d] - 1 : 3;
            if (d >= 2 || (!inside && chance(m, 40)))
                pads[d + 4 * end] = rnd_between(m, 0, most);
            if (mode[0] == 'c' && in.dim[d] > 3 && chance(m, 5))
                pads[d + 4 * end] = -1;
        }
        out[d] = in.dim[d] + pads[d] + pads[d + 4];
    }
    if (!fits(4, out))
        return false;
    float value = chance(m, 60) ? 0 : rnd_float(m, -2, 2);
    int   by = ints64(m, 8, pads), fill = chance(m, 70) || value != 0 ? scalar(m, value) : -1;
    if (fill >= 0 && m->v[fill].rank)
        return false;
    op_begin(m, "Pad", NULL);
    op_in(m, x);
    op_in(m, by);
    if (fill >= 0)
        op_in(m, fill);
    if (mode[0] != 'c' || chance(m, 50))
        op_string(m, "mode", mode);
    int y = new_value(m, T_F32, 4, out, in.size + 2);
    m->v[y].exact = in.exact;
    op_end(m, 1, &y);
    if (chance(m, 50))
        (void)conv_of(m, y, rnd_between(m, 1, 24), 3, 1, chance(m, 30));
    return true;
}

static bool make_transpose(maker *m)
{
    static const int64_t nhwc[] = {0, 2, 3, 1}, nchw[] = {0, 3, 1, 2};
    int                  x = pick(m, T_F32, 0);
    if (x < 0 || m->v[x].rank < 2)
        return false;
    int64_t perm[MAKER_RANK_MAX];
    int     rank = m->v[x].rank;
    for (int i = 0; i < rank; i++)
        perm[i] = i;
    for (int i = rank - 1; i > 0; i--) {
        int     k = (int)rnd(m, (uint32_t)i + 1);
        int64_t t = perm[i];
        perm[i] = perm[k];
        perm[k] = t;
    }
    if (rank == 4 && chance(m, 60))
        memcpy(perm, chance(m, 60) ? nhwc : nchw, sizeof(nhwc));
    int y = transpose_of(m, x, perm);
    if (chance(m, 40)) {
        y = activation_of(m, y);
        int64_t back[MAKER_RANK_MAX];
        for (int i = 0; i < rank; i++)
            back[perm[i]] = i;
        (void)transpose_of(m, y, back);
    }
    return true;
}

static bool make_reshape(maker *m)
{
    int x = pick(m, T_F32, 0);
    if (x < 0 || m->v[x].rank == 0)
        return false;
    made    in = m->v[x];
    int64_t n = elements(&in), dim[4];
    int     kind = (int)rnd(m, 4);
    if (kind == 0 && in.rank == 4) { /* rows for heads */
        const int64_t rows[] = {in.dim[0], in.dim[1], in.dim[2] * in.dim[3]};
        return fits(3, rows) && reshape_of(m, x, 3, rows) >= 0;
    }
    if (kind == 1 && in.rank == 3) {
        const int64_t four[] = {in.dim[0], in.dim[1], 1, in.dim[2]};
        return fits(4, four) && reshape_of(m, x, 4, four) >= 0;
    }
    int rank = 1 + (int)rnd(m, 4);
    for (int i = 0; i + 1 < rank; i++) {
        int64_t d = rnd_between(m, 1, 12);
        while (n % d)
            d--;
        dim[i] = d;
        n /= d;
    }
    dim[rank - 1] = n;
    return fits(rank, dim) && reshape_of(m, x, rank, dim) >= 0;
}

static bool make_flatten(maker *m)
{
    int x = pick(m, T_F32, 0);
    if (x < 0 || m->v[x].rank == 0)
        return false;
    made    in = m->v[x];
    int     axis = (int)rnd(m, (uint32_t)in.rank + 1);
    int64_t dim[2] = {1, 1};
    for (int i = 0; i < in.rank; i++)
        dim[i >= axis] *= in.dim[i];
    if (!fits(2, dim))
        return false;
    op_begin(m, "Flatten", NULL);
    op_in(m, x);
    op_int(m, "axis", axis);
    int y = new_value(m, T_F32, 2, dim, in.size);
    m->v[y].exact = in.exact;
    op_end(m, 1, &y);
    return true;
}

static bool make_squeeze(maker *m)
{
    int x = pick(m, T_F32, 0);
    if (x < 0 || m->v[x].rank == 0)
        return false;
    made    in = m->v[x];
    int64_t axis = rnd_between(m, 0, in.rank - 1), dim[MAKER_RANK_MAX];
    bool    out = in.dim[axis] == 1 && in.rank > 1;
    if (!out && in.rank >= 5)
        return false;
    int rank = 0;
    for (int i = 0; i < in.rank; i++) {
        if (!out && i == axis)
            dim[rank++] = 1;
        if (!out || i != axis)
            dim[rank++] = in.dim[i];
    }
    int y = new_value(m, T_F32, rank, dim, in.size);
    m->v[y].exact = in.exact;
    (void)axes_op(m, out ? "Squeeze" : "Unsqueeze", x, -1, 1, &axis, 13, y);
    return true;
}

static bool make_expand(maker *m)
{
    int x = pick(m, T_F32, 0);
    if (x < 0 || m->v[x].rank == 0)
        return false;
    made    in = m->v[x];
    bool    tile = chance(m, 50);
    int64_t told[MAKER_RANK_MAX], dim[MAKER_RANK_MAX];
    for (int i = 0; i < in.rank; i++) {
        int64_t times = chance(m, 40) ? rnd_between(m, 1, 3) : 1;
        if (!tile && in.dim[i] > 1)
            times = 1;
        dim[i] = in.dim[i] * times;
        told[i] = tile ? times : chance(m, 30) && times == 1 ? 1 : dim[i];
    }
    if (!fits(in.rank, dim))
        return false;
    int by = ints64(m, in.rank, told);
    op_begin(m, tile ? "Tile" : "Expand", NULL);
    op_in(m, x);
    op_in(m, by);
    int y = new_value(m, T_F32, in.rank, dim, in.size);
    m->v[y].exact = in.exact;
    op_end(m, 1, &y);
    return true;
}

static bool make_gather(maker *m)
{
    int x = pick(m, T_F32, 0);
    if (x < 0 || m->v[x].rank == 0)
        return false;
    made    in = m->v[x];
    int     axis = (int)rnd(m, (uint32_t)in.rank);
    int64_t n = rnd_between(m, 1, 6), at[6];
    for (int i = 0; i < n; i++)
        at[i] = rnd_between(m, -in.dim[axis], in.dim[axis] - 1);
    in.dim[axis] = n;
    if (!fits(in.rank, in.dim))
        return false;
    int which = ints64(m, n, at);
    op_begin(m, "Gather", NULL);
    op_in(m, x);
    op_in(m, which);
    op_int(m, "axis", axis);
    int y = new_value(m, T_F32, in.rank, in.dim, in.size);
    m->v[y].exact = in.exact;
    op_end(m, 1, &y);
    return true;
}

/* Reshape to groups, swap, reshape back: a shuffle, or nearly one; a cut behind, a join before. */
static bool make_shuffle(maker *m)
{
    int x = pick_image(m), parts[3];
    if (x < 0)
        return false;
    if (chance(m, 50)) {
        int n = partners(m, x, 1, parts, 2), joined = concat_of(m, n, parts, 1);
        x = joined >= 0 ? joined : x;
    }
    made    in = m->v[x];
    int64_t c = in.dim[1], g = rnd_between(m, 2, 4);
    if (c % g)
        return false;
    const int64_t        five[] = {in.dim[0], g, c / g, in.dim[2], in.dim[3]};
    static const int64_t swap[] = {0, 2, 1, 3, 4}, other[] = {0, 1, 2, 4, 3};
    const bool           near_miss = chance(m, 10);
    x = reshape_of(m, x, 5, five);
    x = transpose_of(m, x, near_miss ? other : swap);
    x = reshape_of(m, x, 4, in.dim);
    if (chance(m, 60)) {
        int64_t at = chance(m, 50) ? c / 2 : rnd_between(m, 1, c - 1);
        int     a = slice_of(m, x, 1, 0, at, 1);
        int     b = slice_of(m, x, 1, chance(m, 85) ? at : at - 1, c, 1);
        if (chance(m, 50))
            a = activation_of(m, a);
        if (chance(m, 60)) {
            const int both[] = {a, b};
            (void)concat_of(m, 2, both, 1);
        }
    }
    return true;
}

const recipe move_recipes[] = {
    {make_concat, 14},   {make_split, 7},   {make_slice, 7},   {make_pad, 6},
    {make_transpose, 6}, {make_reshape, 5}, {make_flatten, 1}, {make_squeeze, 2},
    {make_expand, 2},    {make_gather, 2},  {make_shuffle, 4}, {NULL, 0},
};
