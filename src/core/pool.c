/* A run is a job on its caller's stack, linked into the pool while it has ranges to give away.
 * Joining and leaving a job take the lock; claiming a range is one atomic add.
 *
 * The units are cut into one stretch a thread.  A thread works through its own first, in a few
 * chunks, then helps out in the others': the same thread meets the same rows in the next node, while
 * they are still in its cache, and one that is late costs little. */
#include "core/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define PAUSE() _mm_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ __volatile__("yield")
#else
#define PAUSE() ((void)0)
#endif

#define THREADS_MAX 256
#define STRETCHES_MAX 16 /* more threads than this share stretches */
#define CHUNKS 4         /* of a stretch */
#define LOCK_SPINS 200
#define SPINS 4000 /* of a caller whose last ranges are nearly done */
/* A worker looks out for the next job for so long before it sleeps: longer than the nodes of a
 * network that run on one thread, since waking a sleeper costs more than such a node (on a virtual
 * machine some 100 us). */
#define SPIN_NS 1000000u
/* Under a gate: what takes longer is cut, so that cores can be given back on the way, into chunks of
 * about so long. */
#define LONG_NS 1000000.0
#define SLICE_NS 300000.0

/* A cache line each, for threads claim from their own all the time. */
typedef struct stretch {
    _Alignas(64) atomic_size_t claimed;
    size_t end;
} stretch;

typedef struct job {
    struct job   *next;
    oc_pool_fn   *fn;
    void         *ctx;
    size_t        chunk, chunk_max; /* grows up to that while chunks are short */
    unsigned      n_stretches;
    oc_pool_gate *gate;               /* NULL: none */
    unsigned      joined, joined_max; /* under the lock */
    atomic_uint   inside;             /* workers still in this job, the caller not counted */
    stretch       stretches[STRETCHES_MAX];
} job;

typedef struct worker {
    struct oc_pool *pool;
    pthread_t       thread;
    unsigned        index;
} worker;

struct oc_pool {
    pthread_mutex_t lock;
    pthread_cond_t  wake;
    job            *jobs;
    atomic_uint     posted; /* counts jobs: workers spin on its change */
    atomic_bool     stop;
    atomic_uint     spare; /* workers that may look out for work: the others sleep at once */
    unsigned        sleeping;
    unsigned        n_threads;
    worker         *workers; /* n_threads - 1 */
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

unsigned oc_fp_flush_denormals(void)
{
#if defined(__x86_64__)
    unsigned old = _mm_getcsr();
    _mm_setcsr(old | 0x8040u); /* FTZ, DAZ */
    return old;
#elif defined(__aarch64__)
    uint64_t old;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(old));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(old | (1u << 24)));
    return (unsigned)old;
#else
    return 0;
#endif
}

void oc_fp_restore(unsigned mode)
{
#if defined(__x86_64__)
    _mm_setcsr(mode);
#elif defined(__aarch64__)
    __asm__ __volatile__("msr fpcr, %0" : : "r"((uint64_t)mode));
#else
    (void)mode;
#endif
}

/* The next chunk of a stretch, at most `most` units; false: it is used up. */
static bool claim(stretch *s, size_t most, oc_range *out)
{
    if (atomic_load_explicit(&s->claimed, memory_order_relaxed) >= s->end)
        return false;
    out->begin = atomic_fetch_add_explicit(&s->claimed, most, memory_order_relaxed);
    if (out->begin >= s->end)
        return false;
    out->end = s->end - out->begin > most ? out->begin + most : s->end;
    return true;
}

static void job_work(job *j, unsigned index)
{
    oc_range part;
    for (unsigned i = 0; i < j->n_stretches; i++)
        while (claim(&j->stretches[(index + i) % j->n_stretches], j->chunk, &part))
            j->fn(j->ctx, part, index);
}

/* ---- lent cores ---- */

static _Thread_local oc_pool_gate *own_gate;

static void note_stretch(oc_pool_gate *g, uint64_t ns)
{
    uint_fast64_t most = atomic_load_explicit(&g->longest_ns, memory_order_relaxed);
    while (ns > most && !atomic_compare_exchange_weak_explicit(
                            &g->longest_ns, &most, ns, memory_order_relaxed, memory_order_relaxed))
        ;
}

