/* ck.h -- harness for kernel tests: each variant against the reference, at the edge of a page.
 *
 * Buffers end at an unmapped page and begin right after one where their size is whole pages; one
 * element too far faults.  A buffer lives until CK_LIVE_MAX others have been asked for after it.
 * Buffers whose bytes are a multiple of 64 are aligned to 64. */
#ifndef CK_H
#define CK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

#define CK_LIVE_MAX 64

typedef enum ck_fill {
    CK_PLAIN, /* uniform in -10..10; bytes and words over their whole range */
    CK_UNIT,  /* uniform in -1..1: for kernels that sum */
    CK_EDGES, /* a third of them +-0, inf, NaN, denormals, huge, integer limits */
    CK_ZERO,
    CK_JUNK, /* 0xa5 all over: for outputs */
} ck_fill;

/* --seed=N, --bench, --only=VARIANT */
void ck_begin(const char *family, int argc, char **argv);
/* True when this processor has `isa`; names the variant that messages speak of. */
bool ck_wants(const char *variant, oc_isa isa);
/* Exit code: 1 after a failure; 77 (skipped) when no variant ran. */
int ck_end(void);

float    *ck_floats(size_t n, ck_fill how);
uint8_t  *ck_bytes(size_t n, ck_fill how);
int32_t  *ck_ints(size_t n, ck_fill how);
uint16_t *ck_halfs(size_t n, ck_fill how);         /* any bits */
void     *ck_copy(const void *from, size_t bytes); /* a guarded copy */
uint32_t  ck_rand(void);
size_t    ck_rand_in(size_t lo, size_t hi); /* both included */

/* These print the first difference.  NaN equals NaN; ulp 0 still takes -0 for 0. */
bool ck_same(const float *want, const float *got, size_t n, unsigned max_ulp);
/* |want - got| <= max_rel_to_max * max |want|: for kernels that sum in another order. */
bool ck_close(const float *want, const float *got, size_t n, double max_rel_to_max);
bool ck_same_bytes(const void *want, const void *got, size_t bytes);
bool ck_same_ints(const int32_t *want, const int32_t *got, size_t n);

void ck_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Times `call` (only under --bench); prints ns, and GFLOP/s, GB/s when the counts are not 0. */
#define CK_BENCH(call) CK_BENCH_WORK("", 0, 0, call)
#define CK_BENCH_WORK(what, flops, bytes, call)                     \
    do {                                                            \
        if (ck_bench_begin(what, (double)(flops), (double)(bytes))) \
            while (ck_bench_more()) {                               \
                call;                                               \
            }                                                       \
    } while (0)
bool ck_bench_begin(const char *what, double flops, double bytes);
bool ck_bench_more(void);

#endif
