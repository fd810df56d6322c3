/* run_onnx_cases -- ONNX's own operator tests through the public interface.
 *
 *   run_onnx_cases [--isa=NAME] [--list=FILE] [--print-refused] DATA [set/case ...]
 *
 * DATA holds the folders node, pytorch-operator, pytorch-converted and simple, each with a folder per
 * case: model.onnx and test_data_set_*.  A case passes when every output is as given: same type, same
 * shape, |got - want| <= 1e-7 + 1e-3 |want| (ONNX's own tolerances), integers equal.
 *
 * Small inputs that decide about shapes (axes, pads, sizes ...) are graph inputs in these cases; when a
 * network is refused as it is, inputs of rank 0 and 1 are made constants of the network, which is how
 * exporters write them, and it is tried again.  What runs must also give the same with all inputs as
 * constants, where everything is folded.
 *
 * FILE lists the cases that must be refused by name ("set/case  reason" a line): status UNSUPPORTED or
 * INVALID at load or at session_create.  A reason that begins with "differs" marks a case whose given
 * result is not the one wanted here.  A listed case that passes fails the test, as does an unlisted one
 * that does not pass. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ocellus/session.h"
#include "tensor_pb.h"

#define PORTS_MAX 32
#define LIST_MAX 2048

enum { PASSED = 0, FAILED = 1, REFUSED = 2 }; /* exit codes of the child that runs a case */

static const char *isa;
static char       *listed[LIST_MAX];
static int         expected[LIST_MAX]; /* REFUSED, or FAILED for what differs */
static bool        seen[LIST_MAX];
static size_t      n_listed;

typedef struct data_set {
    tensor in[PORTS_MAX], out[PORTS_MAX];
    size_t n_in, n_out;
} data_set;

static float half_to_float(uint16_t h)
{
    const int    exponent = h >> 10 & 31, mantissa = h & 1023;
    const double v = exponent == 31 ? (mantissa ? NAN : INFINITY)
                     : exponent     ? ldexp(1024 + mantissa, exponent - 25)
                                    : ldexp(mantissa, -24);

    return (float)(h & 0x8000 ? -v : v);
}

/* Element i as a double; integers are compared exactly elsewhere. */
static double element(const oc_tensor_view *v, size_t i)
{
    switch (v->info.dtype) {
    case OC_F32: return (double)((const float *)v->data)[i];
    case OC_F64: return ((const double *)v->data)[i];
    default: return (double)half_to_float(((const uint16_t *)v->data)[i]);
    }
}

static bool is_float(oc_dtype t)
{
    return t == OC_F32 || t == OC_F64 || t == OC_F16;
}

static bool near(double want, double got)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got))
        return want == got;
    return fabs(got - want) <= 1e-7 + 1e-3 * fabs(want);
}

