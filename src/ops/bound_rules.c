/* Bounds of one node's outputs.
 *
 * Most operators make larger outputs of larger inputs: their own shape inference, asked with the
 * largest and the smallest inputs, gives the bound.  The rows below are those that do not, those whose
 * output size the data decide, and those that carry the numbers of a shape along. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/bound_rules.h"

const oc_bound *oc_bound_input(const oc_bound_ask *ask, uint32_t i)
{
    return i < ask->n_in && ask->node->in[i] != OC_VID_NONE ? &ask->in[i] : NULL;
}

oc_status oc_bound_none(oc_error *why, const char *what)
{
    return OC_FAIL(why, OC_DYNAMIC, "%s", what);
}

/* ---- the operator's own inference ---- */

typedef struct probe {
    oc_tensor_info *info; /* inputs, then outputs */
    const void    **data;
    int64_t        *numbers; /* room for contents that are known without being there */
} probe;

static bool probe_create(probe *p, const oc_bound_ask *ask)
{
    p->info = calloc((size_t)ask->n_in + ask->n_out + 1, sizeof(*p->info));
    p->data = calloc((size_t)ask->n_in + 1, sizeof(*p->data));
    p->numbers = calloc((size_t)ask->n_in + 1, OC_BOUND_RANGE * sizeof(*p->numbers));
    return p->info && p->data && p->numbers;
}

static void probe_finish(probe *p)
{
    free(p->info);
    free(p->data);
    free(p->numbers);
}

/* Contents of that input, when they are the same in every run. */
const void *oc_bound_contents(const oc_bound *b, int64_t *room)
{
    if (b->data || b->info.shape.rank > 1 || !oc_bound_exact(b) || b->n_range != b->elements)
        return b->data;
    for (uint32_t i = 0; i < b->n_range; i++) {
        int64_t v;
        if (!oc_bound_number(b, i, &v))
            return NULL;
        if (b->info.dtype == OC_I64)
            room[i] = v;
        else if (b->info.dtype == OC_I32)
            ((int32_t *)room)[i] = (int32_t)v;
        else
            return NULL;
    }
    return room;
}

static oc_status probe_ask(probe *p, const oc_bound_ask *ask, oc_error *why)
{
    oc_infer in = {.node = ask->node,
                   .in = p->info,
                   .in_data = p->data,
                   .n_in = ask->n_in,
                   .n_out = ask->n_out,
                   .out = p->info + ask->n_in};
    memset(in.out, 0, ask->n_out * sizeof(*in.out));
    return ask->node->op->infer(&in, why);
}

static oc_status probe_infer(probe *p, const oc_bound_ask *ask, bool least, oc_error *why)
{
    for (uint32_t i = 0; i < ask->n_in; i++) {
        const oc_bound *b = &ask->in[i];
        p->info[i] = b->info;
        if (least)
            memcpy(p->info[i].shape.dim, b->least, sizeof(b->least));
        p->data[i] = oc_bound_contents(b, p->numbers + (size_t)i * OC_BOUND_RANGE);
    }
    return probe_ask(p, ask, why);
}

oc_status oc_bound_of_ones(const oc_bound_ask *ask, oc_tensor_info *out, oc_error *why)
{
    probe     p = {0};
    oc_status st;
    if (!probe_create(&p, ask)) {
        probe_finish(&p);
        return OC_FAIL(why, OC_NOMEM, "bounds");
    }
    for (uint32_t i = 0; i < ask->n_in; i++) {
        p.info[i] = ask->in[i].info;
        for (uint32_t d = 0; d < p.info[i].shape.rank; d++)
            p.info[i].shape.dim[d] = 1;
    }
    st = probe_ask(&p, ask, why) == OC_OK ? OC_OK : OC_DYNAMIC;
    *out = p.info[ask->n_in];
    probe_finish(&p);
    return st;
}

bool oc_bound_all_exact(const oc_bound_ask *ask)
{
    for (uint32_t i = 0; i < ask->n_in; i++)
        if (!oc_bound_exact(&ask->in[i]))
            return false;
    return true;
}

