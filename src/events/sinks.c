/* The set of sinks of a process. */
#include "events/sinks.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events/part.h"
#include "telemetry/histogram.h"

#define PATH_MAX_BYTES 4096
#define SECRET_BYTES_MAX 4096

typedef struct one_sink {
    oc_sink    *sink;
    char       *name, *kind;
    char       *type[OC_SINK_TYPES_MAX];
    size_t      n_types;
    char       *rank_type[OC_SINK_TYPES_MAX];
    oc_priority rank[OC_SINK_TYPES_MAX];
    size_t      n_ranks;
} one_sink;

struct oc_sinks {
    one_sink item[OC_SINKS_MAX];
    size_t   n;
};

/* What a shop's head office would miss most stays longest. */
static const oc_sink_rank usual[] = {
    {"updated", OC_PRIORITY_LOW}, {"dropped", OC_PRIORITY_LOW},     {"crossed", OC_PRIORITY_HIGH},
    {"zone", OC_PRIORITY_HIGH},   {"recognised", OC_PRIORITY_HIGH}, {"alert", OC_PRIORITY_HIGH},
};

oc_priority oc_sinks_priority(const char *type)
{
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        if (strcmp(usual[i].type, type) == 0)
            return usual[i].priority;
    return OC_PRIORITY_NORMAL;
}

const char *oc_sinks_priority_name(oc_priority p)
{
    static const char *const names[] = {"low", "normal", "high"};
    return (unsigned)p < OC_PRIORITIES ? names[p] : "?";
}

/* ---- paths, names, secrets ---- */

/* What is not a letter, digit, '-' or '_' becomes '_'. */
static void plain_name(char *to, size_t bytes, const char *from)
{
    size_t n = 0;
    for (; from[n] && n + 1 < bytes; n++)
        to[n] = (char)(isalnum((unsigned char)from[n]) || from[n] == '-' ? from[n] : '_');
    to[n] = '\0';
}

oc_status oc_sinks_spool_path(const char *group, const char *sink, char *path, size_t bytes,
                              oc_error *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char        a[100], b[100];
    int         n;
    plain_name(a, sizeof(a), group);
    plain_name(b, sizeof(b), sink);
    if (state && *state)
        n = snprintf(path, bytes, "%s/ocellus/spool/%s-%s.db", state, a, b);
    else if (home && *home)
        n = snprintf(path, bytes, "%s/.local/state/ocellus/spool/%s-%s.db", home, a, b);
    else
        return OC_FAIL(err, OC_INVALID,
                       "neither XDG_STATE_HOME nor HOME is set: say where the spool belongs "
                       "(spool: path)");
    return n > 0 && (size_t)n < bytes ? OC_OK : OC_FAIL(err, OC_INVALID, "spool: path is too long");
}

static oc_status read_first_line(const char *path, char *text, oc_error *err)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    size_t n = fread(text, 1, SECRET_BYTES_MAX, f);
    bool   bad = ferror(f) != 0, more = n == SECRET_BYTES_MAX;
    fclose(f);
    if (bad)
        return OC_FAIL(err, OC_IO, "%s: cannot be read", path);
    if (more)
        return OC_FAIL(err, OC_INVALID, "%s: a secret longer than %d bytes", path,
                       SECRET_BYTES_MAX - 1);
    text[n] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return OC_OK;
}

oc_status oc_sinks_secret(const char *file, const char *env, char **out, oc_error *err)
{
    char        text[SECRET_BYTES_MAX + 1];
    const char *value = text, *where = file ? file : env;
    if (file) {
        oc_status st = read_first_line(file, text, err);
        if (st != OC_OK)
            return st;
    } else if (!(value = getenv(env))) {
        return OC_FAIL(err, OC_INVALID, "the variable %s is not set", env);
    }
    if (!*value)
        return OC_FAIL(err, OC_INVALID, "%s: is empty", where);
    if (!(*out = strdup(value)))
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    return OC_OK;
}

/* ---- life ---- */

static oc_status copy_rules(one_sink *to, const oc_sink_config *c, oc_error *err)
{
    bool ok = (to->name = strdup(c->name)) && (to->kind = strdup(c->kind));
    for (size_t i = 0; i < c->n_types && ok; i++)
        ok = (to->type[to->n_types++] = strdup(c->type[i])) != NULL;
    for (size_t i = 0; i < c->n_ranks && ok; i++) {
        to->rank[to->n_ranks] = c->rank[i].priority;
        ok = (to->rank_type[to->n_ranks++] = strdup(c->rank[i].type)) != NULL;
    }
    return ok ? OC_OK : OC_FAIL(err, OC_NOMEM, "sink '%s': out of memory", c->name);
}

