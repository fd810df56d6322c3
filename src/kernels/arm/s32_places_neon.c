#include "kernels/tmpl/s32_places.tmpl.h"

void oc_k_s32_places__neon(const oc_places *p, size_t n, int32_t *u, int32_t *v)
{
    if (p->straight)
        places_straight(p, n, u, v);
    else
        places_projected(p, 0, n, u, v);
}
