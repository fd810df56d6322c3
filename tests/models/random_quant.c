/* Quantised random graphs: our engine against ONNX Runtime, value by value.
 *
 * One element that falls to the other side of a rounding step early moves all behind it, so whole graphs
 * cannot be compared.  Here every quantised value is an output of the graph that our engine runs; then
 * ONNX Runtime runs the same graph cut at those values: whatever reads one reads ours instead.  So each
 * value is compared given the same inputs, and the fused plan runs as it is:
 *
 *   bytes          at most one level apart, in at most one element of 25 and one more (of ten, where a
 *                  bias is a float: engines round it to the scale of the sums), or all of them the same
 *                  level (a function of bytes: one of its 256 cases falls half-way).  A mean of ten
 *                  levels, say, falls half-way in a tenth of the cases; there the order of sums decides
 *   floats         within 3e-4 of the largest of their output (sums of thousands of equal levels round
 *                  the same way each time) and 2e-6 of how large they could be
 *   anything else  equal
 *
 * A value that ONNX Runtime computes otherwise without its optimisations, namely as we do, counts for it
 * contradicting itself.  Of our own ways, three threads must be equal to one to the bit.  At last the graph
 * runs without quantised values among its outputs (plain_value says what may differ). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/random_graphs.h"

#define INPUTS_MAX (PORTS_MAX + MAKER_INPUTS_MAX)

typedef struct judge {
    graph_case  *c;
    bytes        cut;
    ort_session *peer,
        *plain; /* of the cut graph; plain: without optimisations, when it is needed */
    oc_tensor_view said[PORTS_MAX];
    int            id[PORTS_MAX]; /* the values that are outputs */
    tally         *total;
    oc_error       refused;
} judge;

static oc_status find_outputs(judge *j, oc_error *err)
{
    graph_case *c = j->c;
    c->n_out = 0;
    for (int i = 0; i < c->maker.n; i++) {
        if (!c->maker.v[i].output)
            continue;
        if (c->n_out == PORTS_MAX)
            return OC_FAIL(err, OC_UNSUPPORTED, "more than %d outputs", PORTS_MAX);
        c->names[c->n_out] = c->maker.v[i].name;
        j->id[c->n_out++] = i;
    }
    return OC_OK;
}

/* What the reference makes of our values: views of the session. */
static oc_status ask(const judge *j, ort_session *peer, const oc_tensor_view *ours,
                     oc_tensor_view *said, oc_error *err)
{
    oc_tensor_view in[INPUTS_MAX];
    size_t         n = (size_t)j->c->maker.n_inputs;
    memcpy(in, j->c->in, n * sizeof(*in));
    for (size_t i = 0; i < j->c->n_out; i++)
        if (j->c->maker.v[j->id[i]].cut)
            in[n++] = ours[i];
    return ort_run(peer, in, said, err);
}

/* ---- one value ---- */

static double float_bound(const judge *j, size_t i, double largest)
{
    return 3e-4 * largest + 2e-6 * (1 + j->c->maker.v[j->id[i]].size);
}

static bool is_byte(const oc_tensor_view *v)
{
    return v->info.dtype == OC_U8 || v->info.dtype == OC_I8;
}

/* *apart: elements that differ, of bytes. */
static bool within(const judge *j, size_t i, const oc_tensor_view *want, const oc_tensor_view *got,
                   double *worst, size_t *where, size_t *apart)
{
    size_t n;
    double largest;
    *worst = 0;
    *apart = *where = 0;
    if (want->info.dtype != got->info.dtype || !oc_shape_elements(&want->info.shape, &n) ||
        !oc_shape_equal(&want->info.shape, &got->info.shape))
        return false;
    *worst = random_worst(want, got, n, where, &largest);
    if (want->info.dtype == OC_F32)
        return *worst <= float_bound(j, i, largest);
    if (!is_byte(want))
        return *worst == 0;
    bool one_level = true; /* all that differ have the same level, as what a table makes of one */
    for (size_t k = 0; k < n; k++)
        if (random_element(want, k) != random_element(got, k)) {
            one_level = one_level && random_element(want, k) == random_element(want, *where) &&
                        random_element(got, k) == random_element(got, *where);
            ++*apart;
        }
    return *worst <= 1 && (one_level || *apart <= 1 + n / (j->c->maker.float_bias ? 10 : 25));
}

