#include "kernels/any_binary.h"

#include <math.h>

#include "tensor/half.h"

/* Shorthands of the template: suffix, type in memory, type to compute in, of the same width but
 * without sign for what wraps. */
#define SAME(v) (v)

static float fmod_floor_f32(float a, float b)
{
    const float r = fmodf(a, b);
    return r != 0.0f && (r < 0.0f) != (b < 0.0f) ? r + b : r;
}

static double fmod_floor_f64(double a, double b)
{
    const double r = fmod(a, b);
    return r != 0.0 && (r < 0.0) != (b < 0.0) ? r + b : r;
}

/* base^e for integers, modulo 2^64; signs: see the header. */
static uint64_t power(uint64_t base, int64_t e)
{
    uint64_t r = 1;

    if (e < 0)
        return base == 1 ? 1 : base == UINT64_MAX ? (e % 2 ? base : 1) : 0;
    for (; e; e >>= 1, base *= base)
        if (e & 1)
            r *= base;
    return r;
}

#define FN(kind, t, type, in, out, load, store, expression)                                \
    static void kind##_##t(size_t n, const void *pa, size_t sa, const void *pb, size_t sb, \
                           void *py)                                                       \
    {                                                                                      \
        const in *x0 = pa, *x1 = pb;                                                       \
        out      *y = py;                                                                  \
        for (size_t i = 0; i < n; i++) {                                                   \
            const type a = load(x0[i * sa]), b = load(x1[i * sb]);                         \
            y[i] = store(expression);                                                      \
        }                                                                                  \
    }

#define COMPARE_FNS(t, type, in, load)                            \
    FN(equal, t, type, in, uint8_t, load, (uint8_t), a == b)      \
    FN(less, t, type, in, uint8_t, load, (uint8_t), a < b)        \
    FN(greater, t, type, in, uint8_t, load, (uint8_t), a > b)     \
    FN(less_equal, t, type, in, uint8_t, load, (uint8_t), a <= b) \
    FN(greater_equal, t, type, in, uint8_t, load, (uint8_t), a >= b)

