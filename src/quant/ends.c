#include "quant/ends.h"

#include <stdlib.h>
#include <string.h>

typedef struct finder {
    const q_index *x;
    bool *live, *jumpy, *taken; /* per value: depends on a product; on a choice; is measured */
} finder;

static bool is_one_of(const oc_doc_node *n, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (oc_doc_is(n, names[i]))
            return true;
    return false;
}

/* A small change of what it reads changes its result by nothing or by much. */
static bool is_choice(const oc_doc_node *n)
{
    static const char *const names[] = {"ArgMax",
                                        "ArgMin",
                                        "Ceil",
                                        "Compress",
                                        "Equal",
                                        "Floor",
                                        "Greater",
                                        "GreaterOrEqual",
                                        "Hardmax",
                                        "Less",
                                        "LessOrEqual",
                                        "Mod",
                                        "NonMaxSuppression",
                                        "NonZero",
                                        "Not",
                                        "Round",
                                        "Sign",
                                        "TopK",
                                        "Unique"};
    /* TensorProto's numbers: 1, 10, 11 and 16 are floats */
    const int64_t to = oc_doc_is(n, "Cast") ? oc_doc_int(n, "to", 1) : 1;
    return is_one_of(n, names, sizeof(names) / sizeof(names[0])) ||
           !(to == 1 || to == 10 || to == 11 || to == 16);
}

static bool any_input(const finder *f, const oc_doc_node *n, const bool *of)
{
    for (uint32_t k = 0; k < n->n_in; k++) {
        const uint32_t v = q_id(f->x, n->in[k]);
        if (v != Q_NONE && of[v])
            return true;
    }
    return false;
}

static void walk(finder *f)
{
    static const char *const sizes[] = {"Shape", "Size"};
    static const char *const products[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
    for (uint32_t i = 0; i < f->x->doc->n_nodes; i++) {
        const oc_doc_node *n = &f->x->doc->nodes[i];
        if (n->dead)
            continue;
        const bool live =
            is_one_of(n, products, 4) || (any_input(f, n, f->live) && !is_one_of(n, sizes, 2));
        const bool jumpy = live && (is_choice(n) || any_input(f, n, f->jumpy));
        for (uint32_t k = 0; k < n->n_out; k++) {
            const uint32_t v = q_id(f->x, n->out[k]);
            if (v == Q_NONE)
                continue;
            f->live[v] = live;
            f->jumpy[v] = jumpy;
        }
    }
}

/* What nodes behind a choice, and the choice itself, read of what does not jump. */
static void take(finder *f, q_ends *out)
{
    for (uint32_t i = 0; i < f->x->doc->n_nodes; i++) {
        const oc_doc_node *n = &f->x->doc->nodes[i];
        const uint32_t     result = n->n_out ? q_id(f->x, n->out[0]) : Q_NONE;
        if (n->dead || result == Q_NONE || !f->jumpy[result])
            continue;
        for (uint32_t k = 0; k < n->n_in; k++) {
            const uint32_t v = q_id(f->x, n->in[k]);
            if (v == Q_NONE || !f->live[v] || f->jumpy[v] || f->taken[v] ||
                f->x->values[v].is_output)
                continue;
            f->taken[v] = true;
            out->names[out->n++] = n->in[k];
        }
    }
}

static void judge_outputs(const finder *f, q_ends *out)
{
    const oc_doc_values *outputs = &f->x->doc->outputs;
    size_t               steady = out->n, at = 0;
    for (size_t i = 0; i < outputs->n; i++) {
        if (outputs->item[i].dead)
            continue;
        const uint32_t v = q_id(f->x, outputs->item[i].name);
        out->jumps[at] = v != Q_NONE && f->jumpy[v];
        steady += !out->jumps[at++];
    }
    for (size_t i = 0; i < at && steady == 0; i++)
        out->jumps[i] = false;
}

oc_status q_ends_find(const oc_doc *doc, q_ends *out, oc_error *err)
{
    q_index   index = {0};
    q_ends    e = {0};
    oc_status st = q_index_build(doc, &index, err);
    if (st != OC_OK)
        return st;
    finder f = {.x = &index};
    f.live = calloc(index.n + 1, sizeof(*f.live));
    f.jumpy = calloc(index.n + 1, sizeof(*f.jumpy));
    f.taken = calloc(index.n + 1, sizeof(*f.taken));
    e.names = calloc(index.n + 1, sizeof(*e.names));
    e.jumps = calloc(doc->outputs.n + 1, sizeof(*e.jumps));
    if (!f.live || !f.jumpy || !f.taken || !e.names || !e.jumps)
        st = OC_FAIL(err, OC_NOMEM, "outputs");
    if (st == OC_OK) {
        walk(&f);
        take(&f, &e);
        judge_outputs(&f, &e);
        *out = e;
    } else {
        q_ends_finish(&e);
    }
    free(f.live);
    free(f.jumpy);
    free(f.taken);
    q_index_finish(&index);
    return st;
}

void q_ends_finish(q_ends *ends)
{
    free(ends->names);
    free(ends->jumps);
    *ends = (q_ends){0};
}
