#include "models/graph_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- protobuf ---- */

static void put(bytes *b, const void *data, size_t n)
{
    if (b->n + n > b->room) {
        b->room = (b->n + n) * 2 + 256;
        b->data = realloc(b->data, b->room);
        if (!b->data)
            abort();
    }
    if (n)
        memcpy(b->data + b->n, data, n);
    b->n += n;
}

static void put_varint(bytes *b, uint64_t v)
{
    unsigned char text[10];
    size_t        n = 0;
    for (; v >= 0x80; v >>= 7)
        text[n++] = (unsigned char)(v | 0x80);
    text[n++] = (unsigned char)v;
    put(b, text, n);
}

static void put_int(bytes *b, unsigned field, int64_t v)
{
    put_varint(b, field << 3);
    put_varint(b, (uint64_t)v);
}

static void put_bytes(bytes *b, unsigned field, const void *data, size_t n)
{
    put_varint(b, field << 3 | 2);
    put_varint(b, n);
    put(b, data, n);
}

static void put_text(bytes *b, unsigned field, const char *s)
{
    put_bytes(b, field, s, strlen(s));
}

/* Takes `child` over. */
static void put_child(bytes *b, unsigned field, bytes *child)
{
    put_bytes(b, field, child->data, child->n);
    free(child->data);
    *child = (bytes){0};
}

/* ---- chance: SplitMix64 ---- */

static uint64_t next(maker *m)
{
    uint64_t z = m->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t rnd(maker *m, uint32_t n)
{
    return (uint32_t)((next(m) >> 32) * n >> 32);
}

int64_t rnd_between(maker *m, int64_t lo, int64_t hi)
{
    return lo + (int64_t)rnd(m, (uint32_t)(hi - lo + 1));
}

bool chance(maker *m, uint32_t percent)
{
    return rnd(m, 100) < percent;
}

float rnd_float(maker *m, float lo, float hi)
{
    return lo + (hi - lo) * (float)(next(m) >> 40) * 0x1p-24f;
}

/* ---- values ---- */

int64_t elements(const made *v)
{
    int64_t n = 1;
    for (int i = 0; i < v->rank; i++)
        n *= v->dim[i];
    return n;
}

bool fits(int rank, const int64_t *dim)
{
    int64_t n = 1;
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 1 || dim[i] > 4096)
            return false;
        n *= dim[i];
    }
    return rank <= MAKER_RANK_MAX && n <= 50000;
}

int new_value(maker *m, int type, int rank, const int64_t *dim, double size)
{
    if (m->n == MAKER_VALUES_MAX)
        abort(); /* recipes stop long before (m->full) */
    made *v = &m->v[m->n];
    *v = (made){.type = type, .rank = rank, .size = size};
    snprintf(v->name, sizeof(v->name), "v%d", m->n);
    for (int i = 0; i < rank; i++)
        v->dim[i] = dim[i];
    m->full = m->n > (m->quant ? MAKER_VALUES_MAX - 600 : 512 - 120);
    return m->n++;
}

int like(maker *m, int x, double size)
{
    made v = m->v[x];
    return new_value(m, v.type, v.rank, v.dim, size);
}

int raw(maker *m, int type, int rank, const int64_t *dim, const void *data, size_t n_bytes)
{
    bytes t = {0};
    int   id = new_value(m, type, rank, dim, 1);
    m->v[id].constant = true;
    for (int i = 0; i < rank; i++)
        put_int(&t, 1, dim[i]);
    put_int(&t, 2, type);
    put_text(&t, 8, m->v[id].name);
    put_bytes(&t, 9, data, n_bytes);
    if (chance(m, 10)) { /* a node Constant instead of an initialiser */
        bytes a = {0}, n = {0};
        put_text(&a, 1, "value");
        put_child(&a, 5, &t);
        put_int(&a, 20, 4);
        put_text(&n, 2, m->v[id].name);
        put_text(&n, 4, "Constant");
        put_child(&n, 5, &a);
        put_child(&m->nodes, 1, &n);
    } else {
        put_child(&m->constants, 5, &t);
    }
    return id;
}

