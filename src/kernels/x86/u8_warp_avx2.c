/* Eight pixels at a time.  A load of eight bytes brings a pixel and its right neighbour; rows of
 * pairs are blended by multiply-add of bytes, the two rows by a rounding multiplication. */
#include <immintrin.h>
#include <string.h>

#include "kernels/u8_warp.h"

static inline __m128i pair_of(const uint8_t *p, const uint8_t *q)
{
    __m128i lo = _mm_loadl_epi64((const __m128i *)(const void *)p);
    return _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(lo), (const double *)(const void *)q));
}

static inline __m256i four_of(const uint8_t *p, const int32_t *at)
{
    return _mm256_set_m128i(pair_of(p + at[2], p + at[3]), pair_of(p + at[0], p + at[1]));
}

/* Four pixels, 16 bits a channel, four channels a pixel (the last is nothing).  wx: bytes 64 - fx, fx;
 * wy: fy << 9; both twice a pixel, of four pixels in both halves. */
static inline __m256i blend(const oc_u8_picture *from, const int32_t *at, __m256i wx, __m256i wy)
{
    const __m256i apart = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 3, 1, 4, 2, 5, 6, 7, 8, 11, 9, 12, 10, 13, 14, 15));
    const __m256i spread = _mm256_setr_epi8(0, 1, 0, 1, 0, 1, 0, 1, 4, 5, 4, 5, 4, 5, 4, 5, 8, 9, 8,
                                            9, 8, 9, 8, 9, 12, 13, 12, 13, 12, 13, 12, 13);
    __m256i       top = _mm256_shuffle_epi8(four_of(from->data, at), apart);
    __m256i       bottom = _mm256_shuffle_epi8(four_of(from->data + from->stride, at), apart);

    wx = _mm256_shuffle_epi8(wx, spread);
    wy = _mm256_shuffle_epi8(wy, spread);
    top = _mm256_maddubs_epi16(top, wx);
    bottom = _mm256_maddubs_epi16(bottom, wx);
    top = _mm256_add_epi16(top, _mm256_mulhrs_epi16(_mm256_sub_epi16(bottom, top), wy));
    return _mm256_srli_epi16(_mm256_add_epi16(top, _mm256_set1_epi16(32)), 6);
}

/* Eight pixels of four bytes, as 0 1 4 5 | 2 3 6 7, to 24 bytes. */
static inline void store(uint8_t *out, __m256i p)
{
    const __m256i close = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));

    p = _mm256_shuffle_epi8(_mm256_permute4x64_epi64(p, 0xd8), close);
    p = _mm256_permutevar8x32_epi32(p, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
    _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(p));
    _mm_storel_epi64((__m128i *)(void *)(out + 16), _mm256_extracti128_si256(p, 1));
}

/* All eight have no pixel of the picture among their four. */
static inline int nothing_there(const oc_u8_picture *from, __m256i x, __m256i y)
{
    const __m256i before = _mm256_set1_epi32(-1);
    const __m256i past_x = _mm256_cmpgt_epi32(x, _mm256_set1_epi32(from->width - 1));
    const __m256i past_y = _mm256_cmpgt_epi32(y, _mm256_set1_epi32(from->height - 1));
    const __m256i before_x = _mm256_cmpgt_epi32(before, x),
                  before_y = _mm256_cmpgt_epi32(before, y);
    const __m256i out_x = _mm256_or_si256(before_x, past_x);
    const __m256i out_y = _mm256_or_si256(before_y, past_y);

    return _mm256_movemask_epi8(_mm256_or_si256(out_x, out_y)) == -1;
}

void oc_k_u8_warp__avx2(const oc_u8_picture *from, size_t n, const int32_t *u, const int32_t *v,
                        uint8_t *out)
{
    /* eight bytes from the last pixel but two on end inside the row */
    const __m256i x_end = _mm256_set1_epi32(from->width - 2);
    const __m256i y_end = _mm256_set1_epi32(from->height - 1), before = _mm256_set1_epi32(-1);
    const __m256i low = _mm256_set1_epi32(63), stride = _mm256_set1_epi32(from->stride);
    uint8_t       fill[24];
    size_t        i = 0;

    for (size_t k = 0; k < sizeof(fill); k++)
        fill[k] = from->fill[k % 3];
    for (; i + 8 <= n; i += 8) {
        __m256i vu = _mm256_loadu_si256((const __m256i *)(const void *)(u + i));
        __m256i vv = _mm256_loadu_si256((const __m256i *)(const void *)(v + i));
        __m256i x = _mm256_srai_epi32(vu, 6), y = _mm256_srai_epi32(vv, 6);
        __m256i in = _mm256_and_si256(
            _mm256_and_si256(_mm256_cmpgt_epi32(x, before), _mm256_cmpgt_epi32(x_end, x)),
            _mm256_and_si256(_mm256_cmpgt_epi32(y, before), _mm256_cmpgt_epi32(y_end, y)));
        if (_mm256_movemask_epi8(in) != -1) {
            if (from->border == OC_U8_BORDER_FILL && nothing_there(from, x, y))
                memcpy(out + 3 * i, fill, sizeof(fill));
            else
                oc_k_u8_warp__ref(from, 8, u + i, v + i, out + 3 * i);
            continue;
        }
        _Alignas(32) int32_t at[8];
        __m256i              x3 = _mm256_add_epi32(x, _mm256_add_epi32(x, x));
        _mm256_store_si256((__m256i *)(void *)at,
                           _mm256_add_epi32(_mm256_mullo_epi32(y, stride), x3));
        __m256i fx = _mm256_and_si256(vu, low);
        __m256i fy = _mm256_slli_epi32(_mm256_and_si256(vv, low), 9);
        fx = _mm256_or_si256(_mm256_slli_epi32(fx, 8), _mm256_sub_epi32(_mm256_set1_epi32(64), fx));
        __m256i p = blend(from, at, _mm256_permute2x128_si256(fx, fx, 0x00),
                          _mm256_permute2x128_si256(fy, fy, 0x00));
        __m256i q = blend(from, at + 4, _mm256_permute2x128_si256(fx, fx, 0x11),
                          _mm256_permute2x128_si256(fy, fy, 0x11));
        store(out + 3 * i, _mm256_packus_epi16(p, q));
    }
    if (i < n)
        oc_k_u8_warp__ref(from, n - i, u + i, v + i, out + 3 * i);
}
