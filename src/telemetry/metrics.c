/* The registry: families from the table, series in lists, values in atomics. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/utf8.h"
#include "telemetry/metrics.h"

#define COLLECTORS_MAX 32
/* name="value", for each label, every byte of the value escaped */
#define LABELS_BYTES (OC_METRIC_LABELS_MAX * (2 * OC_METRIC_VALUE_BYTES + 64))

struct oc_series {
    atomic_uint_fast64_t value; /* a count, or the bits of a double */
    oc_metric_kind       kind;
    oc_histogram        *histogram;
    oc_series           *next;
    char                *text; /* labels as text, then the values */
    const char          *label_value[OC_METRIC_LABELS_MAX];
};

typedef struct family {
    oc_series *first, *last;
    oc_series *found; /* last: collectors ask for one after the other, again and again */
    oc_series *other; /* made with the registry: there is always a place to count */
    size_t     n;
} family;

typedef struct collector {
    oc_metrics_collect_fn *fn;
    void                  *ctx;
} collector;

struct oc_metrics {
    pthread_mutex_t lock;       /* series */
    pthread_mutex_t collecting; /* collectors; taken before the other */
    collector       collector[COLLECTORS_MAX];
    size_t          n_collectors;
    family          family[OC_METRICS];
    uint64_t        start_unix_ns;
};

/* ---- families ---- */

static oc_metric_family families[OC_METRICS];
static char             label_texts[OC_METRICS][64];

static void split_labels(oc_metric_family *f, char *text, const char *labels)
{
    memccpy(text, labels, '\0', sizeof(label_texts[0]) - 1);
    for (char *at = text; *at && f->n_labels < OC_METRIC_LABELS_MAX;) {
        char *comma = strchr(at, ',');
        f->label[f->n_labels++] = at;
        if (!comma)
            break;
        *comma = '\0';
        at = comma + 1;
    }
}

static void make_families(void)
{
    const char *group = "";
#define OC_METRIC_GROUP(title) group = title;
#define OC_METRIC(id, text, k, u, l, most, what)                    \
    families[OC_M_##id] = (oc_metric_family){.group = group,        \
                                             .name = text,          \
                                             .unit = u,             \
                                             .help = what,          \
                                             .kind = OC_METRIC_##k, \
                                             .series_max = most};   \
    split_labels(&families[OC_M_##id], label_texts[OC_M_##id], l);
#include "telemetry/metrics.inc"
#undef OC_METRIC
#undef OC_METRIC_GROUP
}

const oc_metric_family *oc_metric_family_of(oc_metric_id id)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_families);
    return &families[id];
}

const char *oc_metric_kind_name(oc_metric_kind kind)
{
    switch (kind) {
    case OC_METRIC_COUNTER:
    case OC_METRIC_COUNTER_NS: return "counter";
    case OC_METRIC_GAUGE: return "gauge";
    case OC_METRIC_HISTOGRAM: return "histogram";
    case OC_METRIC_INFO: return "info";
    }
    return "unknown";
}

/* ---- series ---- */

/* Backslash, quote and line end are escaped, as both text formats want. */
static size_t escape(char *to, const char *value)
{
    size_t n = 0;
    for (; *value; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n')
            to[n++] = '\\';
        to[n++] = *value == '\n' ? 'n' : *value;
    }
    return n;
}

static size_t write_labels(const oc_metric_family *f, char (*value)[OC_METRIC_VALUE_BYTES],
                           char                    text[LABELS_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_labels; i++) {
        if (i)
            text[n++] = ',';
        size_t name = strlen(f->label[i]);
        memcpy(text + n, f->label[i], name);
        n += name;
        text[n++] = '=';
        text[n++] = '"';
        n += escape(text + n, value[i]);
        text[n++] = '"';
    }
    text[n] = '\0';
    return n + 1;
}

static void free_series(oc_series *s)
{
    if (!s)
        return;
    free(s->histogram);
    free(s->text);
    free(s);
}

static oc_series *make_series(const oc_metric_family *f, char (*value)[OC_METRIC_VALUE_BYTES])
{
    char       text[LABELS_BYTES];
    size_t     n = write_labels(f, value, text), bytes = n;
    oc_series *s = calloc(1, sizeof(*s));
    for (size_t i = 0; i < f->n_labels; i++)
        bytes += strlen(value[i]) + 1;
    if (!s || !(s->text = malloc(bytes)))
        goto failed;
    s->kind = f->kind;
    if (f->kind == OC_METRIC_HISTOGRAM && !(s->histogram = calloc(1, sizeof(*s->histogram))))
        goto failed;
    if (f->kind == OC_METRIC_INFO)
        atomic_store(&s->value, 1);
    memcpy(s->text, text, n);
    for (size_t i = 0, at = n; i < f->n_labels; i++) {
        s->label_value[i] = s->text + at;
        size_t length = strlen(value[i]) + 1;
        memcpy(s->text + at, value[i], length);
        at += length;
    }
    return s;
failed:
    free_series(s);
    return NULL;
}

