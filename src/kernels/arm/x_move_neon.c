/* 4-byte transpositions in registers, 4 x 4 at a time; every other 4-byte element by taking them
 * apart; 32-byte elements (a pixel of eight blocked channels) as two registers; the rest
 * is the reference. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/x_move.h"

/* By bytes: elements may lie at any address. */
static inline uint8x16_t load(const char *p)
{
    return vld1q_u8((const uint8_t *)p);
}

static inline void store(char *p, uint8x16_t v)
{
    vst1q_u8((uint8_t *)p, v);
}

/* dst row r = element r of the four source columns. */
static inline void transpose_4x4(const char *src, ptrdiff_t src_col, char *dst, ptrdiff_t dst_row)
{
    const uint32x4_t a = vreinterpretq_u32_u8(load(src));
    const uint32x4_t b = vreinterpretq_u32_u8(load(src + src_col));
    const uint32x4_t c = vreinterpretq_u32_u8(load(src + 2 * src_col));
    const uint32x4_t d = vreinterpretq_u32_u8(load(src + 3 * src_col));
    const uint64x2_t ab0 = vreinterpretq_u64_u32(vtrn1q_u32(a, b));
    const uint64x2_t ab1 = vreinterpretq_u64_u32(vtrn2q_u32(a, b));
    const uint64x2_t cd0 = vreinterpretq_u64_u32(vtrn1q_u32(c, d));
    const uint64x2_t cd1 = vreinterpretq_u64_u32(vtrn2q_u32(c, d));

    store(dst, vreinterpretq_u8_u64(vtrn1q_u64(ab0, cd0)));
    store(dst + dst_row, vreinterpretq_u8_u64(vtrn1q_u64(ab1, cd1)));
    store(dst + 2 * dst_row, vreinterpretq_u8_u64(vtrn2q_u64(ab0, cd0)));
    store(dst + 3 * dst_row, vreinterpretq_u8_u64(vtrn2q_u64(ab1, cd1)));
}

static void transpose_4(const oc_k_tile *t, const char *src, char *dst)
{
    const size_t rows = t->rows / 4 * 4, cols = t->cols / 4 * 4;
    oc_k_tile    rest = *t;

    for (size_t r = 0; r < rows; r += 4)
        for (size_t c = 0; c < cols; c += 4)
            transpose_4x4(src + r * 4 + (ptrdiff_t)c * t->src_col, t->src_col,
                          dst + (ptrdiff_t)r * t->dst_row + c * 4, t->dst_row);
    if (cols < t->cols) {
        rest.cols = t->cols - cols;
        oc_k_x_move__ref(4, &rest, src + (ptrdiff_t)cols * t->src_col, dst + cols * 4);
    }
    if (rows < t->rows && cols) {
        rest.rows = t->rows - rows;
        rest.cols = cols;
        oc_k_x_move__ref(4, &rest, src + rows * 4, dst + (ptrdiff_t)rows * t->dst_row);
    }
}

/* dst[c] = src[2 * c], 4 bytes each.  8 elements are read for 4: the last has to be there. */
static void every_other_4(const oc_k_tile *t, const char *src, char *dst)
{
    for (size_t r = 0; r < t->rows; r++) {
        const char *s = src + (ptrdiff_t)r * t->src_row;
        char       *d = dst + (ptrdiff_t)r * t->dst_row;
        size_t      c = 0;

        for (; c + 5 <= t->cols; c += 4) {
            const uint32x4_t a = vreinterpretq_u32_u8(load(s + c * 8));
            const uint32x4_t b = vreinterpretq_u32_u8(load(s + c * 8 + 16));
            store(d + c * 4, vreinterpretq_u8_u32(vuzp1q_u32(a, b)));
        }
        for (; c < t->cols; c++)
            memcpy(d + c * 4, s + c * 8, 4);
    }
}

static void move_32(const oc_k_tile *t, const char *src, char *dst)
{
    for (size_t r = 0; r < t->rows; r++) {
        const char *s = src + (ptrdiff_t)r * t->src_row;
        char       *d = dst + (ptrdiff_t)r * t->dst_row;

        for (size_t c = 0; c < t->cols; c++, s += t->src_col, d += t->dst_col) {
            const uint8x16_t lo = load(s), hi = load(s + 16);
            store(d, lo);
            store(d + 16, hi);
        }
    }
}

void oc_k_x_move__neon(size_t elem, const oc_k_tile *t, const void *src, void *dst)
{
    if (elem == 4 && t->src_row == 4 && t->dst_col == 4 && t->src_col != 4)
        transpose_4(t, src, dst);
    else if (elem == 4 && t->src_col == 8 && t->dst_col == 4)
        every_other_4(t, src, dst);
    else if (elem == 32 && !(t->src_col == 32 && t->dst_col == 32))
        move_32(t, src, dst);
    else
        oc_k_x_move__ref(elem, t, src, dst);
}