/* A yield point of the owner's; gives back the time. */
static uint64_t pass_gate(oc_pool_gate *g)
{
    const uint64_t now = now_ns();
    note_stretch(g, now - g->last_ns);
    g->last_ns = now;
    if (!atomic_load_explicit(&g->ask, memory_order_acquire))
        return now;
    g->yield(g, true);
    return g->last_ns = now_ns();
}

/* A worker is no longer in. */
static void leave_done(oc_pool_gate *g)
{
    atomic_fetch_sub(&g->using, 1);
    if (atomic_load(&g->ask))
        g->yield(g, false);
}

/* One more thread, where the gate lets one in.  Whoever takes cores away stores first and then looks
 * at who is in, so one of the two sees the other. */
static bool join_gate(oc_pool_gate *g)
{
    unsigned n = atomic_load(&g->using);
    do {
        if (n >= atomic_load(&g->cores))
            return false;
    } while (!atomic_compare_exchange_weak(&g->using, &n, n + 1));
    if (n + 1 <= atomic_load(&g->cores))
        return true;
    leave_done(g);
    return false;
}

/* A worker between two chunks: true, and it counts no more, where there are too many. */
static bool leave_gate(oc_pool_gate *g)
{
    if (!atomic_load_explicit(&g->ask, memory_order_acquire))
        return false;
    unsigned n = atomic_load(&g->using);
    do {
        if (n <= atomic_load(&g->cores))
            return false;
    } while (!atomic_compare_exchange_weak(&g->using, &n, n - 1));
    g->yield(g, false);
    return true;
}

typedef struct pace {
    uint64_t ns;
    size_t   units;
} pace;

/* As job_work; false: the worker had to leave before the end.  `took`: what the owner measured. */
static bool gated_work(job *j, unsigned index, pace *took)
{
    oc_range part;
    size_t   chunk = j->chunk;
    uint64_t at = index ? now_ns() : j->gate->last_ns;
    for (unsigned i = 0; i < j->n_stretches; i++)
        while (claim(&j->stretches[(index + i) % j->n_stretches], chunk, &part)) {
            j->fn(j->ctx, part, index);
            const uint64_t end = now_ns(), ns = end - at;
            if (ns < (uint64_t)(SLICE_NS / 2) && chunk < j->chunk_max)
                chunk = chunk * 2 < j->chunk_max ? chunk * 2 : j->chunk_max;
            if (index) {
                note_stretch(j->gate, ns);
                at = end;
                if (leave_gate(j->gate))
                    return false;
            } else {
                took->ns += ns;
                took->units += part.end - part.begin;
                at = pass_gate(j->gate);
            }
        }
    return true;
}

oc_pool_gate *oc_pool_gate_set(oc_pool_gate *gate)
{
    oc_pool_gate  *old = own_gate;
    const uint64_t now = now_ns();
    if (old)
        note_stretch(old, now - old->last_ns);
    if (gate)
        gate->last_ns = now;
    own_gate = gate;
    return old;
}

oc_pool_gate *oc_pool_gate_get(void)
{
    return own_gate;
}

void oc_pool_yield(void)
{
    if (own_gate)
        pass_gate(own_gate);
}

/* ---- workers ---- */

static bool job_has_ranges(job *j)
{
    for (unsigned i = 0; i < j->n_stretches; i++)
        if (atomic_load_explicit(&j->stretches[i].claimed, memory_order_relaxed) <
            j->stretches[i].end)
            return true;
    return false;
}

/* The lock is held for a few instructions only: whoever finds it taken looks again before it goes to
 * sleep, which would cost more than most nodes of a network. */
static void pool_lock(oc_pool *pool)
{
    for (unsigned i = 0; i < LOCK_SPINS; i++) {
        if (pthread_mutex_trylock(&pool->lock) == 0)
            return;
        PAUSE();
    }
    pthread_mutex_lock(&pool->lock);
}

/* Under the lock: a job that still has ranges and room for one more. */
static job *job_find(oc_pool *pool)
{
    for (job *j = pool->jobs; j; j = j->next) {
        const bool room = j->gate ? atomic_load(&j->gate->using) < atomic_load(&j->gate->cores)
                                  : j->joined < j->joined_max;
        if (room && job_has_ranges(j))
            return j;
    }
    return NULL;
}

