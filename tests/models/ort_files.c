/* ort_files FILE.onnx ...: networks on inputs that lie beside them (FILE.0.npy, FILE.1.npy ...), our
 * engine against ONNX Runtime, a line per network; where FILE.want.0.npy ... lie there too, against
 * those.  Each runs twice on two threads, equal to the bit.
 * Shapes and integers are equal, floats within 1e-4 of the largest of their output.  Where they are
 * not, the reference is asked again: without its optimisations, and with inputs moved by 1e-6 in eight ways.  What
 * then lies as far from its own first answer (half as far at least) is ill-conditioned: told, and no fault.
 * Rows in another order agree where the reference's own order changes so.
 * FILE.double.0.npy ...: results in float64, to tell how far both are from them (told alone).
 * Exit 0: agree; 1: they do not, or something failed; 77: skipped. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/npy.h"
#include "ocellus/session.h"
#include "support/ort.h"

#define PORTS_MAX 64
#define TOLERANCE 1e-4

typedef struct network {
    oc_model      *model;
    oc_session    *session;
    ort_session   *peer;
    oc_tensor_view in[PORTS_MAX], want[PORTS_MAX], exact[PORTS_MAX];
    size_t         n_want, n_exact;
    const oc_port *out;
    size_t         n_in, n_out;
    bool           dynamic; /* sizes of outputs are decided at run time */
} network;

static double element(const oc_tensor_view *v, size_t i)
{
    switch (v->info.dtype) {
    case OC_F32: return (double)((const float *)v->data)[i];
    case OC_F64: return ((const double *)v->data)[i];
    case OC_U8:
    case OC_BOOL: return ((const uint8_t *)v->data)[i];
    case OC_I8: return ((const int8_t *)v->data)[i];
    case OC_I32: return ((const int32_t *)v->data)[i];
    case OC_I64: return (double)((const int64_t *)v->data)[i];
    default: return NAN;
    }
}

static oc_status load_arrays(const char *path, const char *what, oc_tensor_view *out, size_t *n,
                             oc_error *err)
{
    char      file[4096];
    oc_status st = OC_OK;
    for (*n = 0; *n < PORTS_MAX && st == OC_OK; ++*n) {
        snprintf(file, sizeof(file), "%.*s.%s%zu.npy", (int)(strlen(path) - 5), path, what, *n);
        if (access(file, R_OK) != 0)
            break;
        st = oc_npy_load(file, &out[*n], err);
    }
    return st;
}

static oc_status read_all(const char *path, oc_tensor_view *out, oc_error *err)
{
    FILE *file = fopen(path, "rb");
    long  size = -1;
    if (file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0)
        rewind(file);
    out->data = size >= 0 ? malloc((size_t)size + 1) : NULL;
    out->info.shape.dim[0] = size;
    bool good = out->data && fread(out->data, 1, (size_t)size, file) == (size_t)size;
    if (file)
        (void)fclose(file);
    return good ? OC_OK : OC_FAIL(err, OC_IO, "%s cannot be read", path);
}

static oc_status open_plain(const char *path, ort_session **out, oc_error *err)
{
    oc_tensor_view file = {0};
    oc_status      st = read_all(path, &file, err);
    if (st == OC_OK)
        st = ort_session_create_memory(file.data, (size_t)file.info.shape.dim[0], false, out, err);
    free(file.data);
    return st;
}

