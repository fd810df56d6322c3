/* f32_mac against the reference: every tile, tails of channels and k, places, residuals. */
#include "ck.h"
#include "kernels/f32_mac.h"

#include <stdio.h>
#include <string.h>

/* Operands of one call, in buffers that end where the contract says reading ends. */
typedef struct shape {
    size_t   px, n0, n1, n2;
    unsigned k_last, blocks, lanes;
    bool     planar, whole, bias, add, places;
    oc_act   act;
} shape;

static size_t k_count(const shape *s)
{
    return s->n0 * s->n1 * ((s->n2 - 1) * 8 + s->k_last);
}

/* Blocked: blocks of 8 k lie `plane` apart, pixels 8 apart, taps inside the plane.  Planar: k next
 * to each other, pixels `stride` apart. */
static void strides(const shape *s, oc_mac *m, size_t *x_floats)
{
    const size_t stride = 1 + ck_rand() % 3, width = (s->px - 1) * stride + s->n1;

    if (s->planar) {
        m->x_px = (ptrdiff_t)((s->n2 - 1) * 8 + s->k_last + ck_rand() % 3);
        m->x2 = 8;
        m->x1 = (ptrdiff_t)(s->px * (size_t)m->x_px);
    } else {
        m->x_px = (ptrdiff_t)stride * 8;
        m->x1 = 8;
        m->x2 = (ptrdiff_t)(width * s->n0 * 8);
    }
    m->x0 = s->planar ? (ptrdiff_t)s->n1 * m->x1 : (ptrdiff_t)width * 8;
    *x_floats = (size_t)((ptrdiff_t)(s->px - 1) * m->x_px + (ptrdiff_t)(s->n0 - 1) * m->x0 +
                         (ptrdiff_t)(s->n1 - 1) * m->x1 + (ptrdiff_t)(s->n2 - 1) * m->x2) +
                s->k_last;
}

/* The same sum by places. */
static void use_places(oc_mac *m)
{
    size_t     n = 0;
    ptrdiff_t *at = (ptrdiff_t *)ck_bytes(m->n0 * m->n1 * m->n2 * 8 * sizeof(*at), CK_JUNK);
    for (size_t i0 = 0; i0 < m->n0; i0++)
        for (size_t i1 = 0; i1 < m->n1; i1++)
            for (size_t i2 = 0; i2 < m->n2; i2++)
                for (unsigned k = 0; k < (i2 + 1 == m->n2 ? m->k_last : 8); k++)
                    at[n++] =
                        (ptrdiff_t)i0 * m->x0 + (ptrdiff_t)i1 * m->x1 + (ptrdiff_t)i2 * m->x2 + k;
    m->at = at;
    m->n_at = n;
    m->n0 = m->n1 = m->n2 = 77; /* not looked at */
}

static void check_one(oc_k_f32_mac_fn *kernel, const shape *s)
{
    oc_mac m = {.px = s->px,
                .n0 = s->n0,
                .n1 = s->n1,
                .n2 = s->n2,
                .k_last = s->k_last,
                .blocks = s->blocks,
                .lanes = s->lanes,
                .whole = s->whole,
                .act = s->act};
    size_t x_floats, w_floats = k_count(s) * s->blocks * 8;

    strides(s, &m, &x_floats);
    m.y_px = s->whole ? 8 : (ptrdiff_t)(s->blocks * 8 - 8 + s->lanes);
    m.y_blk = s->whole ? (ptrdiff_t)s->px * 8 : 8;
    size_t y_floats = s->px * (s->whole ? s->blocks * 8 : (size_t)m.y_px);
    m.x = ck_floats(x_floats, CK_UNIT);
    m.w = ck_floats((w_floats + 15) / 16 * 16, CK_UNIT);
    m.bias = s->bias ? ck_floats(s->blocks * 8, CK_UNIT) : NULL;
    m.add = s->add ? ck_floats(y_floats, CK_UNIT) : NULL;
    float *want = ck_floats(y_floats, CK_JUNK), *got = ck_floats(y_floats, CK_JUNK);
    m.y = want;
    oc_k_f32_mac__ref(&m);
    m.y = got;
    if (s->places)
        use_places(&m);
    kernel(&m);
    if (!ck_close(want, got, y_floats, 1e-5))
        ck_fail("px %zu n %zux%zux%zu k_last %u blocks %u lanes %u planar %d whole %d act %d",
                s->px, s->n0, s->n1, s->n2, s->k_last, s->blocks, s->lanes, s->planar, s->whole,
                (int)s->act.kind);
    m.act.kind = OC_ACT_NONE; /* in place: add is y */
    memcpy(got, want, y_floats * sizeof(float));
    m.y = want;
    m.add = want;
    oc_k_f32_mac__ref(&m);
    m.y = got;
    m.add = got;
    kernel(&m);
    if (!ck_close(want, got, y_floats, 1e-5))
        ck_fail("adding in place: px %zu blocks %u lanes %u", s->px, s->blocks, s->lanes);
}

