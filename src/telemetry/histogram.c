/* Log-linear histogram: the first octave is 1 ns wide buckets, each later one twice as wide. */
#include <time.h>

#include "telemetry/histogram.h"

enum { SUB_BITS = 5 };
_Static_assert(OC_HISTOGRAM_SUB == 1 << SUB_BITS, "buckets an octave");

static size_t bucket_of(uint64_t ns)
{
    if (ns < OC_HISTOGRAM_SUB)
        return (size_t)ns;
    unsigned octave = 63u - (unsigned)__builtin_clzll(ns) - SUB_BITS; /* 0 for 32..63 */
    size_t   i = (octave + 1u) * OC_HISTOGRAM_SUB + (size_t)((ns >> octave) - OC_HISTOGRAM_SUB);
    return i < OC_HISTOGRAM_BUCKETS ? i : OC_HISTOGRAM_BUCKETS - 1;
}

uint64_t oc_histogram_low_ns(size_t i)
{
    size_t octave = i / OC_HISTOGRAM_SUB, sub = i % OC_HISTOGRAM_SUB;
    return octave == 0 ? sub : (uint64_t)(OC_HISTOGRAM_SUB + sub) << (octave - 1);
}

static void raise_max(oc_histogram *h, uint64_t ns)
{
    uint_fast64_t max = atomic_load_explicit(&h->max_ns, memory_order_relaxed);
    while (ns > max && !atomic_compare_exchange_weak_explicit(
                           &h->max_ns, &max, ns, memory_order_relaxed, memory_order_relaxed))
        ;
}

void oc_histogram_add(oc_histogram *h, uint64_t ns)
{
    atomic_fetch_add_explicit(&h->bucket[bucket_of(ns)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum_ns, ns, memory_order_relaxed);
    raise_max(h, ns);
    atomic_fetch_add_explicit(&h->n, 1, memory_order_release);
}

void oc_histogram_merge(oc_histogram *h, const oc_histogram *from)
{
    const uint64_t n = oc_histogram_count(from);
    for (size_t i = 0; i < OC_HISTOGRAM_BUCKETS; i++)
        atomic_fetch_add_explicit(&h->bucket[i], oc_histogram_bucket_count(from, i),
                                  memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum_ns, atomic_load_explicit(&from->sum_ns, memory_order_relaxed),
                              memory_order_relaxed);
    raise_max(h, oc_histogram_max_ns(from));
    atomic_fetch_add_explicit(&h->n, n, memory_order_release);
}

uint64_t oc_histogram_count(const oc_histogram *h)
{
    return atomic_load_explicit(&h->n, memory_order_acquire);
}

double oc_histogram_sum_ns(const oc_histogram *h)
{
    return (double)atomic_load_explicit(&h->sum_ns, memory_order_relaxed);
}

double oc_histogram_mean_ns(const oc_histogram *h)
{
    uint64_t n = oc_histogram_count(h);
    return n ? (double)atomic_load_explicit(&h->sum_ns, memory_order_relaxed) / (double)n : 0.0;
}

uint64_t oc_histogram_max_ns(const oc_histogram *h)
{
    return atomic_load_explicit(&h->max_ns, memory_order_relaxed);
}

uint64_t oc_histogram_bucket_count(const oc_histogram *h, size_t i)
{
    return atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
}

uint64_t oc_histogram_quantile_ns(const oc_histogram *h, double q)
{
    uint64_t n = 0, seen = 0;
    for (size_t i = 0; i < OC_HISTOGRAM_BUCKETS; i++)
        n += oc_histogram_bucket_count(h, i);
    if (!n)
        return 0;
    double   rank = q * (double)n;
    uint64_t want = rank < 1.0 ? 1 : (uint64_t)rank + ((double)(uint64_t)rank < rank);
    if (want > n)
        want = n;
    for (size_t i = 0; i < OC_HISTOGRAM_BUCKETS; i++) {
        seen += oc_histogram_bucket_count(h, i);
        if (seen >= want) {
            uint64_t low = oc_histogram_low_ns(i), high = oc_histogram_low_ns(i + 1);
            uint64_t middle = low + (high - low) / 2, max = oc_histogram_max_ns(h);
            return middle < max ? middle : max;
        }
    }
    return oc_histogram_max_ns(h);
}

uint64_t oc_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
