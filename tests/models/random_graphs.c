/* random_graphs: random small networks, our engine in several ways against ONNX Runtime.
 *
 *   --seed N --count M   M graphs from seed N on (1, 500)      --first   only seed N
 *   --seeds FILE         the seeds listed there                --verbose a line per graph
 *   bit 32 of the seed: graphs with If, Loop, Scan and results of a size the data decide, too
 *   bit 33: windows over one to three dimensions, of any group, stride and dilation, too
 *   bit 34: quantised graphs, judged value by value (random_quant.c)
 *   --keep DIR           files of what disagrees (with --all: of every graph)
 *
 * Each graph runs with all fusions on 1 and 3 threads (equal to the bit), without fusions, and
 * with the reference kernels.  Floats agree within 1e-4 of the largest of their output and 2e-6
 * of how large its elements could be (a piece of a value has the error of the whole: Winograd's
 * transforms mix a row of zeros with its neighbours); all else is equal.
 * Where that fails, the reference is run again with its inputs moved by 1e-6: an output that moves
 * itself by as much is ill-conditioned and no judge (counted, and told).  And an output that the
 * reference computes otherwise without its own graph optimisations, namely as we do, counts for the
 * reference contradicting itself.
 * Exit 0: agree; 1: they do not, or something failed; 77: skipped. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/random_graphs.h"

const random_way random_ways[N_WAYS] = {
    {"default", NULL, false, false},
    {"3 threads", NULL, true, false},
    {"no fusion", NULL, false, true},
    {"isa ref", "ref", false, false},
};

typedef struct options {
    uint64_t    seed, count;
    const char *keep, *seeds;
    bool        verbose, all;
} options;

static oc_pool          *pool;
static volatile uint64_t current; /* for the last words of a crash */

static void last_words(int sig)
{
    char text[64];
    int  n =
        snprintf(text, sizeof(text), "seed %llu: signal %d\n", (unsigned long long)current, sig);
    ssize_t written = write(STDOUT_FILENO, text, n > 0 ? (size_t)n : 0);
    (void)written;
    signal(sig, SIG_DFL);
    raise(sig);
}

/* ---- comparing ---- */

double random_element(const oc_tensor_view *v, size_t i)
{
    switch (v->info.dtype) {
    case OC_F32: return (double)((const float *)v->data)[i];
    case OC_U8: return ((const uint8_t *)v->data)[i];
    case OC_BOOL: return ((const uint8_t *)v->data)[i];
    case OC_I8: return ((const int8_t *)v->data)[i];
    case OC_I32: return ((const int32_t *)v->data)[i];
    case OC_I64: return (double)((const int64_t *)v->data)[i];
    default: return NAN;
    }
}

static double difference(double a, double b)
{
    if (a == b || (isnan(a) && isnan(b)))
        return 0;
    double d = fabs(a - b);
    return isnan(d) ? (double)INFINITY : d;
}

double random_worst(const oc_tensor_view *a, const oc_tensor_view *b, size_t n, size_t *where,
                    double *largest)
{
    double worst = 0;
    *largest = 0;
    for (size_t i = 0; i < n; i++) {
        double x = fabs(random_element(a, i)),
               d = difference(random_element(a, i), random_element(b, i));
        if (isfinite(x) && x > *largest)
            *largest = x;
        if (d > worst) {
            worst = d;
            *where = i;
        }
    }
    return worst;
}

static double allowed_for(const graph_case *c, size_t i, const oc_tensor_view *want, double largest)
{
    double size = 0;
    if (want->info.dtype != OC_F32)
        return 0;
    for (int k = 0; k < c->maker.n; k++)
        if (c->maker.v[k].output && strcmp(c->maker.v[k].name, c->names[i]) == 0)
            size = c->maker.v[k].size;
    return 1e-4 * largest + 2e-6 * (1 + size);
}

/* ---- the reference ---- */

oc_status random_copy(oc_tensor_view *out, size_t n, const oc_tensor_view *from)
{
    for (size_t i = 0; i < n; i++) {
        size_t n_bytes;
        out[i] = from[i];
        out[i].data = NULL;
        if (!oc_tensor_bytes(&from[i].info, &n_bytes) || !(out[i].data = malloc(n_bytes + 1)))
            return OC_NOMEM;
        if (n_bytes)
            memcpy(out[i].data, from[i].data, n_bytes);
    }
    return OC_OK;
}

