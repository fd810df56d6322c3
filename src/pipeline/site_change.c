/* A running site is changed: by one thread, that of its control socket. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/site_state.h"

/* Only the changing thread adds and removes, so that what it has found stays. */
static oc_status find(oc_site *site, const char *name, size_t *at, oc_error *err)
{
    for (size_t i = 0; i < site->n; i++)
        if (strcmp(site->stream[i]->config->name, name) == 0) {
            *at = i;
            return OC_OK;
        }
    return OC_FAIL(err, OC_NOT_FOUND, "there is no stream '%.80s'", name);
}

/* Two streams that write one file would write over each other. */
static oc_status check_apart(const oc_site *site, const oc_stream *s, oc_error *err)
{
    for (size_t i = 0; i < site->n; i++)
        for (size_t a = 0; a < OC_OUTPUT_PATHS; a++)
            for (size_t b = 0; b < OC_OUTPUT_PATHS; b++)
                if (*s->path[a] && strcmp(s->path[a], site->stream[i]->path[b]) == 0)
                    return OC_FAIL(err, OC_INVALID, "%s: is an output of stream '%s'", s->path[a],
                                   site->stream[i]->config->name);
    return OC_OK;
}

static oc_status make_new(oc_site *site, const char *settings, size_t bytes, oc_stream **out,
                          oc_error *err)
{
    oc_pipeline_config *config = NULL;
    oc_stream          *s = NULL;
    size_t              at;
    if (site->n == OC_STREAMS_MAX)
        return OC_FAIL(err, OC_INVALID, "there are %d streams, no more are possible",
                       OC_STREAMS_MAX);
    oc_status st = oc_site_config_stream(site->config, "settings", settings, bytes, &config, err);
    if (st != OC_OK)
        return st;
    if (find(site, config->name, &at, NULL) == OC_OK) {
        st = OC_FAIL(err, OC_INVALID, "a stream '%s' is there already", config->name);
        oc_pipeline_config_destroy(config);
        return st;
    }
    char *own = malloc(bytes + 1);
    if (own) {
        memcpy(own, settings, bytes);
        own[bytes] = '\0';
    }
    st = oc_stream_make(site, config, own, &s, err);
    if (st == OC_OK)
        st = check_apart(site, s, err);
    if (st != OC_OK) {
        oc_stream_destroy(s);
        return st;
    }
    *out = s;
    return OC_OK;
}

oc_status oc_site_add(oc_site *site, const char *settings, size_t bytes, oc_error *err)
{
    oc_stream *s = NULL;
    oc_status  st = make_new(site, settings, bytes, &s, err);
    if (st != OC_OK)
        return st;
    pthread_mutex_lock(&site->lock);
    if (site->interrupted)
        st = OC_FAIL(err, OC_END, "the site is ending");
    else if ((st = oc_stream_start(s, err)) == OC_OK)
        site->stream[site->n++] = s;
    pthread_mutex_unlock(&site->lock);
    if (st != OC_OK)
        oc_stream_destroy(s);
    return st;
}

oc_status oc_site_remove(oc_site *site, const char *name, oc_error *err)
{
    size_t    at = 0;
    oc_status st = find(site, name, &at, err);
    if (st != OC_OK)
        return st;
    oc_stream *s = site->stream[at];
    pthread_mutex_lock(&site->lock);
    s->removed = true;
    pthread_mutex_unlock(&site->lock);
    oc_stream_cancel(s);
    oc_stream_join(s);
    pthread_mutex_lock(&site->lock);
    site->n--;
    for (size_t i = at; i < site->n; i++)
        site->stream[i] = site->stream[i + 1];
    pthread_mutex_unlock(&site->lock);
    oc_stream_destroy(s);
    return OC_OK;
}

oc_status oc_site_pause(oc_site *site, const char *name, bool paused, oc_error *err)
{
    size_t    at = 0;
    oc_status st = find(site, name, &at, err);
    if (st != OC_OK)
        return st;
    pthread_mutex_lock(&site->lock);
    site->stream[at]->paused = paused;
    pthread_mutex_unlock(&site->lock);
    oc_pipeline_pause(site->stream[at]->pipeline, paused);
    return OC_OK;
}

/* What cannot be changed while a stream runs. */
static oc_status check_patch(const oc_yaml_node *patch, oc_error *err)
{
    static const char *const fixed[] = {"name", "source", "outputs", "objectives", "streams"};
    if (oc_yaml_kind_of(patch) != OC_YAML_MAP)
        return OC_FAIL(err, OC_INVALID, "settings are a map");
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (oc_yaml_find(patch, fixed[i]))
            return OC_FAIL(
                err, OC_INVALID,
                "'%s' cannot be changed while the stream runs: remove it and add it anew",
                fixed[i]);
    return OC_OK;
}

