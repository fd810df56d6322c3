/* The threads around policy.h: callers wait for their turn and run their own jobs; submitted jobs
 * have a few threads here.  One lock; every event is followed by all its decisions before the lock is
 * given back. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sched/state.h"

#define JOBS_MAX 1024

static uint64_t clock_now(void *ctx)
{
    (void)ctx;
    return oc_now_ns();
}

static uint64_t now(oc_sched *s)
{
    return s->clock(s->clock_ctx);
}

static oc_sched_seat *seat_of(oc_policy_job *job)
{
    return (oc_sched_seat *)job; /* its first member */
}

/* ---- bells ---- */

/* Rung once the lock is free again, for who wakes up takes it at once.  That is why bells are the
 * scheduler's: the one who was waited for may long be gone by then. */
static void ring(oc_sched *s, oc_sched_bell *bell)
{
    if (!bell)
        return;
    if (s->n_rung < OC_SCHED_RUNG_MAX)
        s->rung[s->n_rung++] = bell;
    else
        pthread_cond_signal(&bell->cond);
}

/* With the lock; NULL: no memory. */
static oc_sched_bell *take_bell(oc_sched *s)
{
    oc_sched_bell *bell = s->bells;
    if (bell) {
        s->bells = bell->next;
    } else if ((bell = malloc(sizeof(*bell)))) {
        pthread_cond_init(&bell->cond, &s->monotonic);
    }
    return bell;
}

static void give_bell(oc_sched *s, oc_sched_bell *bell)
{
    bell->next = s->bells;
    s->bells = bell;
}

/* ---- decisions ---- */

static void end_seat(oc_sched *s, oc_sched_seat *seat, oc_sched_outcome outcome)
{
    oc_sched_count_end(s, seat, outcome);
    seat->over = true;
    if (seat->done) {
        seat->next = s->ended;
        s->ended = seat;
    } else {
        ring(s, seat->bell);
    }
}

/* An idle thread takes it; the one that keeps the time only if there is no other. */
static bool give_to_runner(oc_sched *s, oc_sched_seat *seat)
{
    oc_sched_runner *r = s->idle;
    if (r)
        s->idle = r->next;
    else if (s->keeper && !s->keeper->seat)
        r = s->keeper;
    if (!r)
        return false;
    r->seat = seat;
    ring(s, &r->bell);
    return true;
}

static void act_start(oc_sched *s, oc_sched_seat *seat)
{
    atomic_store(&seat->gate.cores, seat->job.cores);
    for (oc_policy_job *m = &seat->job; m; m = m->next_member)
        oc_sched_count_start(s, seat_of(m));
    seat->go = true;
    if (!seat->done) {
        ring(s, seat->bell);
        return;
    }
    if (give_to_runner(s, seat))
        return;
    seat->next = NULL;
    *(s->last_ready ? &s->last_ready->next : &s->ready) = seat;
    s->last_ready = seat;
}

static void act_cores(oc_sched *s, oc_sched_seat *seat)
{
    const unsigned old = atomic_load(&seat->gate.cores);
    atomic_store(&seat->gate.cores, seat->job.cores);
    atomic_store(&seat->gate.ask, seat->job.held > seat->job.cores);
    if (old == 0)
        ring(s, seat->bell);
    else if (seat->job.cores == 0 && atomic_load(&seat->gate.using) == 0)
        /* taken back before it noticed that it might run */
        oc_policy_yield(&s->policy, &seat->job, now(s), 0);
    s->widened = s->widened || (seat->job.cores > old && seat->job.cores > 1);
}

/* Threads that run their own jobs, each on a core. */
static unsigned owners(const oc_sched *s)
{
    unsigned n = 0;
    for (size_t i = 0; i < s->policy.n_jobs; i++)
        n += s->policy.jobs[i]->state == OC_POLICY_STARTED && s->policy.jobs[i]->cores > 0;
    return n;
}

/* Under the lock, after each event. */
static void carry_out(oc_sched *s)
{
    oc_policy_act  act;
    oc_policy_job *job;
    while ((job = oc_policy_next(&s->policy, &act))) {
        switch (act) {
        case OC_POLICY_START: act_start(s, seat_of(job)); break;
        case OC_POLICY_CORES: act_cores(s, seat_of(job)); break;
        case OC_POLICY_DROP: end_seat(s, seat_of(job), OC_SCHED_DROPPED); break;
        case OC_POLICY_NOTHING: break;
        }
    }
    if (s->pool)
        oc_pool_spare(s->pool, s->policy.cores - owners(s));
}

