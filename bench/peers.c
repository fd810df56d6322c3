/* peers [--json] [--seconds S] [NAME...]: our engine and ONNX Runtime on the fp32 networks of
 * tests/models/cases.txt that are on this machine, in alternating blocks of one process, at 1 and 2
 * threads.  Medians; inputs are (i mod 255) / 255; outputs are fetched. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "models/cases.h"
#include "ocellus/session.h"
#include "support/ort.h"

#define PORTS_MAX 64
#define RUNS_MAX 4096
#define BLOCK 8

typedef struct settings {
    bool   json;
    double seconds; /* per network, engine and number of threads */
    char **only;
    int    n_only;
} settings;

typedef struct rival {
    oc_model      *model;
    oc_session    *session;
    oc_pool       *pool;
    ort_session   *peer;
    const oc_port *in, *out;
    size_t         n_in, n_out;
    oc_tensor_view input[PORTS_MAX], output[PORTS_MAX];
} rival;

typedef struct times {
    double ms[RUNS_MAX];
    size_t n;
} times;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(times *t)
{
    qsort(t->ms, t->n, sizeof(t->ms[0]), by_value);
    return t->n % 2 ? t->ms[t->n / 2] : 0.5 * (t->ms[t->n / 2 - 1] + t->ms[t->n / 2]);
}

static oc_status fill(const oc_port *port, oc_tensor_view *view, oc_error *err)
{
    size_t bytes, n;
    if (!oc_tensor_bytes(&port->info, &bytes) || !oc_shape_elements(&port->info.shape, &n))
        return OC_FAIL(err, OC_INVALID, "input '%s' has no shape", port->name);
    view->info = port->info;
    view->data = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!view->data)
        return OC_FAIL(err, OC_NOMEM, "input '%s'", port->name);
    for (size_t i = 0; i < n; i++) {
        if (port->info.dtype == OC_F32)
            ((float *)view->data)[i] = (float)(i % 255) / 255.0f;
        else if (port->info.dtype == OC_I32)
            ((int32_t *)view->data)[i] = (int32_t)(i % 255);
        else
            return OC_FAIL(err, OC_UNSUPPORTED, "input '%s' is %s", port->name,
                           oc_dtype_name(port->info.dtype));
    }
    return OC_OK;
}

static oc_status open_ours(const model_case *c, const char *path, int threads, rival *r,
                           oc_error *err)
{
    oc_status st = oc_model_load(path, &r->model, err);
    if (st != OC_OK || (st = oc_pool_create((unsigned)threads, &r->pool, err)) != OC_OK)
        return st;
    const oc_port *ports;
    size_t         n = oc_model_inputs(r->model, &ports);
    oc_port        bound[PORTS_MAX];
    const int64_t  size[] = {1, 3, c->recipe.height, c->recipe.width};
    const int64_t  last[] = {1, c->recipe.height, c->recipe.width, 3};
    for (size_t i = 0; i < n && i < PORTS_MAX; i++) {
        bound[i] = ports[i];
        for (uint32_t k = 0; k < bound[i].info.shape.rank && k < 4; k++)
            if (bound[i].info.shape.dim[k] < 0)
                bound[i].info.shape.dim[k] = c->recipe.nhwc ? last[k] : size[k];
    }
    oc_session_options options = OC_SESSION_OPTIONS_INIT;
    options.pool = r->pool;
    options.shapes = bound;
    options.n_shapes = n < PORTS_MAX ? n : PORTS_MAX;
    if ((st = oc_session_create(r->model, &options, &r->session, err)) != OC_OK)
        return st;
    r->n_in = oc_session_inputs(r->session, &r->in);
    r->n_out = oc_session_outputs(r->session, &r->out);
    return r->n_in <= PORTS_MAX && r->n_out <= PORTS_MAX
               ? OC_OK
               : OC_FAIL(err, OC_UNSUPPORTED, "%s: more than %d ports", path, PORTS_MAX);
}

