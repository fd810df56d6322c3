/* The reader of `sinks:`: what is common to all kinds, then the options of the kind by its table. */
#include "pipeline/sinks_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/observer.h"

static const oc_yaml_word priority_words[] = {{"low", OC_PRIORITY_LOW},
                                              {"normal", OC_PRIORITY_NORMAL},
                                              {"high", OC_PRIORITY_HIGH},
                                              {NULL, 0}};

/* ---- options of a kind ---- */

static void add_pair(oc_sink_config *s, oc_yaml_map *m, const char *key, const char *value)
{
    if (s->n_pairs == OC_SINK_PAIRS_MAX)
        oc_yaml_object(m, key, "more than %d values", OC_SINK_PAIRS_MAX);
    else
        s->pair[s->n_pairs++] = (oc_bus_pair){key, value};
}

static void add_number(oc_sinks_config *c, oc_sink_config *s, oc_yaml_map *m, const char *key,
                       const char *fmt, double value)
{
    char  text[48];
    char *copy;
    snprintf(text, sizeof(text), fmt, value);
    if (!(copy = strdup(text))) {
        oc_yaml_object(m, key, "no memory");
        return;
    }
    c->text[c->n_texts++] = copy; /* no more than there are pairs */
    add_pair(s, m, key, copy);
}

static void read_texts(oc_sink_config *s, oc_yaml_map *m, const char *key)
{
    const char *list[32];
    size_t      n = oc_yaml_texts_or(m, key, 32, list);
    for (size_t i = 0; i < n; i++)
        add_pair(s, m, key, list[i]);
}

static void read_word(oc_sink_config *s, oc_yaml_map *m, const oc_bus_option *o)
{
    const char *value = oc_yaml_text_or(m, o->key, NULL);
    if (!value)
        return;
    size_t n = strlen(value);
    for (const char *at = o->words; *at; at += strcspn(at, "|"), at += *at == '|')
        if (strcspn(at, "|") == n && memcmp(at, value, n) == 0) {
            add_pair(s, m, o->key, value);
            return;
        }
    oc_yaml_object(m, o->key, "'%.60s' is none of %s", value, o->words);
}

static void read_secret(oc_sinks_config *c, size_t i, oc_yaml_map *m, const oc_bus_option *o)
{
    const char *file = oc_yaml_text_or(m, o->key_file, NULL);
    const char *env = oc_yaml_text_or(m, o->key_env, NULL);
    if (oc_yaml_has(m, o->key)) {
        oc_yaml_object(m, o->key, "does not belong into this file: say %s or %s", o->key_file,
                       o->key_env);
        return;
    }
    if (file && env) {
        oc_yaml_object(m, o->key_env, "there is %s already", o->key_file);
        return;
    }
    if (!file && !env)
        return;
    c->secret[i][c->n_secrets[i]++] = (oc_sink_secret){c->item[i].n_pairs, file, env};
    add_pair(&c->item[i], m, o->key, NULL);
}

static void read_option(oc_sinks_config *c, size_t i, oc_yaml_map *m, const oc_bus_option *o)
{
    oc_sink_config *s = &c->item[i];
    const char     *value;
    switch (o->form) {
    case OC_BUS_TEXT:
        value = o->needed ? oc_yaml_text(m, o->key) : oc_yaml_text_or(m, o->key, NULL);
        if (value)
            add_pair(s, m, o->key, value);
        break;
    case OC_BUS_TEXTS: read_texts(s, m, o->key); break;
    case OC_BUS_INT:
        if (oc_yaml_has(m, o->key))
            add_number(c, s, m, o->key, "%.0f",
                       (double)oc_yaml_int(m, o->key, (int64_t)o->low, (int64_t)o->high));
        break;
    case OC_BUS_SECONDS:
        if (oc_yaml_has(m, o->key)) {
            double seconds = oc_yaml_seconds_or(m, o->key, 0);
            if (seconds < o->low || seconds > o->high)
                oc_yaml_object(m, o->key, "not in %g .. %g seconds", o->low, o->high);
            add_number(c, s, m, o->key, "%.6g", seconds);
        }
        break;
    case OC_BUS_BOOL:
        if (oc_yaml_has(m, o->key))
            add_pair(s, m, o->key, oc_yaml_bool(m, o->key) ? "true" : "false");
        break;
    case OC_BUS_WORD: read_word(s, m, o); break;
    case OC_BUS_SECRET: read_secret(c, i, m, o); break;
    }
}

/* ---- what all have ---- */