#define FLOAT_FNS(t, type, in, load, store, suffix, isnan_)           \
    FN(add, t, type, in, in, load, store, a + b)                      \
    FN(sub, t, type, in, in, load, store, a - b)                      \
    FN(mul, t, type, in, in, load, store, a *b)                       \
    FN(div, t, type, in, in, load, store, a / b)                      \
    FN(min, t, type, in, in, load, store, isnan_(a) || a < b ? a : b) \
    FN(max, t, type, in, in, load, store, isnan_(a) || a > b ? a : b) \
    FN(prelu, t, type, in, in, load, store, a < 0 ? a * b : a)        \
    FN(keep_equal, t, type, in, in, load, store, a == b ? a : a * 0)  \
    FN(pow, t, type, in, in, load, store, pow##suffix(a, b))          \
    FN(fmod, t, type, in, in, load, store, fmod##suffix(a, b))        \
    COMPARE_FNS(t, type, in, load)

/* U: the unsigned type of the width, so that nothing overflows. */
#define INT_FNS(t, T, U, BITS)                                     \
    FN(add, t, T, T, T, SAME, (T), (U)((U)a + (U)b))               \
    FN(sub, t, T, T, T, SAME, (T), (U)((U)a - (U)b))               \
    FN(mul, t, T, T, T, SAME, (T), (U)((uint64_t)a * (uint64_t)b)) \
    FN(min, t, T, T, T, SAME, (T), a < b ? a : b)                  \
    FN(max, t, T, T, T, SAME, (T), a > b ? a : b)                  \
    FN(pow, t, T, T, T, SAME, (T), power((uint64_t)a, (int64_t)b)) \
    FN(bit_and, t, T, T, T, SAME, (T), a &b)                       \
    FN(bit_or, t, T, T, T, SAME, (T), a | b)                       \
    FN(bit_xor, t, T, T, T, SAME, (T), a ^ b)                      \
    COMPARE_FNS(t, T, T, SAME)

/* The lowest integer divided by -1 does not fit: negate with wrap-around instead. */
#define SIGNED_FNS(t, T, U, BITS)                                                        \
    INT_FNS(t, T, U, BITS)                                                               \
    FN(div, t, T, T, T, SAME, (T), b == 0 ? 0 : b == -1 ? (T)(U)(0 - (U)a) : (T)(a / b)) \
    FN(fmod, t, T, T, T, SAME, (T), b == 0 || b == -1 ? 0 : a % b)                       \
    FN(mod, t, T, T, T, SAME, (T),                                                       \
       b == 0 || b == -1                        ? 0                                      \
       : (a % b != 0 && (a % b < 0) != (b < 0)) ? a % b + b                              \
                                                : a % b)                                 \
    FN(prelu, t, T, T, T, SAME, (T), a < 0 ? (U)((uint64_t)a * (uint64_t)b) : (U)a)

#define UNSIGNED_FNS(t, T, U, BITS)                                              \
    INT_FNS(t, T, U, BITS)                                                       \
    FN(div, t, T, T, T, SAME, (T), b == 0 ? 0 : a / b)                           \
    FN(fmod, t, T, T, T, SAME, (T), b == 0 ? 0 : a % b)                          \
    FN(mod, t, T, T, T, SAME, (T), b == 0 ? 0 : a % b)                           \
    FN(shift_left, t, T, T, T, SAME, (T), b >= BITS ? 0 : (U)((uint64_t)a << b)) \
    FN(shift_right, t, T, T, T, SAME, (T), b >= BITS ? 0 : a >> b)               \
    FN(prelu, t, T, T, T, SAME, (T), ((void)b, a))

FLOAT_FNS(f32, float, float, SAME, SAME, f, isnan)
FLOAT_FNS(f64, double, double, SAME, SAME, , isnan)
FLOAT_FNS(f16, float, oc_half, oc_half_to_float, oc_half_from_float, f, isnan)
FN(mod, f32, float, float, float, SAME, SAME, fmod_floor_f32(a, b))
FN(mod, f64, double, double, double, SAME, SAME, fmod_floor_f64(a, b))
FN(mod, f16, float, oc_half, oc_half, oc_half_to_float, oc_half_from_float, fmod_floor_f32(a, b))
SIGNED_FNS(i8, int8_t, uint8_t, 8)
SIGNED_FNS(i16, int16_t, uint16_t, 16)
SIGNED_FNS(i32, int32_t, uint32_t, 32)
SIGNED_FNS(i64, int64_t, uint64_t, 64)
UNSIGNED_FNS(u8, uint8_t, uint8_t, 8)
UNSIGNED_FNS(u16, uint16_t, uint16_t, 16)
UNSIGNED_FNS(u32, uint32_t, uint32_t, 32)
UNSIGNED_FNS(u64, uint64_t, uint64_t, 64)
FN(and, bool, uint8_t, uint8_t, uint8_t, SAME, (uint8_t), a &&b)
FN(or, bool, uint8_t, uint8_t, uint8_t, SAME, (uint8_t), a || b)
FN(xor, bool, uint8_t, uint8_t, uint8_t, SAME, (uint8_t), !a != !b)
FN(equal, bool, uint8_t, uint8_t, uint8_t, SAME, (uint8_t), !a == !b)

#define FLOATS(K, k) [OC_BINARY_##K] = {[OC_F32] = k##_f32, [OC_F64] = k##_f64, [OC_F16] = k##_f16}
#define UNSIGNEDS(k) [OC_U8] = k##_u8, [OC_U16] = k##_u16, [OC_U32] = k##_u32, [OC_U64] = k##_u64
#define INTS(k) \
    [OC_I8] = k##_i8, [OC_I16] = k##_i16, [OC_I32] = k##_i32, [OC_I64] = k##_i64, UNSIGNEDS(k)
#define ALL(K, k) \
    [OC_BINARY_##K] = {[OC_F32] = k##_f32, [OC_F64] = k##_f64, [OC_F16] = k##_f16, INTS(k)}

static oc_k_any_binary_fn *const table[OC_BINARY_KINDS][OC_BOOL + 1] = {
    ALL(ADD, add),
    ALL(SUB, sub),
    ALL(MUL, mul),
    ALL(DIV, div),
    ALL(MIN, min),
    ALL(MAX, max),
    ALL(PRELU, prelu),
    FLOATS(KEEP_EQUAL, keep_equal),
    ALL(POW, pow),
    ALL(MOD, mod),
    ALL(FMOD, fmod),
    [OC_BINARY_SHIFT_LEFT] = {UNSIGNEDS(shift_left)},
    [OC_BINARY_SHIFT_RIGHT] = {UNSIGNEDS(shift_right)},
    [OC_BINARY_BIT_AND] = {INTS(bit_and)},
    [OC_BINARY_BIT_OR] = {INTS(bit_or)},
    [OC_BINARY_BIT_XOR] = {INTS(bit_xor)},
    [OC_BINARY_AND] = {[OC_BOOL] = and_bool},
    [OC_BINARY_OR] = {[OC_BOOL] = or_bool},
    [OC_BINARY_XOR] = {[OC_BOOL] = xor_bool},
    [OC_BINARY_EQUAL] = {[OC_F32] = equal_f32,
                         [OC_F64] = equal_f64,
                         [OC_F16] = equal_f16,
                         INTS(equal),
                         [OC_BOOL] = equal_bool},
    ALL(LESS, less),
    ALL(GREATER, greater),
    ALL(LESS_EQUAL, less_equal),
    ALL(GREATER_EQUAL, greater_equal),
};

oc_k_any_binary_fn *oc_k_any_binary(oc_binary_kind kind, oc_dtype dtype)
{
    return dtype <= OC_BOOL && kind < OC_BINARY_KINDS ? table[kind][dtype] : NULL;
}
