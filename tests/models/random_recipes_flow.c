/* Recipes of random graphs: If, Loop, Scan, and results whose size the data decide.
 *
 * What decides is computed from inputs alone (the same bits whoever computes it), and sizes that the
 * data decide are summed away again: the other recipes know the shape of every value. */
#include <string.h>

#include "models/graph_maker.h"

static const int64_t one[] = {1};

/* An input, or an input moved about. */
static int pick_exact(maker *m)
{
    int found[MAKER_VALUES_MAX], n = 0;
    for (int i = 0; i < m->n; i++)
        if (m->v[i].exact && !m->v[i].hidden && !m->v[i].constant && m->v[i].type == T_F32 &&
            elements(&m->v[i]) <= 4096) /* other recipes take no longer rows */
            found[n++] = i;
    return n ? found[rnd(m, (uint32_t)n)] : -1;
}

static int constant(maker *m, float value)
{
    return raw(m, T_F32, 0, one, &value, sizeof(value));
}

static int reshaped(maker *m, int x, int rank, const int64_t *dim)
{
    int shape = ints64(m, rank, dim);
    op_begin(m, "Reshape", NULL);
    op_in(m, x);
    op_in(m, shape);
    int y = new_value(m, m->v[x].type, rank, dim, m->v[x].size);
    op_end(m, 1, &y);
    return y;
}

static int greater(maker *m, int x, float limit)
{
    int c = constant(m, limit);
    op_begin(m, "Greater", NULL);
    op_in(m, x);
    op_in(m, c);
    int y = new_value(m, T_BOOL, m->v[x].rank, m->v[x].dim, 1);
    op_end(m, 1, &y);
    return y;
}

/* One element of an exact value against a limit: a scalar bool. */
static int condition(maker *m)
{
    int x = pick_exact(m);
    if (x < 0)
        return -1;
    int64_t n = elements(&m->v[x]), index = rnd_between(m, 0, n - 1);
    int     flat = reshaped(m, x, 1, &n), i = raw(m, T_I64, 0, one, &index, sizeof(index));
    op_begin(m, "Gather", NULL);
    op_in(m, flat);
    op_in(m, i);
    op_int(m, "axis", 0);
    int y = new_value(m, T_F32, 0, one, 2);
    op_end(m, 1, &y);
    return greater(m, y, rnd_float(m, -0.8f, 0.8f));
}

/* Some nodes over x, the shape of x. */
static int some_nodes(maker *m, int x)
{
    static const char *const any[] = {"Relu", "Sigmoid", "Tanh", "Neg", "Abs"};
    for (int n = 1 + (int)rnd(m, 3); n > 0; n--) {
        if (chance(m, 30)) {
            int other = pick(m, T_F32, m->v[x].rank), y = -1;
            if (other >= 0 &&
                memcmp(m->v[other].dim, m->v[x].dim, (size_t)m->v[x].rank * sizeof(int64_t)) == 0)
                y = binary(m, "Add", x, tame(m, other), m->v[x].size + 60);
            x = y >= 0 ? y : x;
        } else if (chance(m, 20)) {
            x = binary(m, "Mul", x, constant(m, rnd_float(m, -1.5f, 1.5f)), m->v[x].size * 2);
        } else {
            x = unary(m, any[rnd(m, 5)], x, m->v[x].size);
        }
    }
    return tame(m, x);
}

/* Files have the branches in either order. */
static void op_branches(maker *m, int pick, body part[2])
{
    const int first = pick & 1;
    op_body(m, first ? "else_branch" : "then_branch", &part[first]);
    op_body(m, first ? "then_branch" : "else_branch", &part[!first]);
}

static bool make_if(maker *m)
{
    int x = tame(m, pick(m, T_F32, 0)), yes = condition(m);
    if (x < 0 || yes < 0)
        return false;
    made v = m->v[x];
    body part[2];
    for (int i = 0; i < 2; i++) {
        part[i] = body_begin(m);
        int y = some_nodes(m, x);
        if (chance(m, 15)) { /* one inside the other */
            body inner[2];
            for (int k = 0; k < 2; k++) {
                inner[k] = body_begin(m);
                body_output(m, &inner[k], some_nodes(m, k ? x : y));
                body_end(m, &inner[k]);
            }
            op_begin(m, "If", NULL);
            op_in(m, yes);
            op_branches(m, yes, inner);
            y = new_value(m, T_F32, v.rank, v.dim, 60);
            op_end(m, 1, &y);
        }
        body_output(m, &part[i], y);
        body_end(m, &part[i]);
    }
    op_begin(m, "If", NULL);
    op_in(m, yes);
    op_branches(m, yes, part);
    int y = new_value(m, T_F32, v.rank, v.dim, 60);
    op_end(m, 1, &y);
    return true;
}

