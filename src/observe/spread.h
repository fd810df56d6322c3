/* spread.h -- how values of one kind are spread, and how far two such spreads are apart.
 *
 *   PSI  sum of (p - q) ln(p / q): population stability index, Jeffreys' divergence of the bins;
 *        below .1 little, above .25 much (Siddiqi, Credit Risk Scorecards, 2006)
 *   KS   the largest difference of the cumulated shares (Kolmogorov, Smirnov), 0 .. 1
 *
 * A value counts for the two bins whose centres it lies between, each the more the nearer, so that a
 * narrow spread that moves a little does not jump from one bin to the next. */
#ifndef OC_OBSERVE_SPREAD_H
#define OC_OBSERVE_SPREAD_H

#include <stddef.h>

#define OC_SPREAD_BINS 24

typedef struct oc_spread { /* a zeroed one is empty */
    double bin[OC_SPREAD_BINS];
    double n; /* values */
} oc_spread;

/* low .. high is cut into equal bins; what lies beyond counts at the ends.  NaN is not counted. */
void oc_spread_add(oc_spread *s, double low, double high, double value);
void oc_spread_merge(oc_spread *s, const oc_spread *other);

/* 0 where either is empty.  Half a value is given to every bin, so that empty ones say little. */
double oc_spread_psi(const oc_spread *a, const oc_spread *b);
double oc_spread_ks(const oc_spread *a, const oc_spread *b);

#endif
