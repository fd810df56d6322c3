/* The engine of this project as a peer: caller's inputs are written into the session's own memory
 * once, outputs are read there. */
#include <stdlib.h>
#include <string.h>

#include "ocellus/plan.h"
#include "ocellus/session.h"
#include "ocellus/tune.h"
#include "peers/peer.h"

static struct {
    oc_pool       *pool;
    oc_tune       *tune;
    oc_session    *session;
    oc_tensor_view in[PEER_PORTS_MAX], out[PEER_PORTS_MAX];
    size_t         n_in, n_out;
} self;

const char *peer_version(void)
{
    return OC_VERSION;
}

bool peer_prepare(peer_reason *why)
{
    (void)why;
    return true;
}

static bool bind(const peer_job *job, peer_reason *why)
{
    const oc_port *ports;
    size_t         n = oc_session_inputs(self.session, &ports);
    if (n != (size_t)job->n_in)
        return peer_fail(why, "%zu inputs, %d are given", n, job->n_in);
    for (size_t i = 0; i < n; i++) {
        const peer_input *in = NULL;
        size_t            bytes = 0;
        for (int k = 0; k < job->n_in; k++)
            if (strcmp(job->in[k].name, ports[i].name) == 0)
                in = &job->in[k];
        if (!in || !oc_tensor_bytes(&ports[i].info, &bytes) || bytes != in->bytes)
            return peer_fail(why, "input '%s' takes %zu bytes", ports[i].name, bytes);
        self.in[i].info = ports[i].info;
        self.in[i].data = oc_session_input_buffer(self.session, i);
        memcpy(self.in[i].data, in->data, bytes);
    }
    self.n_in = n;
    self.n_out = oc_session_outputs(self.session, &ports);
    return self.n_out <= PEER_PORTS_MAX || peer_fail(why, "%zu outputs", self.n_out);
}

static oc_status open_session(const peer_job *job, const oc_session_options *options, oc_error *err)
{
    oc_model *model = NULL;
    oc_status st = OC_NOT_FOUND;
    if (job->plan)
        st = oc_plan_open(job->plan, job->model, options, &self.session, err);
    if (st != OC_NOT_FOUND || (st = oc_model_load(job->model, &model, err)) != OC_OK)
        return st;
    st = oc_session_create(model, options, &self.session, err);
    if (st == OC_OK && job->plan)
        st = oc_plan_save(self.session, job->plan, err);
    oc_model_unref(model); /* the session has what it needs */
    return st;
}

bool peer_open(const peer_job *job, peer_reason *why)
{
    oc_error           err = {0};
    oc_session_options options = OC_SESSION_OPTIONS_INIT;
    options.allow_dynamic = true;
    oc_port shapes[PEER_PORTS_MAX] = {{0}};
    if (job->fold || job->exact)
        return peer_fail(why, "has no such option");
    for (int i = 0; i < job->n_in; i++) {
        shapes[i].name = job->in[i].name;
        shapes[i].info.shape.rank = (uint32_t)job->in[i].rank;
        for (int k = 0; k < job->in[i].rank; k++)
            shapes[i].info.shape.dim[k] = job->in[i].dim[k];
    }
    options.shapes = shapes;
    options.n_shapes = (size_t)job->n_in;
    oc_status st = OC_OK;
    if (job->tuned)
        st = oc_tune_load(job->tuned, &self.tune, NULL, &err);
    options.tune = self.tune;
    if (st == OC_OK)
        st = oc_pool_create((unsigned)job->threads, &self.pool, &err);
    options.pool = self.pool;
    if (st == OC_OK)
        st = open_session(job, &options, &err);
    if (st != OC_OK)
        return peer_fail(why, "%s", err.message);
    return bind(job, why);
}

bool peer_run(peer_reason *why)
{
    oc_error err = {0};
    for (size_t i = 0; i < self.n_out; i++)
        self.out[i].data = NULL;
    return oc_session_run(self.session, self.in, self.n_in, self.out, self.n_out, &err) == OC_OK ||
           peer_fail(why, "%s", err.message);
}

bool peer_save(FILE *file, peer_reason *why)
{
    static const struct {
        oc_dtype  ours;
        peer_type type;
    } types[] = {{OC_F32, PEER_F32}, {OC_U8, PEER_U8}, {OC_I32, PEER_I32}, {OC_I64, PEER_I64}};
    for (size_t i = 0; i < self.n_out; i++) {
        size_t n;
        bool   known = false;
        for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++)
            if (types[k].ours == self.out[i].info.dtype)
                known = oc_shape_elements(&self.out[i].info.shape, &n) &&
                        peer_write(file, types[k].type, self.out[i].data, n);
        if (!known)
            return peer_fail(why, "output %zu cannot be written", i);
    }
    return true;
}

void peer_info(FILE *file)
{
    oc_session_stats stats = {.struct_size = sizeof(stats)};
    oc_session_stats_get(self.session, &stats);
    fprintf(file, " flops=%.0f weight_bytes=%llu arena_bytes=%llu", stats.flops,
            (unsigned long long)stats.weight_bytes, (unsigned long long)stats.arena_bytes);
}

void peer_close(void)
{
    oc_session_destroy(self.session);
    oc_pool_destroy(self.pool);
    oc_tune_destroy(self.tune);
}
