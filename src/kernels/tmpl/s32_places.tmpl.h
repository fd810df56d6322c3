/* s32_places.tmpl.h -- the plain loops of oc_k_s32_places, static: places_straight, which the compiler turns
 * into vectors of the instruction set a file is built for, and places_projected, which it cannot (it
 * minds what comparisons with NaN would raise). */
#include "kernels/s32_places.h"
#include "kernels/tmpl/inline.h"

OC_INLINE int32_t place_held(float x)
{
    x = x - .5f;
    x = x > -20000.0f ? x : -20000.0f;
    x = x < 20000.0f ? x : 20000.0f;
    return (int32_t)(x * 64.0f + 1280000.5f) - 1280000; /* positive: cutting off rounds */
}

OC_INLINE void places_straight(const oc_places *p, size_t n, int32_t *restrict u,
                               int32_t *restrict v)
{
    const oc_places c = *p;

    for (int32_t i = 0; i < (int32_t)n; i++) {
        u[i] = (c.u0 + i * c.du) >> 10;
        v[i] = (c.v0 + i * c.dv) >> 10;
    }
}

OC_INLINE void places_projected(const oc_places *c, size_t first, size_t n, int32_t *u, int32_t *v)
{
    for (size_t i = first; i < n; i++) {
        float k = (float)(int32_t)i, w = c->g * k + c->h;
        float per = 1.0f / (w > 1e-6f ? w : 1e-6f);
        u[i] = place_held((c->a * k + c->b) * per);
        v[i] = place_held((c->d * k + c->e) * per);
    }
}
