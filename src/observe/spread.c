#include "observe/spread.h"

#include <math.h>

void oc_spread_add(oc_spread *s, double low, double high, double value)
{
    double at = (value - low) / (high - low) * OC_SPREAD_BINS - 0.5;
    if (isnan(at))
        return;
    at = fmin(fmax(at, 0.0), OC_SPREAD_BINS - 1.0);
    const size_t first = (size_t)at;
    const double part = at - (double)first;
    s->bin[first] += 1.0 - part;
    if (part > 0)
        s->bin[first + 1] += part;
    s->n += 1.0;
}

void oc_spread_merge(oc_spread *s, const oc_spread *other)
{
    for (size_t i = 0; i < OC_SPREAD_BINS; i++)
        s->bin[i] += other->bin[i];
    s->n += other->n;
}

static double share(const oc_spread *s, size_t i)
{
    return (s->bin[i] + 0.5) / (s->n + 0.5 * OC_SPREAD_BINS);
}

double oc_spread_psi(const oc_spread *a, const oc_spread *b)
{
    double sum = 0;
    if (!(a->n > 0 && b->n > 0))
        return 0;
    for (size_t i = 0; i < OC_SPREAD_BINS; i++)
        sum += (share(a, i) - share(b, i)) * log(share(a, i) / share(b, i));
    return sum;
}

double oc_spread_ks(const oc_spread *a, const oc_spread *b)
{
    double most = 0, at_a = 0, at_b = 0;
    if (!(a->n > 0 && b->n > 0))
        return 0;
    for (size_t i = 0; i < OC_SPREAD_BINS; i++) {
        at_a += a->bin[i] / a->n;
        at_b += b->bin[i] / b->n;
        most = fmax(most, fabs(at_a - at_b));
    }
    return most;
}
