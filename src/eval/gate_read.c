/* The gate's file: checks, and in them rules. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/gate.h"

#define RULES_MAX 256
#define TIMEOUT_DEFAULT 3600.0
#define LIMIT_MAX 1e18

/* "0.01", or "1%" where a baseline gives the whole. */
static oc_status read_limit(const oc_yaml_node *node, oc_gate_rule *rule, oc_error *err)
{
    const char *text;
    char       *end;
    bool        against_base = rule->kind == OC_GATE_DROP || rule->kind == OC_GATE_RISE;
    oc_status   st = oc_yaml_to_text(node, &text, err);
    if (st != OC_OK)
        return st;
    rule->limit = strtod(text, &end);
    if (end != text && strcmp(end, "%") == 0) {
        if (!against_base)
            return oc_yaml_fail(err, node, "%s: a share is for drops and rises", text);
        rule->relative = true;
        rule->limit /= 100;
        end++;
    }
    if (end == text || *end || !isfinite(rule->limit) || fabs(rule->limit) > LIMIT_MAX)
        return oc_yaml_fail(err, node, "'%.60s' is not a number%s", text,
                            against_base ? " or a share such as 1%" : "");
    if (against_base && rule->limit < 0)
        return oc_yaml_fail(err, node, "%s: a drop or rise is at least 0", text);
    return OC_OK;
}

static const struct {
    const char  *key;
    oc_gate_kind kind;
} sections[] = {{"floors", OC_GATE_FLOOR},
                {"ceilings", OC_GATE_CEILING},
                {"drops", OC_GATE_DROP},
                {"rises", OC_GATE_RISE}};
enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };

static void read_rules(oc_yaml_map *m, oc_arena *arena, const char *baseline, oc_gate_rules *out)
{
    const oc_yaml_node *section[SECTIONS];
    size_t              n = 0;
    for (size_t s = 0; s < SECTIONS; s++) {
        section[s] = oc_yaml_sub_or(m, sections[s].key);
        n += section[s] ? oc_yaml_count(section[s]) : 0;
    }
    if (n > RULES_MAX)
        oc_yaml_object(m, "floors", "%zu rules, at most %d", n, RULES_MAX);
    if (m->status != OC_OK || n == 0)
        return;
    if (!(out->rule = oc_arena_alloc(arena, n, sizeof(*out->rule)))) {
        m->status = OC_FAIL(m->err, OC_NOMEM, "%zu rules", n);
        return;
    }
    for (size_t s = 0; s < SECTIONS; s++) {
        bool against_base = sections[s].kind == OC_GATE_DROP || sections[s].kind == OC_GATE_RISE;
        if (section[s] && against_base && !baseline)
            oc_yaml_object(m, sections[s].key, "the check has no baseline");
        for (size_t i = 0; section[s] && i < oc_yaml_count(section[s]) && m->status == OC_OK; i++) {
            oc_gate_rule *rule = &out->rule[out->n++];
            *rule = (oc_gate_rule){.kind = sections[s].kind, .figure = oc_yaml_key(section[s], i)};
            m->status = read_limit(oc_yaml_at(section[s], i), rule, m->err);
        }
    }
}

static void read_each(oc_yaml_map *check, oc_arena *arena, oc_gate_check *c)
{
    const oc_yaml_node *node = oc_yaml_sub_or(check, "each");
    if (!node || check->status != OC_OK)
        return;
    oc_yaml_map m;
    oc_yaml_begin(&m, node, check->err);
    c->each_in = oc_yaml_text(&m, "in");
    c->each_by = oc_yaml_text_or(&m, "by", "name");
    c->n_except = oc_yaml_texts_or(&m, "except", 64, c->except);
    read_rules(&m, arena, c->baseline, &c->each);
    if (m.status == OC_OK && c->each.n == 0)
        oc_yaml_object(&m, "in", "no floors, ceilings, drops or rises for its elements");
    check->status = oc_yaml_end(&m);
}

