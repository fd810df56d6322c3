#include "kernels/s16_wino_in.h"

static void four(const int d[4], int v[4])
{
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
}

void oc_k_s16_wino_in__ref(const oc_wino16 *t)
{
    for (size_t i = 0; i < t->n; i++)
        for (int c = 0; c < 8; c++) {
            int rows[4][4], d[4], v[4];
            for (int x = 0; x < 4; x++) { /* down the columns, then along the rows */
                for (int y = 0; y < 4; y++)
                    d[y] = t->x[(ptrdiff_t)i * 16 + y * t->x_row + x * 8 + c];
                four(d, v);
                for (int y = 0; y < 4; y++)
                    rows[y][x] = v[y];
            }
            for (int y = 0; y < 4; y++) {
                four(rows[y], v);
                for (int x = 0; x < 4; x++)
                    t->v[(y * 4 + x) * t->v_pos + (ptrdiff_t)i * t->v_tile + c] = (int16_t)v[x];
            }
        }
}
