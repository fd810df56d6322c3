#include "kernels/any_cast.h"

#include "tensor/half.h"

/* A float v as an integer: MIN and END (one past the largest) are exact as double, MAX may not be. */
#define SATURATE(v, T, MIN, MAX, END) \
    ((v) != (v) ? 0 : (v) <= (double)(MIN) ? (T)(MIN) : (v) >= (END) ? (T)(MAX) : (T)(v))

/* TO_<class of source>_<target>(v) */
#define TO_F_i8(v) SATURATE(v, int8_t, INT8_MIN, INT8_MAX, 128.0)
#define TO_F_i16(v) SATURATE(v, int16_t, INT16_MIN, INT16_MAX, 32768.0)
#define TO_F_i32(v) SATURATE(v, int32_t, INT32_MIN, INT32_MAX, 2147483648.0)
#define TO_F_i64(v) SATURATE(v, int64_t, INT64_MIN, INT64_MAX, 9223372036854775808.0)
#define TO_F_u8(v) SATURATE(v, uint8_t, 0, UINT8_MAX, 256.0)
#define TO_F_u16(v) SATURATE(v, uint16_t, 0, UINT16_MAX, 65536.0)
#define TO_F_u32(v) SATURATE(v, uint32_t, 0, UINT32_MAX, 4294967296.0)
#define TO_F_u64(v) SATURATE(v, uint64_t, 0, UINT64_MAX, 18446744073709551616.0)
#define TO_F_f32(v) ((float)(v))
#define TO_F_f64(v) ((double)(v))
#define TO_F_f16(v) oc_half_from_double((double)(v))
#define TO_F_b8(v) ((v) != 0)
#define TO_I_i8(v) ((int8_t)(v))
#define TO_I_i16(v) ((int16_t)(v))
#define TO_I_i32(v) ((int32_t)(v))
#define TO_I_i64(v) ((int64_t)(v))
#define TO_I_u8(v) ((uint8_t)(v))
#define TO_I_u16(v) ((uint16_t)(v))
#define TO_I_u32(v) ((uint32_t)(v))
#define TO_I_u64(v) ((uint64_t)(v))
#define TO_I_f32(v) ((float)(v))
#define TO_I_f64(v) ((double)(v))
#define TO_I_f16(v) oc_half_from_double((double)(v))
#define TO_I_b8(v) ((v) != 0)

#define CAST(from, S, load, class, to, D)                       \
    static void from##_##to(size_t n, const void *px, void *py) \
    {                                                           \
        const S *x = px;                                        \
        D       *y = py;                                        \
        for (size_t i = 0; i < n; i++)                          \
            y[i] = (D)TO_##class##_##to(load(x[i]));            \
    }
#define CASTS(from, S, load, class)           \
    CAST(from, S, load, class, f32, float)    \
    CAST(from, S, load, class, f64, double)   \
    CAST(from, S, load, class, f16, oc_half)  \
    CAST(from, S, load, class, u8, uint8_t)   \
    CAST(from, S, load, class, i8, int8_t)    \
    CAST(from, S, load, class, u16, uint16_t) \
    CAST(from, S, load, class, i16, int16_t)  \
    CAST(from, S, load, class, u32, uint32_t) \
    CAST(from, S, load, class, i32, int32_t)  \
    CAST(from, S, load, class, u64, uint64_t) \
    CAST(from, S, load, class, i64, int64_t)  \
    CAST(from, S, load, class, b8, uint8_t)

CASTS(f32, float, , F)
CASTS(f64, double, , F)
CASTS(f16, oc_half, oc_half_to_float, F)
CASTS(u8, uint8_t, , I)
CASTS(i8, int8_t, , I)
CASTS(u16, uint16_t, , I)
CASTS(i16, int16_t, , I)
CASTS(u32, uint32_t, , I)
CASTS(i32, int32_t, , I)
CASTS(u64, uint64_t, , I)
CASTS(i64, int64_t, , I)
CASTS(b8, uint8_t, !!, I)

#define ROW(FROM, from)                                                                 \
    [OC_##FROM] = {[OC_F32] = from##_f32, [OC_F64] = from##_f64, [OC_F16] = from##_f16, \
                   [OC_U8] = from##_u8,   [OC_I8] = from##_i8,   [OC_U16] = from##_u16, \
                   [OC_I16] = from##_i16, [OC_U32] = from##_u32, [OC_I32] = from##_i32, \
                   [OC_U64] = from##_u64, [OC_I64] = from##_i64, [OC_BOOL] = from##_b8}

oc_k_any_cast_fn *oc_k_any_cast(oc_dtype from, oc_dtype to)
{
    static oc_k_any_cast_fn *const table[OC_BOOL + 1][OC_BOOL + 1] = {
        ROW(F32, f32), ROW(F64, f64), ROW(F16, f16), ROW(U8, u8),   ROW(I8, i8),   ROW(U16, u16),
        ROW(I16, i16), ROW(U32, u32), ROW(I32, i32), ROW(U64, u64), ROW(I64, i64), ROW(BOOL, b8),
    };

    return from <= OC_BOOL && to <= OC_BOOL ? table[from][to] : NULL;
}