static bool same(const char *name, const oc_tensor_view *want, const oc_tensor_view *got)
{
    const size_t bytes = oc_dtype_bytes(want->info.dtype);
    char         a[80], b[80];
    size_t       n;

    if (want->info.dtype != got->info.dtype ||
        !oc_shape_equal(&want->info.shape, &got->info.shape)) {
        printf("FAIL %s: want %s %s, got %s %s\n", name, oc_dtype_name(want->info.dtype),
               oc_shape_text(&want->info.shape, a, sizeof(a)), oc_dtype_name(got->info.dtype),
               oc_shape_text(&got->info.shape, b, sizeof(b)));
        return false;
    }
    if (!oc_shape_elements(&want->info.shape, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (is_float(want->info.dtype)) {
            if (near(element(want, i), element(got, i)))
                continue;
            printf("FAIL %s: element %zu of %zu: want %.9g, got %.9g\n", name, i, n,
                   element(want, i), element(got, i));
            return false;
        }
        if (memcmp((const char *)want->data + i * bytes, (const char *)got->data + i * bytes,
                   bytes) != 0) {
            int64_t w = 0, g = 0;

            memcpy(&w, (const char *)want->data + i * bytes, bytes);
            memcpy(&g, (const char *)got->data + i * bytes, bytes);
            printf("FAIL %s: element %zu of %zu: want %lld, got %lld (as unsigned)\n", name, i, n,
                   (long long)w, (long long)g);
            return false;
        }
    }
    return true;
}

static size_t read_tensors(const char *folder, const char *what, tensor *out)
{
    size_t n = 0;

    for (; n < PORTS_MAX; n++) {
        char path[1024];
        blob b;

        snprintf(path, sizeof(path), "%s/%s_%zu.pb", folder, what, n);
        b = blob_read(path);
        if (!b.p)
            break;
        if (!tensor_parse(b, &out[n]))
            out[n] = (tensor){0};
        blob_free(&b);
    }
    return n;
}

/* Which tensor of the set belongs to an input: by name where it has one, else by order. */
static const tensor *tensor_for(const data_set *d, const char *name, size_t i)
{
    for (size_t k = 0; k < d->n_in; k++)
        if (strcmp(d->in[k].name, name) == 0)
            return &d->in[k];
    return i < d->n_in ? &d->in[i] : NULL;
}

static oc_status run_session(const char *name, oc_session *session, const data_set *d, bool *good,
                             oc_error *err)
{
    oc_tensor_view in[PORTS_MAX] = {0}, out[PORTS_MAX] = {0};
    const oc_port *ports, *outs;
    const size_t   n = oc_session_inputs(session, &ports), m = oc_session_outputs(session, &outs);
    oc_status      st;

    *good = true;
    for (size_t i = 0; i < n && i < PORTS_MAX; i++) {
        const tensor *t = tensor_for(d, ports[i].name, i);

        if (!t || !t->view.data) {
            printf("FAIL %s: no data for input '%s'\n", name, ports[i].name);
            *good = false;
            return OC_OK;
        }
        in[i] = t->view;
    }
    for (size_t i = 0; i < m && i < PORTS_MAX; i++)
        out[i].info = outs[i].info;
    if ((st = oc_session_run(session, in, n, out, m, err)) != OC_OK)
        return st;
    for (size_t i = 0; i < m && i < d->n_out && *good; i++)
        *good = same(name, &d->out[i].view, &out[i]);
    if (*good && m < d->n_out) {
        printf("FAIL %s: %zu outputs, want %zu\n", name, m, d->n_out);
        *good = false;
    }
    return OC_OK;
}

/* Binds the shapes of the data, runs, compares. */
static oc_status run_set(const char *name, oc_model *model, const data_set *d, bool *good,
                         oc_error *err)
{
    oc_session_options options = OC_SESSION_OPTIONS_INIT;
    options.allow_dynamic = true;
    oc_port        shapes[PORTS_MAX];
    const oc_port *ports;
    oc_session    *session = NULL;
    oc_status      st;

    options.isa = isa;
    options.n_shapes = oc_model_inputs(model, &ports);
    for (size_t i = 0; i < options.n_shapes && i < PORTS_MAX; i++) {
        const tensor *t = tensor_for(d, ports[i].name, i);

        shapes[i] = ports[i];
        if (t)
            shapes[i].info.shape = t->view.info.shape;
    }
    options.shapes = shapes;
    st = oc_session_create(model, &options, &session, err);
    if (st == OC_OK)
        st = run_session(name, session, d, good, err);
    oc_session_destroy(session);
    return st;
}

static void make_constant(blob *model, const char *name, const tensor *t, uint32_t constant_rank)
{
    if (!t || !t->view.data || t->view.info.shape.rank >= constant_rank)
        return;
    blob changed = model_with_constant(*model, name, t);
    blob_free(model);
    *model = changed;
}

/* Inputs of a rank below `constant_rank` become part of the network.  Where it cannot be read at all,
 * the bools do, by the tensors' own names: the condition of an If may be one. */
static oc_status run_model(const char *name, blob bytes, const data_set *d, uint32_t constant_rank,
                           bool *good, oc_error *err)
{
    blob           mine = {malloc(bytes.n + 1), bytes.n};
    oc_model      *model = NULL;
    const oc_port *ports;
    oc_status      st;

    memcpy(mine.p, bytes.p, bytes.n);
    st = oc_model_load_memory(name, mine.p, mine.n, &model, err);
    if (constant_rank > 0 && (st == OC_OK || st == OC_UNSUPPORTED)) {
        const size_t n = st == OC_OK ? oc_model_inputs(model, &ports) : 0;

        for (size_t i = 0; i < n; i++)
            make_constant(&mine, ports[i].name, tensor_for(d, ports[i].name, i), constant_rank);
        for (size_t i = 0; i < d->n_in && st != OC_OK; i++)
            if (d->in[i].view.info.dtype == OC_BOOL && *d->in[i].name)
                make_constant(&mine, d->in[i].name, &d->in[i], constant_rank);
        oc_model_unref(model);
        model = NULL;
        st = oc_model_load_memory(name, mine.p, mine.n, &model, err);
    }
    if (st == OC_OK)
        st = run_set(name, model, d, good, err);
    oc_model_unref(model);
    blob_free(&mine);
    return st;
}

/* One data set: PASSED, FAILED or REFUSED.  The reason of a refusal goes to `err`. */
static int run_case_set(const char *name, blob model, const char *folder, oc_error *err)
{
    static const uint32_t ranks[] = {0, 2, OC_RANK_MAX + 1};
    static data_set       d;
    bool                  good = false;
    oc_status             st = OC_INVALID;

    memset(&d, 0, sizeof(d));
    d.n_in = read_tensors(folder, "input", d.in);
    d.n_out = read_tensors(folder, "output", d.out);
    /* INVALID: the shape of an input cannot be bound */
    for (size_t i = 0; i < 3 && (st == OC_UNSUPPORTED || st == OC_INVALID); i++)
        st = run_model(name, model, &d, ranks[i], &good, err);
    /* what runs as it is must also fold: everything constant */
    if (st == OC_OK && good) {
        st = run_model(name, model, &d, OC_RANK_MAX + 1, &good, err);
        if (st == OC_UNSUPPORTED || st == OC_INVALID)
            st = OC_OK;
    }
    for (size_t i = 0; i < PORTS_MAX; i++) {
        tensor_free(&d.in[i]);
        tensor_free(&d.out[i]);
    }
    if (st == OC_UNSUPPORTED || st == OC_INVALID)
        return REFUSED;
    if (st != OC_OK)
        printf("FAIL %s: %s: %s\n", name, oc_status_name(st), err->message);
    return st == OC_OK && good ? PASSED : FAILED;
}

static int run_case(const char *data, const char *name, bool print_refused)
{
    char     path[1024];
    oc_error err = {0};
    blob     model;
    int      result = PASSED, sets = 0;

    snprintf(path, sizeof(path), "%s/%s/model.onnx", data, name);
    model = blob_read(path);
    for (int set = 0; model.p && set < 16 && result == PASSED; set++) {
        snprintf(path, sizeof(path), "%s/%s/test_data_set_%d", data, name, set);
        if (access(path, R_OK) != 0)
            break;
        result = run_case_set(name, model, path, &err);
        sets++;
    }
    if (result == PASSED && sets == 0) {
        printf("FAIL %s: no model or no data\n", name);
        result = FAILED;
    }
    if (result == REFUSED && print_refused)
        printf("%s  %s\n", name, err.message);
    blob_free(&model);
    return result;
}

/* In a process of its own, so that a crash is one case's failure. */
static int run_apart(const char *data, const char *name, bool print_refused, bool quiet)
{
    int   status;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        int result;

        alarm(120);
        if (quiet && !freopen("/dev/null", "w", stdout))
            _exit(FAILED);
        result = run_case(data, name, print_refused);
        fflush(stdout);
        _exit(result);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        perror("fork");
        return FAILED;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) <= REFUSED)
        return WEXITSTATUS(status);
    printf("FAIL %s: died (%s %d)\n", name, WIFSIGNALED(status) ? "signal" : "exit",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return FAILED;
}

