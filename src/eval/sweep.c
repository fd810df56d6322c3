/* A grid of tracker settings, each scored over all sequences. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml.h"
#include "eval/track.h"

static void axis_clear(oc_sweep_axis *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->value[i]);
    a->n = 0;
}

/* The axis of a key, emptied; NULL: no room. */
static oc_sweep_axis *axis_of(oc_sweep *s, const char *key, size_t n)
{
    oc_sweep_axis *a = s->axis;
    while (a < s->axis + s->n_axes && (strlen(a->key) != n || strncmp(a->key, key, n) != 0))
        a++;
    if (a == s->axis + OC_SWEEP_KEYS_MAX || n == 0 || n >= sizeof(a->key))
        return NULL;
    if (a == s->axis + s->n_axes) {
        memcpy(a->key, key, n);
        a->key[n] = 0;
        s->n_axes++;
    }
    axis_clear(a);
    return a;
}

static oc_status axis_add(oc_sweep_axis *a, const char *value, size_t n, oc_error *err)
{
    if (a->n == OC_SWEEP_VALUES_MAX || n == 0 || n > 64 || memchr(value, '\n', n))
        return OC_FAIL(err, OC_FORMAT, "%s: 1 to %d values of 1 to 64 characters", a->key,
                       OC_SWEEP_VALUES_MAX);
    if (!(a->value[a->n] = strndup(value, n)))
        return OC_FAIL(err, OC_NOMEM, "values");
    a->n++;
    return OC_OK;
}

oc_status oc_sweep_add(oc_sweep *sweep, const char *text, oc_error *err)
{
    const char    *equal = strchr(text, '=');
    oc_sweep_axis *a = equal ? axis_of(sweep, text, (size_t)(equal - text)) : NULL;
    oc_status      st = OC_OK;
    if (!a)
        return OC_FAIL(err, OC_INVALID, "'%.80s': not key=value,value... (at most %d keys)", text,
                       OC_SWEEP_KEYS_MAX);
    for (const char *at = equal + 1; st == OC_OK;) {
        size_t n = strcspn(at, ",");
        st = axis_add(a, at, n, err);
        if (!at[n])
            break;
        at += n + 1;
    }
    return st;
}

static oc_status add_node(oc_sweep *sweep, const char *key, const oc_yaml_node *node, oc_error *err)
{
    oc_sweep_axis *a = axis_of(sweep, key, strlen(key));
    const char    *text;
    size_t         n = oc_yaml_kind_of(node) == OC_YAML_LIST ? oc_yaml_count(node) : 1;
    if (!a)
        return oc_yaml_fail(err, node, "more than %d keys, or a key too long", OC_SWEEP_KEYS_MAX);
    if (n == 0)
        return oc_yaml_fail(err, node, "%s: no values", key);
    for (size_t i = 0; i < n; i++) {
        const oc_yaml_node *v = oc_yaml_kind_of(node) == OC_YAML_LIST ? oc_yaml_at(node, i) : node;
        oc_status           st = oc_yaml_to_text(v, &text, err);
        if (st == OC_OK)
            st = axis_add(a, text, strlen(text), err);
        if (st != OC_OK)
            return st;
    }
    return OC_OK;
}

oc_status oc_sweep_load(oc_sweep *sweep, const char *path, oc_error *err)
{
    oc_yaml  *doc = NULL;
    oc_status st = oc_yaml_load(path, &doc, err);
    if (st != OC_OK)
        return st;
    const oc_yaml_node *root = oc_yaml_root(doc);
    if (oc_yaml_kind_of(root) != OC_YAML_MAP)
        st = oc_yaml_fail(err, root, "a map of tracker keys, each with its values");
    for (size_t i = 0; i < oc_yaml_count(root) && st == OC_OK; i++)
        st = add_node(sweep, oc_yaml_key(root, i), oc_yaml_at(root, i), err);
    oc_yaml_destroy(doc);
    return st;
}

void oc_sweep_finish(oc_sweep *sweep)
{
    for (size_t i = 0; i < sweep->n_axes; i++)
        axis_clear(&sweep->axis[i]);
    sweep->n_axes = 0;
}

size_t oc_sweep_count(const oc_sweep *sweep)
{
    size_t n = 1;
    for (size_t i = 0; i < sweep->n_axes; i++) {
        n *= sweep->axis[i].n;
        if (n > OC_SWEEP_MAX)
            return 0;
    }
    return n;
}

oc_status oc_sweep_lines(const oc_sweep *sweep, size_t i, char *text, size_t bytes, oc_error *err)
{
    size_t at = 0, below = oc_sweep_count(sweep);
    text[0] = 0;
    for (size_t k = 0; k < sweep->n_axes; k++) {
        const oc_sweep_axis *a = &sweep->axis[k];
        below /= a->n;
        int n = snprintf(text + at, bytes - at, "%s: %s\n", a->key, a->value[i / below % a->n]);
        if (n < 0 || (size_t)n >= bytes - at)
            return OC_FAIL(err, OC_INVALID, "a setting is too long");
        at += (size_t)n;
    }
    return OC_OK;
}

