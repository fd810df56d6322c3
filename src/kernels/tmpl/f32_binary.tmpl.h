/* f32_binary.tmpl.h -- oc_k_f32_binary of the vocabulary that is included. */
#include "kernels/f32_binary.h"

/* Where the vector of element i lies: a FULL operand moves along, the others stay in place (mask 0)
 * and are spread over `lanes` once. */
static const float *source(const float *p, oc_operand is, float lanes[VF], size_t *mask)
{
    *mask = is == OC_OPERAND_FULL ? ~(size_t)0 : 0;
    if (is == OC_OPERAND_FULL || is == OC_OPERAND_EACH8)
        return p;
    vf_store(lanes, is == OC_OPERAND_ONE ? vf_load1(p) : vf_load8(p));
    return lanes;
}

OC_INLINE vf prelu(vf a, vf b)
{
    return vf_select(vf_lt(a, vf_zero()), vf_mul(a, b), a);
}

OC_INLINE vf keep_equal(vf a, vf b)
{
    return vf_select(vf_eq(a, b), a, vf_mul(a, vf_zero()));
}

/* The last `rest` elements of an operand: no more of it is read than they need. */
OC_INLINE vf last(const float *p, size_t mask, bool each8, size_t i, size_t rest)
{
    if (each8)
        return rest > 8 ? vf_spread8(p + i / 8) : vf_load1(p + i / 8);
    return mask ? vf_load_n(p + i, rest) : vf_load(p);
}

#define ONE(at_a, at_b, expression)  \
    {                                \
        const vf a = at_a, b = at_b; \
        vf_store(y + i, expression); \
    }
#define AT(p, mask) vf_load((p) + (i & (mask)))
#define SPREAD(p, mask, each8) (each8 ? vf_spread8((p) + i / 8) : AT(p, mask))

#define LOOP(expression)                                                      \
    if (each8_a || each8_b)                                                   \
        for (; i + VF <= n; i += VF)                                          \
            ONE(SPREAD(pa, ma, each8_a), SPREAD(pb, mb, each8_b), expression) \
    else                                                                      \
        for (; i + VF <= n; i += VF)                                          \
            ONE(AT(pa, ma), AT(pb, mb), expression)                           \
    if (i < n) {                                                              \
        const vf a = last(pa, ma, each8_a, i, n - i);                         \
        const vf b = last(pb, mb, each8_b, i, n - i);                         \
        vf_store_n(y + i, n - i, expression);                                 \
    }                                                                         \
    break

void OC_KERNEL(f32_binary)(const oc_f32_binary *w)
{
    const bool   each8_a = w->a_is == OC_OPERAND_EACH8, each8_b = w->b_is == OC_OPERAND_EACH8;
    const size_t n = w->n;
    float       *y = w->y, lanes[2][VF];
    size_t       i = 0, ma, mb;
    const float *pa = source(w->a, w->a_is, lanes[0], &ma);
    const float *pb = source(w->b, w->b_is, lanes[1], &mb);

    switch (w->kind) {
    case OC_BINARY_ADD: LOOP(vf_add(a, b));
    case OC_BINARY_SUB: LOOP(vf_sub(a, b));
    case OC_BINARY_MUL: LOOP(vf_mul(a, b));
    case OC_BINARY_DIV: LOOP(vf_div(a, b));
    case OC_BINARY_MIN: LOOP(vf_min(a, b));
    case OC_BINARY_MAX: LOOP(vf_max(a, b));
    case OC_BINARY_PRELU: LOOP(prelu(a, b));
    case OC_BINARY_KEEP_EQUAL: LOOP(keep_equal(a, b));
    default: oc_k_f32_binary__ref(w); break;
    }
}
