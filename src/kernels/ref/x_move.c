/* x_move in plain C: a loop per element size, so that each copy is one load and one store. */
#include "kernels/x_move.h"

#include <stdint.h>
#include <string.h>

/* Square blocks keep both sides of a transposition in the first-level cache. */
#define BLOCK 16

#define MOVE(bytes)                                                                               \
    static void move_##bytes(const oc_k_tile *t, const char *src, char *dst)                      \
    {                                                                                             \
        for (size_t r0 = 0; r0 < t->rows; r0 += BLOCK) {                                          \
            size_t r1 = t->rows - r0 < BLOCK ? t->rows : r0 + BLOCK;                              \
            for (size_t c0 = 0; c0 < t->cols; c0 += BLOCK) {                                      \
                size_t c1 = t->cols - c0 < BLOCK ? t->cols : c0 + BLOCK;                          \
                for (size_t r = r0; r < r1; r++) {                                                \
                    const char *s = src + (ptrdiff_t)r * t->src_row + (ptrdiff_t)c0 * t->src_col; \
                    char       *d = dst + (ptrdiff_t)r * t->dst_row + (ptrdiff_t)c0 * t->dst_col; \
                    for (size_t c = c0; c < c1; c++) {                                            \
                        memcpy(d, s, bytes);                                                      \
                        s += t->src_col;                                                          \
                        d += t->dst_col;                                                          \
                    }                                                                             \
                }                                                                                 \
            }                                                                                     \
        }                                                                                         \
    }
MOVE(1)
MOVE(2)
MOVE(4)
MOVE(8)
MOVE(16)
MOVE(32)
#undef MOVE

void oc_k_x_move__ref(size_t elem, const oc_k_tile *t, const void *src, void *dst)
{
    const char *s = src;
    char       *d = dst;
    if (t->src_col == (ptrdiff_t)elem && t->dst_col == (ptrdiff_t)elem) {
        for (size_t r = 0; r < t->rows; r++)
            memcpy(d + (ptrdiff_t)r * t->dst_row, s + (ptrdiff_t)r * t->src_row, t->cols * elem);
        return;
    }
    switch (elem) {
    case 1: move_1(t, s, d); break;
    case 2: move_2(t, s, d); break;
    case 4: move_4(t, s, d); break;
    case 8: move_8(t, s, d); break;
    case 16: move_16(t, s, d); break;
    default: move_32(t, s, d); break;
    }
}