oc_status oc_bound_plain(const oc_bound_ask *ask, oc_error *why)
{
    probe     p = {0};
    oc_error  quiet;
    oc_status st;
    if (!probe_create(&p, ask)) {
        st = OC_FAIL(why, OC_NOMEM, "bounds");
        goto out;
    }
    if ((st = probe_infer(&p, ask, false, why)) != OC_OK)
        goto out;
    for (uint32_t k = 0; k < ask->n_out && st == OC_OK; k++) {
        ask->out[k].info = p.info[ask->n_in + k];
        if (ask->node->out[k] != OC_VID_NONE && !oc_bound_count(&ask->out[k]))
            st = oc_bound_none(why, "larger than anybody can set aside");
    }
    bool least =
        st == OC_OK && (oc_bound_all_exact(ask) || probe_infer(&p, ask, true, &quiet) == OC_OK);
    for (uint32_t k = 0; k < ask->n_out && least; k++)
        memcpy(ask->out[k].least, p.info[ask->n_in + k].shape.dim, sizeof(ask->out[k].least));
out:
    probe_finish(&p);
    return st == OC_OK || st == OC_NOMEM ? st : OC_DYNAMIC;
}

/* Output 0 with the same number of elements as input 0 keeps what is known of them. */
void oc_bound_keep_numbers(const oc_bound_ask *ask)
{
    const oc_bound *x = &ask->in[0];
    oc_bound       *y = &ask->out[0];
    if (!x->n_range || !oc_bound_exact(y) || y->elements != x->n_range || y->info.shape.rank > 1)
        return;
    y->n_range = x->n_range;
    memcpy(y->lo, x->lo, sizeof(y->lo));
    memcpy(y->hi, x->hi, sizeof(y->hi));
}

/* Comparisons are certain where the intervals do not overlap: 1, 0, or either. */
void oc_bound_certain(oc_bound *y, uint32_t i, bool yes, bool no)
{
    y->lo[i] = yes ? 1 : 0;
    y->hi[i] = no ? 0 : 1;
}

oc_status oc_bound_copy(const oc_bound_ask *ask, oc_error *why)
{
    oc_status st = oc_bound_plain(ask, why);
    if (st == OC_OK)
        oc_bound_keep_numbers(ask);
    oc_bound *y = &ask->out[0];
    for (uint32_t i = 0; st == OC_OK && i < y->n_range && y->info.dtype >= OC_U8; i++) {
        y->lo[i] = trunc(y->lo[i]); /* a cast to integers, or to bool */
        y->hi[i] = trunc(y->hi[i]);
        if (y->info.dtype == OC_BOOL && ask->in[0].info.dtype != OC_BOOL)
            oc_bound_certain(y, i, ask->in[0].lo[i] > 0 || ask->in[0].hi[i] < 0,
                             ask->in[0].lo[i] == 0 && ask->in[0].hi[i] == 0);
    }
    return st;
}

oc_status oc_bound_round(const oc_bound_ask *ask, oc_error *why)
{
    oc_status st = oc_bound_plain(ask, why);
    if (st != OC_OK)
        return st;
    oc_bound_keep_numbers(ask);
    for (uint32_t i = 0; i < ask->out[0].n_range; i++) {
        ask->out[0].lo[i] = floor(ask->out[0].lo[i]);
        ask->out[0].hi[i] = ceil(ask->out[0].hi[i]);
    }
    return OC_OK;
}

int64_t oc_bound_dim(double x)
{
    return x < 0 ? 0 : x < 1e15 ? (int64_t)x : (int64_t)1e15;
}

oc_status oc_bound_counted(oc_bound *y, oc_error *why)
{
    return oc_bound_count(y) ? OC_OK : oc_bound_none(why, "larger than anybody can set aside");
}

/* ---- which rule ---- */

static const struct {
    const char       *op;
    oc_bound_rule_fn *rule;
} rules[] = {
#define X(op, rule) {#op, oc_bound_##rule},
    OC_BOUND_RULES(X)
#undef X
};

oc_status oc_bound_node(const oc_bound_ask *ask, oc_error *why)
{
    const oc_op *op = ask->node->op;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (*op->domain == 0 && strcmp(op->name, rules[i].op) == 0)
            return rules[i].rule(ask, why);
    return oc_bound_plain(ask, why);
}

size_t oc_bound_work(const oc_node *node, const oc_tensor_info *most)
{
    const char *op = node->op->name;
    size_t      bytes = node->op->state_size + 1024, n = 0;
    if (strcmp(op, "NonMaxSuppression") == 0 && most[0].shape.rank == 3) {
        n = (size_t)most[0].shape.dim[1]; /* seen, chosen, rows */
        return bytes + n * (sizeof(bool) + sizeof(size_t)) +
               oc_elements(&most[node->n_in]) * sizeof(int64_t);
    }
    if (strcmp(op, "Compress") == 0)
        return bytes + oc_elements(&most[1]) * sizeof(size_t);
    if (strcmp(op, "Unique") == 0)
        return bytes + oc_elements(&most[0]) * 2 * sizeof(size_t);
    return bytes;
}