static bool read_list(const char *path)
{
    char  line[512], *name, *reason;
    FILE *f = fopen(path, "r");

    if (!f) {
        perror(path);
        return false;
    }
    while (fgets(line, sizeof(line), f) && n_listed < LIST_MAX) {
        name = line + strspn(line, " \t");
        reason = name + strcspn(name, " \t\n");
        if (*reason)
            *reason++ = 0;
        reason += strspn(reason, " \t");
        if (!*name || *name == '#')
            continue;
        expected[n_listed] = strncmp(reason, "differs", 7) == 0 ? FAILED : REFUSED;
        listed[n_listed++] = strdup(name);
    }
    fclose(f);
    return true;
}

static int expected_of(const char *name)
{
    for (size_t i = 0; i < n_listed; i++)
        if (strcmp(listed[i], name) == 0) {
            seen[i] = true;
            return expected[i];
        }
    return PASSED;
}

typedef struct tally {
    unsigned passed, as_listed, failed;
} tally;

static void one(const char *data, const char *name, bool print_refused, tally *t)
{
    const int want = expected_of(name), got = run_apart(data, name, print_refused, want == FAILED);

    if (got == PASSED && want != PASSED)
        printf("FAIL %s: passes, but is listed\n", name);
    if (got == REFUSED && want != REFUSED && !print_refused)
        printf("FAIL %s: refused, but not listed so\n", name);
    if (got == FAILED && want == REFUSED)
        printf("FAIL %s: computed, but listed as refused\n", name);
    t->passed += got == PASSED && want == PASSED;
    t->as_listed += got != PASSED && got == want;
    t->failed += got != want;
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void whole_set(const char *data, const char *set, bool print_refused, tally *t)
{
    struct dirent **entries;
    char            path[1024];
    int             n;

    snprintf(path, sizeof(path), "%s/%s", data, set);
    n = scandir(path, &entries, visible, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s", set, entries[i]->d_name);
        one(data, path, print_refused, t);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    static const char *const sets[] = {"node", "pytorch-operator", "pytorch-converted", "simple"};
    const char              *data = NULL;
    bool                     print_refused = false;
    tally                    t = {0};
    int                      i;

    for (i = 1; i < argc && !data; i++) {
        if (strncmp(argv[i], "--isa=", 6) == 0)
            isa = argv[i] + 6;
        else if (strncmp(argv[i], "--list=", 7) == 0) {
            if (!read_list(argv[i] + 7))
                return 2;
        } else if (strcmp(argv[i], "--print-refused") == 0)
            print_refused = true;
        else
            data = argv[i];
    }
    if (!data || access(data, R_OK) != 0) {
        printf("skipped: ONNX's operator tests are not at %s\n", data ? data : "(no folder given)");
        return 77;
    }
    for (int k = i; k < argc; k++)
        one(data, argv[k], print_refused, &t);
    for (size_t k = 0; k < sizeof(sets) / sizeof(sets[0]) && i == argc; k++)
        whole_set(data, sets[k], print_refused, &t);
    for (size_t k = 0; k < n_listed && i == argc; k++)
        if (!seen[k]) {
            printf("FAIL %s: listed, but there is no such case\n", listed[k]);
            t.failed++;
        }
    printf("%u passed, %u refused or differing as listed, %u failed\n", t.passed, t.as_listed,
           t.failed);
    for (size_t k = 0; k < n_listed; k++)
        free(listed[k]);
    return t.failed != 0;
}
