#include "kernels/s32_finish.h"

#include "kernels/ref/act.h"

static float to_byte(float v)
{
    return v < 0.0f || v != v ? 0.0f : v > 255.0f ? 255.0f : v;
}

static uint8_t finish_byte(const oc_finish8 *f, float v, const uint8_t *add)
{
    const float zero = (float)f->zero;
    v = v * f->per_quantum;
    v = v > 255.0f - zero ? 255.0f - zero : v > -zero ? v : -zero; /* a NaN becomes the least */
    uint8_t b = (uint8_t)((int32_t)rintf(v) + f->zero);
    if (f->table)
        b = f->table[b];
    if (add) {
        const float own = f->ratio, other = f->ratio_add, x = (float)b, y = (float)*add;
        b = (uint8_t)rintf(to_byte(f->add_last ? fmaf(y, other, fmaf(x, own, f->fixed))
                                               : fmaf(x, own, fmaf(y, other, f->fixed))));
    }
    return b < f->lo ? f->lo : b > f->hi ? f->hi : b;
}

void oc_k_s32_finish__ref(const oc_finish8 *f)
{
    const size_t channels = 8 * (size_t)f->blocks;
    for (size_t p = 0; p < f->px; p++)
        for (size_t c = 0; c < channels; c++) {
            const ptrdiff_t at = (ptrdiff_t)(c / 8) * f->y_blk + (ptrdiff_t)(p * 8 + c % 8);
            const size_t    k = p * channels + c;
            const float     sum = f->sums ? f->sums[k] + f->start[c] : (float)f->acc[k];
            const float     v = oc_act_apply(f->act, sum * f->scale[c]);
            if (f->raw)
                ((float *)f->y)[at] = v;
            else
                ((uint8_t *)f->y)[at] = finish_byte(f, v, f->add ? f->add + at : NULL);
        }
}
