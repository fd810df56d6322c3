/* The errors of Winograd's method against a sum in double precision, over random and real layers:
 * below what oc_conv_wino_error promises, and by how much (--print). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "ocellus/session.h"
#include "ops/conv_wino.h"
#include "runtime/model.h"

#define SIDE 14

typedef enum field { NOISE, RECTIFIED, SMOOTH, N_FIELDS } field;

static uint32_t seed = 1;

static float noise(void) /* nearly normal */
{
    float sum = 0;
    for (int i = 0; i < 4; i++) {
        seed = seed * 1664525u + 1013904223u;
        sum += (float)(seed >> 8) * (1.0f / 8388608.0f) - 1.0f;
    }
    return sum;
}

/* Blocked input of c channels: noise, noise after a ReLU, or rectified waves over a large mean. */
static void fill(field kind, float *x, int64_t c)
{
    for (int64_t ch = 0; ch < c; ch++) {
        float fx = noise() * 0.3f, fy = noise() * 0.3f, mean = fabsf(noise()) + 1.0f;
        for (int64_t p = 0; p < SIDE * SIDE; p++) {
            float v = noise();
            if (kind == RECTIFIED)
                v = v + 0.5f > 0 ? v + 0.5f : 0;
            if (kind == SMOOTH)
                v = mean + sinf(fx * (float)(p % SIDE) + fy * (float)(p / SIDE)) + 0.05f * v;
            x[(ch / 8 * SIDE * SIDE + p) * 8 + ch % 8] = v;
        }
    }
}

/* The exact sums; gives back the largest. */
static double exact(const float *x, const float *w, int64_t c, int64_t oc, double *y)
{
    double most = 0;
    for (int64_t o = 0; o < oc; o++)
        for (int64_t r = 0; r < SIDE; r++)
            for (int64_t q = 0; q < SIDE; q++) {
                double sum = 0;
                for (int64_t i = 0; i < c; i++)
                    for (int64_t k = 0; k < 9; k++) {
                        int64_t iy = r + k / 3 - 1, ix = q + k % 3 - 1;
                        if (iy < 0 || iy >= SIDE || ix < 0 || ix >= SIDE)
                            continue;
                        sum += (double)x[(i / 8 * SIDE * SIDE + iy * SIDE + ix) * 8 + i % 8] *
                               (double)w[(o * c + i) * 9 + k];
                    }
                y[(o * SIDE + r) * SIDE + q] = sum;
                most = fmax(most, fabs(sum));
            }
    return most;
}

typedef struct layer_case {
    float  *x, *y;
    double *want;
    double  worst[OC_WINO_PAIRS_MAX]; /* error / (most * sqrt(c)), of all cases */
    size_t  n;
} layer_case;

/* One layer by every size. */
static void check_layer(layer_case *t, field kind, const float *w, int64_t c, int64_t oc)
{
    oc_conv_geom g = {.dims = 2,
                      .n = 1,
                      .c = c,
                      .oc = oc,
                      .groups = 1,
                      .in = {SIDE, SIDE},
                      .out = {SIDE, SIDE},
                      .k = {3, 3},
                      .stride = {1, 1},
                      .dil = {1, 1},
                      .pad = {1, 1},
                      .pad_end = {1, 1}};
    fill(kind, t->x, c);
    double most = exact(t->x, w, c, oc, t->want);
    for (unsigned m = 2; m <= OC_WINO_OUT_MAX && most > 0; m += 2) {
        oc_arena     mem = {0};
        oc_node      node = {0};
        oc_conv_wino d;
        oc_error     err;
        oc_prepare   p = {.node = &node, .isa = oc_cpu_isa(), .mem = &mem};
        assert_int_equal(oc_conv_wino_init(&d, &g, m, w, NULL, &p, &err), OC_OK);
        void *scratch = oc_arena_alloc64(&mem, d.scratch_bytes, 1);
        assert_non_null(scratch);
        for (size_t u = 0; u < d.units; u++)
            oc_conv_wino_run(&d, t->x, NULL, t->y, u, scratch);
        double error = 0;
        for (int64_t o = 0; o < oc; o++)
            for (int64_t q = 0; q < SIDE * SIDE; q++)
                error = fmax(error, fabs(t->want[o * SIDE * SIDE + q] -
                                         (double)t->y[(o / 8 * SIDE * SIDE + q) * 8 + o % 8]));
        oc_arena_finish(&mem);
        t->worst[m / 2 - 1] = fmax(t->worst[m / 2 - 1], error / most / sqrt((double)c));
        if (error > most * oc_conv_wino_error(m, c))
            fail_msg("F(%u) c %d oc %d field %d: error %.3g of the maximum, bound %.3g", m, (int)c,
                     (int)oc, (int)kind, error / most, oc_conv_wino_error(m, c));
    }
    t->n++;
}

