/* x8_qadd.tmpl.h -- oc_k_x8_qadd of the vocabulary that is included; four vectors at a time where there
 * is BYTES_OF_4 (s32_finish.tmpl.h). */
#include "kernels/x8_qadd.h"

typedef struct addends {
    const uint8_t *a, *b;
    vf             ratio_a, ratio_b, fixed;
    bool           a_one, b_one;
} addends;

static float first(const void *x, bool is_signed)
{
    return is_signed ? (float)*(const int8_t *)x : (float)*(const uint8_t *)x;
}

OC_INLINE vf added(const addends *s, size_t i, const bool is_signed)
{
    vf r = s->fixed;
    if (!s->b_one)
        r = vf_fma(vf_from_bytes(s->b + i, is_signed), s->ratio_b, r);
    if (!s->a_one)
        r = vf_fma(vf_from_bytes(s->a + i, is_signed), s->ratio_a, r);
    return r;
}

#ifdef BYTES_OF_4
/* Sums of such are no NaN. */
static bool is_tame(float v)
{
    return v > -1e30f && v < 1e30f;
}

static size_t by_four(const addends *s, size_t n, uint8_t *y)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32)
        BYTES_OF_4(added(s, i, false), added(s, i + 8, false), added(s, i + 16, false),
                   added(s, i + 24, false), 0, y + i);
    return i;
}
#endif

void OC_KERNEL(x8_qadd)(size_t n, const oc_k_qadd *q, const void *a, const void *b, void *y)
{
    const vf lo = vf_set(q->is_signed ? -128.0f : 0.0f);
    const vf hi = vf_set(q->is_signed ? 127.0f : 255.0f);
    uint8_t *to = y;
    float    fixed = q->fixed;
    size_t   i = 0;

    if (q->a_one)
        fixed = fixed + first(a, q->is_signed) * q->ratio_a;
    if (q->b_one)
        fixed = fixed + first(b, q->is_signed) * q->ratio_b;
    const addends s = {.a = a,
                       .b = b,
                       .ratio_a = vf_set(q->ratio_a),
                       .ratio_b = vf_set(q->ratio_b),
                       .fixed = vf_set(fixed),
                       .a_one = q->a_one,
                       .b_one = q->b_one};
#ifdef BYTES_OF_4
    if (!q->is_signed && is_tame(q->ratio_a) && is_tame(q->ratio_b) && is_tame(fixed))
        i = by_four(&s, n, to);
#endif
    for (; i + VF <= n; i += VF) {
        /* beyond 2^31 the conversion would turn its sign */
        const vf r = vf_at_most(hi, vf_max_known(lo, added(&s, i, q->is_signed)));
        vf_to_bytes(to + i, r, 0, q->is_signed);
    }
    if (i < n)
        oc_k_x8_qadd__ref(n - i, q, s.a + (q->a_one ? 0 : i), s.b + (q->b_one ? 0 : i), to + i);
}
