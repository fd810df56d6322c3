#include "quant/taps.h"

#include <stdlib.h>
#include <string.h>

#define SESSIONS_MAX 4

typedef struct bound {
    oc_session *session;
    oc_shape   *shape; /* [n_in] */
    uint64_t    used;
} bound;

struct q_runner {
    oc_model       *model;
    oc_pool        *pool;
    bound           bound[SESSIONS_MAX];
    uint64_t        clock;
    size_t          n_in, n_results;
    char          **names;  /* of results */
    oc_tensor_view *result; /* [n_results] */
    oc_tensor_view *out;    /* of the session */
    size_t          n_out;
    const oc_port  *ports;
};

static bool is_output(const oc_doc *doc, const char *name)
{
    for (size_t i = 0; i < doc->outputs.n; i++)
        if (!doc->outputs.item[i].dead && strcmp(doc->outputs.item[i].name, name) == 0)
            return true;
    return false;
}

static bool is_input(const oc_doc *doc, const char *name)
{
    for (size_t i = 0; i < doc->inputs.n; i++)
        if (!doc->inputs.item[i].dead && strcmp(doc->inputs.item[i].name, name) == 0)
            return true;
    return false;
}

/* The document with the values as outputs.  Values that are inputs cannot be: the caller has them. */
static oc_status tapped(const oc_doc *doc, const char *const *names, size_t n, oc_model **model,
                        oc_error *err)
{
    oc_doc   *copy = NULL;
    void     *bytes = NULL;
    size_t    size = 0;
    oc_status st = oc_doc_dup(doc, &copy, err);
    for (size_t i = 0; i < n && st == OC_OK; i++)
        if (!is_output(copy, names[i]) && !is_input(copy, names[i]))
            st = oc_doc_add_value(copy, &copy->outputs, names[i], OC_F32, NULL, err);
    if (st == OC_OK)
        st = oc_doc_bytes(copy, &bytes, &size, err);
    if (st == OC_OK)
        st = oc_model_load_memory("the network", bytes, size, model, err);
    free(bytes);
    oc_doc_destroy(copy);
    return st;
}

static oc_status note_names(q_runner *r, const oc_doc *doc, const char *const *names, size_t n,
                            bool outputs, oc_error *err)
{
    r->names = calloc(n + doc->outputs.n + 1, sizeof(*r->names));
    r->result = calloc(n + doc->outputs.n + 1, sizeof(*r->result));
    bool good = r->names && r->result;
    for (size_t i = 0; i < n && good; i++)
        good = (r->names[r->n_results++] = strdup(names[i])) != NULL;
    for (size_t i = 0; i < doc->outputs.n && outputs && good; i++)
        if (!doc->outputs.item[i].dead)
            good = (r->names[r->n_results++] = strdup(doc->outputs.item[i].name)) != NULL;
    return good ? OC_OK : OC_FAIL(err, OC_NOMEM, "names");
}

oc_status q_runner_create(const oc_doc *doc, const char *const *names, size_t n, bool outputs,
                          oc_pool *pool, q_runner **out, oc_error *err)
{
    q_runner *r = calloc(1, sizeof(*r));
    oc_status st = r ? tapped(doc, names, n, &r->model, err) : OC_FAIL(err, OC_NOMEM, "runner");
    if (st == OC_OK)
        st = note_names(r, doc, names, n, outputs, err);
    if (st != OC_OK) {
        q_runner_destroy(r);
        return st;
    }
    r->pool = pool;
    r->n_in = oc_model_inputs(r->model, &r->ports);
    *out = r;
    return OC_OK;
}

void q_runner_destroy(q_runner *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        oc_session_destroy(r->bound[i].session);
        free(r->bound[i].shape);
    }
    oc_model_unref(r->model);
    for (size_t i = 0; r->names && i < r->n_results; i++)
        free(r->names[i]);
    free(r->names);
    free(r->result);
    free(r->out);
    free(r);
}

size_t q_runner_results(const q_runner *r)
{
    return r->n_results;
}

const char *q_runner_name(const q_runner *r, size_t i)
{
    return r->names[i];
}

size_t q_runner_inputs(const q_runner *r, const oc_port **ports)
{
    *ports = r->ports;
    return r->n_in;
}

static bool fits(const q_runner *r, const bound *b, const oc_tensor_view *in)
{
    for (size_t i = 0; i < r->n_in; i++)
        if (!b->session || !oc_shape_equal(&b->shape[i], &in[i].info.shape))
            return false;
    return b->session != NULL;
}

static oc_status bind(q_runner *r, bound *b, const oc_tensor_view *in, oc_error *err)
{
    oc_port           *shapes = calloc(r->n_in + 1, sizeof(*shapes));
    oc_session_options o = OC_SESSION_OPTIONS_INIT;
    oc_session_destroy(b->session);
    b->session = NULL;
    if (!b->shape)
        b->shape = calloc(r->n_in + 1, sizeof(*b->shape));
    if (!shapes || !b->shape) {
        free(shapes);
        return OC_FAIL(err, OC_NOMEM, "session");
    }
    for (size_t i = 0; i < r->n_in; i++) {
        shapes[i] = (oc_port){.name = r->ports[i].name, .info = in[i].info};
        b->shape[i] = in[i].info.shape;
    }
    o.pool = r->pool;
    o.shapes = shapes;
    o.n_shapes = r->n_in;
    oc_status st = oc_session_create(r->model, &o, &b->session, err);
    free(shapes);
    return st;
}

static oc_status session_for(q_runner *r, const oc_tensor_view *in, oc_session **out, oc_error *err)
{
    bound *oldest = &r->bound[0];
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        bound *b = &r->bound[i];
        if (fits(r, b, in)) {
            b->used = ++r->clock;
            *out = b->session;
            return OC_OK;
        }
        if (b->used < oldest->used)
            oldest = b;
    }
    oc_status st = bind(r, oldest, in, err);
    oldest->used = ++r->clock;
    *out = oldest->session;
    return st;
}

/* The session's results and the inputs, by name. */
static oc_status sort_results(q_runner *r, oc_session *s, const oc_tensor_view *in, oc_error *err)
{
    const oc_port *ports;
    const size_t   n = oc_session_outputs(s, &ports);
    for (size_t i = 0; i < r->n_results; i++) {
        bool found = false;
        for (size_t k = 0; k < n && !found; k++)
            if ((found = strcmp(ports[k].name, r->names[i]) == 0))
                r->result[i] = r->out[k];
        for (size_t k = 0; k < r->n_in && !found; k++)
            if ((found = strcmp(r->ports[k].name, r->names[i]) == 0))
                r->result[i] = in[k];
        if (!found)
            return OC_FAIL(err, OC_INVALID, "value '%.80s' cannot be looked at", r->names[i]);
    }
    return OC_OK;
}

oc_status q_runner_run(q_runner *r, const oc_tensor_view *in, const oc_tensor_view **results,
                       oc_error *err)
{
    oc_session    *s = NULL;
    const oc_port *ports;
    oc_status      st = session_for(r, in, &s, err);
    if (st != OC_OK)
        return st;
    const size_t n = oc_session_outputs(s, &ports);
    if (n > r->n_out) {
        oc_tensor_view *more = reallocarray(r->out, n, sizeof(*more));
        if (!more)
            return OC_FAIL(err, OC_NOMEM, "results");
        r->out = more;
        r->n_out = n;
    }
    memset(r->out, 0, n * sizeof(*r->out));
    if ((st = oc_session_run(s, in, r->n_in, r->out, n, err)) == OC_OK &&
        (st = sort_results(r, s, in, err)) == OC_OK)
        *results = r->result;
    return st;
}
