/* s32_wino_out.tmpl.h -- over V32, a register of V32_N int32, with V32_LOAD, V32_STORE, V32_ADD, V32_SUB
 * and V32_QUARTER. */
#include "kernels/s32_wino_out.h"

OC_INLINE void lanes(const oc_wino32 *t, size_t tile, size_t at)
{
    const int32_t *m = t->m + tile * 16 + at;
    const size_t   pos = t->m_pos * 16;
    const V32      start = V32_LOAD(t->start + at);
    V32            r[2][4];

    OC_UNROLL for (size_t x = 0; x < 4; x++)
    {
        const V32 a = V32_LOAD(m + x * pos), b = V32_LOAD(m + (4 + x) * pos);
        const V32 c = V32_LOAD(m + (8 + x) * pos), d = V32_LOAD(m + (12 + x) * pos);
        r[0][x] = V32_ADD(V32_ADD(a, b), c);
        r[1][x] = V32_SUB(V32_SUB(b, c), d);
    }
    OC_UNROLL for (int y = 0; y < 2; y++)
    {
        int32_t  *to = t->y + y * t->y_row + (ptrdiff_t)(tile * 32 + at);
        const V32 even = V32_ADD(V32_ADD(r[y][0], r[y][1]), r[y][2]);
        const V32 odd = V32_SUB(V32_SUB(r[y][1], r[y][2]), r[y][3]);
        V32_STORE(to, V32_ADD(V32_QUARTER(even), start));
        V32_STORE(to + 16, V32_ADD(V32_QUARTER(odd), start));
    }
}

void OC_KERNEL(s32_wino_out)(const oc_wino32 *t)
{
    for (size_t i = 0; i < t->n; i++)
        for (size_t at = 0; at < 16; at += V32_N)
            lanes(t, i, at);
}