/* Submitted jobs of a network need a thread each, as far as its instances let them be in work. */
static void need_runner(oc_sched *s, uint32_t network, bool comes)
{
    const unsigned instances = s->policy.networks[network].instances;
    s->submitted[network] -= !comes;
    if (!instances || s->submitted[network] < instances)
        s->n_needed = comes ? s->n_needed + 1 : s->n_needed - 1;
    s->submitted[network] += comes;
}

/* Lets go of the lock, and does what is better done without it. */
static void unlock(oc_sched *s)
{
    oc_sched_seat *ended = s->ended;
    oc_sched_bell *rung[OC_SCHED_RUNG_MAX];
    const size_t   n_rung = s->n_rung;
    bool           widened = s->widened;
    memcpy(rung, s->rung, n_rung * sizeof(*rung));
    s->n_rung = 0;
    s->ended = NULL;
    s->widened = false;
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < n_rung; i++)
        pthread_cond_signal(&rung[i]->cond);
    if (widened && s->pool)
        oc_pool_wake(s->pool);
    while (ended) {
        oc_sched_seat   *seat = ended;
        oc_sched_verdict verdict;
        ended = seat->next;
        oc_sched_verdict_of(seat, &verdict);
        seat->done(seat->done_ctx, &verdict, seat->status, &seat->err);
        pthread_mutex_lock(&s->lock);
        need_runner(s, seat->asked.network, false);
        seat->next = s->seats;
        s->seats = seat;
        if (--s->inside == 0)
            pthread_cond_broadcast(&s->empty);
        pthread_mutex_unlock(&s->lock);
    }
}

/* What was to be rung is rung before: nobody else would, while this thread waits. */
static int wait_for(oc_sched *s, pthread_cond_t *cond, const struct timespec *until)
{
    while (s->n_rung)
        pthread_cond_signal(&s->rung[--s->n_rung]->cond);
    return until ? pthread_cond_timedwait(cond, &s->lock, until)
                 : pthread_cond_wait(cond, &s->lock);
}

static void wait_until(oc_sched *s, pthread_cond_t *cond, uint64_t due_ns)
{
    const uint64_t at = now(s);
    if (due_ns == UINT64_MAX) {
        wait_for(s, cond, NULL);
        return;
    }
    /* the scheduler's clock need not be the system's: so long from now, but an hour at most */
    const uint64_t  hour = 3600000000000u;
    const uint64_t  span = due_ns <= at ? 0 : due_ns - at > hour ? hour : due_ns - at;
    const uint64_t  until = oc_now_ns() + span;
    struct timespec t = {.tv_sec = (time_t)(until / 1000000000u),
                         .tv_nsec = (long)(until % 1000000000u)};
    if (wait_for(s, cond, &t) == ETIMEDOUT) {
        oc_policy_tick(&s->policy, now(s));
        carry_out(s);
    }
}

/* ---- a job runs ---- */

/* Cores are given back; the owner waits while it has none. */
static void give_back(oc_sched *s, oc_sched_seat *seat, bool owner)
{
    oc_pool_gate *gate = &seat->gate;
    const bool    waits = owner && atomic_load(&gate->cores) == 0;
    if (waits)
        atomic_fetch_sub(&gate->using, 1);
    oc_policy_yield(&s->policy, &seat->job, now(s), atomic_load(&gate->using));
    carry_out(s);
    atomic_store(&gate->ask, seat->job.held > seat->job.cores);
    while (waits && atomic_load(&gate->cores) == 0)
        wait_until(s, &seat->bell->cond, oc_policy_job_due_ns(&s->policy, &seat->job));
    if (waits)
        atomic_fetch_add(&gate->using, 1);
}

/* At a yield point where cores are asked for. */
static void yield(oc_pool_gate *gate, bool owner)
{
    oc_sched_seat *seat = (oc_sched_seat *)((char *)gate - offsetof(oc_sched_seat, gate));
    oc_sched      *s = seat->sched;
    pthread_mutex_lock(&s->lock);
    give_back(s, seat, owner);
    unlock(s);
}

