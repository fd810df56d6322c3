/* same_results TABLE CASE OTHER.onnx: the case's network and another file of it give results equal
 * to the bit.  same_results TABLE CASE --path: prints the network's file.
 * Exit 0: the same; 1: not, or something failed; 77: skipped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/cases.h"
#include "ocellus/session.h"

#define PORTS_MAX 64

typedef struct net {
    oc_model      *model;
    oc_session    *session;
    const oc_port *in, *out;
    size_t         n_out;
} net;

static oc_status net_open(const model_case *c, const char *path, net *n, oc_error *err)
{
    const oc_port *ports;
    oc_status      st = oc_model_load(path, &n->model, err);
    if (st != OC_OK)
        return st;
    if (oc_model_inputs(n->model, &ports) != 1 || ports[0].info.shape.rank != 4)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: not one input of four dimensions", path);
    oc_port       bound = ports[0];
    const int64_t size[] = {1, c->recipe.nhwc ? c->recipe.height : 3, c->recipe.height,
                            c->recipe.nhwc ? 3 : c->recipe.width};
    for (uint32_t i = 0; i < 4; i++)
        if (bound.info.shape.dim[i] < 0)
            bound.info.shape.dim[i] = i == 2 && c->recipe.nhwc ? c->recipe.width : size[i];
    oc_session_options options = OC_SESSION_OPTIONS_INIT;
    options.allow_dynamic = true;
    options.shapes = &bound;
    options.n_shapes = 1;
    if ((st = oc_session_create(n->model, &options, &n->session, err)) != OC_OK)
        return st;
    (void)oc_session_inputs(n->session, &n->in);
    n->n_out = oc_session_outputs(n->session, &n->out);
    return n->n_out <= PORTS_MAX ? OC_OK
                                 : OC_FAIL(err, OC_UNSUPPORTED, "%s: too many outputs", path);
}

static void net_close(net *n)
{
    oc_session_destroy(n->session);
    oc_model_unref(n->model);
}

static oc_status net_run(net *n, void *input, oc_tensor_view *out, oc_error *err)
{
    oc_tensor_view in = {n->in[0].info, input};
    for (size_t i = 0; i < n->n_out; i++)
        out[i] = (oc_tensor_view){.info = n->out[i].info};
    return oc_session_run(n->session, &in, 1, out, n->n_out, err);
}

static bool equal(const oc_tensor_view *a, const oc_tensor_view *b, size_t i)
{
    size_t bytes;
    if (a->info.dtype != b->info.dtype || !oc_shape_equal(&a->info.shape, &b->info.shape) ||
        !oc_tensor_bytes(&a->info, &bytes) || memcmp(a->data, b->data, bytes) != 0) {
        printf("output %zu differs\n", i);
        return false;
    }
    return true;
}

static oc_status compare(const model_case *c, net *a, net *b, const char *path, bool *good,
                         oc_error *err)
{
    picture        pic = {0};
    picture_recipe recipe = c->recipe;
    oc_tensor_view left[PORTS_MAX], right[PORTS_MAX];
    void          *input = NULL;
    size_t         bytes;
    const int64_t *dim = a->in[0].info.shape.dim;
    oc_status      st = picture_load(path, &pic, err);
    if (st != OC_OK)
        goto out;
    recipe.dtype = a->in[0].info.dtype;
    recipe.height = (int)dim[recipe.nhwc ? 1 : 2];
    recipe.width = (int)dim[recipe.nhwc ? 2 : 3];
    if (!oc_tensor_bytes(&a->in[0].info, &bytes) || !(input = malloc(bytes))) {
        st = OC_FAIL(err, OC_NOMEM, "input");
        goto out;
    }
    picture_to_input(&pic, &recipe, input);
    if ((st = net_run(a, input, left, err)) != OC_OK ||
        (st = net_run(b, input, right, err)) != OC_OK)
        goto out;
    *good = a->n_out == b->n_out;
    for (size_t i = 0; i < a->n_out && i < b->n_out; i++)
        *good = equal(&left[i], &right[i], i) && *good;
out:
    free(input);
    picture_finish(&pic);
    return st;
}

int main(int argc, char **argv)
{
    oc_error   err = {0};
    model_case c;
    net        a = {0}, b = {0};
    char       path[4096], image[4096];
    bool       good = false;
    if (argc != 4) {
        fprintf(stderr, "usage: same_results TABLE CASE OTHER.onnx|--path\n");
        return 2;
    }
    oc_status st = case_read(argv[1], argv[2], &c, &err);
    if (st == OC_OK && !case_model_path(&c, path, sizeof(path))) {
        printf("%s: skipped, the network is not on this machine\n", c.name);
        return 77;
    }
    if (st == OC_OK && strcmp(argv[3], "--path") == 0) {
        puts(path);
        return 0;
    }
    if (st == OC_OK && !case_picture_path(&c, 0, image, sizeof(image), &c.recipe)) {
        printf("%s: skipped, none of its pictures is on this machine\n", c.name);
        return 77;
    }
    if (st == OC_OK && (st = net_open(&c, path, &a, &err)) == OC_OK &&
        (st = net_open(&c, argv[3], &b, &err)) == OC_OK)
        st = compare(&c, &a, &b, image, &good, &err);
    net_close(&a);
    net_close(&b);
    if (st != OC_OK)
        printf("%s: %s: %s\n", argv[2], oc_status_name(st), err.message);
    return st == OC_OK && good ? 0 : 1;
}
