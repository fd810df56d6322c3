#include "observe/teller.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_MAX 64
#define LINE_BYTES 2048

typedef struct waiting {
    oc_alert alert; /* its texts are those below */
    char     stream[OC_METRIC_VALUE_BYTES], objective[128], severity[16], window[32];
    char     line[LINE_BYTES];
    size_t   n;
} waiting;

struct oc_teller {
    oc_teller_fn   *fn;
    void           *ctx;
    oc_series      *lost;
    pthread_t       thread;
    bool            started;
    waiting         now;  /* the thread's own */
    pthread_mutex_t lock; /* below here */
    pthread_cond_t  wake;
    bool            stop;
    size_t          first, n;
    waiting         item[WAITING_MAX];
};

static void point(waiting *w)
{
    w->alert.stream = w->stream;
    w->alert.objective = w->objective;
    w->alert.severity = w->severity;
    w->alert.window = w->window;
}

void oc_teller_put(oc_teller *t, const oc_alert *alert, const char *line, size_t n)
{
    pthread_mutex_lock(&t->lock);
    if (t->n == WAITING_MAX) {
        oc_series_add(t->lost, 1);
    } else {
        waiting *w = &t->item[(t->first + t->n++) % WAITING_MAX];
        w->alert = *alert;
        snprintf(w->stream, sizeof(w->stream), "%s", alert->stream);
        snprintf(w->objective, sizeof(w->objective), "%s", alert->objective);
        snprintf(w->severity, sizeof(w->severity), "%s", alert->severity);
        snprintf(w->window, sizeof(w->window), "%s", alert->window);
        w->n = n < LINE_BYTES ? n : 0;
        memcpy(w->line, line, w->n);
        pthread_cond_signal(&t->wake);
    }
    pthread_mutex_unlock(&t->lock);
}

static void *tell_on(void *ctx)
{
    oc_teller *t = ctx;
    pthread_mutex_lock(&t->lock);
    while (t->n > 0 || !t->stop) {
        if (t->n == 0) {
            pthread_cond_wait(&t->wake, &t->lock);
            continue;
        }
        t->now = t->item[t->first];
        t->first = (t->first + 1) % WAITING_MAX;
        t->n--;
        pthread_mutex_unlock(&t->lock);
        point(&t->now);
        t->fn(t->ctx, &t->now.alert, t->now.line, t->now.n);
        pthread_mutex_lock(&t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

oc_status oc_teller_create(oc_metrics *metrics, oc_teller_fn *fn, void *ctx, oc_teller **out,
                           oc_error *err)
{
    oc_teller *t = calloc(1, sizeof(*t));
    if (!t)
        return OC_FAIL(err, OC_NOMEM, "no memory for alerts");
    t->fn = fn;
    t->ctx = ctx;
    t->lost = oc_metrics_series(metrics, OC_M_ALERTS_LOST, NULL);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    t->started = pthread_create(&t->thread, NULL, tell_on, t) == 0;
    if (!t->started) {
        oc_teller_destroy(t);
        return OC_FAIL(err, OC_NOMEM, "no thread for alerts");
    }
    *out = t;
    return OC_OK;
}

void oc_teller_destroy(oc_teller *t)
{
    if (!t)
        return;
    if (t->started) {
        pthread_mutex_lock(&t->lock);
        t->stop = true;
        pthread_cond_signal(&t->wake);
        pthread_mutex_unlock(&t->lock);
        pthread_join(t->thread, NULL);
    }
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    free(t);
}