int floats(maker *m, int rank, const int64_t *dim, float lo, float hi)
{
    made shape = {.rank = rank};
    if (m->quant && rank > 1 && lo < 0 && !m->depth && chance(m, 85)) /* else a divisor, perhaps */
        return byte_weights(m, rank, dim, hi > -lo ? hi : -lo);
    for (int i = 0; i < rank; i++)
        shape.dim[i] = dim[i];
    int64_t n = elements(&shape);
    float  *data = malloc((size_t)(n + 1) * sizeof(*data));
    if (!data)
        abort();
    for (int64_t i = 0; i < n; i++)
        data[i] = rnd_float(m, lo, hi);
    int id = raw(m, T_F32, rank, dim, data, (size_t)n * sizeof(*data));
    free(data);
    return id;
}

int scalar(maker *m, float value)
{
    static const int64_t ones[] = {1, 1, 1, 1};
    return raw(m, T_F32, chance(m, 70) ? 0 : (int)rnd(m, 3), ones, &value, sizeof(value));
}

int ints64(maker *m, int64_t n, const int64_t *values)
{
    return raw(m, T_I64, 1, &n, values, (size_t)n * sizeof(*values));
}

/* ---- nodes ---- */

void op_begin(maker *m, const char *op, const char *domain)
{
    char name[32];
    m->node.n = 0;
    m->n_read = 0;
    snprintf(m->op, sizeof(m->op), "%s", op);
    snprintf(name, sizeof(name), "%.20s_%d", op, m->n_nodes++);
    put_text(&m->node, 3, name);
    put_text(&m->node, 4, op);
    if (domain)
        put_text(&m->node, 7, domain);
}

void op_in(maker *m, int x)
{
    char name[20];
    if (m->quant && x >= 0)
        x = stand_in(m, x);
    if (m->n_read < 3)
        m->read[m->n_read++] = x;
    snprintf(name, sizeof(name), "%s%s", x < 0 ? "" : m->v[x].name,
             x >= 0 && m->v[x].cut && m->form == MAKER_CUT ? "i" : "");
    put_text(&m->node, 1, name);
    if (x >= 0)
        m->v[x].used = true;
}

static void attribute(maker *m, bytes *a, const char *name, int kind)
{
    bytes head = {0};
    put_text(&head, 1, name);
    put_int(&head, 20, kind);
    put(&head, a->data, a->n);
    put_child(&m->node, 5, &head);
    free(a->data);
}

void op_int(maker *m, const char *name, int64_t value)
{
    bytes a = {0};
    put_int(&a, 3, value);
    attribute(m, &a, name, 2);
}

void op_ints(maker *m, const char *name, int n, const int64_t *values)
{
    bytes a = {0};
    for (int i = 0; i < n; i++)
        put_int(&a, 8, values[i]);
    attribute(m, &a, name, 7);
}

void op_float(maker *m, const char *name, float value)
{
    bytes a = {0};
    put_varint(&a, 2 << 3 | 5);
    put(&a, &value, sizeof(value));
    attribute(m, &a, name, 1);
}

void op_string(maker *m, const char *name, const char *value)
{
    bytes a = {0};
    put_text(&a, 4, value);
    attribute(m, &a, name, 3);
}

void op_end(maker *m, int n_out, const int *out)
{
    for (int i = 0; i < n_out; i++)
        put_text(&m->node, 2, m->v[out[i]].name);
    put_bytes(&m->nodes, 1, m->node.data, m->node.n);
}

/* ---- bodies ---- */

static void put_port(maker *m, bytes *graph, unsigned field, int id, const bool *open);

body body_begin(maker *m)
{
    body b = {.nodes = m->nodes, .first = m->n};
    m->depth++;
    m->nodes = (bytes){0};
    return b;
}

int body_input(maker *m, body *b, int type, int rank, const int64_t *dim)
{
    int x = new_value(m, type, rank, dim, 3);
    put_port(m, &b->ports, 11, x, NULL);
    return x;
}

void body_output(maker *m, body *b, int x)
{
    m->v[x].used = true;
    put_port(m, &b->ports, 12, x, NULL);
}

void body_end(maker *m, body *b)
{
    bytes inside = m->nodes;
    m->nodes = b->nodes;
    b->nodes = inside;
    m->depth--;
    for (int i = b->first; i < m->n; i++)
        m->v[i].hidden = true;
}