static void read_priorities(oc_sink_config *s, oc_yaml_map *m)
{
    const oc_yaml_node *map = oc_yaml_sub_or(m, "priority");
    for (size_t i = 0; map && i < oc_yaml_count(map); i++) {
        int       p = OC_PRIORITY_NORMAL;
        oc_status st = oc_yaml_to_word(oc_yaml_at(map, i), priority_words, &p, m->err);
        if (st != OC_OK && m->status == OC_OK)
            m->status = st;
        if (s->n_ranks == OC_SINK_TYPES_MAX)
            oc_yaml_object(m, "priority", "more than %d types", OC_SINK_TYPES_MAX);
        else
            s->rank[s->n_ranks++] = (oc_sink_rank){oc_yaml_key(map, i), (oc_priority)p};
    }
}

static uint32_t read_ms(oc_yaml_map *m, const char *key, double missing_s, double most_s)
{
    double seconds = oc_yaml_seconds_or(m, key, missing_s);
    if (seconds <= 0 || seconds > most_s)
        oc_yaml_object(m, key, "not in 1 ms .. %g s", most_s);
    double ms = seconds * 1000;
    return ms < 1 ? 1 : ms > 3.6e6 ? 3600000 : (uint32_t)ms;
}

static void read_spool(oc_sink_config *s, const oc_yaml_node *node, oc_yaml_map *outer)
{
    oc_yaml_map m;
    if (!node)
        return;
    oc_yaml_begin(&m, node, outer->err);
    s->spool = oc_yaml_text_or(&m, "path", NULL);
    s->o.spool_bytes = (uint64_t)oc_yaml_int_or(&m, "bytes", 65536, INT64_C(1) << 40, 64 << 20);
    s->o.commit_ms = read_ms(&m, "commit", 0.1, 60);
    s->o.ack_ms = read_ms(&m, "ack", 1, 60);
    if (s->spool && !*s->spool)
        oc_yaml_object(&m, "path", "is empty");
    oc_status st = oc_yaml_end(&m);
    if (st != OC_OK && outer->status == OC_OK)
        outer->status = st;
}

static void read_common(oc_sinks_config *c, size_t i, oc_yaml_map *m)
{
    oc_sink_config *s = &c->item[i];
    s->name = oc_yaml_text_or(m, "name", s->kind);
    s->o.device = oc_yaml_text_or(m, "device", NULL);
    s->n_types = oc_yaml_texts_or(m, "types", OC_SINK_TYPES_MAX, s->type);
    read_priorities(s, m);
    read_spool(s, oc_yaml_sub_or(m, "spool"), m);
    s->o.ring_bytes = (uint32_t)oc_yaml_int_or(m, "ring_bytes", 524288, 64 << 20, 1 << 20);
    s->o.in_flight = (uint32_t)oc_yaml_int_or(m, "in_flight", 1, 4096, 256);
    s->o.tries = (uint32_t)oc_yaml_int_or(m, "tries", 1, 255, 8);
    s->o.timeout_ms = read_ms(m, "timeout", 10, 600);
    s->o.backoff_ms = read_ms(m, "backoff", 0.25, 3600);
    s->o.backoff_max_ms = read_ms(m, "backoff_max", 30, 3600);
    double drain = oc_yaml_seconds_or(m, "drain", 2);
    if (drain > 3600)
        oc_yaml_object(m, "drain", "longer than an hour");
    else if (drain * 1000 > c->drain_ms)
        c->drain_ms = (uint32_t)(drain * 1000);
    if (!*s->name || strlen(s->name) > 64)
        oc_yaml_object(m, "name", "not 1 to 64 bytes long");
}

static oc_status read_one(oc_sinks_config *c, size_t i, const oc_yaml_node *node, oc_error *err)
{
    oc_yaml_word kinds[16] = {{NULL, 0}};
    oc_yaml_map  m;
    for (int k = 0; k < 15 && oc_bus_kind_at((size_t)k); k++)
        kinds[k] = (oc_yaml_word){oc_bus_kind_at((size_t)k)->name, k};
    oc_yaml_begin(&m, node, err);
    int kind = oc_yaml_word_of(&m, "kind", kinds);
    c->at[i] = node;
    c->item[i].kind = kinds[kind].text;
    read_common(c, i, &m);
    const oc_bus_option *o;
    for (size_t k = 0; (o = oc_bus_option_at(k)) != NULL; k++)
        if (strcmp(o->kind, c->item[i].kind) == 0)
            read_option(c, i, &m, o);
    return oc_yaml_end(&m);
}

