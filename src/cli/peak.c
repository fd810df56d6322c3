#include "cli/peak.h"

#include <string.h>

#include "cli/network.h"
#include "core/arena.h"
#include "core/pool.h"
#include "kernels/f32_mac.h"

/* A panel of 16 channels over 24 pixels, 128 deep: 8 + 12 KiB.  The best tile of f32_mac with data in
 * L1 reaches the rate of the multiply-add units themselves to within a per cent. */
#define PX 24
#define K 128
#define CALLS 400
#define COPY_BYTES ((size_t)32 << 20) /* a thread: more than caches hold */
#define TIMES 7

typedef struct peak_work {
    oc_k_f32_mac_fn *kernel;
    float          **x, **w, **y; /* a thread its own */
    char           **from, **to;
} peak_work;

static void multiply(void *ctx, oc_range part, unsigned worker)
{
    const peak_work *p = ctx;
    oc_mac           m = {.x = p->x[worker],
                          .x_px = 8,
                          .x2 = PX * 8,
                          .n0 = 1,
                          .n1 = 1,
                          .n2 = K / 8,
                          .k_last = 8,
                          .w = p->w[worker],
                          .y = p->y[worker],
                          .y_px = 8,
                          .y_blk = PX * 8,
                          .px = PX,
                          .blocks = 2,
                          .lanes = 8,
                          .whole = true};

    for (size_t i = part.begin; i < part.end; i++)
        for (int k = 0; k < CALLS; k++)
            p->kernel(&m);
}

static void copy(void *ctx, oc_range part, unsigned worker)
{
    const peak_work *p = ctx;

    for (size_t i = part.begin; i < part.end; i++)
        memcpy(p->to[worker], p->from[worker], COPY_BYTES);
}

static oc_status make_buffers(peak_work *p, unsigned n, oc_arena *mem, oc_error *err)
{
    void **all = oc_arena_alloc(mem, (size_t)n * 5, sizeof(*all));

    if (!all)
        return OC_FAIL(err, OC_NOMEM, "peak");
    p->x = (float **)all;
    p->w = (float **)all + n;
    p->y = (float **)all + 2 * (size_t)n;
    p->from = (char **)all + 3 * (size_t)n;
    p->to = (char **)all + 4 * (size_t)n;
    for (unsigned i = 0; i < n; i++) {
        p->x[i] = oc_arena_alloc64(mem, PX * K, sizeof(float));
        p->w[i] = oc_arena_alloc64(mem, 16 * K, sizeof(float));
        p->y[i] = oc_arena_alloc64(mem, 16 * PX, sizeof(float));
        p->from[i] = oc_arena_alloc64(mem, COPY_BYTES, 1);
        p->to[i] = oc_arena_alloc64(mem, COPY_BYTES, 1);
        if (!p->x[i] || !p->w[i] || !p->y[i] || !p->from[i] || !p->to[i])
            return OC_FAIL(err, OC_NOMEM, "peak");
        memset(p->from[i], 1, COPY_BYTES);
        memset(p->to[i], 2, COPY_BYTES);
    }
    return OC_OK;
}

/* The shortest of some runs of one unit a thread. */
static double best_ms(oc_pool *pool, unsigned n, oc_pool_fn *fn, peak_work *p)
{
    double best = 1e30;

    for (int i = 0; i < TIMES; i++) {
        double t0 = cli_now_ms();
        oc_pool_run(pool, n, n, 1, fn, p);
        double ms = cli_now_ms() - t0;
        best = ms < best ? ms : best;
    }
    return best;
}

oc_status cli_peak_measure(oc_pool *pool, oc_isa isa, cli_peak *out, oc_error *err)
{
    const unsigned n = oc_pool_threads(pool);
    peak_work      p = {.kernel = oc_k_f32_mac(isa)};
    oc_arena       mem = {0};
    oc_status      st = make_buffers(&p, n, &mem, err);

    if (st == OC_OK) {
        out->gflops = 2.0 * PX * K * 16 * CALLS * n / best_ms(pool, n, multiply, &p) * 1e-6;
        out->gbs = 2.0 * (double)COPY_BYTES * n / best_ms(pool, n, copy, &p) * 1e-6;
    }
    oc_arena_finish(&mem);
    return st;
}
