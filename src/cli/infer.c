/* ocellus infer: one run on .npy inputs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/network.h"
#include "data/npy.h"

#define INPUTS_MAX 64

typedef struct given {
    oc_port        port; /* name points into text */
    char          *text;
    oc_tensor_view view;
} given;

static oc_status load_input(const char *argument, given *g, oc_error *err)
{
    if (!(g->text = strdup(argument)))
        return OC_FAIL(err, OC_NOMEM, "input");
    char *equals = strchr(g->text, '=');
    if (!equals || equals == g->text || !equals[1])
        return OC_FAIL(err, OC_INVALID, "'%.80s' is not NAME=FILE.npy", argument);
    *equals = 0;
    oc_status st = oc_npy_load(equals + 1, &g->view, err);
    g->port = (oc_port){.name = g->text, .info = g->view.info};
    return st;
}

/* Views in the session's order; an input not given is an error that names it. */
static oc_status order_inputs(const oc_session *s, const given *g, size_t n, oc_tensor_view *in,
                              oc_error *err)
{
    const oc_port *ports;
    size_t         n_in = oc_session_inputs(s, &ports);
    if (n_in > INPUTS_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "more than %d inputs", INPUTS_MAX);
    for (size_t i = 0; i < n_in; i++) {
        for (size_t k = 0; k < n; k++)
            if (strcmp(g[k].port.name, ports[i].name) == 0)
                in[i] = g[k].view;
        if (!in[i].data)
            return OC_FAIL(err, OC_INVALID, "input '%.80s' is not given", ports[i].name);
    }
    return OC_OK;
}

static oc_status save_output(const char *folder, const oc_port *port, const oc_tensor_view *view,
                             char *path, size_t path_bytes, oc_error *err)
{
    int n = snprintf(path, path_bytes, "%s/", folder);
    for (const char *p = port->name; *p && (size_t)n + 8 < path_bytes; p++)
        path[n++] = *p == '/' || *p == ':' ? '_' : *p;
    snprintf(path + n, path_bytes - (size_t)n, ".npy");
    return oc_npy_save(path, view, err);
}

static void describe(const oc_port *port, const oc_tensor_view *v, const char *path, bool json,
                     bool first)
{
    char shape[96];
    if (!json) {
        printf("%-32s %s %s%s%s\n", port->name, oc_dtype_name(v->info.dtype),
               oc_shape_text(&v->info.shape, shape, sizeof(shape)), path ? "  -> " : "",
               path ? path : "");
        return;
    }
    printf("%s{\"name\":", first ? "" : ",");
    cli_json_text(stdout, port->name);
    printf(",\"dtype\":\"%s\",\"shape\":[", oc_dtype_name(v->info.dtype));
    for (uint32_t d = 0; d < v->info.shape.rank; d++)
        printf("%s%lld", d ? "," : "", (long long)v->info.shape.dim[d]);
    printf("]");
    if (path) {
        printf(",\"file\":");
        cli_json_text(stdout, path);
    }
    printf("}");
}

static oc_status report(const cli_network *net, const oc_tensor_view *out, const char *folder,
                        bool json, oc_error *err)
{
    const oc_port *ports;
    size_t         n = oc_session_outputs(net->session, &ports);
    oc_status      st = OC_OK;
    char(*paths)[4096] = calloc(n, sizeof(*paths));
    if (!paths)
        return OC_FAIL(err, OC_NOMEM, "outputs");
    if (folder && mkdir(folder, 0777) != 0 && errno != EEXIST)
        st = OC_FAIL(err, OC_IO, "%s: %s", folder, strerror(errno));
    for (size_t i = 0; i < n && folder && st == OC_OK; i++)
        st = save_output(folder, &ports[i], &out[i], paths[i], sizeof(paths[i]), err);
    if (json && st == OC_OK)
        printf("{\"outputs\":[");
    for (size_t i = 0; i < n && st == OC_OK; i++)
        describe(&ports[i], &out[i], folder ? paths[i] : NULL, json, i == 0);
    if (json && st == OC_OK)
        printf("]}\n");
    free(paths);
    return st;
}

static oc_status infer(const char *path, const cli_network_options *no, const cli_texts *inputs,
                       const char *folder, bool json, oc_error *err)
{
    given          *g = calloc(inputs->n + 1, sizeof(*g));
    oc_port        *shapes = calloc(inputs->n + 1, sizeof(*shapes));
    oc_tensor_view *in = calloc(INPUTS_MAX, sizeof(*in)), *out = NULL;
    cli_network     net = {0};
    const oc_port  *ports;
    oc_status       st = g && shapes && in ? OC_OK : OC_FAIL(err, OC_NOMEM, "inputs");
    for (size_t i = 0; i < inputs->n && st == OC_OK; i++) {
        st = load_input(inputs->item[i], &g[i], err);
        shapes[i] = g[i].port;
    }
    if (st != OC_OK || (st = cli_network_open(path, no, shapes, inputs->n, &net, err)) != OC_OK ||
        (st = order_inputs(net.session, g, inputs->n, in, err)) != OC_OK)
        goto out;
    size_t n_in = oc_session_inputs(net.session, &ports);
    size_t n_out = oc_session_outputs(net.session, &ports);
    if (!(out = calloc(n_out, sizeof(*out)))) {
        st = OC_FAIL(err, OC_NOMEM, "outputs");
        goto out;
    }
    if ((st = oc_session_run(net.session, in, n_in, out, n_out, err)) == OC_OK)
        st = report(&net, out, folder, json, err);
out:
    cli_network_close(&net);
    for (size_t i = 0; g && i < inputs->n; i++) {
        oc_npy_free(&g[i].view);
        free(g[i].text);
    }
    free(g);
    free(shapes);
    free(in);
    free(out);
    return st;
}

int oc_cmd_infer(int argc, char **argv);

int oc_cmd_infer(int argc, char **argv)
{
    cli_network_options no = {0};
    cli_texts           inputs = {0};
    const char         *folder = NULL, *pos[1];
    bool                json = false;
    size_t              n_pos;
    oc_error            err = {0};
    const cli_option    options[] = {
           {"--input", 'S', &inputs, "NAME=F.npy", "an input; its shape binds open dimensions"},
           {"--output", 's', &folder, "DIR", "write DIR/<output>.npy ('/' and ':' become '_')"},
           CLI_NETWORK_OPTIONS(no),
           CLI_PLAN_OPTION(no),
           CLI_MEMORY_OPTION(no),
           CLI_TUNED_OPTION(no),
           {"--json", 'f', &json, NULL, "one JSON document on stdout"},
           {0}};
    const cli_command command = {"infer", "MODEL", "Runs a network once.", options, 1, 1};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    return infer(pos[0], &no, &inputs, folder, json, &err) == OC_OK ? CLI_DONE
                                                                    : cli_fail("infer", &err);
}