/* The stream's own settings with the patch over them, as text. */
static oc_status patch_text(const char *own, const char *settings, size_t bytes, char **out,
                            oc_error *err)
{
    oc_yaml  *before = NULL, *patch = NULL, *after = NULL;
    oc_status st = oc_yaml_load_memory("settings", settings, bytes, &patch, err);
    if (st == OC_OK)
        st = check_patch(oc_yaml_root(patch), err);
    if (st == OC_OK)
        st = oc_yaml_load_memory("own", own, strlen(own), &before, err);
    if (st == OC_OK)
        st = oc_yaml_patch(oc_yaml_root(before), oc_yaml_root(patch), &after, err);
    if (st == OC_OK && !(*out = oc_site_write(oc_yaml_root(after))))
        st = OC_FAIL(err, OC_NOMEM, "settings: out of memory");
    oc_yaml_destroy(after);
    oc_yaml_destroy(before);
    oc_yaml_destroy(patch);
    return st;
}

oc_status oc_site_set(oc_site *site, const char *name, const char *settings, size_t bytes,
                      oc_error *err)
{
    size_t              at = 0;
    char               *own = NULL;
    oc_pipeline_config *config = NULL;
    oc_pipeline        *next = NULL;
    oc_status           st = find(site, name, &at, err);
    if (st != OC_OK)
        return st;
    oc_stream *s = site->stream[at];
    if ((st = patch_text(s->own, settings, bytes, &own, err)) != OC_OK)
        return st;
    st = oc_site_config_stream(site->config, "settings", own, strlen(own), &config, err);
    if (st == OC_OK) {
        config->outputs = (oc_outputs_config){0};
        st = oc_stream_pipeline(s, config, &next, err);
    }
    if (st == OC_OK)
        st = oc_pipeline_exchange(s->pipeline, next, err);
    if (st == OC_OK) { /* what was exchanged goes with the old one */
        pthread_mutex_lock(&site->lock);
        oc_pipeline_config *old = s->config;
        char               *old_own = s->own;
        s->config = config;
        s->own = own;
        config = old;
        own = old_own;
        pthread_mutex_unlock(&site->lock);
    }
    oc_pipeline_destroy(next);
    oc_pipeline_config_destroy(config);
    free(own);
    return st;
}

static void list_stream(const oc_stream *s, oc_jsonw *j)
{
    static const char *const states[] = {"ready", "running", "ended", "failed"};
    oc_counts                c = oc_pipeline_counts(s->pipeline);
    oc_jsonw_open(j, NULL, '{');
    oc_jsonw_text(j, "name", s->config->name);
    oc_jsonw_text(j, "state",
                  s->paused && s->state == OC_STREAM_RUNNING ? "paused" : states[s->state]);
    if (s->state == OC_STREAM_FAILED)
        oc_jsonw_text(j, "error", s->err.message);
    oc_jsonw_uint(j, "captured", c.captured);
    oc_jsonw_uint(j, "completed", c.completed);
    oc_jsonw_uint(j, "in_flight", c.in_flight);
    oc_jsonw_open(j, "dropped", '{');
    for (int i = 0; i < OC_DROP_REASONS; i++)
        if (c.dropped[i])
            oc_jsonw_uint(j, oc_drop_name((oc_drop)i), c.dropped[i]);
    oc_jsonw_close(j, '}');
    oc_jsonw_uint(j, "tracks", s->progress.tracks);
    oc_jsonw_uint(j, "level", s->progress.level);
    oc_jsonw_bool(j, "away", atomic_load(&s->pipeline->capture.away));
    oc_jsonw_uint(j, "lost", atomic_load(&s->pipeline->capture.lost));
    oc_jsonw_close(j, '}');
}

void oc_site_list(oc_site *site, oc_jsonw *j)
{
    pthread_mutex_lock(&site->lock);
    oc_jsonw_text(j, "site", site->config->name);
    oc_jsonw_uint(j, "networks", oc_models_count(site->models));
    oc_jsonw_open(j, "streams", '[');
    for (size_t i = 0; i < site->n; i++)
        list_stream(site->stream[i], j);
    oc_jsonw_close(j, ']');
    pthread_mutex_unlock(&site->lock);
}

oc_status oc_site_show(oc_site *site, const char *name, oc_jsonw *j, oc_error *err)
{
    size_t    at = 0;
    oc_status st = find(site, name, &at, err);
    if (st != OC_OK)
        return st;
    char *text = oc_site_write(oc_yaml_root(site->stream[at]->config->doc));
    if (!text)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    oc_jsonw_raw(j, "settings", text, strlen(text));
    free(text);
    return OC_OK;
}