static bool is(const oc_series *s, size_t n_labels, char (*value)[OC_METRIC_VALUE_BYTES])
{
    size_t i = 0;
    while (i < n_labels && strcmp(s->label_value[i], value[i]) == 0)
        i++;
    return i == n_labels;
}

static oc_series *find(family *at, size_t n_labels, char (*value)[OC_METRIC_VALUE_BYTES])
{
    oc_series *s = at->found && at->found->next ? at->found->next : at->first;
    if (!s || !is(s, n_labels, value)) {
        s = at->first;
        while (s && !is(s, n_labels, value))
            s = s->next;
    }
    if (s)
        at->found = s;
    return s;
}

static void append(family *at, oc_series *s)
{
    if (at->last)
        at->last->next = s;
    else
        at->first = s;
    at->last = s;
    at->n++;
}

oc_series *oc_metrics_series(oc_metrics *m, oc_metric_id id, const char *const *values)
{
    const oc_metric_family *f = oc_metric_family_of(id);
    family                 *at = &m->family[id];
    char                    value[OC_METRIC_LABELS_MAX][OC_METRIC_VALUE_BYTES];

    for (size_t i = 0; i < f->n_labels; i++)
        oc_utf8_clean(values[i] ? values[i] : "", value[i], sizeof(value[i]));
    pthread_mutex_lock(&m->lock);
    oc_series *s = find(at, f->n_labels, value);
    if (!s && at->n < f->series_max && (s = make_series(f, value)))
        append(at, s);
    pthread_mutex_unlock(&m->lock);
    if (s)
        return s;
    oc_series_add(m->family[OC_M_SERIES_REFUSED].first, 1);
    return at->other;
}

void oc_metrics_drop(oc_metrics *m, const char *label, const char *value)
{
    char clean[OC_METRIC_VALUE_BYTES];
    oc_utf8_clean(value, clean, sizeof(clean));
    pthread_mutex_lock(&m->lock);
    for (size_t id = 0; id < OC_METRICS; id++) {
        const oc_metric_family *f = oc_metric_family_of((oc_metric_id)id);
        family                 *at = &m->family[id];
        size_t                  i = 0;
        while (i < f->n_labels && strcmp(f->label[i], label) != 0)
            i++;
        if (i == f->n_labels)
            continue;
        oc_series *old = at->first;
        at->first = at->last = at->found = NULL;
        at->n = 0;
        while (old) {
            oc_series *s = old;
            old = s->next;
            s->next = NULL;
            if (strcmp(s->label_value[i], clean) == 0)
                free_series(s);
            else
                append(at, s);
        }
    }
    pthread_mutex_unlock(&m->lock);
}

/* The place for what a full family cannot take; one without labels is made whole here. */
static bool make_first(oc_metrics *m, oc_metric_id id)
{
    const oc_metric_family *f = oc_metric_family_of(id);
    family                 *at = &m->family[id];
    char                    value[OC_METRIC_LABELS_MAX][OC_METRIC_VALUE_BYTES];
    for (size_t i = 0; i < f->n_labels; i++)
        oc_utf8_clean("other", value[i], sizeof(value[i]));
    oc_series *s = make_series(f, value);
    if (s && f->n_labels == 0)
        append(at, s);
    at->other = s;
    return s != NULL;
}

oc_status oc_metrics_create(oc_metrics **out, oc_error *err)
{
    struct timespec now;
    oc_metrics     *m = calloc(1, sizeof(*m));
    if (!m)
        return OC_FAIL(err, OC_NOMEM, "no memory for metrics");
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->collecting, NULL);
    clock_gettime(CLOCK_REALTIME, &now);
    m->start_unix_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    for (size_t id = 0; id < OC_METRICS; id++)
        if (!make_first(m, (oc_metric_id)id)) {
            oc_metrics_destroy(m);
            return OC_FAIL(err, OC_NOMEM, "no memory for metrics");
        }
    *out = m;
    return OC_OK;
}

void oc_metrics_destroy(oc_metrics *m)
{
    if (!m)
        return;
    for (size_t id = 0; id < OC_METRICS; id++) {
        family *at = &m->family[id];
        if (at->other != at->first)
            free_series(at->other);
        for (oc_series *s = at->first, *next; s; s = next) {
            next = s->next;
            free_series(s);
        }
    }
    pthread_mutex_destroy(&m->lock);
    pthread_mutex_destroy(&m->collecting);
    free(m);
}

uint64_t oc_metrics_start_unix_ns(const oc_metrics *m)
{
    return m->start_unix_ns;
}

