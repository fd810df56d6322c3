#include "quant/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DB_MAX 100.0

typedef struct kept {
    size_t          sample;
    oc_tensor_view *out; /* copies, [n_out] */
} kept;

struct q_reference {
    q_samples *samples;
    oc_pool   *pool;
    kept      *item;
    size_t     n, n_out;
    q_ends     ends;
};

/* Results are the ends' names, then the outputs. */
static bool counts(const q_reference *r, size_t result)
{
    return result < r->ends.n || !r->ends.jumps[result - r->ends.n];
}

static oc_status keep(const oc_tensor_view *from, oc_tensor_view *to, oc_error *err)
{
    size_t bytes;
    *to = *from;
    if (!oc_tensor_bytes(&from->info, &bytes) || !(to->data = malloc(bytes + 1)))
        return OC_FAIL(err, OC_NOMEM, "reference outputs");
    memcpy(to->data, from->data, bytes);
    return OC_OK;
}

static oc_status fill(q_reference *r, q_runner *runner, oc_error *err)
{
    const size_t all = q_samples_count(r->samples);
    r->n_out = q_runner_results(runner);
    for (size_t i = 0; i < r->n; i++) {
        const oc_tensor_view *in, *out;
        oc_status             st;
        r->item[i].sample = i * all / r->n;
        if (!(r->item[i].out = calloc(r->n_out + 1, sizeof(*r->item[i].out))))
            return OC_FAIL(err, OC_NOMEM, "reference outputs");
        if ((st = q_samples_load(r->samples, r->item[i].sample, &in, err)) != OC_OK ||
            (st = q_runner_run(runner, in, &out, err)) != OC_OK)
            return st;
        for (size_t k = 0; k < r->n_out; k++)
            if ((st = keep(&out[k], &r->item[i].out[k], err)) != OC_OK)
                return st;
    }
    return OC_OK;
}

oc_status q_reference_create(const oc_doc *doc, q_samples *samples, size_t limit, oc_pool *pool,
                             q_reference **out, oc_error *err)
{
    const size_t all = q_samples_count(samples);
    q_reference *r = calloc(1, sizeof(*r));
    q_runner    *runner = NULL;
    oc_status    st = r ? OC_OK : OC_FAIL(err, OC_NOMEM, "reference");
    if (st == OC_OK) {
        *r = (q_reference){.samples = samples, .pool = pool};
        r->n = limit && limit < all ? limit : all;
        if (!(r->item = calloc(r->n + 1, sizeof(*r->item))))
            st = OC_FAIL(err, OC_NOMEM, "reference");
    }
    if (st == OC_OK)
        st = q_ends_find(doc, &r->ends, err);
    if (st == OC_OK &&
        (st = q_runner_create(doc, r->ends.names, r->ends.n, true, pool, &runner, err)) == OC_OK)
        st = fill(r, runner, err);
    q_runner_destroy(runner);
    if (st == OC_OK)
        *out = r;
    else
        q_reference_destroy(r);
    return st;
}

void q_reference_destroy(q_reference *r)
{
    for (size_t i = 0; r && r->item && i < r->n; i++) {
        for (size_t k = 0; r->item[i].out && k < r->n_out; k++)
            free(r->item[i].out[k].data);
        free(r->item[i].out);
    }
    if (r) {
        free(r->item);
        q_ends_finish(&r->ends);
    }
    free(r);
}

typedef struct sums {
    double signal, noise;
    bool   finite;
} sums;

static void add_floats(const float *want, const float *got, size_t n, sums *s)
{
    double signal = 0, noise = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)got[i] - (double)want[i];
        signal += (double)want[i] * (double)want[i];
        noise += d * d;
    }
    s->finite = s->finite && isfinite(noise);
    s->signal += signal;
    s->noise += noise;
}

/* A result whose shape the data decide may have another one: all of it is noise then. */
static void add_output(const oc_tensor_view *want, const oc_tensor_view *got, sums *s)
{
    size_t      n, bytes = oc_dtype_bytes(want->info.dtype);
    const char *a = want->data, *b = got->data;
    if (!oc_shape_elements(&want->info.shape, &n))
        return;
    if (!oc_shape_equal(&want->info.shape, &got->info.shape) ||
        want->info.dtype != got->info.dtype) {
        s->signal += (double)n;
        s->noise += (double)n;
        return;
    }
    if (want->info.dtype == OC_F32) {
        add_floats(want->data, got->data, n, s);
        return;
    }
    s->signal += (double)n;
    for (size_t i = 0; i < n; i++)
        s->noise += memcmp(a + i * bytes, b + i * bytes, bytes) != 0;
}

static double decibels(const sums *s)
{
    if (!(s->noise > 0))
        return DB_MAX;
    if (!(s->signal > 0) || !isfinite(s->noise))
        return 0;
    const double db = 10 * log10(s->signal / s->noise);
    return db < 0 ? 0 : db > DB_MAX ? DB_MAX : db;
}

static oc_status compare(q_reference *r, q_runner *runner, sums *sum, oc_error *err)
{
    for (size_t i = 0; i < r->n; i++) {
        const oc_tensor_view *in, *out;
        oc_status             st;
        if ((st = q_samples_load(r->samples, r->item[i].sample, &in, err)) != OC_OK ||
            (st = q_runner_run(runner, in, &out, err)) != OC_OK)
            return st;
        for (size_t k = 0; k < r->n_out; k++)
            add_output(&r->item[i].out[k], &out[k], &sum[k]);
    }
    return OC_OK;
}

oc_status q_reference_score(q_reference *r, const oc_doc *doc, q_score *out, oc_error *err)
{
    q_runner *runner = NULL;
    sums     *sum = calloc(r->n_out + 1, sizeof(*sum));
    oc_status st = sum ? OC_OK : OC_FAIL(err, OC_NOMEM, "scores");
    for (size_t k = 0; sum && k < r->n_out; k++)
        sum[k].finite = true;
    if (st == OC_OK &&
        (st = q_runner_create(doc, r->ends.names, r->ends.n, true, r->pool, &runner, err)) == OC_OK)
        st = compare(r, runner, sum, err);
    *out = (q_score){.worst_db = DB_MAX, .finite = true};
    size_t n = 0;
    for (size_t k = 0; k < r->n_out; k++)
        n += counts(r, k);
    for (size_t k = 0; k < r->n_out && st == OC_OK; k++) {
        if (!counts(r, k))
            continue;
        const double db = decibels(&sum[k]);
        out->sqnr_db += db / (double)n;
        out->worst_db = fmin(out->worst_db, db);
        out->finite = out->finite && sum[k].finite;
    }
    q_runner_destroy(runner);
    free(sum);
    return st;
}
