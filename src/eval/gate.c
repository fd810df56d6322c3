/* Judging: each rule looks its figure up in the document and, where it compares, in the baseline. */
#include "eval/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_MAX 100000

void oc_gate_findings_finish(oc_gate_findings *f)
{
    free(f->item);
    *f = (oc_gate_findings){0};
}

oc_gate_finding *oc_gate_find(oc_gate_findings *f, bool passed)
{
    if (f->n == f->cap) {
        size_t           cap = f->cap ? 2 * f->cap : 32;
        oc_gate_finding *more = cap <= FINDINGS_MAX ? realloc(f->item, cap * sizeof(*more)) : NULL;
        if (!more)
            return NULL;
        f->item = more;
        f->cap = cap;
    }
    oc_gate_finding *g = &f->item[f->n++];
    *g = (oc_gate_finding){.value = NAN, .bound = NAN, .passed = passed};
    f->failed += !passed;
    return g;
}

/* "latency_ms.p99" -> the number; false: there is none. */
static bool look_up(const json_t *at, const char *figure, double *out)
{
    char key[96];
    while (at && *figure) {
        size_t n = strcspn(figure, ".");
        if (n >= sizeof(key))
            return false;
        memcpy(key, figure, n);
        key[n] = 0;
        at = json_object_get(at, key); /* NULL for what is no object */
        figure += n + (figure[n] == '.');
    }
    if (json_is_boolean(at)) {
        *out = json_is_true(at);
        return true;
    }
    if (!json_is_number(at))
        return false;
    *out = json_number_value(at);
    return isfinite(*out);
}

static void describe(const oc_gate_rule *rule, double base, oc_gate_finding *g)
{
    const char *word = rule->kind == OC_GATE_DROP ? "drop" : "rise";
    if (rule->kind == OC_GATE_FLOOR || rule->kind == OC_GATE_CEILING)
        snprintf(g->rule, sizeof(g->rule), "%s %g",
                 rule->kind == OC_GATE_FLOOR ? ">=" : "<=", rule->limit);
    else if (rule->relative)
        snprintf(g->rule, sizeof(g->rule), "%s <= %g%% of %g", word, rule->limit * 100, base);
    else
        snprintf(g->rule, sizeof(g->rule), "%s <= %g from %g", word, rule->limit, base);
}

static oc_status judge_one(const oc_gate_rule *rule, const char *prefix, const json_t *doc,
                           const json_t *base, oc_gate_findings *out, oc_error *err)
{
    const bool       compares = rule->kind == OC_GATE_DROP || rule->kind == OC_GATE_RISE;
    double           was = NAN;
    oc_gate_finding *g = oc_gate_find(out, true);
    if (!g)
        return OC_FAIL(err, OC_NOMEM, "more than %zu figures to judge", out->n);
    snprintf(g->figure, sizeof(g->figure), "%s%.90s", prefix, rule->figure);
    const bool known = look_up(doc, rule->figure, &g->value);
    const bool known_before = compares && look_up(base, rule->figure, &was);
    describe(rule, was, g);
    if (!known) {
        g->passed = false;
        snprintf(g->reason, sizeof(g->reason), "not a number in the document");
    } else if (compares && !known_before) {
        g->passed = false;
        snprintf(g->reason, sizeof(g->reason), "not a number in the baseline");
    } else {
        const double room = rule->relative ? rule->limit * fabs(was) : rule->limit;
        const bool   below = rule->kind == OC_GATE_FLOOR || rule->kind == OC_GATE_DROP;
        g->bound = !compares ? rule->limit : below ? was - room : was + room;
        g->passed = below ? g->value >= g->bound : g->value <= g->bound;
    }
    out->failed += !g->passed;
    return OC_OK;
}

/* The element of a list whose member `by` is this text, or the member of a map. */
static const json_t *element(const json_t *all, const char *by, const char *name)
{
    const json_t *one;
    size_t        i;
    if (json_is_object(all))
        return json_object_get(all, name);
    json_array_foreach(all, i, one)
    {
        const char *text = json_string_value(json_object_get(one, by));
        if (text && strcmp(text, name) == 0)
            return one;
    }
    return NULL;
}

