/* Plan files: the checksums are made right first, so that what lies behind them is reached.  What is
 * not refused must run. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "plan/plan.h"
#include "runtime/state.h"

#define ARENA_MAX ((uint64_t)64 << 20)

static void run_once(oc_session *s)
{
    const oc_port   *in_ports, *out_ports;
    oc_session_stats stats = {.struct_size = sizeof(stats)};
    size_t n_in = oc_session_inputs(s, &in_ports), n_out = oc_session_outputs(s, &out_ports);
    oc_tensor_view *in = calloc(n_in + 1, sizeof(*in)), *out = calloc(n_out + 1, sizeof(*out));

    oc_session_stats_get(s, &stats);
    for (size_t i = 0; in && i < n_in; i++)
        in[i] = (oc_tensor_view){in_ports[i].info, oc_session_input_buffer(s, i)};
    if (in && out && stats.flops < 1e8 && stats.n_nodes < 1000)
        (void)!oc_session_run(s, in, n_in, out, n_out, NULL);
    free(in);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    oc_session        *s = NULL;
    oc_session_options o;
    oc_error           err = {0};
    unsigned char     *bytes = malloc(n + 1);

    if (!bytes || oc_session_begin(NULL, &o, &s, &err) != OC_OK)
        abort();
    memcpy(bytes, data, n);
    (void)oc_plan_reseal(bytes, n);
    o.arena_bytes_max = ARENA_MAX;
    oc_status st = oc_plan_parse(bytes, n, &s->plan, &err);
    if (st == OC_OK)
        st = oc_session_from_plan(s, &o, &err);
    if (st == OC_OK)
        run_once(s);
    else if (!err.message[0] || err.status != st)
        abort(); /* a refusal without a reason */
    oc_session_destroy(s);
    free(bytes);
    return 0;
}
