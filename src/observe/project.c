#include "observe/project.h"

#include <math.h>
#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood 2014) of the element's number: the seed is part of the format of
 * references. */
static uint64_t signs_of(size_t element)
{
    uint64_t z = ((uint64_t)element + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

bool oc_project(const float *x, size_t n, double out[OC_PROJECTIONS])
{
    double squares = 0, sum[OC_PROJECTIONS] = {0};
    for (size_t j = 0; j < n; j++) {
        const double   v = (double)x[j], either[2] = {v, -v};
        const uint64_t signs = signs_of(j);
        squares += v * v;
        for (size_t i = 0; i < OC_PROJECTIONS; i++)
            sum[i] += either[signs >> i & 1];
    }
    if (!(squares > 0 && isfinite(squares)))
        return false;
    const double length = sqrt(squares);
    for (size_t i = 0; i < OC_PROJECTIONS; i++)
        out[i] = sum[i] / length;
    return true;
}