void op_body(maker *m, const char *name, body *b)
{
    bytes a = {0}, graph = {0};
    put(&graph, b->nodes.data, b->nodes.n);
    put_text(&graph, 2, name);
    put(&graph, b->ports.data, b->ports.n);
    put_child(&a, 6, &graph);
    attribute(m, &a, name, 5);
    free(b->nodes.data);
    free(b->ports.data);
    *b = (body){0};
}

int unary(maker *m, const char *op, int x, double size)
{
    op_begin(m, op, NULL);
    op_in(m, x);
    int y = like(m, x, size);
    op_end(m, 1, &y);
    return y;
}

int binary(maker *m, const char *op, int a, int b, double size)
{
    if (a < 0 || b < 0)
        return -1;
    made    x = m->v[a], y = m->v[b];
    int     rank = x.rank > y.rank ? x.rank : y.rank;
    int64_t dim[MAKER_RANK_MAX];
    for (int i = 0; i < rank; i++) {
        int64_t p = i < rank - x.rank ? 1 : x.dim[i - rank + x.rank];
        int64_t q = i < rank - y.rank ? 1 : y.dim[i - rank + y.rank];
        if (p != q && p != 1 && q != 1)
            return -1;
        dim[i] = p > q ? p : q;
    }
    if (!fits(rank, dim))
        return -1;
    op_begin(m, op, NULL);
    op_in(m, a);
    op_in(m, b);
    int z = new_value(m, x.type, rank, dim, size);
    op_end(m, 1, &z);
    return z;
}

int pick(maker *m, int type, int rank)
{
    int found[MAKER_VALUES_MAX], n = 0;
    for (int i = 0; i < m->n; i++)
        if (!m->v[i].constant && !m->v[i].hidden && m->v[i].type == type &&
            (rank == 0 || m->v[i].rank == rank))
            found[n++] = i;
    if (n == 0)
        return -1;
    if (chance(m, 45))
        return found[n - 1];
    int from = chance(m, 70) && n > 4 ? n - 4 : 0;
    return found[from + (int)rnd(m, (uint32_t)(n - from))];
}

int tame(maker *m, int x)
{
    if (x < 0 || m->v[x].size < 60)
        return x;
    if (chance(m, 50))
        return unary(m, "Tanh", x, 1);
    return binary(m, "Mul", x, scalar(m, (float)(3 / m->v[x].size)), 3);
}

int pick_image(maker *m)
{
    return tame(m, pick(m, T_F32, 4));
}

/* ---- whole models ---- */

static void add_inputs(maker *m)
{
    m->n_inputs = 1 + (int)rnd(m, 100) / 70 + (chance(m, 8) ? 1 : 0);
    int64_t n = chance(m, 75) ? 1 : rnd_between(m, 2, 3);
    int64_t h = rnd_between(m, 1, 20), w = rnd_between(m, 1, 20);
    for (int i = 0; i < m->n_inputs; i++) {
        int64_t c = chance(m, 40) ? 8 * rnd_between(m, 1, 5) : rnd_between(m, 1, 40);
        int64_t dim[] = {n, c, h, w};
        if (i == 1 && chance(m, 40)) { /* another size */
            dim[2] = rnd_between(m, 1, 20);
            dim[3] = rnd_between(m, 1, 20);
        }
        m->input[i] = new_value(m, T_F32, 4, dim, 2);
        m->v[m->input[i]].exact = true;
        bool open = chance(m, 25);
        for (int d = 0; d < 4; d++)
            m->open[i][d] = open && d != 1 && chance(m, 60);
    }
}

static const recipe *choose(maker *m)
{
    static const recipe *const lists[] = {image_recipes, move_recipes, block_recipes, other_recipes,
                                          more_recipes,  flow_recipes, wide_recipes,  byte_recipes};
    const bool                 taken[] = {true, true, true, true, true, m->flow, m->wide, m->quant};
    unsigned                   total = 0;
    for (int k = 0; k < 8; k++)
        for (const recipe *r = lists[k]; taken[k] && r->make; r++)
            total += r->weight;
    unsigned at = rnd(m, total);
    for (int k = 0; k < 8; k++)
        for (const recipe *r = lists[k]; taken[k] && r->make; r++) {
            if (at < r->weight)
                return r;
            at -= r->weight;
        }
    return NULL;
}