/* With the lock, which it lets go of meanwhile. */
static void run_seat(oc_sched *s, oc_sched_seat *seat)
{
    void          *ctx[OC_SCHED_BATCH_MAX];
    size_t         n = 0;
    oc_sched_grant grant = {.instance = seat->job.instance};
    for (oc_policy_job *m = &seat->job; m; m = m->next_member)
        ctx[n++] = seat_of(m)->asked.ctx;
    atomic_store(&seat->gate.using, 1);
    while (atomic_load(&seat->gate.cores) == 0) /* taken back before it got here */
        give_back(s, seat, true);
    grant.cores = seat->job.cores;
    unlock(s);
    oc_pool_gate *outer = oc_pool_gate_set(&seat->gate);
    seat->status = seat->asked.fn(ctx, n, &grant, &seat->err);
    oc_pool_gate_set(outer);
    pthread_mutex_lock(&s->lock);
    const bool good = seat->status == OC_OK;
    oc_policy_done(&s->policy, &seat->job, now(s), good);
    oc_sched_count_run(s, seat);
    for (oc_policy_job *next, *m = &seat->job; m; m = next) {
        oc_sched_seat *member = seat_of(m);
        next = m->next_member;
        member->ran_with = (unsigned)n;
        member->leader_run = seat->job;
        member->status = seat->status;
        member->err = seat->err;
        end_seat(s, member, good ? OC_SCHED_DONE : OC_SCHED_FAILED);
    }
    carry_out(s);
}

/* Nothing to run: waits, and as the first of those that wait keeps the time for submitted jobs. */
static void idle(oc_sched *s, oc_sched_runner *r)
{
    if (s->keeper) {
        r->next = s->idle;
        s->idle = r;
        wait_for(s, &r->bell.cond, NULL);
        for (oc_sched_runner **at = &s->idle; *at; at = &(*at)->next)
            if (*at == r) {
                *at = r->next;
                break;
            }
        return;
    }
    s->keeper = r;
    wait_until(s, &r->bell.cond, oc_policy_due_ns(&s->policy));
    s->keeper = NULL;
    if (r->seat && s->idle)
        ring(s, &s->idle->bell); /* to keep the time instead */
}

