/* Running quantiles: the last run times of a cell, kept in order of age and in order of size. */
#include "sched/predict.h"

#include <stdlib.h>
#include <string.h>

struct oc_predict_cell {
    uint32_t               n, at;
    uint32_t               found_when; /* n_filled when `source` was looked for */
    const oc_predict_cell *source;
    uint64_t               age[OC_PREDICT_WINDOW];
    uint64_t               sorted[OC_PREDICT_WINDOW];
};

oc_status oc_predictor_init(oc_predictor *p, unsigned batch_max, unsigned cores_max,
                            uint64_t hint_ns, oc_error *err)
{
    const size_t n = (size_t)batch_max * cores_max;
    *p = (oc_predictor){.batch_max = batch_max, .cores_max = cores_max, .hint_ns = hint_ns};
    p->cells = calloc(n, sizeof(*p->cells));
    if (p->cells)
        return OC_OK;
    return OC_FAIL(err, OC_NOMEM, "run times of batches to %u on up to %u cores", batch_max,
                   cores_max);
}

void oc_predictor_finish(oc_predictor *p)
{
    free(p->cells);
    *p = (oc_predictor){0};
}

static unsigned limit(unsigned v, unsigned most)
{
    return v < 1 ? 1 : v > most ? most : v;
}

static size_t cell_at(const oc_predictor *p, unsigned batch, unsigned cores)
{
    return (size_t)(limit(batch, p->batch_max) - 1) * p->cores_max +
           (limit(cores, p->cores_max) - 1);
}

/* Where `ns` stands in the sorted ones, or would stand. */
static uint32_t place_of(const oc_predict_cell *c, uint64_t ns)
{
    uint32_t i = 0;
    while (i < c->n && c->sorted[i] < ns)
        i++;
    return i;
}

void oc_predictor_add(oc_predictor *p, unsigned batch, unsigned cores, uint64_t ns)
{
    oc_predict_cell *c = &p->cells[cell_at(p, batch, cores)];
    if (c->n == OC_PREDICT_WINDOW) {
        uint32_t old = place_of(c, c->age[c->at]);
        c->n--;
        memmove(&c->sorted[old], &c->sorted[old + 1], (c->n - old) * sizeof(c->sorted[0]));
    }
    p->n_filled += c->n == 0;
    uint32_t i = place_of(c, ns);
    memmove(&c->sorted[i + 1], &c->sorted[i], (c->n - i) * sizeof(c->sorted[0]));
    c->sorted[i] = ns;
    c->n++;
    c->age[c->at] = ns;
    c->at = (c->at + 1) % OC_PREDICT_WINDOW;
}

bool oc_predictor_doubt(oc_predictor *p, unsigned batch, unsigned cores, uint64_t ns)
{
    if (oc_predict_high(p, batch, cores) / 2 <= ns)
        return false;
    memset(p->cells, 0, (size_t)p->batch_max * p->cores_max * sizeof(*p->cells));
    p->n_filled = 0;
    p->hint_ns = 0;
    return true;
}

static double speed(unsigned cores)
{
    return 1.0 + (double)(cores - 1) * OC_PREDICT_GAIN;
}

static uint64_t quantile(const oc_predict_cell *c, double q)
{
    uint32_t i = (uint32_t)((double)c->n * q);
    return c->sorted[i < c->n ? i : c->n - 1];
}

static unsigned apart(unsigned a, unsigned b)
{
    return a < b ? b - a : a - b;
}

/* The nearest cell with runs, batch before cores; the answer holds until another cell gets its first
 * run. */
static const oc_predict_cell *source_of(const oc_predictor *p, unsigned batch, unsigned cores)
{
    oc_predict_cell *own = &p->cells[cell_at(p, batch, cores)];
    if (own->n || own->found_when == p->n_filled)
        return own->n ? own : own->source;
    unsigned least = 0;
    own->found_when = p->n_filled;
    own->source = NULL;
    for (unsigned b = 1; b <= p->batch_max; b++)
        for (unsigned k = 1; k <= p->cores_max; k++) {
            const oc_predict_cell *c = &p->cells[cell_at(p, b, k)];
            unsigned               far = apart(b, batch) * p->cores_max + apart(k, cores);
            if (c->n && (!own->source || far < least)) {
                own->source = c;
                least = far;
            }
        }
    return own->source;
}

static uint64_t predict(const oc_predictor *p, unsigned batch, unsigned cores, double q)
{
    batch = limit(batch, p->batch_max);
    cores = limit(cores, p->cores_max);
    const oc_predict_cell *c = source_of(p, batch, cores);
    const size_t           i = c ? (size_t)(c - p->cells) : 0;
    const double           from = c ? (double)quantile(c, q) : (double)p->hint_ns;
    const unsigned         from_batch = (unsigned)(i / p->cores_max) + 1;
    const unsigned         from_cores = (unsigned)(i % p->cores_max) + 1;
    const double           ns = from * batch / from_batch * speed(from_cores) / speed(cores);
    return ns < 9e18 ? (uint64_t)ns
                     : (uint64_t)9e18; /* a guess of centuries is no reason to overflow */
}

uint64_t oc_predict_typical(const oc_predictor *p, unsigned batch, unsigned cores)
{
    return predict(p, batch, cores, 0.5);
}

uint64_t oc_predict_high(const oc_predictor *p, unsigned batch, unsigned cores)
{
    return predict(p, batch, cores, OC_PREDICT_HIGH);
}