static void put_named(bytes *graph, unsigned field, const made *v, const char *suffix,
                      const bool *open)
{
    char  full[20];
    bytes port = {0}, type = {0}, tensor = {0}, shape = {0};
    put_int(&tensor, 1, v->type);
    for (int i = 0; i < v->rank; i++) {
        bytes d = {0};
        char  name[32];
        snprintf(name, sizeof(name), "%s_%d", v->name, i);
        if (open && open[i])
            put_text(&d, 2, name);
        else
            put_int(&d, 1, v->dim[i]);
        put_child(&shape, 1, &d);
    }
    if (field == 11) /* of outputs everybody finds the shape himself */
        put_child(&tensor, 2, &shape);
    free(shape.data);
    put_child(&type, 1, &tensor);
    snprintf(full, sizeof(full), "%s%s", v->name, suffix);
    put_text(&port, 1, full);
    put_child(&port, 2, &type);
    put_child(graph, field, &port);
}

static void put_port(maker *m, bytes *graph, unsigned field, int id, const bool *open)
{
    put_named(graph, field, &m->v[id], "", open);
}

static void choose_outputs(maker *m)
{
    int first = m->n_inputs, n = 0;
    if (chance(m, 10)) /* an input as it came */
        (void)unary(m, "Identity", m->input[0], 2);
    if (chance(m, 6)) {
        static const int64_t dim[] = {2, 3};
        (void)unary(m, "Identity", floats(m, 2, dim, -1, 1), 1);
    }
    for (int i = first; i < m->n && n < 40; i++) {
        made *v = &m->v[i];
        if (v->constant || v->hidden)
            continue;
        v->output = !v->used || chance(m, 8);
        n += v->output;
    }
    for (int i = 0; i < m->n; i++)
        m->v[i].output |= m->v[i].cut && m->form != MAKER_PLAIN;
}

static void put_opset(bytes *model, const char *domain, int version)
{
    bytes o = {0};
    put_text(&o, 1, domain);
    put_int(&o, 2, version);
    put_child(model, 8, &o);
}

static void put_ports(maker *m, bytes *graph)
{
    for (int i = 0; i < m->n_inputs; i++)
        put_port(m, graph, 11, m->input[i], m->open[i]);
    for (int i = 0; i < m->n && m->form == MAKER_CUT; i++)
        if (m->v[i].cut)
            put_named(graph, 11, &m->v[i], "i", NULL);
    for (int i = 0; i < m->n; i++)
        if (m->v[i].output)
            put_port(m, graph, 12, i, NULL);
}

static void drop_scratch(maker *m)
{
    for (int i = 0; i < m->n; i++) {
        free(m->v[i].steps);
        m->v[i].steps = NULL;
    }
    free(m->nodes.data);
    free(m->constants.data);
    free(m->node.data);
    m->nodes = m->constants = m->node = (bytes){0};
}

void maker_model(maker *m, uint64_t seed, maker_form form, bytes *model)
{
    static const int opsets[] = {11, 12, 13, 14, 16, 17, 18, 19, 20, 21};
    bytes            graph = {0};
    memset(m, 0, sizeof(*m));
    m->random = seed * 0x2545f4914f6cdd1du;
    m->flow = seed >> 32 & 1; /* the graphs of smaller seeds stay what they were */
    m->wide = seed >> 33 & 1;
    m->quant = seed >> 34 & 1;
    m->form = form;
    m->opset = opsets[rnd(m, sizeof(opsets) / sizeof(opsets[0]))];
    if (m->quant && m->opset < 13) /* scales by channel came with 13 */
        m->opset += 2;
    add_inputs(m);
    int n_steps = 2 + (int)rnd(m, chance(m, 30) ? 14 : 6);
    for (int tries = 0; n_steps > 0 && tries < 200 && !m->full; tries++)
        n_steps -= choose(m)->make(m);
    choose_outputs(m);
    put(&graph, m->nodes.data, m->nodes.n);
    put_text(&graph, 2, "random");
    put(&graph, m->constants.data, m->constants.n);
    put_ports(m, &graph);
    *model = (bytes){0};
    put_int(model, 1, 9);
    put_opset(model, "", m->opset);
    put_opset(model, "com.microsoft", 1);
    put_child(model, 7, &graph);
    drop_scratch(m);
}
