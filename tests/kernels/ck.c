#include "ck.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BENCH_ROUNDS 30 /* short ones: the fastest has escaped other work on the machine */
#define BENCH_ROUND_NS 2e6

static const char *family, *variant, *only;
static uint64_t    rng = 88172645463325252u, seed;
static int         failed, checked;
static bool        bench;

static struct {
    void  *p;
    size_t bytes;
} maps[CK_LIVE_MAX];
static unsigned next_map;

static struct {
    const char *what;
    double      flops, bytes, best_ns, start_ns;
    uint64_t    calls, round_calls;
    int         round; /* -1: finding out how many calls fill a round */
} timing;

uint32_t ck_rand(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (uint32_t)(rng >> 16);
}

size_t ck_rand_in(size_t lo, size_t hi)
{
    return lo + ck_rand() % (hi - lo + 1);
}

void ck_begin(const char *name, int argc, char **argv)
{
    family = name;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--bench") == 0)
            bench = true;
        else if (strncmp(argv[i], "--seed=", 7) == 0)
            seed = strtoull(argv[i] + 7, NULL, 0);
        else if (strncmp(argv[i], "--only=", 7) == 0)
            only = argv[i] + 7;
        else
            printf("%s: %s is not an option\n", name, argv[i]);
    }
    rng ^= seed * 0x9e3779b97f4a7c15u;
    if (rng == 0)
        rng = 1;
}

bool ck_wants(const char *name, oc_isa isa)
{
#ifdef CK_EMULATED /* the variants that are linked over intrinsics in C, and no others */
    const oc_isa have = isa;
    if (!(isa & CK_EMULATED))
        return false;
#else
    const oc_isa have = oc_cpu_isa();
#endif
    if (isa & ~have) {
        printf("skip %s__%s: not on this processor\n", family, name);
        return false;
    }
    if (only && strcmp(only, name) != 0)
        return false;
    variant = name;
    checked++;
    return true;
}

int ck_end(void)
{
    printf("%s: %d variants, %d failures (seed %llu)\n", family, checked, failed,
           (unsigned long long)seed);
    if (failed)
        return 1;
    return checked ? 0 : 77;
}

void ck_fail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    printf("FAIL %s__%s: ", family, variant);
    vprintf(fmt, ap);
    printf("  (--seed=%llu)\n", (unsigned long long)seed);
    va_end(ap);
    failed++;
}

