/* Reads a pipeline: a list of steps, each a name and its ranges. */
#include <stdlib.h>
#include <string.h>

#include "augment/step.h"

static const aug_spec *const specs[] = {
#define AUG_STEP(name) &aug_step_##name,
#include "augment/steps.inc"
#undef AUG_STEP
};
#define N_SPECS (sizeof(specs) / sizeof(specs[0]))

static const aug_spec *spec_of(const char *name)
{
    for (size_t i = 0; i < N_SPECS; i++)
        if (strcmp(specs[i]->name, name) == 0)
            return specs[i];
    return NULL;
}

static oc_status unknown(const oc_yaml_node *node, const char *name, oc_error *err)
{
    const char *names[N_SPECS];
    for (size_t i = 0; i < N_SPECS; i++)
        names[i] = specs[i]->name;
    const char *near = oc_yaml_nearest(name, names, N_SPECS);
    return oc_yaml_fail(err, node, "no such step: '%.40s'%s%s%s", name, near ? " (" : "",
                        near ? near : "", near ? "?)" : "");
}

/* A number, or [low, high]. */
static void read_range(oc_yaml_map *m, const aug_param *p, double *lo, double *hi)
{
    const oc_yaml_node *node = oc_yaml_any_or(m, p->name);
    double              v[2] = {p->lo, p->hi};
    oc_status           st = OC_OK;
    if (node && oc_yaml_kind_of(node) == OC_YAML_LIST) {
        if (oc_yaml_count(node) != 2)
            oc_yaml_object(m, p->name, "a number or [low, high] is expected");
        for (size_t i = 0; i < 2 && oc_yaml_count(node) == 2 && st == OC_OK; i++)
            st = oc_yaml_to_float(oc_yaml_at(node, i), p->least, p->most, &v[i], m->err);
    } else if (node) {
        st = oc_yaml_to_float(node, p->least, p->most, &v[0], m->err);
        v[1] = v[0];
    }
    if (st != OC_OK && m->status == OC_OK)
        m->status = st;
    else if (v[0] > v[1])
        oc_yaml_object(m, p->name, "%g to %g: the lower end comes first", v[0], v[1]);
    else if (p->whole && (v[0] != (double)(int64_t)v[0] || v[1] != (double)(int64_t)v[1]))
        oc_yaml_object(m, p->name, "a whole number is expected");
    *lo = v[0];
    *hi = v[1];
}

static oc_status read_step(const oc_yaml_node *node, aug_step *out, oc_error *err)
{
    oc_yaml_map m;
    if (oc_yaml_kind_of(node) != OC_YAML_MAP || oc_yaml_count(node) != 1)
        return oc_yaml_fail(err, node, "a step is expected: a name, a colon and what it takes");
    if (!(out->spec = spec_of(oc_yaml_key(node, 0))))
        return unknown(node, oc_yaml_key(node, 0), err);
    oc_yaml_begin(&m, oc_yaml_at(node, 0), err);
    out->p = oc_yaml_float_or(&m, "p", 0, 1, 1);
    for (size_t i = 0; out->spec->params[i].name; i++) {
        const aug_param *p = &out->spec->params[i];
        if (p->words)
            out->lo[i] = out->hi[i] = oc_yaml_word_or(&m, p->name, p->words, p->words[0].value);
        else
            read_range(&m, p, &out->lo[i], &out->hi[i]);
    }
    return oc_yaml_end(&m);
}

/* A colour, or how the picture goes on. */
static void read_border(oc_yaml_map *m, oc_augment *a)
{
    static const oc_yaml_word words[] = {
        {"repeat", OC_U8_BORDER_REPEAT}, {"reflect", OC_U8_BORDER_REFLECT}, {NULL, 0}};
    const oc_yaml_node *node = oc_yaml_any_or(m, "border");
    memset(a->fill, 114, sizeof(a->fill));
    if (node && oc_yaml_kind_of(node) == OC_YAML_LIST) {
        int64_t v[3] = {0, 0, 0};
        oc_yaml_ints(m, "border", 0, 255, 3, 3, v);
        for (int i = 0; i < 3; i++)
            a->fill[i] = (uint8_t)v[i];
    } else if (node) {
        a->border = (oc_u8_border)oc_yaml_word_of(m, "border", words);
    }
}

static oc_status read_pipeline(const oc_yaml *doc, oc_augment *a, oc_error *err)
{
    oc_yaml_map m, keep;
    oc_status   st = OC_OK;
    oc_yaml_begin(&m, oc_yaml_root(doc), err);
    read_border(&m, a);
    const oc_yaml_node *k = oc_yaml_sub_or(&m, "keep");
    const oc_yaml_node *steps = oc_yaml_list(&m, "steps", 1, AUG_STEPS_MAX);
    if ((st = oc_yaml_end(&m)) != OC_OK)
        return st;
    a->visible = .25;
    a->side = 1;
    if (k) {
        oc_yaml_begin(&keep, k, err);
        a->visible = oc_yaml_float_or(&keep, "visible", 0, 1, a->visible);
        a->side = oc_yaml_float_or(&keep, "side", 0, 1000, a->side);
        if ((st = oc_yaml_end(&keep)) != OC_OK)
            return st;
    }
    a->n = oc_yaml_count(steps);
    for (size_t i = 0; i < a->n && st == OC_OK; i++)
        st = read_step(oc_yaml_at(steps, i), &a->step[i], err);
    return st;
}

static oc_status create(oc_yaml *doc, oc_augment **out, oc_error *err)
{
    oc_augment *a = calloc(1, sizeof(*a));
    oc_status   st = a ? read_pipeline(doc, a, err) : OC_FAIL(err, OC_NOMEM, "no memory");
    oc_yaml_destroy(doc);
    if (st == OC_OK)
        *out = a;
    else
        free(a);
    return st;
}

oc_status oc_augment_load(const char *path, oc_augment **out, oc_error *err)
{
    oc_yaml  *doc = NULL;
    oc_status st = oc_yaml_load(path, &doc, err);
    return st == OC_OK ? create(doc, out, err) : st;
}

oc_status oc_augment_load_memory(const char *name, const void *text, size_t bytes, oc_augment **out,
                                 oc_error *err)
{
    oc_yaml  *doc = NULL;
    oc_status st = oc_yaml_load_memory(name, text, bytes, &doc, err);
    return st == OC_OK ? create(doc, out, err) : st;
}

void oc_augment_destroy(oc_augment *augment)
{
    free(augment);
}

bool oc_augment_mixes(const oc_augment *augment)
{
    for (size_t i = 0; i < augment->n; i++)
        if (augment->step[i].spec->mixes)
            return true;
    return false;
}