oc_status oc_sinks_config_read(const oc_yaml_node *list, oc_sinks_config **out, oc_error *err)
{
    oc_sinks_config *c = calloc(1, sizeof(*c));
    oc_status        st = OC_OK;
    if (!c)
        return OC_FAIL(err, OC_NOMEM, "sinks: out of memory");
    for (size_t i = 0; i < oc_yaml_count(list) && st == OC_OK; i++) {
        st = read_one(c, i, oc_yaml_at(list, i), err);
        c->n = i + 1;
        for (size_t k = 0; k < i && st == OC_OK; k++)
            if (strcmp(c->item[k].name, c->item[i].name) == 0)
                st = oc_yaml_fail(err, c->at[i], "a sink named '%s' is there already",
                                  c->item[i].name);
    }
    if (st != OC_OK) {
        oc_sinks_config_destroy(c);
        return st;
    }
    *out = c;
    return OC_OK;
}

void oc_sinks_config_destroy(oc_sinks_config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_texts; i++)
        free(c->text[i]);
    free(c);
}

/* ---- from the file to the sinks ---- */

static void name_place(oc_error *err, const oc_yaml_node *at)
{
    oc_error_prefix(err, "%s:%d:%d", oc_yaml_file(at), oc_yaml_line(at), oc_yaml_column(at));
}

/* Values of secrets, for free(). */
static oc_status read_secrets(const oc_sinks_config *c, size_t i, char *value[OC_SINK_SECRETS_MAX],
                              oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t k = 0; k < c->n_secrets[i] && st == OC_OK; k++) {
        const oc_sink_secret *s = &c->secret[i][k];
        st = oc_sinks_secret(s->file, s->env, &value[k], err);
        if (st != OC_OK)
            oc_error_prefix(err, "%s", c->item[i].pair[s->pair].key);
    }
    return st;
}

oc_status oc_sinks_config_check(const oc_sinks_config *c, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < c->n && st == OC_OK; i++) {
        const oc_bus_ops *ops;
        char             *value[OC_SINK_SECRETS_MAX] = {0};
        st = oc_bus_ops_find(c->item[i].kind, &ops, err);
        if (st == OC_OK)
            st = read_secrets(c, i, value, err);
        for (size_t k = 0; k < OC_SINK_SECRETS_MAX; k++)
            free(value[k]);
        if (st != OC_OK)
            name_place(err, c->at[i]);
    }
    return st;
}

oc_status oc_sinks_start(const oc_sinks_config *c, const char *group, const char *only,
                         oc_sinks **out, oc_error *err)
{
    oc_sink_config *copy = calloc(OC_SINKS_MAX, sizeof(*copy));
    char           *value[OC_SINKS_MAX][OC_SINK_SECRETS_MAX] = {{0}};
    oc_status       st = copy ? OC_OK : OC_FAIL(err, OC_NOMEM, "sinks: out of memory");
    size_t          n = 0;
    for (size_t i = 0; i < c->n && st == OC_OK; i++) {
        if (only && strcmp(c->item[i].name, only) != 0)
            continue;
        copy[n] = c->item[i];
        if ((st = read_secrets(c, i, value[i], err)) != OC_OK)
            name_place(err, c->at[i]);
        for (size_t k = 0; k < c->n_secrets[i] && st == OC_OK; k++)
            copy[n].pair[c->secret[i][k].pair].value = value[i][k];
        n++;
    }
    if (st == OC_OK && (st = oc_sinks_create(copy, n, group, out, err)) != OC_OK && c->n > 0)
        oc_error_prefix(err, "%s", oc_yaml_file(c->at[0]));
    for (size_t i = 0; i < OC_SINKS_MAX; i++)
        for (size_t k = 0; k < OC_SINK_SECRETS_MAX; k++)
            free(value[i][k]); /* the sinks have copies */
    free(copy);
    return st;
}

/* ---- the observer ---- */

typedef struct watched {
    oc_sinks   *sinks;
    const char *name; /* lives until `closed` */
} watched;

static oc_status opened(void *ctx, const oc_observed_stream *info, void **stream, oc_error *err)
{
    watched *w = malloc(sizeof(*w));
    if (!w)
        return OC_FAIL(err, OC_NOMEM, "sinks: out of memory");
    *w = (watched){ctx, info->name};
    *stream = w;
    return OC_OK;
}

static void event(void *stream, const oc_event *e, const char *line, size_t bytes)
{
    watched *w = stream;
    oc_sinks_put(w->sinks, w->name, oc_event_name(e->type), line, bytes);
}

static void closed(void *stream, const oc_counts *counts)
{
    (void)counts;
    free(stream);
}

void oc_sinks_observe(oc_sinks *sinks, oc_observer *out)
{
    *out = (oc_observer){.struct_size = sizeof(*out),
                         .ctx = sinks,
                         .opened = opened,
                         .event = event,
                         .closed = closed};
}
