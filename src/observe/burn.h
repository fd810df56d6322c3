/* burn.h -- good and bad events of an objective over the windows of multi-window burn-rate alerts.
 *
 * Time is the caller's: seconds that only grow.  Events fall into slots, fine ones (1/43200 of the
 * period; a minute of 30 days) for windows up to 6 hours of 30 days, coarse ones (30 fine ones) for
 * longer ones and for the whole period.  14 KB, no memory besides.
 *
 * Source: Beyer et al., The Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate
 * Alerts".  Its windows are for 30 days; for another period they are as much longer or shorter. */
#ifndef OC_OBSERVE_BURN_H
#define OC_OBSERVE_BURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OC_BURN_FINE 361    /* 6 hours of 30 days and the slot that is being filled */
#define OC_BURN_COARSE 1441 /* 30 days and that */
#define OC_BURN_EACH 30     /* fine slots of a coarse one */
#define OC_BURN_PERIOD 43200

typedef struct oc_burn_slot {
    uint32_t good, bad;
} oc_burn_slot;

typedef struct oc_burn {
    uint64_t     slot;  /* the fine one being filled */
    uint64_t     first; /* the one that was filled first */
    oc_burn_slot fine[OC_BURN_FINE], coarse[OC_BURN_COARSE];
} oc_burn; /* a zeroed one is empty, at time 0 */

/* Windows by their fine slots: those below, or OC_BURN_PERIOD for the whole period. */
typedef struct oc_burn_pair {
    const char *name;      /* of the long window with a period of 30 days: "1h" */
    uint32_t    high, low; /* long and short window, fine slots */
    double      factor;    /* an alert where both burn faster */
    const char *severity;  /* "page" or "ticket" */
} oc_burn_pair;
#define OC_BURN_PAIRS 4
extern const oc_burn_pair oc_burn_pairs[OC_BURN_PAIRS];
/* All windows of the pairs, shortest first, and their names. */
#define OC_BURN_WINDOWS 7
extern const uint32_t oc_burn_windows[OC_BURN_WINDOWS];

double oc_burn_slot_s(double period_s); /* of a fine slot */
/* "5m", "1h", "3d": the length of so many fine slots. */
void oc_burn_window_name(double period_s, uint32_t slots, char *text, size_t bytes);

/* Goes on to a time; what is left behind is forgotten.  Back in time: nothing happens. */
void oc_burn_advance(oc_burn *b, double period_s, double time_s);
void oc_burn_add(oc_burn *b, uint64_t good, uint64_t bad);

typedef struct oc_burn_sum {
    uint64_t good, bad;
} oc_burn_sum;
oc_burn_sum oc_burn_over(const oc_burn *b, uint32_t slots);

/* How many times faster than a budget of 1 - target that lasts exactly its period.  0 without
 * events. */
double oc_burn_rate(oc_burn_sum sum, double target);

/* Whether a pair's alert holds.  It needs as much time as its short window is long, and 10 events
 * in the long one: a few slow frames at a start call nobody. */
bool oc_burn_alert(const oc_burn *b, const oc_burn_pair *pair, double target, double *rate);

#endif
