#include "kernels/f32_nc8.h"

void oc_k_f32_nc8__ref(const oc_nc8 *t)
{
    for (size_t i = 0; i < t->n; i++)
        for (unsigned c = 0; c < 8; c++) {
            if (t->to_blocked)
                t->blocked[i * 8 + c] = c < t->lanes ? t->planar[c * t->plane + i] : 0.0f;
            else if (c < t->lanes)
                t->planar[c * t->plane + i] = t->blocked[i * 8 + c];
        }
}
