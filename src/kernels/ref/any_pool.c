#include "kernels/any_pool.h"

#include <math.h>

#include "kernels/f32_pool8.h" /* oc_pool_taps */
#include "tensor/half.h"

/* The taps of one output: along each dimension first position, range of taps, and how many of them
 * lie inside the padded input. */
typedef struct window {
    ptrdiff_t start[3], from[3], to[3], padded[3];
} window;

static void window_along(const oc_pool_shape *p, int d, ptrdiff_t at, window *w)
{
    ptrdiff_t unused;

    w->start[d] = at * p->stride[d] - p->pad_begin[d];
    oc_pool_taps(w->start[d], p->k[d], p->dil[d], p->in[d], &w->from[d], &w->to[d]);
    oc_pool_taps(at * p->stride[d], p->k[d], p->dil[d], p->in[d] + p->pad_begin[d] + p->pad_end[d],
                 &unused, &w->padded[d]);
}

static ptrdiff_t count_of(const oc_pool_shape *p, const window *w)
{
    ptrdiff_t n = 1;

    for (int d = 0; d < 3; d++)
        n *= p->include_pad ? w->padded[d] : w->to[d] - w->from[d];
    return n;
}

#define EACH_TAP(p, w, i)                                                                        \
    for (ptrdiff_t a = (w).from[0]; a < (w).to[0]; a++)                                          \
        for (ptrdiff_t b = (w).from[1]; b < (w).to[1]; b++)                                      \
            for (ptrdiff_t c = (w).from[2], i = (((w).start[0] + a * (p)->dil[0]) * (p)->in[1] + \
                                                 (w).start[1] + b * (p)->dil[1]) *               \
                                                    (p)->in[2] +                                 \
                                                (w).start[2] + c * (p)->dil[2];                  \
                 c < (w).to[2]; c++, i += (p)->dil[2])

static int64_t position(const oc_pool_shape *p, ptrdiff_t i)
{
    const ptrdiff_t x = i % p->in[2], y = i / p->in[2] % p->in[1], z = i / p->in[2] / p->in[1];

    return p->column_major ? (x * p->in[1] + y) * p->in[0] + z : i;
}

#define MAX_FN(name, T, C, LOAD, STORE, LOWEST)                                               \
    static void name(const oc_pool_shape *p, const ptrdiff_t at[2], const void *px, void *py, \
                     int64_t *index)                                                          \
    {                                                                                         \
        const T *x = px;                                                                      \
        T       *y = py;                                                                      \
        window   w;                                                                           \
        window_along(p, 0, at[0], &w);                                                        \
        window_along(p, 1, at[1], &w);                                                        \
        for (ptrdiff_t o = 0; o < p->out[2]; o++) {                                           \
            C         top = LOWEST;                                                           \
            ptrdiff_t where = -1;                                                             \
            window_along(p, 2, o, &w);                                                        \
            EACH_TAP(p, w, i)                                                                 \
            if (LOAD(x[i]) > top || (where < 0 && LOAD(x[i]) == top)) {                       \
                top = LOAD(x[i]);                                                             \
                where = i;                                                                    \
            }                                                                                 \
            y[o] = STORE(top);                                                                \
            if (index)                                                                        \
                index[o] = where < 0 ? -1 : position(p, where);                               \
        }                                                                                     \
    }

#define FLOAT_FNS(suffix, T, C, LOAD, STORE)                                                \
    MAX_FN(max_##suffix, T, C, LOAD, STORE, -INFINITY)                                      \
    static void avg_##suffix(const oc_pool_shape *p, const ptrdiff_t at[2], const void *px, \
                             void *py, int64_t *index)                                      \
    {                                                                                       \
        const T *x = px;                                                                    \
        T       *y = py;                                                                    \
        window   w;                                                                         \
        (void)index;                                                                        \
        window_along(p, 0, at[0], &w);                                                      \
        window_along(p, 1, at[1], &w);                                                      \
        for (ptrdiff_t o = 0; o < p->out[2]; o++) {                                         \
            C         sum = 0;                                                              \
            ptrdiff_t n;                                                                    \
            window_along(p, 2, o, &w);                                                      \
            n = count_of(p, &w);                                                            \
            EACH_TAP(p, w, i) sum += LOAD(x[i]);                                            \
            y[o] = STORE(n ? sum / (C)n : 0);                                               \
        }                                                                                   \
    }                                                                                       \
    static void lp_##suffix(const oc_pool_shape *p, const ptrdiff_t at[2], const void *px,  \
                            void *py, int64_t *index)                                       \
    {                                                                                       \
        const T *x = px;                                                                    \
        T       *y = py;                                                                    \
        window   w;                                                                         \
        (void)index;                                                                        \
        window_along(p, 0, at[0], &w);                                                      \
        window_along(p, 1, at[1], &w);                                                      \
        for (ptrdiff_t o = 0; o < p->out[2]; o++) {                                         \
            double sum = 0;                                                                 \
            window_along(p, 2, o, &w);                                                      \
            EACH_TAP(p, w, i) sum += pow(fabs((double)LOAD(x[i])), p->p);                   \
            y[o] = STORE((C)pow(sum, 1 / p->p));                                            \
        }                                                                                   \
    }

FLOAT_FNS(f32, float, float, , )
FLOAT_FNS(f64, double, double, , )
FLOAT_FNS(f16, oc_half, float, oc_half_to_float, oc_half_from_float)
MAX_FN(max_u8, uint8_t, uint8_t, , , 0)
MAX_FN(max_i8, int8_t, int8_t, , , INT8_MIN)
MAX_FN(max_i32, int32_t, int32_t, , , INT32_MIN)
MAX_FN(max_i64, int64_t, int64_t, , , INT64_MIN)

oc_k_any_pool_fn *oc_k_any_pool(oc_pool_kind kind, oc_dtype dtype)
{
    static oc_k_any_pool_fn *const table[3][OC_BOOL + 1] = {
        [OC_POOL_MAX] = {[OC_F32] = max_f32,
                         [OC_F64] = max_f64,
                         [OC_F16] = max_f16,
                         [OC_U8] = max_u8,
                         [OC_I8] = max_i8,
                         [OC_I32] = max_i32,
                         [OC_I64] = max_i64},
        [OC_POOL_AVG] = {[OC_F32] = avg_f32, [OC_F64] = avg_f64, [OC_F16] = avg_f16},
        [OC_POOL_LP] = {[OC_F32] = lp_f32, [OC_F64] = lp_f64, [OC_F16] = lp_f16},
    };

    return dtype <= OC_BOOL ? table[kind][dtype] : NULL;
}