static void check(oc_k_f32_mac_fn *kernel)
{
    for (unsigned blocks = 1; blocks <= OC_MAC_BLOCKS_MAX; blocks++)
        for (size_t px = 1; px <= 40; px++)
            for (unsigned i = 0; i < 8; i++) {
                shape s = {.px = px,
                           .n0 = 1 + ck_rand() % 3,
                           .n1 = 1 + ck_rand() % 3,
                           .n2 = 1 + ck_rand() % 4,
                           .k_last = (unsigned)ck_rand_in(1, 8),
                           .blocks = blocks,
                           .lanes = (unsigned)ck_rand_in(1, 8),
                           .planar = i & 1,
                           .whole = i & 2,
                           .bias = i & 4,
                           .add = ck_rand() & 1,
                           .places = ck_rand() & 1,
                           .act = {(oc_act_kind)(ck_rand() % 11), 0.2f, 0.6f}};
                check_one(kernel, &s);
            }
    shape none = {.px = 7,
                  .n0 = 1,
                  .n1 = 1,
                  .n2 = 1,
                  .k_last = 8,
                  .blocks = 2,
                  .lanes = 8,
                  .whole = true,
                  .bias = true,
                  .act = {OC_ACT_SIGMOID, 0, 0}};
    check_one(kernel, &none);
}

/* A NaN or an infinity among the pixels reaches the outputs of its own pixel and no other. */
static void check_edges(oc_k_f32_mac_fn *kernel)
{
    for (unsigned kind = OC_ACT_NONE; kind <= OC_ACT_MISH; kind++) {
        float *x = ck_floats(24 * 8, CK_EDGES), *w = ck_floats(8 * 16, CK_UNIT);
        float *want = ck_floats(24 * 16, CK_JUNK), *got = ck_floats(24 * 16, CK_JUNK);
        for (size_t i = 0; i < 24 * 8; i++)
            x[i] = x[i] > 1e30f || x[i] < -1e30f || i % 5 ? 0.5f : x[i];
        oc_mac m = {.x = x,
                    .x_px = 8,
                    .n0 = 1,
                    .n1 = 1,
                    .n2 = 1,
                    .k_last = 8,
                    .w = w,
                    .y = want,
                    .y_px = 8,
                    .y_blk = 24 * 8,
                    .px = 24,
                    .blocks = 2,
                    .lanes = 8,
                    .whole = true,
                    .act = {(oc_act_kind)kind, 0.2f, 0.5f}};
        oc_k_f32_mac__ref(&m);
        m.y = got;
        kernel(&m);
        if (!ck_close(want, got, 24 * 16, 1e-5))
            ck_fail("edge values, act %u", kind);
    }
}

static void bench(oc_k_f32_mac_fn *kernel)
{
    static const struct {
        size_t k, oc;
    } cases[] = {{16, 32}, {64, 64}, {128, 128}, {232, 232}, {96, 24}, {64, 8}};
    const size_t px = 676;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t   k = cases[i].k, oc = cases[i].oc;
        unsigned blocks = oc % 16 == 0 ? 2 : oc == 24 ? 3 : 1;
        float   *x = ck_floats(k * px, CK_UNIT), *w = ck_floats((k + 7) * oc, CK_UNIT);
        float   *y = ck_floats(px * oc, CK_JUNK);
        oc_mac   m = {.x = x,
                      .x_px = 8,
                      .x2 = (ptrdiff_t)px * 8,
                      .n0 = 1,
                      .n1 = 1,
                      .n2 = k / 8,
                      .k_last = 8,
                      .y_px = 8,
                      .y_blk = (ptrdiff_t)px * 8,
                      .px = px,
                      .blocks = blocks,
                      .lanes = 8,
                      .whole = true,
                      .act = {OC_ACT_RELU, 0, 0}};
        char     what[64];
        snprintf(what, sizeof(what), "%zu -> %zu, %zu pixels", k, oc, px);
        CK_BENCH_WORK(what, 2.0 * (double)(k * oc * px), 0, {
            for (size_t o = 0; o < oc; o += blocks * 8) {
                m.w = w + o * k;
                m.y = y + o * px;
                kernel(&m);
            }
        });
    }
}

int main(int argc, char **argv)
{
    ck_begin("f32_mac", argc, argv);
#define OC_K(name, isa)                    \
    if (ck_wants(#name, isa)) {            \
        check(oc_k_f32_mac__##name);       \
        check_edges(oc_k_f32_mac__##name); \
        bench(oc_k_f32_mac__##name);       \
    }
#include "kernels/f32_mac.inc"
#undef OC_K
    return ck_end();
}
