/* Eight pixels at a time: three rounds of interleaving turn an 8 x 8 matrix of bytes over. */
#include <arm_neon.h>

#include "kernels/u8_nc8.h"

static void turn(uint8x8_t v[8])
{
    for (int round = 0; round < 3; round++) {
        uint8x8_t s[8];
        for (int i = 0; i < 4; i++) {
            s[2 * i] = vzip1_u8(v[i], v[i + 4]);
            s[2 * i + 1] = vzip2_u8(v[i], v[i + 4]);
        }
        for (int i = 0; i < 8; i++)
            v[i] = s[i];
    }
}

static void eight(const oc_bytes8 *t, size_t p)
{
    uint8x8_t v[8];
    for (unsigned i = 0; i < 8; i++)
        if (!t->to_blocked)
            v[i] = vld1_u8(t->blocked + (p + i) * 8);
        else
            v[i] = i < t->lanes ? vld1_u8(t->planar + i * t->plane + p) : vdup_n_u8(t->fill);
    turn(v);
    for (unsigned i = 0; i < 8; i++)
        if (t->to_blocked)
            vst1_u8(t->blocked + (p + i) * 8, v[i]);
        else if (i < t->lanes)
            vst1_u8(t->planar + i * t->plane + p, v[i]);
}

void oc_k_u8_nc8__neon(const oc_bytes8 *t)
{
    size_t p = 0;
    for (; p + 8 <= t->n; p += 8)
        eight(t, p);
    if (p < t->n) {
        oc_bytes8 rest = *t;
        rest.planar += p;
        rest.blocked += p * 8;
        rest.n -= p;
        oc_k_u8_nc8__ref(&rest);
    }
}
