#include "kernels/f32_unary.h"
#include "tensor/half.h"

#define T double
#define F(name) name
#define APPLY apply_f64
#include "kernels/ref/unary.tmpl.h"

static void f32(const oc_unary *op, size_t n, const void *x, void *y)
{
    oc_k_f32_unary__ref(op, n, x, y);
}

static void f64(const oc_unary *op, size_t n, const void *px, void *py)
{
    const double *x = px;
    double       *y = py;

    for (size_t i = 0; i < n; i++)
        y[i] = apply_f64(op, x[i]);
}

static void f16(const oc_unary *op, size_t n, const void *px, void *py)
{
    const oc_half *x = px;
    oc_half       *y = py;

    for (size_t i = 0; i < n; i++) {
        float v = oc_half_to_float(x[i]);

        oc_k_f32_unary__ref(op, 1, &v, &v);
        y[i] = oc_half_from_float(v);
    }
}

/* A bound of CLIP as an integer of the type: the infinities and what lies beyond become the type's
 * own limits. */
#define BOUND(v, T, MIN, MAX) ((v) <= (double)(MIN) ? (MIN) : (v) >= (double)(MAX) ? (MAX) : (T)(v))

#define INT_FN(name, T, U, MIN, MAX)                                             \
    static void name(const oc_unary *op, size_t n, const void *px, void *py)     \
    {                                                                            \
        const T *x = px, zero = 0;                                               \
        const T  lo = BOUND(op->a, T, MIN, MAX), hi = BOUND(op->b, T, MIN, MAX); \
        T       *y = py;                                                         \
        for (size_t i = 0; i < n; i++) {                                         \
            const T v = x[i];                                                    \
            switch (op->kind) {                                                  \
            case OC_UNARY_ABS: y[i] = v < zero ? (T)(U)(0 - (U)v) : v; break;    \
            case OC_UNARY_NEG: y[i] = (T)(U)(0 - (U)v); break;                   \
            case OC_UNARY_SIGN: y[i] = (T)((v > zero) - (v < zero)); break;      \
            case OC_UNARY_RELU: y[i] = v < zero ? zero : v; break;               \
            default:                                                             \
                y[i] = v < lo ? lo : v;                                          \
                y[i] = y[i] > hi ? hi : y[i];                                    \
                break;                                                           \
            }                                                                    \
        }                                                                        \
    }
INT_FN(i8, int8_t, uint8_t, INT8_MIN, INT8_MAX)
INT_FN(i16, int16_t, uint16_t, INT16_MIN, INT16_MAX)
INT_FN(i32, int32_t, uint32_t, INT32_MIN, INT32_MAX)
INT_FN(i64, int64_t, uint64_t, INT64_MIN, INT64_MAX)
INT_FN(u8, uint8_t, uint8_t, 0, UINT8_MAX)
INT_FN(u16, uint16_t, uint16_t, 0, UINT16_MAX)
INT_FN(u32, uint32_t, uint32_t, 0, UINT32_MAX)
INT_FN(u64, uint64_t, uint64_t, 0, UINT64_MAX)

static void not_bool(const oc_unary *op, size_t n, const void *px, void *py)
{
    const uint8_t *x = px;
    uint8_t       *y = py;

    (void)op;
    for (size_t i = 0; i < n; i++)
        y[i] = !x[i];
}

static uint8_t counts(const oc_unary *op, double v)
{
    if (op->kind == OC_UNARY_ISNAN)
        return isnan(v) != 0;
    return isinf(v) && (v < 0 ? op->a != 0 : op->b != 0);
}

#define IS_FN(name, T, load)                                                 \
    static void name(const oc_unary *op, size_t n, const void *px, void *py) \
    {                                                                        \
        const T *x = px;                                                     \
        uint8_t *y = py;                                                     \
        for (size_t i = 0; i < n; i++)                                       \
            y[i] = counts(op, (double)load(x[i]));                           \
    }
IS_FN(is_f32, float, )
IS_FN(is_f64, double, )
IS_FN(is_f16, oc_half, oc_half_to_float)

oc_k_any_unary_fn *oc_k_any_unary(oc_unary_kind kind, oc_dtype dtype)
{
    static oc_k_any_unary_fn *const ints[OC_BOOL + 1] = {
        [OC_I8] = i8, [OC_I16] = i16, [OC_I32] = i32, [OC_I64] = i64,
        [OC_U8] = u8, [OC_U16] = u16, [OC_U32] = u32, [OC_U64] = u64,
    };

    if (dtype > OC_BOOL)
        return NULL;
    if (kind == OC_UNARY_NOT)
        return dtype == OC_BOOL ? not_bool : NULL;
    if (kind == OC_UNARY_ISNAN || kind == OC_UNARY_ISINF)
        return dtype == OC_F32   ? is_f32
               : dtype == OC_F64 ? is_f64
               : dtype == OC_F16 ? is_f16
                                 : NULL;
    if (dtype == OC_F32 || dtype == OC_F64 || dtype == OC_F16)
        return dtype == OC_F32 ? f32 : dtype == OC_F64 ? f64 : f16;
    if (kind == OC_UNARY_ABS || kind == OC_UNARY_NEG || kind == OC_UNARY_SIGN ||
        kind == OC_UNARY_RELU || kind == OC_UNARY_CLIP)
        return ints[dtype];
    return NULL;
}