/* Memory with unmapped pages on both sides, its end at the second. */
static void *guarded(size_t bytes)
{
    const size_t   page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t   body = (bytes + page - 1) / page * page;
    const unsigned slot = next_map++ % CK_LIVE_MAX;
    char          *m = mmap(NULL, body + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (m == MAP_FAILED || (body && mprotect(m + page, body, PROT_READ | PROT_WRITE) != 0)) {
        perror("ck: mmap");
        abort();
    }
    if (maps[slot].p)
        munmap(maps[slot].p, maps[slot].bytes);
    maps[slot].p = m;
    maps[slot].bytes = body + 2 * page;
    memset(m + page, 0xa5, body);
    return m + page + body - bytes;
}

float *ck_floats(size_t n, ck_fill how)
{
    static const float edge[] = {0.0f,    -0.0f,   INFINITY, -INFINITY, NAN,  1e-42f,
                                 -1e-42f, 3.4e38f, -3.4e38f, 6.0f,      1.0f, -1.0f,
                                 88.8f,   -88.0f,  0.5f,     -104.0f};
    float             *x = guarded(n * sizeof(*x));

    for (size_t i = 0; i < n && how != CK_JUNK; i++) {
        if (how == CK_ZERO)
            x[i] = 0.0f;
        else if (how == CK_EDGES && ck_rand() % 3 == 0)
            x[i] = edge[ck_rand() % (sizeof(edge) / sizeof(edge[0]))];
        else
            x[i] =
                (float)((int)(ck_rand() % 20001) - 10000) / (how == CK_UNIT ? 10000.0f : 1000.0f);
    }
    return x;
}

uint8_t *ck_bytes(size_t n, ck_fill how)
{
    static const uint8_t edge[] = {0, 1, 127, 128, 129, 255};
    uint8_t             *x = guarded(n);

    for (size_t i = 0; i < n && how != CK_JUNK; i++) {
        if (how == CK_ZERO)
            x[i] = 0;
        else if (how == CK_EDGES && ck_rand() % 3 == 0)
            x[i] = edge[ck_rand() % sizeof(edge)];
        else
            x[i] = (uint8_t)ck_rand();
    }
    return x;
}

int32_t *ck_ints(size_t n, ck_fill how)
{
    static const int32_t edge[] = {0, 1, -1, INT32_MAX, INT32_MIN, INT32_MIN + 1};
    int32_t             *x = guarded(n * sizeof(*x));

    for (size_t i = 0; i < n && how != CK_JUNK; i++) {
        if (how == CK_ZERO)
            x[i] = 0;
        else if (how == CK_EDGES && ck_rand() % 3 == 0)
            x[i] = edge[ck_rand() % 6];
        else
            x[i] = (int32_t)ck_rand();
    }
    return x;
}

uint16_t *ck_halfs(size_t n, ck_fill how)
{
    return (uint16_t *)(void *)ck_bytes(n * sizeof(uint16_t), how);
}

void *ck_copy(const void *from, size_t bytes)
{
    void *to = guarded(bytes);

    memcpy(to, from, bytes);
    return to;
}

/* Floats in the order of their values, as integers. */
static int64_t ordered(float f)
{
    int32_t i;

    memcpy(&i, &f, sizeof(i));
    return i < 0 ? (int64_t)INT32_MIN - i : i;
}

bool ck_same(const float *want, const float *got, size_t n, unsigned max_ulp)
{
    for (size_t i = 0; i < n; i++) {
        const int64_t d = ordered(want[i]) - ordered(got[i]);

        if (isnan(want[i]) && isnan(got[i]))
            continue;
        if (isnan(want[i]) != isnan(got[i]) || (d < 0 ? -d : d) > (int64_t)max_ulp) {
            printf("%s__%s: [%zu of %zu] want %a (%g) got %a (%g)\n", family, variant, i, n,
                   (double)want[i], (double)want[i], (double)got[i], (double)got[i]);
            return false;
        }
    }
    return true;
}

bool ck_close(const float *want, const float *got, size_t n, double max_rel_to_max)
{
    double top = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(want[i]) && fabs((double)want[i]) > top)
            top = fabs((double)want[i]);
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)want[i] - (double)got[i]);

        if ((isnan(want[i]) && isnan(got[i])) || want[i] == got[i])
            continue;
        if (!(d <= max_rel_to_max * top)) { /* also when d is NaN */
            printf("%s__%s: [%zu of %zu] want %.9g got %.9g (%.2g of the largest, %.9g)\n", family,
                   variant, i, n, (double)want[i], (double)got[i], d / top, top);
            return false;
        }
    }
    return true;
}

bool ck_same_bytes(const void *want, const void *got, size_t bytes)
{
    const uint8_t *a = want, *b = got;

    for (size_t i = 0; i < bytes; i++)
        if (a[i] != b[i]) {
            printf("%s__%s: [byte %zu of %zu] want %u got %u\n", family, variant, i, bytes, a[i],
                   b[i]);
            return false;
        }
    return true;
}

bool ck_same_ints(const int32_t *want, const int32_t *got, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (want[i] != got[i]) {
            printf("%s__%s: [%zu of %zu] want %d got %d\n", family, variant, i, n, want[i], got[i]);
            return false;
        }
    return true;
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

bool ck_bench_begin(const char *what, double flops, double bytes)
{
    if (!bench)
        return false;
    timing.what = what;
    timing.flops = flops;
    timing.bytes = bytes;
    timing.best_ns = INFINITY;
    timing.calls = 0;
    timing.round_calls = 1;
    timing.round = -1;
    timing.start_ns = now_ns();
    return true;
}

/* Doubles the calls until a round is long enough, then keeps the fastest of several rounds. */
bool ck_bench_more(void)
{
    double took;

    if (timing.calls++ < timing.round_calls)
        return true;
    took = now_ns() - timing.start_ns;
    if (timing.round < 0 && took < BENCH_ROUND_NS) {
        timing.round_calls *= 2;
    } else {
        if (took / (double)timing.round_calls < timing.best_ns)
            timing.best_ns = took / (double)timing.round_calls;
        timing.round++;
    }
    if (timing.round < BENCH_ROUNDS) {
        timing.calls = 1;
        timing.start_ns = now_ns();
        return true;
    }
    printf("bench %s__%s%s%s %.1f ns", family, variant, *timing.what ? " " : "", timing.what,
           timing.best_ns);
    if (timing.flops > 0)
        printf("  %.2f GFLOP/s", timing.flops / timing.best_ns);
    if (timing.bytes > 0)
        printf("  %.2f GB/s", timing.bytes / timing.best_ns);
    printf("\n");
    return false;
}