static oc_status network_open(const char *path, oc_pool *pool, network *n, oc_error *err)
{
    oc_session_options options = OC_SESSION_OPTIONS_INIT;
    options.allow_dynamic = true;
    oc_port        shapes[PORTS_MAX];
    const oc_port *ports;
    oc_status      st = load_arrays(path, "", n->in, &n->n_in, err);
    if (st != OC_OK || (st = load_arrays(path, "want.", n->want, &n->n_want, err)) != OC_OK ||
        (st = load_arrays(path, "double.", n->exact, &n->n_exact, err)) != OC_OK ||
        (st = oc_model_load(path, &n->model, err)) != OC_OK)
        return st;
    if (oc_model_inputs(n->model, &ports) != n->n_in)
        return OC_FAIL(err, OC_INVALID, "%zu inputs given, the network has %zu", n->n_in,
                       oc_model_inputs(n->model, &ports));
    for (size_t i = 0; i < n->n_in; i++) {
        shapes[i] = ports[i];
        shapes[i].info.shape = n->in[i].info.shape;
    }
    options.pool = pool;
    options.shapes = shapes;
    options.n_shapes = n->n_in;
    if ((st = oc_session_create(n->model, &options, &n->session, err)) != OC_OK)
        return st;
    n->n_out = oc_session_outputs(n->session, &n->out);
    for (size_t i = 0; i < n->n_out; i++)
        for (uint32_t d = 0; d < n->out[i].info.shape.rank; d++)
            n->dynamic = n->dynamic || n->out[i].info.shape.dim[d] < 0;
    if (n->n_out > PORTS_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "more than %d outputs", PORTS_MAX);
    if (n->n_want || ort_session_create(path, 1, &n->peer, err) == OC_OK)
        return OC_OK;
    return open_plain(path, &n->peer, err); /* its optimiser makes nodes it has no kernel for */
}

static void network_close(network *n)
{
    ort_session_destroy(n->peer);
    oc_session_destroy(n->session);
    oc_model_unref(n->model);
    for (size_t i = 0; i < n->n_in; i++)
        oc_npy_free(&n->in[i]);
    for (size_t i = 0; i < n->n_want; i++)
        oc_npy_free(&n->want[i]);
    for (size_t i = 0; i < n->n_exact; i++)
        oc_npy_free(&n->exact[i]);
}

/* Largest difference over the largest of the reference; infinite when they cannot be compared. */
static double distance(const oc_tensor_view *want, const oc_tensor_view *got)
{
    size_t count;
    double largest = 0, worst = 0;
    bool   whole = want->info.dtype != OC_F32 && want->info.dtype != OC_F64;
    if ((want->info.dtype != got->info.dtype && want->info.dtype != OC_F64) ||
        !oc_shape_equal(&want->info.shape, &got->info.shape) ||
        !oc_shape_elements(&want->info.shape, &count))
        return (double)INFINITY;
    for (size_t i = 0; i < count; i++) {
        double a = element(want, i), b = element(got, i);
        if (a != b && !(isnan(a) && isnan(b)))
            worst = fmax(worst, whole || isnan(a - b) ? (double)INFINITY : fabs(a - b));
        if (isfinite(a))
            largest = fmax(largest, fabs(a));
    }
    return worst == 0 ? 0 : worst / largest;
}

/* The second run must give the bits of the first. */
static oc_status run_twice(network *n, oc_tensor_view *got, bool *same, oc_error *err)
{
    oc_tensor_view first[PORTS_MAX] = {0};
    oc_status      st = oc_session_run(n->session, n->in, n->n_in, got, n->n_out, err);
    *same = true;
    for (size_t i = 0; i < n->n_out && st == OC_OK; i++) {
        size_t bytes = 0;
        if (!oc_tensor_bytes(&got[i].info, &bytes) || !(first[i].data = malloc(bytes + 1)))
            st = OC_FAIL(err, OC_NOMEM, "%zu bytes", bytes);
        else
            memcpy(first[i].data, got[i].data, bytes);
        first[i].info = got[i].info;
        got[i].data = NULL;
    }
    if (st == OC_OK)
        st = oc_session_run(n->session, n->in, n->n_in, got, n->n_out, err);
    for (size_t i = 0; i < n->n_out; i++) {
        size_t bytes = 0;
        *same = *same && st == OC_OK && oc_shape_equal(&first[i].info.shape, &got[i].info.shape) &&
                oc_tensor_bytes(&got[i].info, &bytes) &&
                memcmp(first[i].data, got[i].data, bytes) == 0;
        free(first[i].data);
    }
    return st;
}

#define MOVES 8 /* one that happens to turn no quantum over says little */

