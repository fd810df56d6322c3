#include "quant/prune.h"

#include <stdlib.h>
#include <string.h>

typedef struct walk {
    const q_index *x;
    q_channels    *c;
    oc_error      *err;
} walk;

uint32_t q_unit(const q_channels *c, uint32_t channel)
{
    while (c->unit[channel] != channel)
        channel = c->unit[channel];
    return channel;
}

static void tie(q_channels *c, uint32_t a, uint32_t b)
{
    a = q_unit(c, a);
    b = q_unit(c, b);
    if (a == b)
        return;
    c->unit[b] = a;
    c->frozen[a] |= c->frozen[b];
}

static void freeze(q_channels *c, uint32_t value)
{
    for (size_t i = 0; value != Q_NONE && c->of[value] && i < c->count[value]; i++)
        c->frozen[q_unit(c, c->of[value][i])] = true;
}

static oc_status room_for(q_channels *c, size_t n, oc_error *err)
{
    if (c->n + n <= c->room)
        return OC_OK;
    const size_t room = (c->n + n) * 2;
    uint32_t    *unit = reallocarray(c->unit, room, sizeof(*unit));
    c->unit = unit ? unit : c->unit;
    uint32_t *space = unit ? reallocarray(c->space, room, sizeof(*space)) : NULL;
    c->space = space ? space : c->space;
    bool *frozen = space ? reallocarray(c->frozen, room, sizeof(*frozen)) : NULL;
    c->frozen = frozen ? frozen : c->frozen;
    if (!frozen)
        return OC_FAIL(err, OC_NOMEM, "channels");
    c->room = room;
    return OC_OK;
}

static uint32_t *list_for(walk *w, uint32_t value, size_t n)
{
    uint32_t *list = calloc(n + 1, sizeof(*list));
    free(w->c->of[value]);
    w->c->of[value] = list;
    w->c->count[value] = list ? n : 0;
    return list;
}

/* n channels that nobody had before. */
static oc_status fresh(walk *w, uint32_t value, uint32_t node, size_t n)
{
    oc_status st = room_for(w->c, n, w->err);
    uint32_t *list = st == OC_OK ? list_for(w, value, n) : NULL;
    if (!list)
        return OC_FAIL(w->err, OC_NOMEM, "channels");
    for (size_t i = 0; i < n; i++) {
        const uint32_t ch = (uint32_t)w->c->n++;
        w->c->unit[ch] = ch;
        w->c->space[ch] = node;
        w->c->frozen[ch] = false;
        list[i] = ch;
    }
    return OC_OK;
}

static oc_status copy(walk *w, uint32_t from, uint32_t to)
{
    if (from == Q_NONE || !w->c->of[from])
        return OC_OK;
    uint32_t *list = list_for(w, to, w->c->count[from]);
    if (!list)
        return OC_FAIL(w->err, OC_NOMEM, "channels");
    memcpy(list, w->c->of[from], w->c->count[from] * sizeof(*list));
    return OC_OK;
}

/* ---- operators ---- */

static bool is_one_of(const oc_doc_node *n, const char *const *ops, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (oc_doc_is(n, ops[i]))
            return true;
    return false;
}

static const char *const each_alone[] = {"AveragePool",
                                         "BatchNormalization",
                                         "Cast",
                                         "Clip",
                                         "Elu",
                                         "Gelu",
                                         "GlobalAveragePool",
                                         "GlobalMaxPool",
                                         "HardSigmoid",
                                         "HardSwish",
                                         "LeakyRelu",
                                         "MaxPool",
                                         "Mish",
                                         "Relu",
                                         "Sigmoid",
                                         "Softplus",
                                         "Tanh"};
static const char *const binary[] = {"Add", "Sub", "Mul", "Div"};

static uint32_t input_of(const walk *w, const oc_doc_node *n, uint32_t k)
{
    return k < n->n_in ? q_id(w->x, n->in[k]) : Q_NONE;
}

static oc_status visit_conv(walk *w, uint32_t at, const oc_doc_node *n, uint32_t out)
{
    const oc_tensor_view *k = n->n_in > 1 ? q_constant(w->x, n->in[1]) : NULL;
    const bool            up = oc_doc_is(n, "ConvTranspose");
    const uint32_t        in = input_of(w, n, 0);
    const size_t          group = (size_t)oc_doc_int(n, "group", 1);
    if (!k || k->info.dtype != OC_F32 || k->info.shape.rank < 3 ||
        (n->n_in > 2 && *n->in[2] && !q_constant(w->x, n->in[2]))) {
        freeze(w->c, in);
        return OC_OK;
    }
    if (!up && group > 1 && in != Q_NONE && w->c->of[in] && group == w->c->count[in] &&
        k->info.shape.dim[0] == (int64_t)group)
        return copy(w, in, out); /* depthwise: each channel its own */
    oc_status st = fresh(w, out, at, (size_t)k->info.shape.dim[up ? 1 : 0] * (up ? group : 1));
    if (group > 1) {
        freeze(w->c, in);
        freeze(w->c, out);
    }
    return st;
}