/* Without the lock: a gate's owner may be told, which takes a lock of its own. */
static void job_help(job *j, unsigned index)
{
    if (!j->gate)
        job_work(j, index);
    else if (join_gate(j->gate) && gated_work(j, index, NULL))
        leave_done(j->gate);
    atomic_fetch_sub_explicit(&j->inside, 1, memory_order_release);
}

static void spin(oc_pool *pool, unsigned seen, unsigned index)
{
    const uint64_t until = now_ns() + SPIN_NS;
    for (unsigned i = 1; atomic_load(&pool->posted) == seen; i++) {
        PAUSE();
        if (index > atomic_load_explicit(&pool->spare, memory_order_relaxed) ||
            (i % 256 == 0 && now_ns() >= until))
            return;
    }
}

static void *worker_main(void *arg)
{
    worker  *w = arg;
    oc_pool *pool = w->pool;
    oc_fp_flush_denormals();
    unsigned seen = atomic_load(&pool->posted);
    while (!atomic_load(&pool->stop)) {
        spin(pool, seen, w->index);
        pool_lock(pool);
        job *j;
        while (!(j = job_find(pool)) && !atomic_load(&pool->stop) &&
               atomic_load(&pool->posted) == seen) {
            pool->sleeping++;
            pthread_cond_wait(&pool->wake, &pool->lock);
            pool->sleeping--;
        }
        seen = atomic_load(&pool->posted);
        if (j) {
            j->joined++;
            atomic_fetch_add(&j->inside, 1);
        }
        pthread_mutex_unlock(&pool->lock);
        if (j)
            job_help(j, w->index);
    }
    return NULL;
}

static void job_post(oc_pool *pool, job *j)
{
    pool_lock(pool);
    j->next = pool->jobs;
    pool->jobs = j;
    const bool room = !j->gate || atomic_load(&j->gate->cores) > 1; /* else: when it is widened */
    if (pool->sleeping && room)
        pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    if (!room)
        return;
    /* After the lock is free again, for those who see it take the lock at once.  Nobody misses the
     * job by it: before a worker sleeps it looks at the list itself. */
    atomic_fetch_add(&pool->posted, 1);
}

