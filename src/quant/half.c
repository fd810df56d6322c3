#include "quant/half.h"

#include <math.h>
#include <string.h>

#include "quant/prepare.h"
#include "tensor/half.h"

#define ELEMENTS_MIN 64
#define CAST_FLOAT 1 /* TensorProto.FLOAT */

static bool in_range(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fabsf(x[i]) > 65504.0f)
            return false;
    return true;
}

/* The tensor keeps its place under a new name; the old name is what comes out of the Cast, so that
 * graphs inside nodes read it too. */
static oc_status halve(oc_doc *doc, size_t at, oc_error *err)
{
    oc_doc_tensor *t = &doc->tensors[at];
    const char    *name = t->name, *stored;
    const oc_attr  to = {.name = "to", .kind = OC_ATTR_INT, .i = CAST_FLOAT};
    oc_doc_node   *cast;
    size_t         n;
    oc_status      st;
    if (!oc_shape_elements(&t->view.info.shape, &n))
        return OC_FAIL(err, OC_FORMAT, "tensor '%s'", name);
    oc_half *h = oc_arena_alloc64(&doc->mem, n, sizeof(*h));
    if (!h)
        return OC_FAIL(err, OC_NOMEM, "tensor '%s'", name);
    oc_half_from_floats(n, t->view.data, h);
    if ((st = oc_doc_name(doc, "half", &stored, err)) != OC_OK)
        return st;
    t->view.info.dtype = OC_F16;
    t->view.data = h;
    t->name = stored;
    t->changed = true;
    if ((st = oc_doc_add_node(doc, "Cast", &stored, 1, &name, 1, &cast, err)) != OC_OK)
        return st;
    return oc_doc_set_attr(doc, cast, &to, err);
}

oc_status q_halve(oc_doc *doc, q_halved *out, oc_error *err)
{
    q_index   x = {0};
    oc_status st;
    if ((st = q_tidy(doc, err)) != OC_OK || (st = q_index_build(doc, &x, err)) != OC_OK)
        return st;
    for (size_t i = 0; i < doc->n_tensors && st == OC_OK; i++) {
        oc_doc_tensor *t = &doc->tensors[i];
        const uint32_t v = q_id(&x, t->name);
        size_t         n;
        if (t->dead || t->view.info.dtype != OC_F32 || v == Q_NONE || x.values[v].is_output ||
            !oc_shape_elements(&t->view.info.shape, &n) || n < ELEMENTS_MIN)
            continue;
        if (!in_range(t->view.data, n)) {
            out->left++;
            continue;
        }
        out->tensors++;
        st = halve(doc, i, err);
    }
    q_index_finish(&x);
    return st == OC_OK ? oc_doc_sort(doc, err) : st;
}

oc_status q_halve_file(const char *from, const char *to, q_halved *out, oc_error *err)
{
    oc_doc   *doc = NULL;
    oc_status st = oc_doc_open(from, &doc, err);
    if (st == OC_OK && (st = q_halve(doc, out, err)) != OC_OK)
        oc_error_prefix(err, "%s", from);
    if (st == OC_OK && out->tensors == 0)
        st = OC_FAIL(err, OC_INVALID, "%s: no float32 weights to store in half precision", from);
    if (st == OC_OK)
        st = oc_doc_save(doc, to, err);
    oc_doc_destroy(doc);
    return st;
}