/* The largest distance of the answers to inputs moved by 1e-6, up or down by `random`. */
static oc_status ask_moved(network *n, const oc_tensor_view *want, ort_session *peer,
                           uint32_t *random, double *moved, oc_error *err)
{
    oc_tensor_view got[PORTS_MAX] = {0}, in[PORTS_MAX] = {0};
    oc_status      st = OC_OK;
    for (size_t i = 0; i < n->n_in && st == OC_OK; i++) {
        size_t bytes = 0;
        in[i] = n->in[i];
        if (!oc_tensor_bytes(&in[i].info, &bytes) || !(in[i].data = malloc(bytes + 1)))
            st = OC_FAIL(err, OC_NOMEM, "%zu bytes", bytes);
        else
            memcpy(in[i].data, n->in[i].data, bytes);
        for (size_t k = 0; st == OC_OK && in[i].info.dtype == OC_F32 && k < bytes / 4; k++) {
            *random = *random * 1664525u + 1013904223u;
            ((float *)in[i].data)[k] *= *random >> 31 ? 1 + 1e-6f : 1 - 1e-6f;
        }
    }
    if (st == OC_OK && (st = ort_run(peer, in, got, err)) == OC_OK)
        for (size_t i = 0; i < n->n_out; i++)
            *moved = fmax(*moved, distance(&want[i], &got[i]));
    for (size_t i = 0; i < n->n_in; i++)
        if (in[i].data != n->in[i].data)
            free(in[i].data);
    return st;
}

/* Where the reference's own answers lie from its first: the largest distance over all outputs. */
static oc_status others(const char *path, network *n, const oc_tensor_view *want, double *plain,
                        double *moved, oc_error *err)
{
    oc_tensor_view got[PORTS_MAX] = {0};
    ort_session   *peer = NULL;
    uint32_t       random = 1;
    oc_status      st = open_plain(path, &peer, err);
    if (st == OC_OK && (st = ort_run(peer, n->in, got, err)) == OC_OK)
        for (size_t i = 0; i < n->n_out; i++)
            *plain = fmax(*plain, distance(&want[i], &got[i]));
    ort_session_destroy(peer);
    peer = NULL;
    if (st == OC_OK && ort_session_create(path, 1, &peer, err) != OC_OK)
        st = open_plain(path, &peer, err);
    for (int i = 0; i < MOVES && st == OC_OK; i++)
        st = ask_moved(n, want, peer, &random, moved, err);
    ort_session_destroy(peer);
    return st;
}

static void tell_double(const network *n, const oc_tensor_view *want, const oc_tensor_view *got)
{
    for (size_t i = 0; i < n->n_exact && i < n->n_out; i++)
        printf("  output '%s': from float64 %.2g, reference %.2g\n", n->out[i].name,
               distance(&n->exact[i], &got[i]), distance(&n->exact[i], &want[i]));
}

/* Row a of `want` is row b of `got`, in every output that has such rows. */
static bool same_row(const network *n, const oc_tensor_view *want, const oc_tensor_view *got,
                     const double *largest, size_t rows, size_t a, size_t b)
{
    for (size_t i = 0; i < n->n_out; i++) {
        size_t count;
        bool   whole = want[i].info.dtype != OC_F32 && want[i].info.dtype != OC_F64;
        if (want[i].info.shape.rank == 0 || want[i].info.shape.dim[0] != (int64_t)rows ||
            !oc_shape_elements(&want[i].info.shape, &count))
            continue;
        for (size_t k = 0, width = count / rows; k < width; k++)
            if (!(fabs(element(&want[i], a * width + k) - element(&got[i], b * width + k)) <=
                  (whole ? 0 : TOLERANCE * largest[i])))
                return false;
    }
    return true;
}

