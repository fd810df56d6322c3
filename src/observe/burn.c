#include <math.h>
#include <stdio.h>
#include <string.h>

#include "observe/burn.h"

#define EVENTS_LEAST 10

/* Slots of 30 days are minutes. */
const oc_burn_pair oc_burn_pairs[OC_BURN_PAIRS] = {
    {"1h", 60, 5, 14.4, "page"},
    {"6h", 360, 30, 6.0, "page"},
    {"1d", 1440, 120, 3.0, "ticket"},
    {"3d", 4320, 360, 1.0, "ticket"},
};
const uint32_t oc_burn_windows[OC_BURN_WINDOWS] = {5, 30, 60, 120, 360, 1440, 4320};

double oc_burn_slot_s(double period_s)
{
    return period_s / OC_BURN_PERIOD;
}

void oc_burn_window_name(double period_s, uint32_t slots, char *text, size_t bytes)
{
    static const struct {
        double      s;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}};
    double s = oc_burn_slot_s(period_s) * slots;
    for (size_t i = 0; i < 3; i++)
        if (s >= units[i].s && fabs(s / units[i].s - round(s / units[i].s)) < 1e-9) {
            snprintf(text, bytes, "%.0f%s", s / units[i].s, units[i].unit);
            return;
        }
    snprintf(text, bytes, "%.0fs", s);
}

static void go_on(oc_burn_slot *slot, size_t n, uint64_t from, uint64_t to)
{
    if (to - from >= n)
        memset(slot, 0, n * sizeof(*slot));
    else
        for (uint64_t i = from + 1; i <= to; i++)
            slot[i % n] = (oc_burn_slot){0};
}

void oc_burn_advance(oc_burn *b, double period_s, double time_s)
{
    double at = time_s / oc_burn_slot_s(period_s);
    if (!(at >= 0.0 && at < 1e15) || (uint64_t)at <= b->slot)
        return;
    uint64_t slot = (uint64_t)at;
    go_on(b->fine, OC_BURN_FINE, b->slot, slot);
    go_on(b->coarse, OC_BURN_COARSE, b->slot / OC_BURN_EACH, slot / OC_BURN_EACH);
    b->slot = slot;
}

static void count(uint32_t *to, uint64_t n)
{
    *to = n > UINT32_MAX - *to ? UINT32_MAX : *to + (uint32_t)n;
}

void oc_burn_add(oc_burn *b, uint64_t good, uint64_t bad)
{
    oc_burn_slot *fine = &b->fine[b->slot % OC_BURN_FINE];
    oc_burn_slot *coarse = &b->coarse[b->slot / OC_BURN_EACH % OC_BURN_COARSE];
    count(&fine->good, good);
    count(&fine->bad, bad);
    count(&coarse->good, good);
    count(&coarse->bad, bad);
}

static oc_burn_sum sum(const oc_burn_slot *slot, size_t n, uint64_t last, uint64_t back)
{
    oc_burn_sum s = {0, 0};
    for (uint64_t i = 0; i <= back && i < n && i <= last; i++) {
        s.good += slot[(last - i) % n].good;
        s.bad += slot[(last - i) % n].bad;
    }
    return s;
}

oc_burn_sum oc_burn_over(const oc_burn *b, uint32_t slots)
{
    if (slots < OC_BURN_FINE)
        return sum(b->fine, OC_BURN_FINE, b->slot, slots);
    return sum(b->coarse, OC_BURN_COARSE, b->slot / OC_BURN_EACH, slots / OC_BURN_EACH);
}

double oc_burn_rate(oc_burn_sum s, double target)
{
    uint64_t n = s.good + s.bad;
    return n ? (double)s.bad / (double)n / (1.0 - target) : 0.0;
}

bool oc_burn_alert(const oc_burn *b, const oc_burn_pair *pair, double target, double *rate)
{
    oc_burn_sum over_high = oc_burn_over(b, pair->high), over_low = oc_burn_over(b, pair->low);
    *rate = oc_burn_rate(over_high, target);
    return b->slot - b->first >= pair->low && over_high.good + over_high.bad >= EVENTS_LEAST &&
           *rate > pair->factor && oc_burn_rate(over_low, target) > pair->factor;
}