static oc_status open_plain(judge *j, oc_error *err)
{
    return j->plain ? OC_OK
                    : ort_session_create_memory(j->cut.data, j->cut.n, false, &j->plain, err);
}

/* The reference without its optimisations has what we have. */
static bool plain_agrees(judge *j, size_t i, const oc_tensor_view *ours, oc_error *err)
{
    oc_tensor_view said[PORTS_MAX];
    double         worst;
    size_t         where, apart;
    return j->peer && open_plain(j, err) == OC_OK && ask(j, j->plain, ours, said, err) == OC_OK &&
           within(j, i, &said[i], &ours[i], &worst, &where, &apart);
}

static bool agrees(judge *j, size_t i, const oc_tensor_view *ours, const char *way, oc_error *err)
{
    const oc_tensor_view *want = &j->said[i], *got = &ours[i];
    double                worst;
    size_t                where, apart, n;
    char                  a[96], b[96];
    bool                  good = within(j, i, want, got, &worst, &where, &apart);
    if (good && oc_shape_elements(&want->info.shape, &n) && is_byte(want)) {
        j->total->bytes += n;
        j->total->apart += apart;
    }
    if (good)
        return true;
    if (plain_agrees(j, i, ours, err)) {
        j->total->torn++;
        return true;
    }
    printf("seed %llu, %s: %s %s %s [%zu] is %.9g, reference has %s %s %.9g; %zu differ\n",
           (unsigned long long)j->c->seed, way, j->c->names[i], oc_dtype_name(got->info.dtype),
           oc_shape_text(&got->info.shape, a, sizeof(a)), where, random_element(got, where),
           oc_dtype_name(want->info.dtype), oc_shape_text(&want->info.shape, b, sizeof(b)),
           random_element(want, where), apart);
    return false;
}

/* ---- our ways ---- */

static bool run_way(judge *j, size_t way, oc_pool *workers, const bytes *model, oc_tensor_view *got)
{
    oc_error    err = {0};
    oc_model   *loaded = NULL;
    oc_session *s = NULL;
    bool        same = true;
    oc_status   st = oc_model_load_memory("random", model->data, model->n, &loaded, &err);
    if (st == OC_OK)
        st = random_open(j->c, way, workers, loaded, &s, &err);
    if (st == OC_OK)
        st = random_run(j->c, s, got, &same, &err);
    if (st != OC_OK || !same)
        printf("seed %llu, %s: %s\n", (unsigned long long)j->c->seed, random_ways[way].name,
               st != OC_OK ? err.message : "the second run differs");
    oc_session_destroy(s);
    oc_model_unref(loaded);
    return st == OC_OK && same;
}

/* What the reference says, without its optimisations where it cannot with them: it makes nodes of
 * DequantizeLinear ... QuantizeLinear that it has no kernels for.  `j->refused` where it cannot at all;
 * or where sums of an operator on bytes would saturate, which only its optimiser can prevent. */
static bool judge_way(judge *j, size_t way, const oc_tensor_view *got)
{
    oc_error err = {0};
    bool     good = true;
    if (!j->peer || ask(j, j->peer, got, j->said, &err) != OC_OK) {
        ort_session_destroy(j->peer);
        j->peer = NULL;
        if (j->c->maker.saturates || open_plain(j, &err) != OC_OK ||
            ask(j, j->plain, got, j->said, &err) != OC_OK) {
            j->refused = err;
            if (j->c->maker.saturates)
                (void)OC_FAIL(&j->refused, OC_UNSUPPORTED,
                              "not with its optimisations; without, sums saturate");
            return true;
        }
    }
    for (size_t i = 0; i < j->c->n_out; i++)
        good = agrees(j, i, got, random_ways[way].name, &err) && good;
    return good;
}

