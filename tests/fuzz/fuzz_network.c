#include "fuzz_network.h"

#include <stdlib.h>
#include <string.h>

#include "ocellus/session.h"

#define PORTS_MAX 16
#define ARENA_MAX ((uint64_t)64 << 20)

static void run_once(oc_session *session)
{
    const oc_port   *in_ports, *out_ports;
    oc_tensor_view   in[PORTS_MAX], out[PORTS_MAX];
    oc_session_stats stats = {.struct_size = sizeof(stats)};
    size_t           n_in = oc_session_inputs(session, &in_ports);
    size_t           n_out = oc_session_outputs(session, &out_ports);
    oc_error         err;

    oc_session_stats_get(session, &stats);
    if (n_in > PORTS_MAX || n_out > PORTS_MAX || stats.flops > 1e8 || stats.n_nodes > 1000)
        return;
    for (size_t i = 0; i < n_in; i++) {
        size_t bytes;
        in[i] = (oc_tensor_view){in_ports[i].info, oc_session_input_buffer(session, i)};
        if (!oc_tensor_bytes(&in[i].info, &bytes) || !in[i].data)
            return;
        memset(in[i].data, 0, bytes);
    }
    for (size_t i = 0; i < n_out; i++)
        out[i] = (oc_tensor_view){.info = out_ports[i].info};
    (void)!oc_session_run(session, in, n_in, out, n_out, &err);
}

static void try_session(oc_model *model, int64_t dynamic)
{
    const oc_port *ports;
    oc_port        bound[PORTS_MAX];
    size_t         n = oc_model_inputs(model, &ports);
    oc_session    *session = NULL;
    oc_error       err;
    if (n > PORTS_MAX)
        return;
    for (size_t i = 0; i < n; i++) {
        bound[i] = ports[i];
        for (uint32_t k = 0; k < bound[i].info.shape.rank; k++)
            if (bound[i].info.shape.dim[k] < 0)
                bound[i].info.shape.dim[k] = dynamic;
    }
    oc_session_options options = OC_SESSION_OPTIONS_INIT;
    options.allow_dynamic = true;
    options.arena_bytes_max = ARENA_MAX;
    options.shapes = bound;
    options.n_shapes = n;
    if (oc_session_create(model, &options, &session, &err) == OC_OK)
        run_once(session);
    oc_session_destroy(session);
}

void fuzz_network(const char *name, const uint8_t *data, size_t n)
{
    oc_model *model = NULL;
    oc_error  err = {0};
    oc_status st = oc_model_load_memory(name, data, n, &model, &err);
    if (st == OC_OK)
        try_session(model, 3);
    else if (!err.message[0] || err.status != st)
        abort(); /* a refusal without a reason */
    oc_model_unref(model);
}
