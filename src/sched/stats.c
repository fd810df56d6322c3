/* Counting and telling what has been. */
#include <string.h>

#include "sched/state.h"

static const char *const class_names[OC_SCHED_CLASSES] = {"critical", "normal", "slack"};

const char *oc_sched_class_name(oc_sched_class cls)
{
    return class_names[cls];
}

bool oc_sched_class_parse(const char *text, oc_sched_class *out)
{
    for (int i = 0; i < OC_SCHED_CLASSES; i++)
        if (strcmp(text, class_names[i]) == 0) {
            *out = (oc_sched_class)i;
            return true;
        }
    return false;
}

const char *oc_sched_drop_name(oc_sched_drop reason)
{
    static const char *const names[] = {
#define X(name, text, what) text,
        OC_SCHED_DROP_MAP(X)
#undef X
    };
    return names[reason];
}

static oc_sched_page *page_of(oc_sched *s, const oc_sched_seat *seat)
{
    return &s->books[seat->job.network]->page[seat->job.cls];
}

static uint64_t span(uint64_t from, uint64_t to)
{
    return to > from ? to - from : 0;
}

void oc_sched_count_submit(oc_sched *s, const oc_sched_seat *seat)
{
    oc_sched_counts *c = &page_of(s, seat)->counts;
    c->submitted++;
    c->waiting++;
}

void oc_sched_count_start(oc_sched *s, const oc_sched_seat *seat)
{
    oc_sched_page *p = page_of(s, seat);
    p->counts.waiting--;
    p->counts.running++;
    oc_histogram_add(&p->queue, span(seat->job.release_ns, seat->job.start_ns));
}

void oc_sched_count_run(oc_sched *s, oc_sched_seat *lead)
{
    oc_sched_page *p = page_of(s, lead);
    const uint64_t longest = atomic_load(&lead->gate.longest_ns);
    p->batches++;
    oc_histogram_add(&p->run, lead->job.run_ns);
    oc_histogram_add(&p->unyielded, longest);
    if (longest > s->blocking_max_ns)
        s->blocking_max_ns = longest;
}

void oc_sched_count_end(oc_sched *s, oc_sched_seat *seat, oc_sched_outcome outcome)
{
    oc_sched_page       *p = page_of(s, seat);
    const oc_policy_job *j = &seat->job;
    seat->outcome = outcome;
    if (outcome == OC_SCHED_DROPPED) {
        p->counts.waiting--;
        p->counts.dropped[j->reason]++;
        return;
    }
    p->counts.running--;
    p->counts.preempted += j->n_suspended;
    if (outcome == OC_SCHED_FAILED) {
        p->counts.failed++;
        return;
    }
    p->counts.done++;
    p->counts.missed += j->deadline_ns && j->end_ns > j->deadline_ns;
    oc_histogram_add(&p->response, span(j->release_ns, j->end_ns));
}

void oc_sched_verdict_of(const oc_sched_seat *seat, oc_sched_verdict *out)
{
    const oc_policy_job *j = &seat->job, *run = &seat->leader_run;
    *out = (oc_sched_verdict){.outcome = seat->outcome, .end_ns = j->end_ns};
    if (seat->outcome == OC_SCHED_DROPPED) {
        out->reason = j->reason;
        out->queue_ns = span(j->release_ns, j->end_ns);
        return;
    }
    out->missed = seat->outcome == OC_SCHED_DONE && j->deadline_ns && j->end_ns > j->deadline_ns;
    out->queue_ns = span(j->release_ns, j->start_ns);
    out->run_ns = run->run_ns;
    out->suspended_ns = run->suspended_ns;
    out->batch = seat->ran_with;
    out->cores = oc_policy_mean_cores(run);
}

/* ---- telling ---- */

unsigned oc_sched_networks(oc_sched *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned n = s->policy.n_networks;
    pthread_mutex_unlock(&s->lock);
    return n;
}

uint64_t oc_sched_predict_ns(oc_sched *s, uint32_t network, unsigned batch, unsigned cores)
{
    uint64_t ns = 0;
    pthread_mutex_lock(&s->lock);
    if (network < s->policy.n_networks)
        ns = oc_predict_high(&s->policy.networks[network].predict, batch, cores);
    pthread_mutex_unlock(&s->lock);
    return ns;
}

unsigned oc_sched_cores(const oc_sched *s)
{
    return s->policy.cores;
}

uint64_t oc_sched_now_ns(oc_sched *s)
{
    return s->clock(s->clock_ctx);
}

static void add_counts(oc_sched_counts *sum, const oc_sched_counts *c)
{
    sum->submitted += c->submitted;
    sum->waiting += c->waiting;
    sum->running += c->running;
    sum->done += c->done;
    sum->failed += c->failed;
    sum->missed += c->missed;
    sum->preempted += c->preempted;
    for (int i = 0; i < OC_SCHED_DROPS; i++)
        sum->dropped[i] += c->dropped[i];
}

/* Over the histograms at `offset` of n pages. */
static oc_sched_spread spread_of(const oc_sched_page *pages, size_t n, size_t offset)
{
    oc_histogram all = {0};
    for (size_t i = 0; i < n; i++)
        oc_histogram_merge(&all, (const oc_histogram *)((const char *)&pages[i] + offset));
    return (oc_sched_spread){.n = oc_histogram_count(&all),
                             .p50_ns = oc_histogram_quantile_ns(&all, 0.5),
                             .p90_ns = oc_histogram_quantile_ns(&all, 0.9),
                             .p99_ns = oc_histogram_quantile_ns(&all, 0.99),
                             .p999_ns = oc_histogram_quantile_ns(&all, 0.999),
                             .max_ns = oc_histogram_max_ns(&all)};
}

bool oc_sched_stats_get(oc_sched *s, uint32_t network, oc_sched_class cls, oc_sched_stats *out)
{
    *out = (oc_sched_stats){0};
    if (network >= oc_sched_networks(s) || cls > OC_SCHED_CLASSES)
        return false;
    pthread_mutex_lock(&s->lock);
    const oc_sched_book *b = s->books[network];
    const oc_sched_page *pages = cls == OC_SCHED_CLASSES ? b->page : &b->page[cls];
    const size_t         n = cls == OC_SCHED_CLASSES ? OC_SCHED_CLASSES : 1;
    memcpy(out->name, b->name, sizeof(out->name));
    for (size_t i = 0; i < n; i++) {
        add_counts(&out->counts, &pages[i].counts);
        out->batches += pages[i].batches;
    }
    pthread_mutex_unlock(&s->lock);
    out->queue = spread_of(pages, n, offsetof(oc_sched_page, queue));
    out->run = spread_of(pages, n, offsetof(oc_sched_page, run));
    out->response = spread_of(pages, n, offsetof(oc_sched_page, response));
    out->unyielded = spread_of(pages, n, offsetof(oc_sched_page, unyielded));
    return true;
}

void oc_sched_load_get(oc_sched *s, oc_sched_load *out)
{
    pthread_mutex_lock(&s->lock);
    *out = (oc_sched_load){.cores = s->policy.cores,
                           .busy = s->policy.cores - s->policy.free,
                           .busy_ns = s->policy.busy_ns,
                           .up_ns = span(s->born_ns, oc_sched_now_ns(s)),
                           .blocking_max_ns = s->blocking_max_ns,
                           .promoted = s->policy.n_promoted};
    pthread_mutex_unlock(&s->lock);
}