/* After this nobody joins; then waits for those inside. */
static void job_finish(oc_pool *pool, job *j)
{
    pool_lock(pool);
    for (job **at = &pool->jobs; *at; at = &(*at)->next) {
        if (*at == j) {
            *at = j->next;
            break;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; atomic_load_explicit(&j->inside, memory_order_acquire); i++) {
        if (i < SPINS)
            PAUSE();
        else
            sched_yield();
    }
}

/* Stretches and chunks are whole grains, but for the last. */
static void job_cut(job *j, unsigned threads, size_t units, size_t grain)
{
    const size_t   pieces = (units + grain - 1) / grain;
    const unsigned n = threads < STRETCHES_MAX ? threads : STRETCHES_MAX;
    const size_t   per = pieces / ((size_t)threads * CHUNKS);
    j->chunk = j->chunk_max = grain * (per ? per : 1);
    j->n_stretches = n;
    j->joined = 0;
    atomic_init(&j->inside, 0);
    for (unsigned i = 0; i < n; i++) {
        size_t end = (pieces * (i + 1) / n) * grain;
        atomic_init(&j->stretches[i].claimed, (pieces * i / n) * grain);
        j->stretches[i].end = end < units ? end : units;
    }
}

/* Chunks of a slice, where it is known how long a unit takes; else from a grain upwards. */
static void job_slice(job *j, size_t grain, double unit_ns)
{
    double grains = unit_ns > 0 ? SLICE_NS / (unit_ns * (double)grain) : 1.0;
    if (grains < 1.0)
        grains = 1.0;
    if (grains < (double)(j->chunk / grain))
        j->chunk = grain * (size_t)grains;
    if (unit_ns > 0)
        j->chunk_max = j->chunk;
}

static void run_gated(oc_pool *pool, oc_pool_gate *gate, unsigned threads, size_t units,
                      size_t grain, oc_pool_fn *fn, void *ctx, double *unit_ns)
{
    const uint64_t begin = pass_gate(gate);
    const unsigned cores = atomic_load(&gate->cores);
    const double   known = unit_ns ? *unit_ns : 0.0;
    const bool     brief = known > 0 && known * (double)units < LONG_NS;
    pace           took = {0};
    if (brief && (threads == 1 || cores <= 1)) {
        fn(ctx, (oc_range){0, units}, 0);
        took = (pace){now_ns() - begin, units};
    } else {
        job j;
        job_cut(&j, threads, units, grain);
        j.fn = fn;
        j.ctx = ctx;
        j.gate = gate;
        if (!brief)
            job_slice(&j, grain, known);
        if (threads > 1)
            job_post(pool, &j);
        gated_work(&j, 0, &took);
        if (threads > 1)
            job_finish(pool, &j);
    }
    if (unit_ns && took.units) {
        const double now = (double)took.ns / (double)took.units;
        *unit_ns = known > 0 ? known + 0.25 * (now - known) : now;
    }
}

void oc_pool_run_paced(oc_pool *pool, unsigned threads_max, size_t units, size_t grain,
                       oc_pool_fn *fn, void *ctx, double *unit_ns)
{
    if (units == 0)
        return;
    if (grain == 0)
        grain = 1;
    unsigned n = pool ? pool->n_threads : 1;
    if (threads_max && threads_max < n)
        n = threads_max;
    size_t pieces = (units + grain - 1) / grain;
    if (pieces < n)
        n = (unsigned)pieces;
    if (own_gate) {
        run_gated(pool, own_gate, n, units, grain, fn, ctx, unit_ns);
        return;
    }
    if (n <= 1) {
        fn(ctx, (oc_range){0, units}, 0);
        return;
    }
    job j;
    job_cut(&j, n, units, grain);
    j.fn = fn;
    j.ctx = ctx;
    j.gate = NULL;
    j.joined_max = n - 1;
    job_post(pool, &j);
    job_work(&j, 0);
    job_finish(pool, &j);
}

void oc_pool_run(oc_pool *pool, unsigned threads_max, size_t units, size_t grain, oc_pool_fn *fn,
                 void *ctx)
{
    oc_pool_run_paced(pool, threads_max, units, grain, fn, ctx, NULL);
}

void oc_pool_wake(oc_pool *pool)
{
    atomic_fetch_add(&pool->posted, 1); /* first: who wakes up is to look out for a while */
    pool_lock(pool);
    if (pool->sleeping)
        pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

void oc_pool_spare(oc_pool *pool, unsigned n)
{
    atomic_store_explicit(&pool->spare, n, memory_order_relaxed);
}

unsigned oc_pool_threads(const oc_pool *pool)
{
    return pool ? pool->n_threads : 1;
}

void oc_pool_destroy(oc_pool *pool)
{
    if (!pool)
        return;
    pool_lock(pool);
    atomic_store(&pool->stop, true);
    atomic_fetch_add(&pool->posted, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i + 1 < pool->n_threads; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool);
}

oc_status oc_pool_create(unsigned threads, oc_pool **out, oc_error *err)
{
    if (threads == 0)
        threads = oc_cpu_count();
    if (threads > THREADS_MAX)
        return OC_FAIL(err, OC_INVALID, "%u threads asked for, at most %d", threads, THREADS_MAX);
    oc_pool *pool = calloc(1, sizeof(*pool));
    worker  *workers = calloc(threads, sizeof(*workers));
    if (!pool || !workers) {
        free(pool);
        free(workers);
        return OC_FAIL(err, OC_NOMEM, "thread pool of %u", threads);
    }
    pool->workers = workers;
    pool->n_threads = 1;
    atomic_init(&pool->spare, threads);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    for (unsigned i = 1; i < threads; i++) {
        worker *w = &workers[i - 1];
        *w = (worker){.pool = pool, .index = i};
        int e = pthread_create(&w->thread, NULL, worker_main, w);
        if (e) {
            oc_pool_destroy(pool);
            return OC_FAIL(err, OC_NOMEM, "thread %u of %u: %s", i, threads, strerror(e));
        }
        pool->n_threads++;
    }
    *out = pool;
    return OC_OK;
}
