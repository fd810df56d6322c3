/* s16_wino_in.tmpl.h -- over V16, a register of eight int16, with V16_LOAD, V16_STORE, V16_ADD, V16_SUB. */
#include "kernels/s16_wino_in.h"

void OC_KERNEL(s16_wino_in)(const oc_wino16 *t)
{
    const int16_t *x = t->x;
    for (size_t i = 0; i < t->n; i++, x += 16) {
        int16_t *v = t->v + (ptrdiff_t)i * t->v_tile;
        V16      r[4][4];
        OC_UNROLL for (int k = 0; k < 4; k++)
        {
            const V16 a = V16_LOAD(x + k * 8), b = V16_LOAD(x + t->x_row + k * 8);
            const V16 c = V16_LOAD(x + 2 * t->x_row + k * 8),
                      d = V16_LOAD(x + 3 * t->x_row + k * 8);
            r[0][k] = V16_SUB(a, c);
            r[1][k] = V16_ADD(b, c);
            r[2][k] = V16_SUB(c, b);
            r[3][k] = V16_SUB(b, d);
        }
        OC_UNROLL for (int y = 0; y < 4; y++, v += 4 * t->v_pos)
        {
            V16_STORE(v, V16_SUB(r[y][0], r[y][2]));
            V16_STORE(v + t->v_pos, V16_ADD(r[y][1], r[y][2]));
            V16_STORE(v + 2 * t->v_pos, V16_SUB(r[y][2], r[y][1]));
            V16_STORE(v + 3 * t->v_pos, V16_SUB(r[y][1], r[y][3]));
        }
    }
}