/* Where no quantised value is an output, more is fused: floats within their bound, or, where one of them
 * fell to the other side of a rounding step, within a fifth of the largest (some levels are as coarse) and
 * few of them: 3 % in the mean square (counted). */
static bool plain_value(judge *j, size_t i, const oc_tensor_view *open, const oc_tensor_view *got)
{
    size_t n, where;
    double largest;
    if (open->info.dtype != got->info.dtype || !oc_shape_elements(&open->info.shape, &n) ||
        !oc_shape_equal(&open->info.shape, &got->info.shape))
        return false;
    double worst = random_worst(open, got, n, &where, &largest);
    if (worst <= (open->info.dtype == OC_F32 ? float_bound(j, i, largest) : 0))
        return true;
    double square = 0;
    for (size_t k = 0; k < n; k++)
        square += pow(random_element(open, k) - random_element(got, k), 2);
    j->total->shaky++;
    if (worst <= 0.2 * largest && sqrt(square / (double)n) <= 0.03 * largest)
        return true;
    printf(
        "seed %llu: %s [%zu] is %.9g where no quantised value is an output, else %.9g (largest %.3g)\n",
        (unsigned long long)j->c->seed, j->c->names[i], where, random_element(got, where),
        random_element(open, where), largest);
    return false;
}

static bool same_when_plain(judge *j, oc_pool *workers, const oc_tensor_view *open)
{
    static judge      plain;
    static graph_case c;
    oc_tensor_view    got[PORTS_MAX] = {{.data = NULL}};
    oc_error          err = {0};
    c = *j->c;
    plain = (judge){.c = &c, .total = j->total};
    maker_model(&c.maker, c.seed, MAKER_PLAIN, &c.model);
    bool good = find_outputs(&plain, &err) == OC_OK && run_way(&plain, 0, workers, &c.model, got);
    for (size_t i = 0, k = 0; good && i < c.n_out; i++) {
        while (j->id[k] != plain.id[i])
            k++;
        good = plain_value(&plain, i, &open[k], &got[i]);
    }
    random_drop(got, c.n_out);
    free(c.model.data);
    return good;
}

static bool check_ways(judge *j, oc_pool *workers)
{
    oc_tensor_view got[N_WAYS][PORTS_MAX] = {{{.data = NULL}}};
    bool           good = true;
    for (size_t way = 0; good && way < N_WAYS; way++) {
        if (!run_way(j, way, workers, &j->c->model, got[way])) {
            good = false;
        } else if (way == 0 || !random_equal(got[0], got[way], j->c->n_out)) {
            if (random_ways[way].threads) {
                printf("seed %llu: 3 threads differ from one\n", (unsigned long long)j->c->seed);
                good = false;
            }
            good = judge_way(j, way, got[way]) && good;
        }
    }
    good = good && same_when_plain(j, workers, got[0]);
    for (size_t way = 0; way < N_WAYS; way++)
        random_drop(got[way], j->c->n_out);
    return good;
}

oc_status random_quant_check(graph_case *c, oc_pool *workers, tally *total, bool *good,
                             oc_error *err)
{
    static maker m;
    static judge j;
    j = (judge){.c = c, .total = total};
    maker_model(&m, c->seed, MAKER_CUT, &j.cut);
    oc_status st = find_outputs(&j, err);
    if (st == OC_OK) {
        if (ort_session_create_memory(j.cut.data, j.cut.n, true, &j.peer, err) != OC_OK)
            j.peer = NULL;
        *good = check_ways(&j, workers);
    }
    if (j.refused.message[0]) {
        *err = j.refused;
        st = OC_UNSUPPORTED;
    }
    ort_session_destroy(j.peer);
    ort_session_destroy(j.plain);
    free(j.cut.data);
    return st;
}