static oc_status reference(graph_case *c, bool optimise, oc_tensor_view *results, oc_error *err)
{
    ort_session   *peer = NULL;
    oc_tensor_view out[PORTS_MAX];
    static char    names[PORTS_MAX][32];
    oc_status      st = ort_session_create_memory(c->model.data, c->model.n, optimise, &peer, err);
    if (st == OC_OK && (st = ort_run(peer, c->in, out, err)) == OC_OK) {
        c->n_out = ort_n_outputs(peer);
        st = random_copy(results, c->n_out, out);
        for (size_t i = 0; i < c->n_out; i++) {
            snprintf(names[i], sizeof(names[i]), "%s", ort_output_name(peer, i));
            c->names[i] = names[i];
        }
    }
    ort_session_destroy(peer);
    return st;
}

/* How far the reference's outputs go when every input moves by about 1e-6 of itself. */
static oc_status measure_moves(graph_case *c, oc_error *err)
{
    ort_session   *peer = NULL;
    oc_tensor_view in[MAKER_INPUTS_MAX] = {{.data = NULL}}, out[PORTS_MAX];
    size_t         n_in = (size_t)c->maker.n_inputs;
    oc_status      st = ort_session_create_memory(c->model.data, c->model.n, true, &peer, err);
    c->moved = true;
    for (int round = 0; st == OC_OK && round < 3; round++) {
        if ((st = random_copy(in, n_in, c->in)) != OC_OK)
            break;
        for (size_t i = 0; i < n_in; i++)
            for (int64_t k = 0; k < elements(&c->maker.v[c->maker.input[i]]); k++)
                ((float *)in[i].data)[k] *= rnd_float(&c->maker, 1 - 1.2e-6f, 1 + 1.2e-6f);
        if ((st = ort_run(peer, in, out, err)) != OC_OK)
            break;
        for (size_t i = 0; i < c->n_out; i++) {
            size_t n, where;
            double largest, d;
            if (oc_shape_equal(&out[i].info.shape, &c->want[i].info.shape) &&
                oc_shape_elements(&out[i].info.shape, &n) &&
                (d = random_worst(&c->want[i], &out[i], n, &where, &largest)) > c->moves[i])
                c->moves[i] = d;
        }
        for (size_t i = 0; i < n_in; i++)
            free(in[i].data);
        memset(in, 0, sizeof(in));
    }
    for (size_t i = 0; i < n_in; i++)
        free(in[i].data);
    ort_session_destroy(peer);
    return st;
}

/* Shape, type and elements: the reference without its optimisations has what we have. */
static bool plain_agrees(graph_case *c, size_t i, const oc_tensor_view *got, oc_error *err)
{
    size_t n, where;
    double largest;
    if (!c->plain[0].data && reference(c, false, c->plain, err) != OC_OK)
        return false;
    const oc_tensor_view *want = &c->plain[i];
    if (want->info.dtype != got->info.dtype || !oc_shape_elements(&want->info.shape, &n) ||
        !oc_shape_equal(&want->info.shape, &got->info.shape))
        return false;
    double worst = random_worst(want, got, n, &where, &largest);
    return worst <= allowed_for(c, i, want, largest);
}

/* ---- ours ---- */

static bool agrees(graph_case *c, size_t i, const oc_tensor_view *got, const char *way,
                   tally *total, oc_error *err)
{
    const oc_tensor_view *want = &c->want[i];
    char                  a[96], b[96];
    size_t                n, where = 0;
    double                largest;
    if (want->info.dtype != got->info.dtype || !oc_shape_elements(&want->info.shape, &n) ||
        !oc_shape_equal(&want->info.shape, &got->info.shape)) {
        printf("seed %llu, %s: %s is %s %s, reference has %s %s\n", (unsigned long long)c->seed,
               way, c->names[i], oc_dtype_name(got->info.dtype),
               oc_shape_text(&got->info.shape, a, sizeof(a)), oc_dtype_name(want->info.dtype),
               oc_shape_text(&want->info.shape, b, sizeof(b)));
        return false;
    }
    double worst = random_worst(want, got, n, &where, &largest);
    double allowed = allowed_for(c, i, want, largest);
    if (worst <= allowed)
        return true;
    if (!c->moved && measure_moves(c, err) != OC_OK)
        return false;
    if (worst <= allowed + 8 * c->moves[i]) {
        if (total->shaky++ < 5 || worst > 1e-2 * largest)
            printf("seed %llu, %s: %s is ill-conditioned: off by %.3g, moves by %.3g of %.3g\n",
                   (unsigned long long)c->seed, way, c->names[i], worst, c->moves[i], largest);
        return true;
    }
    if (plain_agrees(c, i, got, err)) {
        total->torn++;
        return true;
    }
    printf("seed %llu, %s: %s %s [%zu] is %.9g, reference has %.9g (largest %.4g, moves %.3g)\n",
           (unsigned long long)c->seed, way, c->names[i],
           oc_shape_text(&want->info.shape, a, sizeof(a)), where, random_element(got, where),
           random_element(want, where), largest, c->moves[i]);
    return false;
}