/* Two values channel by channel; a constant of a number a channel, or of one number, goes along. */
static oc_status visit_binary(walk *w, const oc_doc_node *n, uint32_t out)
{
    const uint32_t        a = input_of(w, n, 0), b = input_of(w, n, 1);
    const oc_tensor_view *ka = q_constant(w->x, n->in[0]), *kb = q_constant(w->x, n->in[1]);
    float                 ignored;
    if (ka || kb) {
        const uint32_t        v = ka ? b : a;
        const char           *k = n->in[ka ? 0 : 1];
        const oc_tensor_view *c = ka ? ka : kb;
        const uint32_t        rank = c->info.shape.rank;
        const bool            along = rank >= 3 && v != Q_NONE && w->c->of[v] &&
                           c->info.shape.dim[rank - 3] == (int64_t)w->c->count[v] &&
                           c->info.dtype == OC_F32 && rank <= 4;
        size_t elements;
        if (!along && !(q_splat(w->x, k, &ignored) &&
                        oc_shape_elements(&c->info.shape, &elements) && elements == 1))
            freeze(w->c, v);
        return copy(w, v, out);
    }
    if (a == Q_NONE || b == Q_NONE || !w->c->of[a] || !w->c->of[b] ||
        w->c->count[a] != w->c->count[b]) {
        freeze(w->c, a);
        freeze(w->c, b);
        return OC_OK;
    }
    for (size_t i = 0; i < w->c->count[a]; i++)
        tie(w->c, w->c->of[a][i], w->c->of[b][i]);
    return copy(w, a, out);
}

static oc_status visit_concat(walk *w, const oc_doc_node *n, uint32_t out)
{
    size_t total = 0;
    bool   known = oc_doc_int(n, "axis", 0) == 1;
    for (uint32_t k = 0; k < n->n_in; k++) {
        const uint32_t v = input_of(w, n, k);
        known = known && v != Q_NONE && w->c->of[v];
        total += known ? w->c->count[v] : 0;
    }
    if (!known) {
        for (uint32_t k = 0; k < n->n_in; k++)
            freeze(w->c, input_of(w, n, k));
        return OC_OK;
    }
    uint32_t *list = list_for(w, out, total);
    if (!list)
        return OC_FAIL(w->err, OC_NOMEM, "channels");
    for (uint32_t k = 0; k < n->n_in; k++) {
        const uint32_t v = input_of(w, n, k);
        memcpy(list, w->c->of[v], w->c->count[v] * sizeof(*list));
        list += w->c->count[v];
    }
    return OC_OK;
}

/* Behind a global pool the rest of the shape is 1x1: flattened, channels are the features. */
static bool flattens_pool(const walk *w, const oc_doc_node *n)
{
    const uint32_t v = input_of(w, n, 0);
    const uint32_t p = v == Q_NONE ? Q_NONE : w->x->values[v].producer;
    return oc_doc_is(n, "Flatten") && oc_doc_int(n, "axis", 1) == 1 && p != Q_NONE &&
           (oc_doc_is(&w->x->doc->nodes[p], "GlobalAveragePool") ||
            oc_doc_is(&w->x->doc->nodes[p], "GlobalMaxPool"));
}

static bool resizes_by_scale(const walk *w, const oc_doc_node *n)
{
    return oc_doc_is(n, "Resize") && (n->n_in < 4 || !*n->in[3]) && n->n_in > 2 &&
           q_constant(w->x, n->in[2]);
}

static bool is_gemm_over_channels(const walk *w, const oc_doc_node *n)
{
    return oc_doc_is(n, "Gemm") && !oc_doc_int(n, "transA", 0) && n->n_in > 1 &&
           q_constant(w->x, n->in[1]) && q_constant(w->x, n->in[1])->info.dtype == OC_F32;
}

static oc_status visit(walk *w, uint32_t at)
{
    const oc_doc_node *n = &w->x->doc->nodes[at];
    const uint32_t     out = n->n_out ? q_id(w->x, n->out[0]) : Q_NONE;
    if (out != Q_NONE && n->n_out == 1) {
        if (oc_doc_is(n, "Conv") || oc_doc_is(n, "ConvTranspose"))
            return visit_conv(w, at, n, out);
        if (is_one_of(n, binary, sizeof(binary) / sizeof(binary[0])))
            return visit_binary(w, n, out);
        if (oc_doc_is(n, "Concat"))
            return visit_concat(w, n, out);
        if (is_gemm_over_channels(w, n))
            return OC_OK; /* reads channels, makes features that stay */
        if (is_one_of(n, each_alone, sizeof(each_alone) / sizeof(each_alone[0])) ||
            flattens_pool(w, n) || resizes_by_scale(w, n))
            return copy(w, input_of(w, n, 0), out);
    }
    for (uint32_t k = 0; k < n->n_in; k++)
        freeze(w->c, input_of(w, n, k));
    return OC_OK;
}