static oc_status rival_open(const model_case *c, const char *path, int threads, rival *r,
                            oc_error *err)
{
    oc_status st = open_ours(c, path, threads, r, err);
    for (size_t i = 0; st == OC_OK && i < r->n_in; i++)
        st = fill(&r->in[i], &r->input[i], err);
    for (size_t i = 0; st == OC_OK && i < r->n_out; i++) {
        size_t bytes;
        r->output[i].info = r->out[i].info;
        if (!oc_tensor_bytes(&r->out[i].info, &bytes) ||
            !(r->output[i].data = aligned_alloc(64, (bytes + 63) / 64 * 64)))
            st = OC_FAIL(err, OC_NOMEM, "output '%s'", r->out[i].name);
    }
    return st == OC_OK ? ort_session_create(path, threads, &r->peer, err) : st;
}

static void rival_close(rival *r)
{
    for (size_t i = 0; i < PORTS_MAX; i++) {
        free(r->input[i].data);
        free(r->output[i].data);
    }
    ort_session_destroy(r->peer);
    oc_session_destroy(r->session);
    oc_model_unref(r->model);
    oc_pool_destroy(r->pool);
}

static oc_status run_once(rival *r, bool peer, oc_error *err)
{
    oc_tensor_view theirs[PORTS_MAX];
    return peer ? ort_run(r->peer, r->input, theirs, err)
                : oc_session_run(r->session, r->input, r->n_in, r->output, r->n_out, err);
}

/* A warm run, then a block of timed ones.  The pause before lets the other's threads go to sleep:
 * ONNX Runtime's spin for a million rounds, some tens of milliseconds, on a core that the other
 * would need. */
static oc_status run_block(rival *r, bool peer, times *t, oc_error *err)
{
    usleep(60000);
    oc_status st = run_once(r, peer, err);
    for (int i = 0; st == OC_OK && i < BLOCK && t->n < RUNS_MAX; i++) {
        double begin = now_ms();
        st = run_once(r, peer, err);
        t->ms[t->n++] = now_ms() - begin;
    }
    return st;
}

static oc_status measure(const settings *set, rival *r, double *ours, double *theirs, oc_error *err)
{
    static times t[2];
    double       spent[2] = {0};
    oc_status    st = OC_OK;
    const double begin = now_ms();
    t[0].n = t[1].n = 0;
    for (int i = 0; st == OC_OK && i < 3; i++)
        if ((st = run_once(r, false, err)) == OC_OK)
            st = run_once(r, true, err);
    while (st == OC_OK && t[0].n < RUNS_MAX - BLOCK &&
           (t[0].n < 16 || (now_ms() - begin < 4e3 * set->seconds &&
                            (spent[0] < set->seconds * 1e3 || spent[1] < set->seconds * 1e3)))) {
        for (int peer = 0; st == OC_OK && peer < 2; peer++) {
            size_t before = t[peer].n;
            st = run_block(r, peer == 1, &t[peer], err);
            for (size_t i = before; i < t[peer].n; i++)
                spent[peer] += t[peer].ms[i];
        }
    }
    if (st == OC_OK) {
        *ours = median(&t[0]);
        *theirs = median(&t[1]);
    }
    return st;
}

typedef struct total {
    double log_sum;
    int    n;
} total;

static void print_row(const settings *set, bool first, const char *name, const double ours[2],
                      const double theirs[2])
{
    if (set->json)
        printf("%s{\"network\":\"%s\",\"ocellus_ms\":[%.4f,%.4f],\"onnxruntime_ms\":[%.4f,%.4f],"
               "\"ratio\":[%.4f,%.4f]}",
               first ? "" : ",", name, ours[0], ours[1], theirs[0], theirs[1], ours[0] / theirs[0],
               ours[1] / theirs[1]);
    else
        printf("%-20s %9.3f %9.3f %7.2f   %9.3f %9.3f %7.2f\n", name, ours[0], theirs[0],
               ours[0] / theirs[0], ours[1], theirs[1], ours[1] / theirs[1]);
    fflush(stdout);
}