static void begin(layer_case *t, int64_t c_max)
{
    *t = (layer_case){.x = oc_alloc64((size_t)c_max * SIDE * SIDE, sizeof(float)),
                      .y = oc_alloc64((size_t)c_max * SIDE * SIDE, sizeof(float)),
                      .want = calloc((size_t)c_max * SIDE * SIDE, sizeof(double))};
    assert_true(t->x && t->y && t->want);
}

static void end(layer_case *t, const char *what)
{
    print_message("%s: %zu layers, largest error / sqrt(channels): F(2) %.2e, F(4) %.2e, F(6) "
                  "%.2e\n",
                  what, t->n, t->worst[0], t->worst[1], t->worst[2]);
    oc_free64(t->x);
    oc_free64(t->y);
    free(t->want);
}

static void random_layers(void **state)
{
    static const int64_t channels[] = {8, 16, 24, 64, 128, 256};
    layer_case           t;
    float               *w = calloc(256 * 32 * 9, sizeof(*w));
    (void)state;
    assert_non_null(w);
    begin(&t, 256);
    for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++)
        for (int kind = 0; kind < N_FIELDS; kind++)
            for (int again = 0; again < 3; again++) {
                for (int64_t k = 0; k < channels[i] * 16 * 9; k++)
                    w[k] = noise();
                check_layer(&t, (field)kind, w, channels[i], 16);
            }
    end(&t, "random weights");
    free(w);
}

/* The first outputs of every layer of a network that could be done so. */
static void real_network(layer_case *t, const char *path)
{
    oc_model *model = NULL;
    oc_error  err;
    if (oc_model_load(path, &model, &err) != OC_OK)
        fail_msg("%s", err.message);
    const oc_graph *g = oc_model_peek_graph(model);
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const oc_node  *n = &g->nodes[i];
        const oc_value *w = strcmp(n->op_type, "Conv") == 0 ? &g->values[n->in[1]] : NULL;
        if (!w || !w->data || w->info.dtype != OC_F32 || w->info.shape.rank != 4 ||
            w->info.shape.dim[2] != 3 || w->info.shape.dim[3] != 3 || w->info.shape.dim[1] < 8 ||
            w->info.shape.dim[0] < 8 || w->info.shape.dim[1] > 512)
            continue;
        int64_t oc = w->info.shape.dim[0] < 16 ? w->info.shape.dim[0] : 16;
        for (int kind = 0; kind < N_FIELDS; kind++)
            check_layer(t, (field)kind, w->data, w->info.shape.dim[1], oc);
    }
    oc_model_unref(model);
}

static void real_layers(void **state)
{
    static const char *const files[] = {"yolox_nano_416.onnx",
                                        "nanodet_m_320.onnx",
                                        "picodet_s_416_coco.onnx",
                                        "yunet_n_320_320.onnx",
                                        "person-reidentification-retail-0287.onnx",
                                        "mnist.onnx"};
    const char              *more = getenv("OCELLUS_MORE_NETWORKS"); /* one more file */
    layer_case               t;
    char                     path[1024];
    (void)state;
    begin(&t, 512);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/../shared/models/%s", OC_SOURCE_DIR, files[i]);
        FILE *f = fopen(path, "r");
        if (!f)
            continue;
        fclose(f);
        real_network(&t, path);
    }
    if (more)
        real_network(&t, more);
    if (t.n == 0)
        print_message("no networks beside the project\n");
    end(&t, "weights of networks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_layers),
                                       cmocka_unit_test(real_layers)};
    if (oc_cpu_isa() == OC_ISA_NONE)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
