#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/objective.h"

#define DAY_S 86400.0

typedef struct reader {
    const char *at;
    char        word[OC_OBJECTIVE_NAME + 8]; /* what take gave last */
} reader;

static void skip(reader *r)
{
    r->at += strspn(r->at, " \t");
}

/* The letters, digits, '_' and '.' that come next; "" at the end and before anything else. */
static const char *take(reader *r)
{
    skip(r);
    size_t n = strspn(r->at, "abcdefghijklmnopqrstuvwxyz_0123456789."), kept = n;
    if (kept >= sizeof(r->word))
        kept = sizeof(r->word) - 1;
    memcpy(r->word, r->at, kept);
    r->word[kept] = '\0';
    r->at += n;
    return r->word;
}

static bool eat(reader *r, const char *text)
{
    skip(r);
    size_t n = strlen(text);
    if (strncmp(r->at, text, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool number(reader *r, double *out)
{
    char *end;
    skip(r);
    if (!*r->at || !strchr("0123456789.", *r->at))
        return false;
    *out = strtod(r->at, &end);
    if (end == r->at || !isfinite(*out))
        return false;
    r->at = end;
    return true;
}

static bool is_least(reader *r)
{
    return eat(r, ">=") || eat(r, "\xE2\x89\xA5") || eat(r, ">");
}

static bool is_most(reader *r)
{
    return eat(r, "<=") || eat(r, "\xE2\x89\xA4") || eat(r, "<");
}

static oc_status read_part(reader *r, oc_objective *o, oc_error *err)
{
    double percent;
    if (!is_least(r) || !number(r, &percent) || !eat(r, "%"))
        return OC_FAIL(err, OC_FORMAT, "'%s' goes on with a part, as in '>= 99 %%'", o->name);
    if (!(percent > 0.0 && percent < 100.0))
        return OC_FAIL(err, OC_FORMAT,
                       "%g %%: between 0 and 100; what may never fail has no budget", percent);
    o->target = percent / 100.0;
    return OC_OK;
}

static oc_status read_latency(reader *r, oc_objective *o, oc_error *err)
{
    double limit, scale = 0.0;
    char  *end;
    double percent = strtod(o->name + strlen("latency_p"), &end);
    if (*end || strlen(o->name) > strlen("latency_p99.9999") || !(percent > 0.0 && percent < 100.0))
        return OC_FAIL(err, OC_FORMAT, "'%s': latency_p50 to latency_p99.99", o->name);
    o->target = percent / 100.0;
    if (!is_most(r) || !number(r, &limit))
        return OC_FAIL(err, OC_FORMAT, "'%s' goes on with a time, as in '< 150 ms'", o->name);
    const char *unit = take(r);
    if (strcmp(unit, "ms") == 0)
        scale = 1e6;
    else if (strcmp(unit, "s") == 0)
        scale = 1e9;
    if (scale == 0.0)
        return OC_FAIL(err, OC_FORMAT, "'%s': the time is in ms or s, as in '< 150 ms'", o->name);
    if (!(limit * scale >= 1e5 && limit * scale <= 3.6e12))
        return OC_FAIL(err, OC_FORMAT, "%g %s: not between 0.1 ms and an hour", limit, unit);
    o->limit_ns = (uint64_t)(limit * scale);
    return OC_OK;
}

static oc_status read_period(reader *r, oc_objective *o, oc_error *err)
{
    double n;
    if (!number(r, &n) || !eat(r, "d"))
        return OC_FAIL(err, OC_FORMAT, "'over' goes on with days, as in 'over 30 d'");
    if (!(n >= 1.0 && n <= 90.0))
        return OC_FAIL(err, OC_FORMAT, "over %g d: between 1 and 90", n);
    o->period_s = n * DAY_S;
    return OC_OK;
}

oc_status oc_objective_parse(const char *text, oc_objective *out, oc_error *err)
{
    reader       r = {.at = text};
    oc_objective o = {.period_s = 30.0 * DAY_S};
    oc_status    st = OC_OK;
    snprintf(o.name, sizeof(o.name), "%s", take(&r));
    if (strncmp(o.name, "latency_p", 9) == 0) {
        o.kind = OC_OBJECTIVE_LATENCY;
        st = read_latency(&r, &o, err);
    } else if (strcmp(o.name, "completed") == 0) {
        o.kind = OC_OBJECTIVE_COMPLETED;
        st = read_part(&r, &o, err);
    } else if (strcmp(o.name, "detector_alive") == 0) {
        o.kind = OC_OBJECTIVE_DETECTOR;
        o.target = 0.999;
        skip(&r);
        if (*r.at && strncmp(r.at, "over", 4) != 0)
            st = read_part(&r, &o, err);
    } else {
        return OC_FAIL(err, OC_FORMAT,
                       "'%s' is no objective: latency_p99 < 150 ms, completed >= 99 %%, "
                       "detector_alive",
                       o.name);
    }
    if (st == OC_OK && eat(&r, "over"))
        st = read_period(&r, &o, err);
    skip(&r);
    if (st == OC_OK && *r.at)
        st = OC_FAIL(err, OC_FORMAT, "'%.40s' is too much", r.at);
    if (st == OC_OK)
        *out = o;
    return st;
}
