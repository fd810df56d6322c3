/* s32_places.tmpl.h -- oc_k_s32_places in plain loops, which the compiler turns into vectors of the
 * instruction set a file is built for.  VF_ISA names it. */
#include "kernels/s32_places.h"
#include "kernels/tmpl/inline.h"

OC_INLINE int32_t place_held(float x)
{
    x = x - .5f;
    x = x > -20000.0f ? x : -20000.0f;
    x = x < 20000.0f ? x : 20000.0f;
    return (int32_t)(x * 64.0f + 1280000.5f) - 1280000; /* positive: cutting off rounds */
}

void OC_KERNEL(s32_places)(const oc_places *p, size_t n, int32_t *restrict u, int32_t *restrict v)
{
    const oc_places c = *p;
    const int32_t   end = (int32_t)n;

    if (c.straight) {
        for (int32_t i = 0; i < end; i++) {
            u[i] = (c.u0 + i * c.du) >> 10;
            v[i] = (c.v0 + i * c.dv) >> 10;
        }
        return;
    }
    for (int32_t i = 0; i < end; i++) {
        float k = (float)i, w = c.g * k + c.h;
        float per = 1.0f / (w > 1e-6f ? w : 1e-6f);
        u[i] = place_held((c.a * k + c.b) * per);
        v[i] = place_held((c.d * k + c.e) * per);
    }
}