static void *runner_main(void *arg)
{
    oc_sched_runner *r = arg;
    oc_sched        *s = r->sched;
    sigset_t         all;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_mutex_lock(&s->lock);
    for (;;) {
        oc_sched_seat *seat = r->seat;
        r->seat = NULL;
        if (!seat && s->ready) {
            seat = s->ready;
            s->ready = seat->next;
            s->last_ready = s->ready ? s->last_ready : NULL;
        }
        if (seat) {
            seat->bell = &r->bell;
            run_seat(s, seat);
        } else if (s->ending)
            break;
        else
            idle(s, r);
        unlock(s);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- coming in ---- */

static oc_status check_job(oc_sched *s, const oc_sched_job *job, oc_error *err)
{
    if (!job->fn)
        return OC_FAIL(err, OC_INVALID, "a job has no function");
    if ((unsigned)job->cls >= OC_SCHED_CLASSES)
        return OC_FAIL(err, OC_INVALID, "a job has class %d", (int)job->cls);
    if (job->network >= s->policy.n_networks)
        return OC_FAIL(err, OC_INVALID, "a job is of network %u, %u are there", job->network,
                       s->policy.n_networks);
    return OC_OK;
}

static void take_seat(oc_sched *s, oc_sched_seat *seat, const oc_sched_job *job)
{
    *seat = (oc_sched_seat){.sched = s,
                            .asked = *job,
                            .gate = {.yield = yield},
                            .job = {.network = job->network,
                                    .stream = job->stream,
                                    .cls = job->cls,
                                    .batchable = job->batchable,
                                    .keep = job->keep,
                                    .kind = (const void *)(uintptr_t)job->fn,
                                    .group = job->group,
                                    .release_ns = job->release_ns,
                                    .deadline_ns = job->deadline_ns}};
}

/* With the lock. */
static void enter(oc_sched *s, oc_sched_seat *seat)
{
    s->inside++;
    oc_sched_count_submit(s, seat);
    oc_policy_submit(&s->policy, &seat->job, now(s));
    carry_out(s);
}

oc_status oc_sched_run(oc_sched *s, const oc_sched_job *job, oc_sched_verdict *verdict,
                       oc_error *err)
{
    oc_sched_seat seat;
    oc_pool_gate *outer = oc_pool_gate_get();
    oc_status     st;
    if (outer && outer->yield == yield)
        return OC_FAIL(err, OC_INVALID, "a job asks for another one to be run inside itself");
    pthread_mutex_lock(&s->lock);
    if ((st = check_job(s, job, err)) != OC_OK) {
        pthread_mutex_unlock(&s->lock);
        return st;
    }
    take_seat(s, &seat, job);
    if (!(seat.bell = take_bell(s))) {
        pthread_mutex_unlock(&s->lock);
        return OC_FAIL(err, OC_NOMEM, "a job");
    }
    enter(s, &seat);
    while (!seat.go && !seat.over)
        wait_until(s, &seat.bell->cond, oc_policy_job_due_ns(&s->policy, &seat.job));
    if (seat.go)
        run_seat(s, &seat);
    unlock(s);
    if (verdict)
        oc_sched_verdict_of(&seat, verdict);
    if (seat.status != OC_OK && err)
        *err = seat.err;
    pthread_mutex_lock(&s->lock); /* last of all: after this the scheduler may be gone */
    give_bell(s, seat.bell);
    if (--s->inside == 0)
        pthread_cond_broadcast(&s->empty);
    pthread_mutex_unlock(&s->lock);
    return seat.status;
}

/* One each, as far as the policy lets so many be in work at once. */
static oc_status make_runner(oc_sched *s, oc_error *err)
{
    const size_t most = (size_t)s->policy.started_max * OC_SCHED_CLASSES;
    if (!s->runners && !(s->runners = calloc(most, sizeof(*s->runners))))
        return OC_FAIL(err, OC_NOMEM, "threads for submitted jobs");
    const size_t want = s->n_needed > s->n_reserved ? s->n_needed : s->n_reserved;
    if (s->n_runners >= want || s->n_runners == most)
        return OC_OK;
    oc_sched_runner *r = &s->runners[s->n_runners];
    *r = (oc_sched_runner){.sched = s};
    pthread_cond_init(&r->bell.cond, &s->monotonic);
    int e = pthread_create(&r->thread, NULL, runner_main, r);
    if (e) {
        pthread_cond_destroy(&r->bell.cond);
        return OC_FAIL(err, OC_NOMEM, "thread %zu for submitted jobs: %s", s->n_runners + 1,
                       strerror(e));
    }
    s->n_runners++;
    return OC_OK;
}

/* With the lock; its memory lies among the free. */
static oc_status make_seat(oc_sched *s, oc_error *err)
{
    oc_sched_seat *seat = malloc(sizeof(*seat));
    if (!seat)
        return OC_FAIL(err, OC_NOMEM, "a submitted job");
    seat->next = s->seats;
    s->seats = seat;
    return OC_OK;
}

static void drop_seats(oc_sched *s, size_t n)
{
    for (oc_sched_seat *seat; n > 0 && (seat = s->seats); n--) {
        s->seats = seat->next;
        free(seat);
    }
}

/* With the lock: what n jobs need, and the jobs themselves when all of it is there. */
static oc_status ready_for(oc_sched *s, const oc_sched_job *jobs, size_t n, oc_error *err)
{
    const oc_sched_seat *free_seat = s->seats;
    size_t               counted = 0;
    oc_status            st = OC_OK;
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        if ((st = check_job(s, &jobs[i], err)) != OC_OK)
            break;
        if (free_seat)
            free_seat = free_seat->next;
        else
            st = make_seat(s, err);
        need_runner(s, jobs[i].network, true);
        counted++;
        if (st == OC_OK)
            st = make_runner(s, err);
    }
    while (st != OC_OK && counted > 0)
        need_runner(s, jobs[--counted].network, false);
    return st;
}

static oc_status submit(oc_sched *s, const oc_sched_job *jobs, size_t n, oc_sched_done_fn *done,
                        void *const *done_ctx, oc_error *err)
{
    pthread_mutex_lock(&s->lock);
    oc_status st = ready_for(s, jobs, n, err);
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        oc_sched_seat *seat = s->seats;
        s->seats = seat->next;
        take_seat(s, seat, &jobs[i]);
        seat->done = done;
        seat->done_ctx = done_ctx ? *done_ctx : jobs[i].ctx;
        s->inside++;
        oc_sched_count_submit(s, seat);
        oc_policy_arrive(&s->policy, &seat->job, now(s));
    }
    if (st == OC_OK) {
        oc_policy_tick(&s->policy, now(s));
        carry_out(s);
        if (s->keeper) /* more times to keep */
            ring(s, &s->keeper->bell);
    }
    unlock(s);
    return st;
}

oc_status oc_sched_submit(oc_sched *s, const oc_sched_job *job, oc_sched_done_fn *done,
                          void *done_ctx, oc_error *err)
{
    return submit(s, job, 1, done, &done_ctx, err);
}

oc_status oc_sched_submit_many(oc_sched *s, const oc_sched_job *jobs, size_t n,
                               oc_sched_done_fn *done, oc_error *err)
{
    return submit(s, jobs, n, done, NULL, err);
}