static void freeze_seen(walk *w)
{
    for (uint32_t v = 0; v < w->x->n; v++)
        if (w->x->values[v].is_output || w->x->values[v].is_input || w->x->values[v].pinned)
            freeze(w->c, v);
}

oc_status q_channels_find(const q_index *index, q_channels *out, oc_error *err)
{
    q_channels c = {0};
    walk       w = {.x = index, .c = &c, .err = err};
    oc_status  st = OC_OK;
    c.of = calloc(index->n + 1, sizeof(*c.of));
    c.count = calloc(index->n + 1, sizeof(*c.count));
    if (!c.of || !c.count)
        st = OC_FAIL(err, OC_NOMEM, "channels");
    for (uint32_t i = 0; i < index->doc->n_nodes && st == OC_OK; i++)
        if (!index->doc->nodes[i].dead)
            st = visit(&w, i);
    if (st == OC_OK)
        freeze_seen(&w);
    c.gone = calloc(c.n + 1, sizeof(*c.gone));
    c.importance = calloc(c.n + 1, sizeof(*c.importance));
    if (st == OC_OK && (!c.gone || !c.importance))
        st = OC_FAIL(err, OC_NOMEM, "channels");
    for (uint32_t i = 0; i < c.n; i++) {
        c.n_units += c.unit[i] == i;
        c.n_free += c.unit[i] == i && !c.frozen[i];
    }
    if (st == OC_OK && c.n_free == 0)
        st = OC_FAIL(err, OC_INVALID,
                     "no channel can be taken out: all reach inputs, outputs or "
                     "operators that mix channels");
    if (st == OC_OK)
        *out = c;
    else
        q_channels_finish(&c, index->n);
    return st;
}

void q_channels_finish(q_channels *c, size_t n_values)
{
    for (size_t i = 0; c->of && i < n_values; i++)
        free(c->of[i]);
    free(c->of);
    free(c->count);
    free(c->unit);
    free(c->space);
    free(c->frozen);
    free(c->gone);
    free(c->importance);
    *c = (q_channels){0};
}

/* ---- choosing ---- */

typedef struct ranked {
    uint32_t unit;
    double   importance;
} ranked;

static int by_importance(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->importance < y->importance || x->importance > y->importance)
        return x->importance < y->importance ? -1 : 1;
    return x->unit < y->unit ? -1 : x->unit > y->unit;
}

/* Units that one node makes: how many there are, and how many may go at most. */
static void count_spaces(const q_channels *c, size_t *all)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (c->unit[i] == i)
            all[c->space[i]]++;
}

static void give_back(q_channels *c, const ranked *list, size_t n, size_t align, const size_t *all,
                      size_t *gone_of)
{
    for (size_t i = n; i-- > 0;) { /* the most important of the gone first */
        const uint32_t space = c->space[list[i].unit];
        if (c->gone[list[i].unit] && all[space] >= align && (all[space] - gone_of[space]) % align) {
            c->gone[list[i].unit] = false;
            gone_of[space]--;
        }
    }
}

oc_status q_channels_choose(q_channels *c, double ratio, size_t align, size_t *gone, oc_error *err)
{
    uint32_t spaces = 1;
    for (uint32_t i = 0; i < c->n; i++)
        spaces = c->space[i] >= spaces ? c->space[i] + 1 : spaces;
    ranked *list = calloc(c->n_free + 1, sizeof(*list));
    size_t *all = calloc(spaces, sizeof(*all)), *gone_of = calloc(spaces, sizeof(*gone_of)), n = 0;
    *gone = 0;
    if (!list || !all || !gone_of) {
        free(list);
        free(all);
        free(gone_of);
        return OC_FAIL(err, OC_NOMEM, "channels");
    }
    for (uint32_t i = 0; i < c->n; i++) {
        c->gone[i] = false;
        if (c->unit[i] == i && !c->frozen[i])
            list[n++] = (ranked){i, c->importance[i]};
    }
    qsort(list, n, sizeof(*list), by_importance);
    count_spaces(c, all);
    const size_t want = (size_t)(ratio * (double)n);
    for (size_t i = 0, taken = 0; i < n && taken < want; i++) {
        const uint32_t space = c->space[list[i].unit];
        const size_t   least = (all[space] + 4) / 5;
        if (all[space] - gone_of[space] <= least)
            continue;
        c->gone[list[i].unit] = true;
        gone_of[space]++;
        taken++;
    }
    if (align > 1)
        give_back(c, list, n, align, all, gone_of);
    for (size_t i = 0; i < n; i++)
        *gone += c->gone[list[i].unit];
    free(list);
    free(all);
    free(gone_of);
    return OC_OK;
}