static void read_golden(oc_yaml_map *m, oc_gate_check *c)
{
    const oc_yaml_node *node = oc_yaml_sub_or(m, "tolerance");
    c->absolute = 1e-5;
    c->relative = 1e-4;
    if (node && !c->golden)
        oc_yaml_object(m, "tolerance", "it is for golden frames");
    if (c->golden && !c->model)
        oc_yaml_object(m, "golden", "golden frames need the key model, the network's file");
    if (!node || m->status != OC_OK)
        return;
    oc_yaml_map t;
    oc_yaml_begin(&t, node, m->err);
    c->absolute = oc_yaml_float_or(&t, "absolute", 0, 1e9, 0);
    c->relative = oc_yaml_float_or(&t, "relative", 0, 1e9, 0);
    m->status = oc_yaml_end(&t);
}

static oc_status read_check(const oc_yaml_node *node, oc_arena *arena, oc_gate_check *c,
                            oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    c->name = oc_yaml_text(&m, "name");
    c->n_on = oc_yaml_texts_or(&m, "on", 16, c->on);
    c->n_command = oc_yaml_texts_or(&m, "command", OC_GATE_WORDS_MAX, c->command);
    c->result = oc_yaml_text_or(&m, "result", NULL);
    c->model = oc_yaml_text_or(&m, "model", NULL);
    c->golden = oc_yaml_text_or(&m, "golden", NULL);
    c->baseline = oc_yaml_text_or(&m, "baseline", NULL);
    c->n_data = oc_yaml_texts_or(&m, "data", 32, c->data);
    c->timeout = oc_yaml_seconds_or(&m, "timeout", TIMEOUT_DEFAULT);
    if ((c->n_command > 0) + !!c->result + !!c->golden != 1)
        oc_yaml_object(&m, "name", "a check has one of command, result and golden");
    for (size_t i = 0; i < c->n_command; i++)
        if (strcmp(c->command[i], "--json") == 0 || (i == 0 && strcmp(c->command[i], "gate") == 0))
            oc_yaml_object(&m, "command", "'%s' has no place in it", c->command[i]);
    read_rules(&m, arena, c->baseline, &c->rules);
    read_each(&m, arena, c);
    read_golden(&m, c);
    oc_status st = oc_yaml_end(&m);
    if (st == OC_OK && !c->golden && c->rules.n + c->each.n == 0)
        return oc_yaml_fail(err, node, "the check has no floors, ceilings, drops, rises or each");
    if (st == OC_OK && c->golden && (c->rules.n + c->each.n || c->baseline))
        return oc_yaml_fail(err, node, "golden frames have a tolerance, not figures");
    return st;
}

oc_status oc_gate_read(const char *path, oc_gate *out, oc_error *err)
{
    oc_yaml_map m;
    *out = (oc_gate){0};
    oc_status st = oc_yaml_load(path, &out->doc, err);
    if (st != OC_OK)
        return st;
    oc_yaml_begin(&m, oc_yaml_root(out->doc), err);
    oc_yaml_int(&m, "version", 1, 1);
    out->name = oc_yaml_text_or(&m, "name", path);
    const oc_yaml_node *checks = oc_yaml_list(&m, "checks", 1, OC_GATE_CHECKS_MAX);
    if ((st = oc_yaml_end(&m)) != OC_OK)
        goto fail;
    out->n = oc_yaml_count(checks);
    if (!(out->check = oc_arena_alloc(&out->arena, out->n, sizeof(*out->check)))) {
        st = OC_FAIL(err, OC_NOMEM, "%s: %zu checks", path, out->n);
        goto fail;
    }
    for (size_t i = 0; i < out->n; i++)
        if ((st = read_check(oc_yaml_at(checks, i), &out->arena, &out->check[i], err)) != OC_OK)
            goto fail;
    return OC_OK;
fail:
    oc_gate_finish(out);
    return st;
}

void oc_gate_finish(oc_gate *gate)
{
    oc_arena_finish(&gate->arena);
    oc_yaml_destroy(gate->doc);
    *gate = (oc_gate){0};
}

bool oc_gate_concerns(const oc_gate_check *check, const char *device)
{
    for (size_t i = 0; i < check->n_on; i++)
        if (strcmp(check->on[i], device) == 0)
            return true;
    return check->n_on == 0;
}