/* ---- counting ---- */

void oc_series_add(oc_series *s, uint64_t n)
{
    atomic_fetch_add_explicit(&s->value, n, memory_order_relaxed);
}

void oc_series_set_count(oc_series *s, uint64_t n)
{
    atomic_store_explicit(&s->value, n, memory_order_relaxed);
}

void oc_series_set(oc_series *s, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    atomic_store_explicit(&s->value, bits, memory_order_relaxed);
}

void oc_series_observe(oc_series *s, uint64_t ns)
{
    oc_histogram_add(s->histogram, ns);
}

uint64_t oc_series_count(const oc_series *s)
{
    return atomic_load_explicit(&s->value, memory_order_relaxed);
}

double oc_series_value(const oc_series *s)
{
    uint64_t bits = oc_series_count(s);
    double   value;
    switch (s->kind) {
    case OC_METRIC_GAUGE: memcpy(&value, &bits, sizeof(value)); return value;
    case OC_METRIC_COUNTER_NS: return (double)bits / 1e9;
    default: return (double)bits;
    }
}

const oc_histogram *oc_series_histogram(const oc_series *s)
{
    return s->histogram;
}

/* ---- reading ---- */

bool oc_metrics_on_collect(oc_metrics *m, oc_metrics_collect_fn *fn, void *ctx)
{
    pthread_mutex_lock(&m->collecting);
    bool room = m->n_collectors < COLLECTORS_MAX;
    if (room)
        m->collector[m->n_collectors++] = (collector){fn, ctx};
    pthread_mutex_unlock(&m->collecting);
    return room;
}

void oc_metrics_off_collect(oc_metrics *m, oc_metrics_collect_fn *fn, void *ctx)
{
    size_t kept = 0;
    pthread_mutex_lock(&m->collecting);
    for (size_t i = 0; i < m->n_collectors; i++)
        if (m->collector[i].fn != fn || m->collector[i].ctx != ctx)
            m->collector[kept++] = m->collector[i];
    m->n_collectors = kept;
    pthread_mutex_unlock(&m->collecting);
}

static void visit(const oc_metric_family *f, const oc_series *s, bool first,
                  oc_metrics_visit_fn *fn, void *ctx)
{
    const oc_metric_sample sample = {
        .family = f, .series = s, .value = s->label_value, .labels = s->text, .first = first};
    fn(ctx, &sample);
}

static bool used(const oc_series *s)
{
    return s->histogram ? oc_histogram_count(s->histogram) > 0 : oc_series_count(s) > 0;
}

void oc_metrics_peek(oc_metrics *m, oc_metrics_visit_fn *fn, void *ctx)
{
    pthread_mutex_lock(&m->lock);
    for (size_t id = 0; id < OC_METRICS; id++) {
        const oc_metric_family *f = oc_metric_family_of((oc_metric_id)id);
        const family           *at = &m->family[id];
        for (const oc_series *s = at->first; s; s = s->next)
            visit(f, s, s == at->first, fn, ctx);
        if (at->other != at->first && f->kind != OC_METRIC_INFO && used(at->other))
            visit(f, at->other, !at->first, fn, ctx);
    }
    pthread_mutex_unlock(&m->lock);
}

void oc_metrics_visit(oc_metrics *m, oc_metrics_visit_fn *fn, void *ctx)
{
    pthread_mutex_lock(&m->collecting);
    for (size_t i = 0; i < m->n_collectors; i++)
        m->collector[i].fn(m->collector[i].ctx);
    oc_metrics_peek(m, fn, ctx);
    pthread_mutex_unlock(&m->collecting);
}

/* ---- histograms as they are told ---- */

enum { BOUND_SHIFT = 17 }; /* 2^17 ns */

static uint64_t bound_ns(size_t i)
{
    uint64_t octave = (uint64_t)1 << (BOUND_SHIFT + i / 2);
    return i % 2 ? octave + octave / 2 : octave;
}

double oc_metric_bound_s(size_t i)
{
    return (double)bound_ns(i) / 1e9;
}

void oc_histogram_tell(const oc_histogram *h, oc_histogram_told *out)
{
    size_t   b = 0;
    uint64_t n = 0;
    for (size_t i = 0; i < OC_HISTOGRAM_BUCKETS; i++) {
        while (b < OC_METRIC_BOUNDS && oc_histogram_low_ns(i) >= bound_ns(b))
            out->below[b++] = n;
        n += oc_histogram_bucket_count(h, i);
    }
    while (b < OC_METRIC_BOUNDS)
        out->below[b++] = n;
    out->n = n; /* the buckets' own sum: a value being added does not make them disagree */
    out->sum_s = oc_histogram_sum_ns(h) / 1e9;
    out->max_s = (double)oc_histogram_max_ns(h) / 1e9;
}
