#include "kernels/s32_wino_out.h"

static void two(const uint32_t m[4], uint32_t y[2])
{
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] - m[3];
}

void oc_k_s32_wino_out__ref(const oc_wino32 *t)
{
    for (size_t i = 0; i < t->n; i++)
        for (size_t c = 0; c < 16; c++) {
            uint32_t rows[2][4], m[4], y[2];
            for (size_t x = 0; x < 4; x++) {
                for (size_t k = 0; k < 4; k++)
                    m[k] = (uint32_t)t->m[((k * 4 + x) * t->m_pos + i) * 16 + c];
                two(m, y);
                rows[0][x] = y[0];
                rows[1][x] = y[1];
            }
            for (int r = 0; r < 2; r++) {
                two(rows[r], y);
                for (size_t k = 0; k < 2; k++)
                    t->y[r * t->y_row + (ptrdiff_t)((2 * i + k) * 16 + c)] =
                        (int32_t)((uint32_t)((int32_t)y[k] >> 2) + (uint32_t)t->start[c]);
            }
        }
}