static oc_status spool_of(const oc_sink_config *c, const oc_bus_ops *ops, const char *group,
                          char path[PATH_MAX_BYTES], const char **out, oc_error *err)
{
    oc_status st = OC_OK;
    *out = NULL;
    if (ops->local || (c->spool && !*c->spool))
        return OC_OK;
    if (c->spool) {
        if (snprintf(path, PATH_MAX_BYTES, "%s", c->spool) >= PATH_MAX_BYTES)
            return OC_FAIL(err, OC_INVALID, "spool: path is longer than %d bytes", PATH_MAX_BYTES);
    } else {
        st = oc_sinks_spool_path(group, c->name, path, PATH_MAX_BYTES, err);
    }
    if (st != OC_OK)
        return st;
    char *slash = strrchr(path, '/');
    if (slash && slash != path) {
        *slash = '\0';
        st = oc_make_folders(path, err);
        *slash = '/';
        if (st == OC_IO) /* the sink says so, and works without */
            st = OC_OK;
    }
    *out = path;
    return st;
}

static oc_status open_one(one_sink *to, const oc_sink_config *c, const char *group, oc_error *err)
{
    char              host[100] = "", device[100], path[PATH_MAX_BYTES];
    const oc_bus_ops *ops;
    oc_sink_options   o = c->o;
    oc_status         st = copy_rules(to, c, err);
    if (st == OC_OK && (st = oc_bus_ops_find(c->kind, &ops, err)) != OC_OK)
        oc_error_prefix(err, "sink '%s'", c->name);
    if (st == OC_OK && (st = spool_of(c, ops, group, path, &o.spool, err)) != OC_OK)
        oc_error_prefix(err, "sink '%s'", c->name);
    if (st != OC_OK)
        return st;
    if (gethostname(host, sizeof(host) - 1) != 0 || !host[0])
        snprintf(host, sizeof(host), "ocellus");
    plain_name(device, sizeof(device), o.device ? o.device : host);
    o.name = c->name;
    o.ops = ops;
    o.device = device;
    o.pair = c->pair;
    o.n_pairs = c->n_pairs;
    return oc_sink_create(&o, &to->sink, err);
}

oc_status oc_sinks_create(const oc_sink_config *config, size_t n, const char *group, oc_sinks **out,
                          oc_error *err)
{
    if (n > OC_SINKS_MAX)
        return OC_FAIL(err, OC_INVALID, "%zu sinks, at most %d", n, OC_SINKS_MAX);
    oc_sinks *s = calloc(1, sizeof(*s));
    oc_status st = OC_OK;
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "sinks: out of memory");
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        st = open_one(&s->item[i], &config[i], group, err);
        s->n = i + 1;
    }
    if (st != OC_OK) {
        oc_sinks_destroy(s, 0, NULL);
        return st;
    }
    *out = s;
    return OC_OK;
}

void oc_sinks_destroy(oc_sinks *s, uint32_t drain_ms, oc_sink_stats *last)
{
    if (!s)
        return;
    uint64_t until = oc_now_ns() + (uint64_t)drain_ms * 1000000;
    for (size_t i = 0; i < s->n; i++) {
        one_sink *o = &s->item[i];
        uint64_t  now = oc_now_ns();
        oc_sink_destroy(o->sink, now < until ? (uint32_t)((until - now) / 1000000) : 0,
                        last ? &last[i] : NULL);
        free(o->name);
        free(o->kind);
        for (size_t k = 0; k < o->n_types; k++)
            free(o->type[k]);
        for (size_t k = 0; k < o->n_ranks; k++)
            free(o->rank_type[k]);
    }
    free(s);
}

/* ---- use ---- */

static bool wants(const one_sink *s, const char *type)
{
    for (size_t i = 0; i < s->n_types; i++)
        if (strcmp(s->type[i], type) == 0)
            return true;
    return s->n_types == 0;
}

static oc_priority priority_of(const one_sink *s, const char *type)
{
    for (size_t i = 0; i < s->n_ranks; i++)
        if (strcmp(s->rank_type[i], type) == 0)
            return s->rank[i];
    return oc_sinks_priority(type);
}

void oc_sinks_put(oc_sinks *s, const char *stream, const char *type, const char *line, size_t n)
{
    for (size_t i = 0; i < s->n; i++) {
        const one_sink *o = &s->item[i];
        if (!wants(o, type))
            continue;
        const oc_sink_message m = {.stream = stream,
                                   .type = type,
                                   .priority = priority_of(o, type),
                                   .body = line,
                                   .n_body = n};
        (void)oc_sink_put(o->sink, &m); /* a drop is counted there */
    }
}

size_t oc_sinks_count(const oc_sinks *s)
{
    return s->n;
}

const char *oc_sinks_name(const oc_sinks *s, size_t i)
{
    return s->item[i].name;
}

const char *oc_sinks_kind(const oc_sinks *s, size_t i)
{
    return s->item[i].kind;
}

void oc_sinks_stats(oc_sinks *s, size_t i, oc_sink_stats *out)
{
    oc_sink_stats_get(s->item[i].sink, out);
}
