#include "kernels/f32_wino_out.h"

#include "kernels/ref/act.h"

/* The four rows of A^T over m[0], m[s], .. m[5 s]; results at out[0], out[s], .. */
static void rows(const float *m, size_t s, float *out)
{
    const float s1 = m[s] + m[2 * s], d1 = m[s] - m[2 * s];
    const float s2 = m[3 * s] + m[4 * s], d2 = m[3 * s] - m[4 * s];
    const float m0 = m[0], m5 = m[5 * s];

    out[0] = m0 + s1 + s2;
    out[s] = OC_WINO_A * d1 + OC_WINO_B * d2;
    out[2 * s] = 0.5f * s1 + 2 * s2;
    out[3 * s] = 0.5f * OC_WINO_A * d1 + 2 * OC_WINO_B * d2 + m5;
}

static void store(const oc_wino_out *t, ptrdiff_t y, ptrdiff_t x, size_t lane, float v)
{
    if (y >= t->out_h || x >= t->out_w)
        return;
    size_t at = (size_t)(y * t->out_w + x) * 8 + lane;
    v += t->bias[lane] + (t->add ? t->add[at] : 0.0f);
    t->y[at] = lane < t->lanes ? oc_act_apply(t->act, v) : 0.0f;
}

void oc_k_f32_wino_out__ref(const oc_wino_out *t)
{
    for (size_t i = 0; i < t->tiles * 8; i++) {
        const size_t    tile = t->first + i / 8, lane = i % 8;
        const ptrdiff_t y = (ptrdiff_t)(tile / t->tiles_w) * OC_WINO_OUT;
        const ptrdiff_t x = (ptrdiff_t)(tile % t->tiles_w) * OC_WINO_OUT;
        float           m[36];

        for (ptrdiff_t q = 0; q < 36; q++)
            m[q] = t->m[q * t->m_q + (ptrdiff_t)i];
        for (size_t k = 0; k < 6; k++)
            rows(m + k * 6, 1, m + k * 6);
        for (size_t k = 0; k < 4; k++)
            rows(m + k, 6, m + k);
        for (ptrdiff_t q = 0; q < 16; q++)
            store(t, y + q / 4, x + q % 4, lane, m[q / 4 * 6 + q % 4]);
    }
}
