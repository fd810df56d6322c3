/* histogram.h -- durations counted in buckets that grow with the value: recording is one atomic
 * addition, from any thread, without a lock; memory is fixed.
 *
 * Log-linear: 32 buckets an octave, so that a quantile is off by at most 1/32 of its value.  From
 * 1 ns to 2^42 ns (73 minutes); longer ones count as that. */
#ifndef OC_TELEMETRY_HISTOGRAM_H
#define OC_TELEMETRY_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define OC_HISTOGRAM_SUB 32 /* buckets an octave */
#define OC_HISTOGRAM_OCTAVES 38
#define OC_HISTOGRAM_BUCKETS (OC_HISTOGRAM_SUB * OC_HISTOGRAM_OCTAVES)

/* A zeroed one is empty and ready. */
typedef struct oc_histogram {
    atomic_uint_fast64_t bucket[OC_HISTOGRAM_BUCKETS];
    atomic_uint_fast64_t n, sum_ns, max_ns;
} oc_histogram;

void oc_histogram_add(oc_histogram *h, uint64_t ns);

/* What `from` has counted goes on top of what `h` has. */
void oc_histogram_merge(oc_histogram *h, const oc_histogram *from);

uint64_t oc_histogram_count(const oc_histogram *h);
double   oc_histogram_sum_ns(const oc_histogram *h);
double   oc_histogram_mean_ns(const oc_histogram *h); /* 0 when empty */
uint64_t oc_histogram_max_ns(const oc_histogram *h);

/* The value below or at which the fraction q (0..1) of all values lies: the middle of its bucket,
 * never above the maximum.  0 when empty. */
uint64_t oc_histogram_quantile_ns(const oc_histogram *h, double q);

/* Bucket i counts values in [low, high). */
uint64_t oc_histogram_low_ns(size_t i);
uint64_t oc_histogram_bucket_count(const oc_histogram *h, size_t i);

/* Nanoseconds of the monotonic clock. */
uint64_t oc_now_ns(void);

#endif
