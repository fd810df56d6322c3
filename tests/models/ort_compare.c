/* ort_compare TABLE CASE: one network of cases.txt on real pictures, our engine against ONNX
 * Runtime, element by element.  Exit 0: agree; 1: they do not, or something failed; 77: skipped. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/cases.h"
#include "ocellus/session.h"
#include "support/ort.h"
#include "tensor/half.h"

#define PORTS_MAX 64

typedef struct pair {
    oc_model      *model;
    oc_session    *session;
    ort_session   *peer;
    oc_pool       *pool;
    const oc_port *in, *out;
    size_t         n_in, n_out;
} pair;

static double element(const oc_tensor_view *v, size_t i)
{
    switch (v->info.dtype) {
    case OC_F32: return (double)((const float *)v->data)[i];
    case OC_F16: return (double)oc_half_to_float(((const uint16_t *)v->data)[i]);
    case OC_F64: return ((const double *)v->data)[i];
    case OC_U8: return ((const uint8_t *)v->data)[i];
    case OC_I8: return ((const int8_t *)v->data)[i];
    case OC_I32: return ((const int32_t *)v->data)[i];
    case OC_I64: return (double)((const int64_t *)v->data)[i];
    default: return NAN;
    }
}

/* Largest |difference|; a NaN or infinity on one side alone counts as infinite. */
static double difference(double a, double b)
{
    if (a == b || (isnan(a) && isnan(b)))
        return 0;
    double d = fabs(a - b);
    return isnan(d) ? (double)INFINITY : d;
}

static double row_difference(const oc_tensor_view *a, size_t i, const oc_tensor_view *b, size_t j,
                             size_t width)
{
    double worst = 0;
    for (size_t k = 0; k < width; k++)
        worst = fmax(worst, difference(element(a, i * width + k), element(b, j * width + k)));
    return worst;
}

/* Each row of the reference is matched by the nearest of ours not yet used. */
static double compare_rows(const oc_tensor_view *want, const oc_tensor_view *got, size_t n)
{
    size_t width = (size_t)want->info.shape.dim[want->info.shape.rank - 1], rows = n / width;
    bool  *used = calloc(rows, sizeof(*used));
    double worst = used ? 0 : (double)INFINITY;
    for (size_t i = 0; used && i < rows; i++) {
        double best = (double)INFINITY;
        size_t at = 0;
        for (size_t j = 0; j < rows; j++) {
            double d = used[j] ? (double)INFINITY : row_difference(want, i, got, j, width);
            if (d < best) {
                best = d;
                at = j;
            }
        }
        used[at] = true;
        worst = fmax(worst, best);
    }
    free(used);
    return worst;
}

static bool compare(const model_case *c, const char *name, const oc_tensor_view *want,
                    const oc_tensor_view *got)
{
    char   a[96], b[96];
    size_t n;
    if (want->info.dtype != got->info.dtype || !oc_shape_elements(&want->info.shape, &n) ||
        !oc_shape_equal(&want->info.shape, &got->info.shape)) {
        printf("  %-32s %s %s, reference has %s %s  FAILED\n", name, oc_dtype_name(got->info.dtype),
               oc_shape_text(&got->info.shape, a, sizeof(a)), oc_dtype_name(want->info.dtype),
               oc_shape_text(&want->info.shape, b, sizeof(b)));
        return false;
    }
    double largest = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(element(want, i)));
        worst = fmax(worst, difference(element(want, i), element(got, i)));
    }
    if (strcmp(name, c->rows) == 0)
        worst = compare_rows(want, got, n);
    bool good = worst <= c->tolerance * largest;
    printf("  %-32s %-16s max|ref| %-10.4g max|diff| %-10.3g (%.2g of it)%s\n", name,
           oc_shape_text(&got->info.shape, a, sizeof(a)), largest, worst,
           largest > 0 ? worst / largest : 0, good ? "" : "  FAILED");
    return good;
}

/* The shape of input 0 with what the network leaves open taken from the case. */
static oc_shape bound_shape(const model_case *c, const oc_port *port)
{
    const picture_recipe *r = &c->recipe;
    oc_shape              shape = port->info.shape;
    const int64_t         nchw[] = {1, r->gray ? 1 : 3, r->height, r->width};
    const int64_t         nhwc[] = {1, r->height, r->width, r->gray ? 1 : 3};
    for (uint32_t i = 0; i < shape.rank && i < 4; i++)
        if (shape.dim[i] < 0)
            shape.dim[i] = r->nhwc ? nhwc[i] : nchw[i];
    return shape;
}