/* Turns of a fixed number, or until a value says stop; a carried value, one result a turn. */
static bool make_loop(maker *m)
{
    int x = tame(m, pick(m, T_F32, 0)), go = condition(m);
    if (x < 0 || go < 0 || m->v[x].rank >= MAKER_RANK_MAX)
        return false;
    made    v = m->v[x];
    int64_t n = rnd_between(m, 0, 4), rows[MAKER_RANK_MAX];
    bool    stops = n > 0 && chance(m, 30);
    rows[0] = n;
    memcpy(rows + 1, v.dim, sizeof(int64_t) * (size_t)v.rank);
    int  most = raw(m, T_I64, 0, one, &n, sizeof(n));
    body b = body_begin(m);
    (void)body_input(m, &b, T_I64, 0, one);
    int cond = body_input(m, &b, T_BOOL, 0, one), state = body_input(m, &b, T_F32, v.rank, v.dim);
    int next = unary(m, "Tanh", some_nodes(m, state), 1);
    int more = unary(m, "Identity", stops ? go : cond, 1);
    int row = unary(m, "Identity", next, 1);
    body_output(m, &b, more);
    body_output(m, &b, next);
    body_output(m, &b, row);
    body_end(m, &b);
    op_begin(m, "Loop", NULL);
    op_in(m, most);
    op_in(m, stops ? go : -1);
    op_in(m, x);
    op_body(m, "body", &b);
    int out[2] = {new_value(m, T_F32, v.rank, v.dim, v.size), -1};
    int rank = v.rank + 1;
    out[1] = new_value(m, T_F32, rank, rows, 1);
    op_end(m, 2, out);
    if (n == 0 || stops) /* nobody else knows how many rows there are */
        m->v[out[1]].hidden = true;
    return true;
}

/* A running sum along the first axis, forwards or backwards. */
static bool make_scan(maker *m)
{
    int x = tame(m, pick(m, T_F32, 0));
    if (x < 0 || m->v[x].rank < 2)
        return false;
    made    v = m->v[x];
    int     axis = (int)rnd(m, (uint32_t)v.rank), rank = v.rank - 1;
    int64_t dim[MAKER_RANK_MAX], back = chance(m, 30), at = axis;
    for (int i = 0, k = 0; i < v.rank; i++)
        if (i != axis)
            dim[k++] = v.dim[i];
    int  start = floats(m, rank, dim, -1, 1);
    body b = body_begin(m);
    int  state = body_input(m, &b, T_F32, rank, dim), row = body_input(m, &b, T_F32, rank, dim);
    int  sum = binary(m, "Add", state, row, 60);
    sum = binary(m, "Mul", sum, constant(m, 0.5f), 30);
    int copy = unary(m, "Tanh", sum, 1);
    body_output(m, &b, sum);
    body_output(m, &b, copy);
    body_end(m, &b);
    op_begin(m, "Scan", NULL);
    op_in(m, start);
    op_in(m, x);
    op_body(m, "body", &b);
    op_int(m, "num_scan_inputs", 1);
    op_ints(m, "scan_input_axes", 1, &at);
    op_ints(m, "scan_output_axes", 1, &at);
    op_ints(m, "scan_input_directions", 1, &back);
    op_ints(m, "scan_output_directions", 1, &back);
    int out[2] = {new_value(m, T_F32, rank, dim, 60), -1};
    out[1] = new_value(m, T_F32, v.rank, v.dim, 1);
    op_end(m, 2, out);
    return true;
}

static int summed(maker *m, int x, int rank, const int64_t *dim)
{
    int64_t first = 0;
    int     axes = m->opset >= 13 ? ints64(m, 1, &first) : -1;
    op_begin(m, "ReduceSum", NULL);
    op_in(m, x);
    if (axes >= 0)
        op_in(m, axes);
    else
        op_ints(m, "axes", 1, &first);
    op_int(m, "keepdims", 0);
    int y = new_value(m, T_F32, rank, dim, 200);
    op_end(m, 1, &y);
    return tame(m, y);
}

/* Elements, or rows, that a condition on an exact value keeps: Compress, or NonZero and GatherND. */
static bool make_chosen(maker *m)
{
    int judge = pick_exact(m);
    if (judge < 0)
        return false;
    int64_t n = elements(&m->v[judge]);
    int     flat = reshaped(m, judge, 1, &n), yes = greater(m, flat, rnd_float(m, -0.5f, 0.9f));
    int     x = pick(m, T_F32, 4), part;
    if (x < 0 || elements(&m->v[x]) != n)
        x = judge;
    x = reshaped(m, unary(m, "Tanh", x, 1), 1, &n);
    if (chance(m, 50)) {
        op_begin(m, "Compress", NULL);
        op_in(m, x);
        op_in(m, yes);
        op_int(m, "axis", 0);
        part = new_value(m, T_F32, 1, &n, 1);
        op_end(m, 1, &part);
    } else {
        int64_t both[] = {1, n}, turned[] = {n, 1}, perm[] = {1, 0};
        op_begin(m, "NonZero", NULL);
        op_in(m, yes);
        int where = new_value(m, T_I64, 2, both, 1);
        op_end(m, 1, &where);
        op_begin(m, "Transpose", NULL);
        op_in(m, where);
        op_ints(m, "perm", 2, perm);
        int index = new_value(m, T_I64, 2, turned, 1);
        op_end(m, 1, &index);
        op_begin(m, "GatherND", NULL);
        op_in(m, x);
        op_in(m, index);
        part = new_value(m, T_F32, 1, &n, 1);
        op_end(m, 1, &part);
        m->v[where].hidden = m->v[index].hidden = true;
    }
    m->v[part].hidden = true;
    if (chance(m, 60)) {
        part = unary(m, chance(m, 50) ? "Sigmoid" : "Relu", part, 1);
        m->v[part].hidden = true;
    }
    (void)summed(m, part, 0, one);
    return true;
}

const recipe flow_recipes[] = {
    {make_if, 8}, {make_loop, 8}, {make_scan, 5}, {make_chosen, 8}, {NULL, 0},
};