/* Threads that n jobs of this network can use at once. */
static size_t threads_for(const oc_sched *s, uint32_t network, size_t n)
{
    const unsigned instances = s->policy.networks[network].instances;
    return instances && instances < n ? instances : n;
}

oc_status oc_sched_reserve(oc_sched *s, uint32_t network, size_t n, oc_error *err)
{
    oc_status st = OC_OK;
    pthread_mutex_lock(&s->lock);
    const size_t threads = threads_for(s, network, n);
    size_t       made = 0;
    /* one more a thread: a seat comes back a little after its end was told */
    for (; made < n + threads && st == OC_OK; made += st == OC_OK)
        st = make_seat(s, err);
    if (threads > s->reserved[network]) {
        s->n_reserved += threads - s->reserved[network];
        s->reserved[network] = threads;
    }
    for (size_t k = 0; k < threads && st == OC_OK; k++)
        st = make_runner(s, err);
    if (st != OC_OK)
        drop_seats(s, made);
    pthread_mutex_unlock(&s->lock);
    return st;
}

void oc_sched_unreserve(oc_sched *s, uint32_t network, size_t n)
{
    pthread_mutex_lock(&s->lock);
    drop_seats(s, n + threads_for(s, network, n));
    pthread_mutex_unlock(&s->lock);
}

/* ---- life ---- */

oc_status oc_sched_create(const oc_sched_options *options, oc_sched **out, oc_error *err)
{
    static const oc_sched_options defaults = {0};
    const oc_sched_options       *o = options ? options : &defaults;
    const unsigned                cores = o->cores ? o->cores : oc_pool_threads(o->pool);
    if (cores > OC_SCHED_CORES_MAX)
        return OC_FAIL(err, OC_INVALID, "a scheduler for %u cores, at most %d", cores,
                       OC_SCHED_CORES_MAX);
    oc_sched *s = calloc(1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "a scheduler");
    s->pool = o->pool;
    s->clock = o->clock ? o->clock : clock_now;
    s->clock_ctx = o->clock_ctx;
    s->born_ns = now(s);
    oc_status st =
        oc_policy_init(&s->policy, cores, o->jobs_max ? o->jobs_max : JOBS_MAX,
                       o->starve_ns ? o->starve_ns : OC_SCHED_STARVE_NS, s->born_ns, err);
    if (st != OC_OK) {
        free(s);
        return st;
    }
    pthread_condattr_init(&s->monotonic);
    pthread_condattr_setclock(&s->monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->empty, &s->monotonic);
    *out = s;
    return OC_OK;
}

void oc_sched_stop(oc_sched *s)
{
    pthread_mutex_lock(&s->lock);
    oc_policy_stop(&s->policy, now(s));
    carry_out(s);
    unlock(s);
}

void oc_sched_destroy(oc_sched *s)
{
    if (!s)
        return;
    oc_sched_stop(s);
    pthread_mutex_lock(&s->lock);
    while (s->inside)
        pthread_cond_wait(&s->empty, &s->lock);
    s->ending = true;
    for (size_t i = 0; i < s->n_runners; i++)
        pthread_cond_signal(&s->runners[i].bell.cond);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->n_runners; i++) {
        pthread_join(s->runners[i].thread, NULL);
        pthread_cond_destroy(&s->runners[i].bell.cond);
    }
    for (unsigned i = 0; i < OC_SCHED_NETWORKS_MAX; i++)
        free(s->books[i]);
    for (oc_sched_bell *next, *b = s->bells; b; b = next) {
        next = b->next;
        pthread_cond_destroy(&b->cond);
        free(b);
    }
    drop_seats(s, SIZE_MAX);
    free(s->runners);
    oc_policy_finish(&s->policy);
    pthread_cond_destroy(&s->empty);
    pthread_mutex_destroy(&s->lock);
    pthread_condattr_destroy(&s->monotonic);
    free(s);
}

oc_status oc_sched_network_add(oc_sched *s, const oc_sched_network_options *options,
                               uint32_t *network, oc_error *err)
{
    oc_sched_book *book = calloc(1, sizeof(*book));
    if (!book)
        return OC_FAIL(err, OC_NOMEM, "statistics of a network");
    pthread_mutex_lock(&s->lock);
    oc_status st = oc_policy_network_add(&s->policy, options, network, err);
    if (st == OC_OK) {
        snprintf(book->name, sizeof(book->name), "%s", options->name ? options->name : "");
        s->books[*network] = book;
        book = NULL;
    }
    pthread_mutex_unlock(&s->lock);
    free(book);
    return st;
}
