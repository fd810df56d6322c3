/* x_move with AVX2: 4-byte transpositions in registers, 8 x 8 at a time; every other 4-byte
 * element by shuffling; 32-byte elements (a pixel of eight blocked channels) as one register each;
 * the rest is the reference. */
#include <immintrin.h>
#include <string.h>

#include "kernels/x_move.h"

static inline __m256 load8(const char *p)
{
    return _mm256_loadu_ps((const float *)(const void *)p);
}

/* dst row r = element r of the eight source columns. */
static inline void transpose_8x8(const char *src, ptrdiff_t src_col, char *dst, ptrdiff_t dst_row)
{
    __m256 v[8], t[8];
    for (int i = 0; i < 8; i++)
        v[i] = load8(src + i * src_col);
    for (int i = 0; i < 4; i++) {
        t[2 * i] = _mm256_unpacklo_ps(v[2 * i], v[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_ps(v[2 * i], v[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        v[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
        v[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
        v[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
        v[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        __m256 lo = _mm256_permute2f128_ps(v[i], v[i + 4], 0x20);
        __m256 hi = _mm256_permute2f128_ps(v[i], v[i + 4], 0x31);
        _mm256_storeu_ps((float *)(void *)(dst + i * dst_row), lo);
        _mm256_storeu_ps((float *)(void *)(dst + (i + 4) * dst_row), hi);
    }
}

static void transpose_4(const oc_k_tile *t, const char *src, char *dst)
{
    size_t rows = t->rows / 8 * 8, cols = t->cols / 8 * 8;
    for (size_t r = 0; r < rows; r += 8)
        for (size_t c = 0; c < cols; c += 8)
            transpose_8x8(src + r * 4 + (ptrdiff_t)c * t->src_col, t->src_col,
                          dst + (ptrdiff_t)r * t->dst_row + c * 4, t->dst_row);
    oc_k_tile rest = *t;
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

/* dst[c] = src[2 * c], 4 bytes each.  16 elements are read for 8: the last of them has to be
 *                                     there. */
static void every_other_4(const oc_k_tile *t, const char *src, char *dst)
{
    for (size_t r = 0; r < t->rows; r++) {
        const char *s = src + (ptrdiff_t)r * t->src_row;
        char       *d = dst + (ptrdiff_t)r * t->dst_row;
        size_t      c = 0;
        for (; c + 9 <= t->cols; c += 8) {
            __m256  both = _mm256_shuffle_ps(load8(s + c * 8), load8(s + c * 8 + 32), 0x88);
            __m256d even = _mm256_castps_pd(both);
            even = _mm256_castsi256_pd(_mm256_permute4x64_epi64(_mm256_castpd_si256(even), 0xd8));
            _mm256_storeu_pd((double *)(void *)(d + c * 4), even);
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
        for (size_t c = 0; c < t->cols; c++) {
            _mm256_storeu_ps((float *)(void *)d, load8(s));
            s += t->src_col;
            d += t->dst_col;
        }
    }
}

void oc_k_x_move__avx2(size_t elem, const oc_k_tile *t, const void *src, void *dst)
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
