/* Q and DQ of 16 bits become one rounding in float: there are no kernels that compute with 16 bits. */
#include <math.h>

#include "passes/qdq.h"

/* Scale and zero point of a node: one constant each. */
static bool read_wide(const qdq *q, const oc_node *n, oc_dtype levels, float *scale, int64_t *zero)
{
    const oc_value *s = &q->g->values[n->in[1]];
    size_t          count;
    *zero = 0;
    if (!s->data || s->info.dtype != OC_F32 || !oc_shape_elements(&s->info.shape, &count) ||
        count != 1)
        return false;
    *scale = *(const float *)s->data;
    if (n->n_in > 2 && n->in[2] != OC_VID_NONE) {
        const oc_value *z = &q->g->values[n->in[2]];
        if (!z->data || z->info.dtype != levels)
            return false;
        *zero = levels == OC_I16 ? *(const int16_t *)z->data : *(const uint16_t *)z->data;
    }
    return *scale > 0 && isfinite(*scale);
}

oc_status qdq_round(qdq *q, uint32_t index, bool *done)
{
    oc_node *n = &q->g->nodes[index];
    float    scale, back;
    int64_t  zero, zero_back;
    if (!oc_node_is(n, "DequantizeLinear") || n->n_in < 2 || n->in[1] == OC_VID_NONE)
        return OC_OK;
    const oc_node *maker = qdq_maker(q, n->in[0]);
    const oc_dtype levels = q->g->values[n->in[0]].info.dtype;
    if ((levels != OC_U16 && levels != OC_I16) || !maker || !oc_node_is(maker, "QuantizeLinear") ||
        !read_wide(q, maker, levels, &scale, &zero) ||
        !read_wide(q, n, levels, &back, &zero_back) || scale != back || zero != zero_back)
        return OC_OK;
    const int64_t least = levels == OC_I16 ? INT16_MIN : 0;
    const oc_attr attrs[2] = {{.name = "lo", .kind = OC_ATTR_INT, .i = least - zero},
                              {.name = "hi", .kind = OC_ATTR_INT, .i = least + UINT16_MAX - zero}};
    const oc_vid  in[2] = {maker->in[0], maker->in[1]};
    *done = true;
    return qdq_become(q, n, "ocellus", "QRound", in, 2, attrs, 2);
}