oc_status random_open(const graph_case *c, size_t way, oc_pool *workers, oc_model *model,
                      oc_session **out, oc_error *err)
{
    oc_port            bound[MAKER_INPUTS_MAX];
    oc_session_options opts = OC_SESSION_OPTIONS_INIT;
    opts.allow_dynamic = true;
    for (int i = 0; i < c->maker.n_inputs; i++)
        bound[i] = (oc_port){c->maker.v[c->maker.input[i]].name, c->in[i].info};
    opts.pool = random_ways[way].threads ? workers : NULL;
    opts.isa = random_ways[way].isa;
    opts.no_fusion = random_ways[way].no_fusion;
    opts.shapes = bound;
    opts.n_shapes = (size_t)c->maker.n_inputs;
    return oc_session_create(model, &opts, out, err);
}

/* Of memory that the next run writes. */
static oc_status keep_copy(oc_tensor_view *v, oc_error *err)
{
    const void *from = v->data;
    size_t      n;
    v->data = NULL;
    if (!oc_tensor_bytes(&v->info, &n) || !(v->data = malloc(n + 64)))
        return OC_FAIL(err, OC_NOMEM, "output");
    memcpy(v->data, from, n);
    return OC_OK;
}

/* Twice: into the session's own memory, and into ours, full of rubbish before. */
oc_status random_run(const graph_case *c, oc_session *s, oc_tensor_view *got, bool *same,
                     oc_error *err)
{
    const oc_port *ports;
    size_t         n = oc_session_outputs(s, &ports), n_in = (size_t)c->maker.n_inputs;
    oc_tensor_view own[PORTS_MAX];
    if (n != c->n_out || n > PORTS_MAX)
        return OC_FAIL(err, OC_INVALID, "%zu outputs, reference has %zu", n, c->n_out);
    for (size_t i = 0; i < n; i++) {
        size_t n_bytes;
        own[i] = got[i] = (oc_tensor_view){.info = ports[i].info};
        if (!oc_tensor_bytes(&ports[i].info, &n_bytes))
            continue; /* the size is decided at run time: the session's memory */
        if (!(got[i].data = malloc(n_bytes + 64)))
            return OC_FAIL(err, OC_NOMEM, "output '%s'", ports[i].name);
        memset(got[i].data, 0xaa, n_bytes);
    }
    bool      ours[PORTS_MAX];
    oc_status st = OC_OK;
    for (size_t i = 0; i < n; i++)
        ours[i] = got[i].data != NULL;
    if ((st = oc_session_run(s, c->in, n_in, got, n, err)) != OC_OK)
        for (size_t i = 0; i < n; i++)
            got[i].data = ours[i] ? got[i].data : NULL;
    for (size_t i = 0; st == OC_OK && i < n; i++)
        if (!ours[i])
            st = keep_copy(&got[i], err);
    if (st == OC_OK)
        st = oc_session_run(s, c->in, n_in, own, n, err);
    for (size_t i = 0; st == OC_OK && i < n; i++) {
        size_t n_bytes;
        *same = *same && oc_tensor_bytes(&own[i].info, &n_bytes) &&
                oc_shape_equal(&own[i].info.shape, &got[i].info.shape) &&
                memcmp(own[i].data, got[i].data, n_bytes) == 0;
    }
    return st;
}

