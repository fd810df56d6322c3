/* s32_finish.tmpl.h -- oc_k_s32_finish of a vocabulary with eight floats in a vector.
 *
 * A block of up to CHUNK pixels at a time: sums to bytes, then table, addition and bounds over those
 * bytes.  BYTES_OF_4(a, b, c, d, zero, to), where it is defined, makes bytes of four pixels. */
#include "kernels/s32_finish.h"
#include "kernels/tmpl/act.tmpl.h"
#include "kernels/u8_lookup.h"

#define CHUNK 48 /* pixels */

/* A block's sums: integers, or whole numbers in floats. */
typedef struct block_sums {
    const int32_t *acc;
    const float   *real;
    vf             start, scale;
    size_t         step;
} block_sums;

OC_INLINE vf scaled_sum(const block_sums *s, size_t p, const int real)
{
    const vf sum = real ? vf_add(vf_load(s->real + p * s->step), s->start)
                        : vf_from_ints(s->acc + p * s->step, 0);
    return vf_mul(sum, s->scale);
}

OC_INLINE vf value_of(const oc_finish8 *f, const block_sums *s, size_t p, const int real,
                      const oc_act_kind kind)
{
    return vf_act(kind, vf_set(f->act.a), vf_set(f->act.b), scaled_sum(s, p, real));
}

OC_INLINE void make_bytes(const oc_finish8 *f, const block_sums *s, size_t n, uint8_t *to,
                          const int real, const oc_act_kind kind)
{
    const vf lo = vf_set((float)-f->zero), hi = vf_set((float)(255 - f->zero));
    const vf per = vf_set(f->per_quantum);
    size_t   p = 0;

#ifdef BYTES_OF_4
    for (; kind == OC_ACT_NONE && f->per_quantum == 1.0f && p + 4 <= n; p += 4)
        BYTES_OF_4(scaled_sum(s, p, real), scaled_sum(s, p + 1, real), scaled_sum(s, p + 2, real),
                   scaled_sum(s, p + 3, real), f->zero, to + p * 8);
#endif
    for (; p < n; p++) {
        const vf v = vf_mul(value_of(f, s, p, real, kind), per);
        vf_to_bytes(to + p * 8, vf_at_most(hi, vf_max_known(lo, v)), f->zero, false);
    }
}

OC_INLINE void make_floats(const oc_finish8 *f, const block_sums *s, size_t n, float *to,
                           const int real, const oc_act_kind kind)
{
    for (size_t p = 0; p < n; p++)
        vf_store(to + p * 8, value_of(f, s, p, real, kind));
}

#define MAKE_BYTES(kind)                  \
    if (s->real)                          \
        make_bytes(f, s, n, to, 1, kind); \
    else                                  \
        make_bytes(f, s, n, to, 0, kind)
#define MAKE_FLOATS(kind)                  \
    if (s->real)                           \
        make_floats(f, s, n, to, 1, kind); \
    else                                   \
        make_floats(f, s, n, to, 0, kind)

static void bytes_of(const oc_finish8 *f, const block_sums *s, size_t n, uint8_t *to)
{
    switch (f->act.kind) {
        OC_ACT_SHORT_CASES(MAKE_BYTES);
        OC_ACT_LONG_CASES(MAKE_BYTES);
    }
}

static void floats_of(const oc_finish8 *f, const block_sums *s, size_t n, float *to)
{
    switch (f->act.kind) {
        OC_ACT_SHORT_CASES(MAKE_FLOATS);
        OC_ACT_LONG_CASES(MAKE_FLOATS);
    }
}

static void add_bytes(const oc_finish8 *f, const uint8_t *add, size_t n, uint8_t *b)
{
    const vf ratio = vf_set(f->ratio), ratio_add = vf_set(f->ratio_add), fixed = vf_set(f->fixed);
    const vf lo = vf_zero(), hi = vf_set(255.0f);
    for (size_t i = 0; i < n; i += 8) {
        const vf own = vf_from_bytes(b + i, false), other = vf_from_bytes(add + i, false);
        const vf r = f->add_last ? vf_fma(other, ratio_add, vf_fma(own, ratio, fixed))
                                 : vf_fma(own, ratio, vf_fma(other, ratio_add, fixed));
        vf_to_bytes(b + i, vf_at_most(hi, vf_max_known(lo, r)), 0, false);
    }
}

static void bound_bytes(const oc_finish8 *f, size_t n, const uint8_t *b, uint8_t *y)
{
    for (size_t i = 0; i < n; i++) { /* compilers make vectors of it */
        const uint8_t v = b[i] < f->lo ? f->lo : b[i];
        y[i] = v > f->hi ? f->hi : v;
    }
}

/* n pixels of one block. */
static void finish_block(const oc_finish8 *f, const block_sums *s, size_t n, ptrdiff_t at)
{
    uint8_t  own[CHUNK * 8];
    uint8_t *y = (uint8_t *)f->y + at, *b = f->add ? own : y; /* add may be y */
    bytes_of(f, s, n, b);
    if (f->table)
        OC_KERNEL(u8_lookup)(n * 8, f->table, b, b);
    if (f->add)
        add_bytes(f, f->add + at, n * 8, b);
    if (f->add || f->lo > 0 || f->hi < 255)
        bound_bytes(f, n * 8, b, y);
}

void OC_KERNEL(s32_finish)(const oc_finish8 *f)
{
    for (unsigned block = 0; block < f->blocks; block++)
        for (size_t p = 0, n; p < f->px; p += n) {
            const ptrdiff_t  at = block * f->y_blk + (ptrdiff_t)(p * 8);
            const size_t     from = (p * f->blocks + block) * 8;
            const block_sums s = {.acc = f->sums ? NULL : f->acc + from,
                                  .real = f->sums ? f->sums + from : NULL,
                                  .start = f->sums ? vf_load(f->start + 8 * block) : vf_zero(),
                                  .scale = vf_load(f->scale + 8 * block),
                                  .step = 8 * (size_t)f->blocks};
            n = f->px - p < CHUNK ? f->px - p : CHUNK;
            if (f->raw)
                floats_of(f, &s, n, (float *)f->y + at);
            else
                finish_block(f, &s, n, at);
        }
}
