/* Additive growth, halving: the interval hovers below what the tracks can bear. */
#include "track/interval.h"

#include <math.h>

void oc_interval_init(oc_interval *i, const oc_interval_options *options)
{
    *i = (oc_interval){.options = *options, .allow = 1};
}

/* Frames that this track can be left alone, when one lasts frame_s. */
static double patience(const oc_interval *i, const oc_track *t, double frame_s)
{
    double moved = (double)t->speed * frame_s;
    if (t->spread > i->options.spread)
        return 1;
    return moved > 0 ? (double)i->options.travel / moved : (double)i->options.most;
}

static bool is_there(const oc_track *t)
{
    return t->state == OC_TRACK_CONFIRMED;
}

bool oc_interval_due(oc_interval *i, const oc_tracks *tracks, double time_s)
{
    double frame_s = time_s - i->time_s, most = i->allow;
    i->time_s = time_s;
    i->since++;
    for (size_t k = 0; k < tracks->n; k++)
        if (is_there(&tracks->items[k]))
            most = fmin(most, patience(i, &tracks->items[k], frame_s));
    return !i->begun || (double)i->since >= most - 1e-6; /* times are sums of rounded ones */
}

void oc_interval_looked(oc_interval *i, const oc_tracks *tracks)
{
    double sum = 0;
    size_t n = 0;
    bool   unsettled = false;
    for (size_t k = 0; k < tracks->n; k++) {
        const oc_track *t = &tracks->items[k];
        if (t->state == OC_TRACK_TENTATIVE)
            unsettled = true;
        /* lost at this very look: it may be about to be found again */
        if (t->state == OC_TRACK_LOST && t->missed == 1)
            unsettled = true;
        if (is_there(t) && t->detection >= 0) {
            sum += (double)t->surprise;
            n++;
        }
    }
    i->begun = true;
    i->since = 0;
    if (unsettled)
        i->allow = 1;
    else if (n > 0 && sum > (double)i->options.surprise * (double)n)
        i->allow = i->allow > 1 ? i->allow / 2 : 1;
    else if (i->allow < i->options.most)
        i->allow++;
}