static oc_status judge_element(const oc_gate_check *c, const char *name, const json_t *one,
                               const json_t *base, oc_gate_findings *out, oc_error *err)
{
    char prefix[96];
    for (size_t i = 0; i < c->n_except; i++)
        if (strcmp(c->except[i], name) == 0)
            return OC_OK;
    snprintf(prefix, sizeof(prefix), "%.40s[%.40s].", c->each_in, name);
    for (size_t i = 0; i < c->each.n; i++) {
        const oc_gate_rule *rule = &c->each.rule[i];
        bool                compares = rule->kind == OC_GATE_DROP || rule->kind == OC_GATE_RISE;
        if (compares && !base)
            continue; /* new since the baseline: nothing to fall behind */
        oc_status st = judge_one(rule, prefix, one, base, out, err);
        if (st != OC_OK)
            return st;
    }
    return OC_OK;
}

static oc_status failure(oc_gate_findings *out, const char *figure, const char *reason,
                         oc_error *err)
{
    oc_gate_finding *g = oc_gate_find(out, false);
    if (!g)
        return OC_FAIL(err, OC_NOMEM, "more than %zu figures to judge", out->n);
    snprintf(g->figure, sizeof(g->figure), "%.150s", figure);
    snprintf(g->rule, sizeof(g->rule), "is there");
    snprintf(g->reason, sizeof(g->reason), "%s", reason);
    return OC_OK;
}

static const char *name_of(const json_t *one, const char *by)
{
    return json_string_value(json_object_get(one, by));
}

/* Elements that the baseline had and the document has not. */
static oc_status judge_lost(const oc_gate_check *c, const json_t *all, const json_t *all_base,
                            oc_gate_findings *out, oc_error *err)
{
    json_t     *one;
    const char *name;
    size_t      i;
    oc_status   st = OC_OK;
    char        figure[128];
    if (json_is_object(all_base)) {
        json_object_foreach((json_t *)all_base, name,
                            one) if (st == OC_OK && !element(all, "", name))
        {
            snprintf(figure, sizeof(figure), "%.40s[%.40s]", c->each_in, name);
            st = failure(out, figure, "the baseline has it, the document has not", err);
        }
        return st;
    }
    json_array_foreach(all_base, i, one)
    {
        name = name_of(one, c->each_by);
        if (st != OC_OK || !name || element(all, c->each_by, name))
            continue;
        snprintf(figure, sizeof(figure), "%.40s[%.40s]", c->each_in, name);
        st = failure(out, figure, "the baseline has it, the document has not", err);
    }
    return st;
}

static oc_status judge_each(const oc_gate_check *c, const json_t *doc, const json_t *base,
                            oc_gate_findings *out, oc_error *err)
{
    const json_t *all = json_object_get(doc, c->each_in);
    const json_t *all_base = json_object_get(base, c->each_in);
    json_t       *one;
    const char   *name;
    size_t        i;
    oc_status     st = OC_OK;
    if (json_is_object(all)) {
        json_object_foreach((json_t *)all, name, one) if (st == OC_OK) st =
            judge_element(c, name, one, element(all_base, "", name), out, err);
    } else if (json_is_array(all)) {
        json_array_foreach(all, i, one)
        {
            name = name_of(one, c->each_by);
            if (st == OC_OK && !name)
                st = failure(out, c->each_in, "an element has no such name", err);
            else if (st == OC_OK)
                st = judge_element(c, name, one, element(all_base, c->each_by, name), out, err);
        }
    } else {
        return failure(out, c->each_in, "neither a list nor a map in the document", err);
    }
    return st == OC_OK ? judge_lost(c, all, all_base, out, err) : st;
}

oc_status oc_gate_judge(const oc_gate_check *check, const json_t *doc, const json_t *base,
                        oc_gate_findings *out, oc_error *err)
{
    for (size_t i = 0; i < check->rules.n; i++) {
        oc_status st = judge_one(&check->rules.rule[i], "", doc, base, out, err);
        if (st != OC_OK)
            return st;
    }
    return check->each_in ? judge_each(check, doc, base, out, err) : OC_OK;
}
