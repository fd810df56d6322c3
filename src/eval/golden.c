#include "eval/golden.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/npy.h"
#include "eval/tensor_diff.h"

#define PATH_BYTES 4096
#define PORTS_MAX 64

typedef struct golden {
    oc_model         *model;
    oc_pool          *pool;
    const char       *folder, *name; /* of the case */
    double            absolute, relative;
    oc_gate_findings *out;
} golden;

static oc_status port_path(const golden *g, const char *part, const char *port, char *path,
                           oc_error *err)
{
    int n = snprintf(path, PATH_BYTES, "%s/%s/%s/%s.npy", g->folder, g->name, part, port);
    if (n < 0 || n >= PATH_BYTES)
        return OC_FAIL(err, OC_INVALID, "%.60s...: the path is too long", path);
    for (char *c = path + n - 4 - strlen(port); *c; c++)
        if (*c == '/' || *c == ':')
            *c = '_';
    return OC_OK;
}

static oc_status note(const golden *g, const char *port, const oc_tensor_diff *d,
                      const char *reason, oc_error *err)
{
    oc_gate_finding *f = oc_gate_find(g->out, !reason && d->beyond == 0);
    if (!f)
        return OC_FAIL(err, OC_NOMEM, "more than %zu outputs to judge", g->out->n);
    snprintf(f->figure, sizeof(f->figure), "%.60s/%.90s", g->name, port);
    snprintf(f->rule, sizeof(f->rule), "difference <= %g + %g |expected|", g->absolute,
             g->relative);
    if (reason) {
        snprintf(f->reason, sizeof(f->reason), "%.150s", reason);
        return OC_OK;
    }
    f->value = d->largest;
    f->bound = g->absolute + g->relative * d->largest_expected;
    if (d->beyond)
        snprintf(f->reason, sizeof(f->reason),
                 "%zu of %zu elements; the worst is element %zu, %g instead of %g", d->beyond,
                 d->elements, d->at, d->got, d->expected);
    return OC_OK;
}

static oc_status compare(const golden *g, const oc_port *port, const oc_tensor_view *got,
                         oc_error *err)
{
    char           path[PATH_BYTES];
    oc_tensor_view want = {0};
    oc_tensor_diff d;
    oc_error       why = {0};
    oc_status      st = port_path(g, "outputs", port->name, path, err);
    if (st != OC_OK)
        return st;
    if (access(path, F_OK) != 0)
        return note(g, port->name, NULL, "no file in outputs/ expects it", err);
    if ((st = oc_npy_load(path, &want, err)) != OC_OK)
        return st;
    st = oc_tensor_compare(got, &want, g->absolute, g->relative, &d, &why);
    oc_npy_free(&want);
    return note(g, port->name, &d, st == OC_OK ? NULL : why.message, err);
}

static bool is_npy(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".npy") == 0;
}

/* Files under outputs/ that no output of the network is called. */
static oc_status leftovers(const golden *g, const oc_port *ports, size_t n, oc_error *err)
{
    char           path[PATH_BYTES], port[PATH_BYTES];
    struct dirent *e;
    oc_status      st = OC_OK;
    snprintf(path, sizeof(path), "%s/%s/outputs", g->folder, g->name);
    DIR *dir = opendir(path);
    if (!dir)
        return OC_FAIL(err, OC_NOT_FOUND, "%s: %s", path, strerror(errno));
    while (st == OC_OK && (e = readdir(dir))) {
        bool known = !is_npy(e->d_name);
        for (size_t i = 0; i < n && !known && st == OC_OK; i++) {
            st = port_path(g, "outputs", ports[i].name, port, err);
            known = st == OC_OK && strcmp(strrchr(port, '/') + 1, e->d_name) == 0;
        }
        if (!known && st == OC_OK)
            st = note(g, e->d_name, NULL, "the network has no such output", err);
    }
    closedir(dir);
    return st;
}

static oc_status run_session(const golden *g, const oc_port *shapes, const oc_tensor_view *in,
                             size_t n_in, oc_error *err)
{
    oc_session        *session = NULL;
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    oc_tensor_view     out[PORTS_MAX] = {0};
    const oc_port     *ports;
    so.pool = g->pool;
    so.shapes = shapes;
    so.n_shapes = n_in;
    oc_status st = oc_session_create(g->model, &so, &session, err);
    if (st != OC_OK)
        return st;
    size_t n = oc_session_outputs(session, &ports);
    if (n > PORTS_MAX)
        st = OC_FAIL(err, OC_UNSUPPORTED, "%zu outputs, at most %d", n, PORTS_MAX);
    else
        st = oc_session_run(session, in, n_in, out, n, err);
    for (size_t i = 0; i < n && st == OC_OK; i++)
        st = compare(g, &ports[i], &out[i], err);
    if (st == OC_OK)
        st = leftovers(g, ports, n, err);
    oc_session_destroy(session);
    return st;
}

static oc_status run_case(const golden *g, oc_error *err)
{
    const oc_port *ports;
    oc_port        shapes[PORTS_MAX];
    oc_tensor_view in[PORTS_MAX] = {0};
    char           path[PATH_BYTES];
    const size_t   n = oc_model_inputs(g->model, &ports);
    oc_status      st = OC_OK;
    if (n > PORTS_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "%zu inputs, at most %d", n, PORTS_MAX);
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        if ((st = port_path(g, "inputs", ports[i].name, path, err)) == OC_OK)
            st = oc_npy_load(path, &in[i], err);
        shapes[i] = (oc_port){.name = ports[i].name, .info = in[i].info};
    }
    if (st == OC_OK && (st = run_session(g, shapes, in, n, err)) != OC_OK)
        oc_error_prefix(err, "%s/%s", g->folder, g->name);
    for (size_t i = 0; i < n; i++)
        oc_npy_free(&in[i]);
    return st;
}

static int is_case(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

oc_status oc_golden_run(const char *model, const char *folder, double absolute, double relative,
                        oc_pool *pool, oc_gate_findings *out, oc_error *err)
{
    golden g = {
        .pool = pool, .folder = folder, .absolute = absolute, .relative = relative, .out = out};
    struct dirent **names = NULL;
    struct stat     about;
    char            path[PATH_BYTES];
    size_t          cases = 0;
    oc_status       st = oc_model_load(model, &g.model, err);
    if (st != OC_OK)
        return st;
    int n = scandir(folder, &names, is_case, alphasort);
    if (n < 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < n && st == OC_OK; i++) {
        g.name = names[i]->d_name;
        snprintf(path, sizeof(path), "%s/%s", folder, g.name);
        if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
            continue;
        cases++;
        st = run_case(&g, err);
    }
    if (st == OC_OK && cases == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no folder of a case in it", folder);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    oc_model_unref(g.model);
    return st;
}