static oc_status pair_open(const model_case *c, const char *path, pair *p, oc_error *err)
{
    oc_status st = oc_model_load(path, &p->model, err);
    if (st != OC_OK || (st = oc_pool_create(2, &p->pool, err)) != OC_OK)
        return st;
    const oc_port *ports;
    if (oc_model_inputs(p->model, &ports) != 1 || ports[0].info.shape.rank != 4)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: not one input of four dimensions", path);
    oc_port bound = ports[0];
    bound.info.shape = bound_shape(c, &ports[0]);
    oc_session_options options = OC_SESSION_OPTIONS_INIT;
    options.allow_dynamic = true;
    options.pool = p->pool;
    options.shapes = &bound;
    options.n_shapes = 1;
    if ((st = oc_session_create(p->model, &options, &p->session, err)) != OC_OK)
        return st;
    p->n_in = oc_session_inputs(p->session, &p->in);
    p->n_out = oc_session_outputs(p->session, &p->out);
    if (p->n_out > PORTS_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: more than %d outputs", path, PORTS_MAX);
    if ((st = ort_session_create(path, 1, &p->peer, err)) != OC_OK)
        return st;
    if (ort_n_inputs(p->peer) != p->n_in || ort_n_outputs(p->peer) != p->n_out)
        return OC_FAIL(err, OC_FORMAT, "%s: %zu inputs and %zu outputs, reference has %zu and %zu",
                       path, p->n_in, p->n_out, ort_n_inputs(p->peer), ort_n_outputs(p->peer));
    return OC_OK;
}

static void pair_close(pair *p)
{
    ort_session_destroy(p->peer);
    oc_session_destroy(p->session);
    oc_model_unref(p->model);
    oc_pool_destroy(p->pool);
}

static oc_status run_picture(const model_case *c, pair *p, const picture *pic, bool *good,
                             oc_error *err)
{
    picture_recipe recipe = c->recipe;
    const int64_t *dim = p->in[0].info.shape.dim;
    recipe.dtype = p->in[0].info.dtype;
    recipe.height = (int)dim[c->recipe.nhwc ? 1 : 2];
    recipe.width = (int)dim[c->recipe.nhwc ? 2 : 3];
    size_t bytes;
    if (!oc_tensor_bytes(&p->in[0].info, &bytes))
        return OC_FAIL(err, OC_INVALID, "input shape is not bound");
    oc_tensor_view in = {p->in[0].info, malloc(bytes)};
    oc_tensor_view want[PORTS_MAX] = {0}, got[PORTS_MAX] = {0};
    oc_status      st = OC_NOMEM;
    if (!in.data)
        return st;
    picture_to_input(pic, &recipe, in.data);
    for (size_t i = 0; i < p->n_out; i++)
        got[i].info = p->out[i].info;
    if ((st = ort_run(p->peer, &in, want, err)) == OC_OK &&
        (st = oc_session_run(p->session, &in, 1, got, p->n_out, err)) == OC_OK)
        for (size_t i = 0; i < p->n_out; i++)
            *good = compare(c, p->out[i].name, &want[i], &got[i]) && *good;
    free(in.data);
    return st;
}

static int skip(const char *name, const char *why)
{
    printf("%s: skipped, %s\n", name, why);
    return 77;
}

static oc_status run_pictures(model_case *c, pair *p, size_t *n, bool *good, oc_error *err)
{
    char      path[4096];
    oc_status st = OC_OK;
    for (*n = 0; st == OC_OK && case_picture_path(c, *n, path, sizeof(path), &c->recipe); (*n)++) {
        picture pic = {0};
        if ((st = picture_load(path, &pic, err)) == OC_OK) {
            const char *file = strrchr(path, '/');
            printf("%s on %s\n", c->name, file ? file + 1 : path);
            st = run_picture(c, p, &pic, good, err);
        }
        picture_finish(&pic);
    }
    return st;
}

int main(int argc, char **argv)
{
    oc_error   err = {0};
    model_case c;
    pair       p = {0};
    char       path[4096];
    bool       good = true;
    size_t     n = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: ort_compare TABLE CASE\n");
        return 2;
    }
    oc_status st = case_read(argv[1], argv[2], &c, &err);
    if (st == OC_OK && !case_model_path(&c, path, sizeof(path)))
        return skip(c.name, "the network is not on this machine");
    if (st == OC_OK && (st = ort_open(&err)) == OC_NOT_FOUND)
        return skip(c.name, err.message);
    if (st == OC_OK && (st = pair_open(&c, path, &p, &err)) == OC_OK)
        st = run_pictures(&c, &p, &n, &good, &err);
    pair_close(&p);
    ort_close();
    if (st != OC_OK) {
        printf("%s: %s: %s\n", argv[2], oc_status_name(st), err.message);
        return 1;
    }
    if (n == 0)
        return skip(c.name, "none of its pictures is on this machine");
    return good ? 0 : 1;
}