/* The rows of the results (boxes, scores, labels) are the same in another order. */
static bool reordered(const network *n, const oc_tensor_view *want, const oc_tensor_view *got)
{
    double largest[PORTS_MAX] = {0};
    size_t rows = n->n_out && want[0].info.shape.rank ? (size_t)want[0].info.shape.dim[0] : 0;
    char  *taken = calloc(rows + 1, 1);
    bool   good = taken && rows > 1;
    for (size_t i = 0; i < n->n_out && good; i++) {
        size_t count = 0;
        good = want[i].info.dtype == got[i].info.dtype &&
               oc_shape_equal(&want[i].info.shape, &got[i].info.shape) &&
               oc_shape_elements(&want[i].info.shape, &count) &&
               ((want[i].info.shape.rank && want[i].info.shape.dim[0] == (int64_t)rows) ||
                distance(&want[i], &got[i]) <= TOLERANCE);
        for (size_t k = 0; k < count && good; k++)
            largest[i] = fmax(largest[i], fabs(element(&want[i], k)));
    }
    for (size_t a = 0, b; a < rows && good; a++) {
        for (b = 0; b < rows; b++)
            if (!taken[b] && same_row(n, want, got, largest, rows, a, b))
                break;
        good = b < rows;
        taken[b] = 1;
    }
    free(taken);
    return good;
}

static oc_status compare(const char *path, const char *name, network *n, bool *good, oc_error *err)
{
    oc_tensor_view want[PORTS_MAX] = {0}, got[PORTS_MAX] = {0};
    char           a[96], b[96];
    bool           same;
    double         worst = 0;
    oc_status      st = run_twice(n, got, &same, err);
    memcpy(want, n->want, sizeof(want));
    if (st != OC_OK || (!n->n_want && (st = ort_run(n->peer, n->in, want, err)) != OC_OK))
        return st;
    for (size_t i = 0; i < n->n_out; i++) {
        double d = distance(&want[i], &got[i]);
        if (d > TOLERANCE)
            printf("  output '%s': %s, reference %s, differs by %.3g of the largest\n",
                   n->out[i].name, oc_shape_text(&got[i].info.shape, a, sizeof(a)),
                   oc_shape_text(&want[i].info.shape, b, sizeof(b)), d);
        worst = fmax(worst, d);
    }
    tell_double(n, want, got);
    double plain = 0, moved = 0;
    if (worst > TOLERANCE && !n->n_want) {
        if ((st = others(path, n, want, &plain, &moved, err)) != OC_OK)
            return st;
        printf("  the reference itself: %.2g without optimisations, %.2g with inputs moved\n",
               plain, moved);
    }
    /* another order is right where the reference's own changes, too */
    bool other_order =
        worst > TOLERANCE && fmax(plain, moved) > TOLERANCE && reordered(n, want, got);
    bool torn = isfinite(worst) && worst <= 2 * fmax(plain, moved);
    *good = (worst <= TOLERANCE || torn || other_order) && same;
    printf("%-44s %s %.1e%s%s\n", name,
           !*good              ? "DIFFERS"
           : other_order       ? "agrees in another order"
           : worst > TOLERANCE ? "ill-conditioned"
                               : "agrees ",
           worst, n->dynamic ? ", sizes decided at run time" : "", same ? "" : ", two runs differ");
    return OC_OK;
}

int main(int argc, char **argv)
{
    oc_error err = {0};
    oc_pool *pool = NULL;
    int      bad = 0;
    if (ort_open(&err) == OC_NOT_FOUND) {
        printf("skipped: %s\n", err.message);
        return 77;
    }
    if (oc_pool_create(2, &pool, &err) != OC_OK)
        return 1;
    for (int i = 1; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        network     n = {0};
        bool        good = false;
        oc_status   st = network_open(argv[i], pool, &n, &err);
        if (st == OC_OK)
            st = compare(argv[i], slash ? slash + 1 : argv[i], &n, &good, &err);
        if (st != OC_OK)
            printf("%-44s FAILED  %s\n", slash ? slash + 1 : argv[i], err.message);
        bad += !good;
        network_close(&n);
        fflush(stdout);
    }
    oc_pool_destroy(pool);
    ort_close();
    return bad ? 1 : 0;
}