typedef struct sweeper {
    const oc_sweep          *sweep;
    const oc_track_sequence *sequence;
    size_t                   n, total, done;
    oc_mot_benchmark         benchmark;
    oc_sweep_go_on          *go_on;
    void                    *ctx;
    oc_sweep_result         *out;
    pthread_mutex_t          lock; /* over what follows, and done */
    oc_status                status;
    oc_error                 err;
} sweeper;

static oc_status setting_of(const oc_sweep *sweep, size_t i, oc_track_setting *out, oc_error *err)
{
    char      lines[OC_SWEEP_KEYS_MAX * 120];
    oc_status st = oc_sweep_lines(sweep, i, lines, sizeof(lines), err);
    return st == OC_OK ? oc_track_setting_read(lines, out, err) : st;
}

static oc_status score_one(const sweeper *w, size_t i, oc_mot_scores *each, oc_error *err)
{
    oc_track_setting setting;
    uint64_t         looks = 0;
    int64_t          frames = 0;
    oc_status        st = setting_of(w->sweep, i, &setting, err);
    for (size_t k = 0; k < w->n && st == OC_OK; k++) {
        const oc_track_sequence *s = &w->sequence[k];
        oc_mot_rows              rows = {0};
        uint64_t                 n = 0;
        if ((st = oc_track_run(s, &setting, &rows, &n, err)) == OC_OK)
            st = oc_mot_score(&s->truth, &rows, w->benchmark, s->frames, &each[k], err);
        oc_mot_rows_finish(&rows);
        looks += n;
        frames += s->frames;
    }
    if (st != OC_OK)
        return st;
    oc_mot_combine(each, w->n, &each[w->n]);
    const oc_mot_scores *all = &each[w->n];
    w->out[i] = (oc_sweep_result){i,
                                  oc_hota_mean(all->hota.hota),
                                  oc_hota_mean(all->hota.deta),
                                  oc_hota_mean(all->hota.assa),
                                  all->clear.mota,
                                  all->identity.idf1,
                                  all->clear.idsw,
                                  frames ? (double)looks / (double)frames : 0};
    return OC_OK;
}

static bool may_go_on(sweeper *w)
{
    pthread_mutex_lock(&w->lock);
    if (w->status == OC_OK && w->go_on && !w->go_on(w->ctx, w->done, w->total))
        w->status =
            OC_FAIL(&w->err, OC_CANCELLED, "stopped after %zu of %zu settings", w->done, w->total);
    bool yes = w->status == OC_OK;
    pthread_mutex_unlock(&w->lock);
    return yes;
}

static void note(sweeper *w, oc_status st, const oc_error *err)
{
    pthread_mutex_lock(&w->lock);
    w->done++;
    if (st != OC_OK && w->status == OC_OK) {
        w->status = st;
        w->err = *err;
    }
    pthread_mutex_unlock(&w->lock);
}

static void score_range(void *ctx, oc_range part, unsigned worker)
{
    sweeper       *w = ctx;
    oc_error       err = {0};
    oc_mot_scores *each = calloc(w->n + 1, sizeof(*each));
    (void)worker;
    for (size_t i = part.begin; i < part.end && may_go_on(w); i++) {
        oc_status st = each ? score_one(w, i, each, &err) : OC_FAIL(&err, OC_NOMEM, "scores");
        note(w, st, &err);
    }
    free(each);
}

oc_status oc_sweep_run(const oc_sweep *sweep, const oc_track_sequence *sequences, size_t n,
                       oc_mot_benchmark benchmark, oc_pool *pool, oc_sweep_go_on *go_on, void *ctx,
                       oc_sweep_result *out, oc_error *err)
{
    sweeper          w = {.sweep = sweep,
                          .sequence = sequences,
                          .n = n,
                          .total = oc_sweep_count(sweep),
                          .benchmark = benchmark,
                          .go_on = go_on,
                          .ctx = ctx,
                          .out = out,
                          .lock = PTHREAD_MUTEX_INITIALIZER};
    oc_track_setting setting;
    oc_tracker      *tracker;
    if (w.total == 0)
        return OC_FAIL(err, OC_INVALID, "more than %d settings", OC_SWEEP_MAX);
    for (size_t i = 0; i < w.total; i++) {
        oc_status st = setting_of(sweep, i, &setting, err);
        if (st == OC_OK &&
            (st = oc_tracker_create(setting.kind, &setting.options, &tracker, err)) == OC_OK)
            oc_tracker_destroy(tracker);
        if (st != OC_OK)
            return st;
    }
    oc_pool_run(pool, 0, w.total, 1, score_range, &w);
    pthread_mutex_destroy(&w.lock);
    if (w.status != OC_OK && err)
        *err = w.err;
    return w.status;
}