static oc_status compare(const settings *set, const model_case *c, const char *path, total sum[2],
                         oc_error *err)
{
    double    ours[2], theirs[2];
    oc_status st = OC_OK;
    for (int k = 0; st == OC_OK && k < 2; k++) {
        rival r = {0};
        if ((st = rival_open(c, path, k + 1, &r, err)) == OC_OK)
            st = measure(set, &r, &ours[k], &theirs[k], err);
        rival_close(&r);
    }
    if (st != OC_OK)
        return st;
    print_row(set, sum[0].n == 0, c->name, ours, theirs);
    for (int k = 0; k < 2; k++) {
        sum[k].log_sum += log(ours[k] / theirs[k]);
        sum[k].n++;
    }
    return OC_OK;
}

static bool wanted(const settings *set, const model_case *c)
{
    bool named = set->n_only == 0;
    for (int i = 0; i < set->n_only; i++)
        named = named || strcmp(set->only[i], c->name) == 0;
    return named && c->tolerance > 0 && c->tolerance < 1e-3; /* fp32 */
}

/* Every case of the table that is wanted and here.  A failure is told and counted; the others go
 * on. */
static int run_all(const settings *set, const char *table, total sum[2])
{
    char  row[1024], path[4096];
    int   failed = 0;
    FILE *file = fopen(table, "r");
    if (!file) {
        fprintf(stderr, "%s cannot be opened\n", table);
        return 1;
    }
    while (fgets(row, sizeof(row), file)) {
        oc_error   err = {0};
        model_case c;
        row[strcspn(row, " \t\n")] = '\0';
        if (row[0] == '#' || row[0] == '\0' || case_read(table, row, &c, &err) != OC_OK ||
            !wanted(set, &c))
            continue;
        if (!case_model_path(&c, path, sizeof(path))) {
            fprintf(stderr, "%s: skipped, the network is not on this machine\n", c.name);
        } else if (compare(set, &c, path, sum, &err) != OC_OK) {
            fprintf(stderr, "%s: %s\n", c.name, err.message);
            failed++;
        }
    }
    fclose(file);
    return failed;
}

static bool read_arguments(int argc, char **argv, settings *set)
{
    *set = (settings){.seconds = 1};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--json") == 0)
            set->json = true;
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            set->seconds = strtod(argv[++i], NULL);
        else
            return false;
    }
    set->only = argv + i;
    set->n_only = argc - i;
    return true;
}

int main(int argc, char **argv)
{
    oc_error err = {0};
    settings set;
    total    sum[2] = {{0}};
    if (!read_arguments(argc, argv, &set)) {
        fprintf(stderr, "usage: peers [--json] [--seconds S] [NAME...]\n");
        return 2;
    }
    if (ort_open(&err) != OC_OK) {
        fprintf(stderr, "peers: %s\n", err.message);
        return 1;
    }
    if (set.json)
        printf("{\"peer\":\"onnxruntime %s\",\"networks\":[", ort_version());
    else
        printf(
            "medians, ms; ratio = ours / ONNX Runtime %s\n%-20s %29s %29s\n%-20s %9s %9s %7s   %9s "
            "%9s %7s\n",
            ort_version(), "", "1 thread", "2 threads", "network", "ocellus", "ort", "ratio",
            "ocellus", "ort", "ratio");
    int    failed = run_all(&set, OC_SOURCE_DIR "/tests/models/cases.txt", sum);
    double mean[2];
    for (int k = 0; k < 2; k++)
        mean[k] = sum[k].n ? exp(sum[k].log_sum / sum[k].n) : 0;
    if (set.json)
        printf("],\"geometric_mean\":[%.4f,%.4f],\"failed\":%d}\n", mean[0], mean[1], failed);
    else
        printf("%-20s %9s %9s %7.2f   %9s %9s %7.2f   geometric mean of %d networks\n", "", "", "",
               mean[0], "", "", mean[1], sum[0].n);
    ort_close();
    return failed || sum[0].n == 0 ? 1 : 0;
}