bool random_equal(const oc_tensor_view *a, const oc_tensor_view *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t n_bytes;
        if (!oc_shape_equal(&a[i].info.shape, &b[i].info.shape) ||
            !oc_tensor_bytes(&a[i].info, &n_bytes) || memcmp(a[i].data, b[i].data, n_bytes) != 0)
            return false;
    }
    return true;
}

void random_drop(oc_tensor_view *views, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(views[i].data);
}

static bool check_way(graph_case *c, size_t way, oc_model *model, oc_tensor_view got[],
                      const oc_tensor_view first[], tally *total)
{
    oc_error    err = {0};
    oc_session *s = NULL;
    bool        good = true, same = true;
    oc_status   st = random_open(c, way, pool, model, &s, &err);
    if (st == OC_OK)
        st = random_run(c, s, got, &same, &err);
    if (st != OC_OK) {
        printf("seed %llu, %s: %s\n", (unsigned long long)c->seed, random_ways[way].name,
               err.message);
        good = false;
    }
    if (good && !same) {
        printf("seed %llu, %s: the second run differs\n", (unsigned long long)c->seed,
               random_ways[way].name);
        good = false;
    }
    if (good && random_ways[way].threads && first[0].data && !random_equal(first, got, c->n_out)) {
        printf("seed %llu: 3 threads differ from one\n", (unsigned long long)c->seed);
        good = false;
    }
    for (size_t i = 0; st == OC_OK && i < c->n_out; i++)
        good = agrees(c, i, &got[i], random_ways[way].name, total, &err) && good;
    oc_session_destroy(s);
    return good;
}

/* ---- one graph ---- */

static void make_inputs(graph_case *c)
{
    for (int i = 0; i < c->maker.n_inputs; i++) {
        const made *v = &c->maker.v[c->maker.input[i]];
        size_t      n = (size_t)elements(v);
        float      *x = malloc(n * sizeof(*x));
        if (!x)
            abort();
        c->in[i] = (oc_tensor_view){.info.dtype = OC_F32, .data = x};
        c->in[i].info.shape.rank = (uint32_t)v->rank;
        for (int d = 0; d < v->rank; d++)
            c->in[i].info.shape.dim[d] = v->dim[d];
        for (size_t k = 0; k < n; k++)
            x[k] = rnd_float(&c->maker, -2, 2);
    }
}

static bool keep_file(const char *dir, uint64_t seed, const char *what, const char *head,
                      size_t n_head, const void *data, size_t n)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%llu%s", dir, (unsigned long long)seed, what);
    FILE *file = fopen(path, "wb");
    bool  good = file && fwrite(head, 1, n_head, file) == n_head && fwrite(data, 1, n, file) == n;
    if ((file && fclose(file) != 0) || !good)
        printf("%s: not written\n", path);
    return good;
}

/* The model, and its inputs as NumPy's files. */
static void keep(const graph_case *c, const char *dir)
{
    (void)keep_file(dir, c->seed, ".onnx", "", 0, c->model.data, c->model.n);
    for (int i = 0; i < c->maker.n_inputs; i++) {
        const int64_t *d = c->in[i].info.shape.dim;
        char           head[129], what[32];
        size_t         n_bytes;
        memset(head, ' ', sizeof(head));
        memcpy(head, "\x93NUMPY\1\0\x76\0", 10);
        int n = snprintf(head + 10, 118,
                         "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d, %d, %d), }",
                         (int)d[0], (int)d[1], (int)d[2], (int)d[3]);
        head[10 + n] = ' ';
        head[127] = '\n';
        snprintf(what, sizeof(what), "_%s.npy", c->maker.v[c->maker.input[i]].name);
        if (oc_tensor_bytes(&c->in[i].info, &n_bytes))
            (void)keep_file(dir, c->seed, what, head, 128, c->in[i].data, n_bytes);
    }
}

static bool run_ways(graph_case *c, tally *total)
{
    oc_error       err = {0};
    oc_model      *model = NULL;
    oc_tensor_view got[N_WAYS][PORTS_MAX] = {{{.data = NULL}}};
    bool           good = true;
    if (oc_model_load_memory("random", c->model.data, c->model.n, &model, &err) != OC_OK) {
        printf("seed %llu: %s\n", (unsigned long long)c->seed, err.message);
        return false;
    }
    for (size_t way = 0; way < N_WAYS; way++)
        good = check_way(c, way, model, got[way], got[0], total) && good;
    for (size_t way = 0; way < N_WAYS; way++)
        random_drop(got[way], c->n_out);
    oc_model_unref(model);
    return good;
}

