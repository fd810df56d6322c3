#include "kernels/u8_nc8.h"

void oc_k_u8_nc8__ref(const oc_bytes8 *t)
{
    for (size_t p = 0; p < t->n; p++)
        for (size_t c = 0; c < 8; c++) {
            uint8_t *b = &t->blocked[p * 8 + c];
            if (t->to_blocked)
                *b = c < t->lanes ? t->planar[c * t->plane + p] : t->fill;
            else if (c < t->lanes)
                t->planar[c * t->plane + p] = *b;
        }
}