static void run_seed(uint64_t seed, const options *o, tally *total)
{
    static graph_case c;
    oc_error          err = {0};
    memset(&c, 0, sizeof(c));
    current = c.seed = seed;
    bool quant = seed >> 34 & 1;
    maker_model(&c.maker, seed, quant ? MAKER_OPEN : MAKER_PLAIN, &c.model);
    make_inputs(&c);
    bool      good = true;
    oc_status st = quant ? random_quant_check(&c, pool, total, &good, &err)
                         : reference(&c, true, c.want, &err);
    if (o->verbose)
        printf("seed %llu: opset %d, %d nodes, %zu outputs\n", (unsigned long long)seed,
               c.maker.opset, c.maker.n_nodes, c.n_out);
    total->run++;
    total->nodes += (uint64_t)c.maker.n_nodes;
    if (st != OC_OK) { /* a graph that is none: the generator's fault, or a gap of the reference */
        if (total->refused++ < 20 || o->verbose)
            printf("seed %llu: refused: %s\n", (unsigned long long)seed, err.message);
    } else if (!quant) {
        good = run_ways(&c, total);
    }
    total->failed += !good;
    if (o->keep && (!good || o->all))
        keep(&c, o->keep);
    random_drop(c.want, c.n_out);
    random_drop(c.plain, c.n_out);
    random_drop(c.in, (size_t)c.maker.n_inputs);
    free(c.model.data);
}

static bool run_list(const options *o, tally *total)
{
    char  line[256];
    FILE *file = fopen(o->seeds, "r");
    if (!file) {
        printf("%s cannot be read\n", o->seeds);
        return false;
    }
    while (fgets(line, sizeof(line), file))
        if (line[0] >= '0' && line[0] <= '9')
            run_seed(strtoull(line, NULL, 10), o, total);
    fclose(file);
    return true;
}

static bool parse(int argc, char **argv, options *o)
{
    *o = (options){.seed = 1, .count = 500};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--verbose") == 0)
            o->verbose = true;
        else if (strcmp(argv[i], "--all") == 0)
            o->all = true;
        else if (strcmp(argv[i], "--first") == 0)
            o->count = 1;
        else if (!value)
            return false;
        else if (strcmp(argv[i], "--seed") == 0)
            o->seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--count") == 0)
            o->count = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--keep") == 0)
            o->keep = argv[++i];
        else if (strcmp(argv[i], "--seeds") == 0)
            o->seeds = argv[++i];
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    oc_error err = {0};
    options  o;
    tally    total = {0};
    if (!parse(argc, argv, &o)) {
        fprintf(stderr, "usage: random_graphs [--seed N] [--count M | --first] [--seeds FILE] "
                        "[--keep DIR [--all]] [--verbose]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    oc_status st = ort_open(&err);
    if (st == OC_NOT_FOUND) {
        printf("skipped: %s\n", err.message);
        return 77;
    }
    if (st == OC_OK)
        st = oc_pool_create(3, &pool, &err);
    if (st != OC_OK) {
        printf("%s\n", err.message);
        return 1;
    }
    signal(SIGABRT, last_words);
    signal(SIGSEGV, last_words);
    bool good = true;
    if (o.seeds)
        good = run_list(&o, &total);
    for (uint64_t i = 0; !o.seeds && i < o.count; i++)
        run_seed(o.seed + i, &o, &total);
    oc_pool_destroy(pool);
    ort_close();
    printf("%llu graphs, %llu nodes: %llu disagree, %llu outputs ill-conditioned; ONNX Runtime %s "
           "contradicts itself on %llu, refuses %llu graphs\n",
           (unsigned long long)total.run, (unsigned long long)total.nodes,
           (unsigned long long)total.failed, (unsigned long long)total.shaky, ort_version(),
           (unsigned long long)total.torn, (unsigned long long)total.refused);
    if (total.bytes)
        printf("%llu quantised elements, %llu one level apart\n", (unsigned long long)total.bytes,
               (unsigned long long)total.apart);
    /* a generator that makes nothing tests nothing; a kept seed may be one that is to be refused */
    bool enough = o.seeds || total.refused * 20 <= total.run;
    return good && total.failed == 0 && enough ? 0 : 1;
}
