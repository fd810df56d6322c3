/* ocellus inspect: what a network is made of, and what the passes make of it. */
#include <stdlib.h>
#include <string.h>

#include "cli/network.h"
#include "runtime/prepare.h"
#include "runtime/watch.h"

static void print_ports(const char *what, const oc_port *ports, size_t n, bool json)
{
    char shape[96];
    if (json)
        printf("\"%s\":[", what);
    for (size_t i = 0; i < n; i++) {
        oc_shape_text(&ports[i].info.shape, shape, sizeof(shape));
        if (!json) {
            printf("%-8s %-36s %s %s\n", i ? "" : what, ports[i].name,
                   oc_dtype_name(ports[i].info.dtype), shape);
            continue;
        }
        printf("%s{\"name\":", i ? "," : "");
        cli_json_text(stdout, ports[i].name);
        printf(",\"dtype\":\"%s\",\"shape\":\"%s\"}", oc_dtype_name(ports[i].info.dtype), shape);
    }
    if (json)
        printf("],");
}

typedef struct op_count {
    const char *name;
    size_t      n;
} op_count;

static int by_count(const void *a, const void *b)
{
    const op_count *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->name, y->name);
}

static size_t count_operators(const oc_graph *g, op_count *out)
{
    size_t n = 0, k;
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        for (k = 0; k < n && strcmp(out[k].name, g->nodes[i].op_type) != 0; k++)
            ;
        if (k == n)
            out[n++].name = g->nodes[i].op_type;
        out[k].n++;
    }
    qsort(out, n, sizeof(*out), by_count);
    return n;
}

static oc_status print_operators(const oc_graph *g, bool json, oc_error *err)
{
    op_count *ops = calloc((size_t)g->n_nodes + 1, sizeof(*ops));
    if (!ops)
        return OC_FAIL(err, OC_NOMEM, "inspect");
    size_t n = count_operators(g, ops);
    if (json)
        printf("\"nodes\":%u,\"operators\":{", g->n_nodes);
    else
        printf("nodes    %u\n", g->n_nodes);
    for (size_t i = 0; i < n; i++) {
        if (json) {
            printf("%s", i ? "," : "");
            cli_json_text(stdout, ops[i].name);
            printf(":%zu", ops[i].n);
        } else {
            printf("%8zu %s\n", ops[i].n, ops[i].name);
        }
    }
    if (json)
        printf("}");
    free(ops);
    return OC_OK;
}

static void on_pass(void *ctx, const oc_pass *pass, const oc_graph *g)
{
    bool *json = ctx;
    if (*json)
        printf("%s{\"pass\":\"%s\",\"nodes\":%u}", pass ? "," : "", pass ? pass->name : "import",
               g->n_nodes);
    else
        printf("%-12s %5u nodes   %s\n", pass ? pass->name : "import", g->n_nodes,
               pass ? pass->what : "as the file has it");
}

/* Which kernel of which serves a step, by the name of its node. */
typedef struct kernel_list {
    struct kernel_line {
        char name[96], op[32], kernels[200]; /* the one that serves, then the others in brackets */
    } * line;
    size_t n, cap;
} kernel_list;

static void take_kernel(void *ctx, const oc_step_view *s)
{
    kernel_list *list = ctx;
    if (!s->kernel || list->n == list->cap)
        return;
    struct kernel_line *l = &list->line[list->n++];
    snprintf(l->name, sizeof(l->name), "%s", s->name);
    snprintf(l->op, sizeof(l->op), "%s", s->op_type);
    size_t at = (size_t)snprintf(l->kernels, sizeof(l->kernels), "%s", s->kernel);
    for (uint32_t k = 0; k < s->n_kernels && at + 40 < sizeof(l->kernels); k++)
        if (s->kernels[k] != s->kernel)
            at +=
                (size_t)snprintf(l->kernels + at, sizeof(l->kernels) - at, " (%s)", s->kernels[k]);
}

static oc_status list_kernels(const char *path, const cli_network_options *no, kernel_list *list,
                              oc_error *err)
{
    cli_network      net = {0};
    oc_session_stats stats = {.struct_size = sizeof(stats)};
    oc_status        st = cli_network_open(path, no, NULL, 0, &net, err);
    if (st != OC_OK)
        return st;
    oc_session_stats_get(net.session, &stats);
    list->cap = stats.n_nodes;
    list->line = calloc(list->cap + 1, sizeof(*list->line));
    if (list->line)
        oc_session_describe(net.session, take_kernel, list);
    else
        st = OC_FAIL(err, OC_NOMEM, "inspect");
    cli_network_close(&net);
    return st;
}

static const char *kernel_of(const kernel_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strncmp(list->line[i].name, name, sizeof(list->line[i].name) - 1) == 0)
            return list->line[i].kernels;
    return "";
}

static void print_kernels_json(const kernel_list *list)
{
    printf(",\"kernels\":[");
    for (size_t i = 0; i < list->n; i++) {
        printf("%s{\"name\":", i ? "," : "");
        cli_json_text(stdout, list->line[i].name);
        printf(",\"op\":\"%s\",\"kernel\":\"%s\"}", list->line[i].op, list->line[i].kernels);
    }
    printf("]");
}

static void print_node(const oc_graph *g, const oc_node *n, const char *kernel)
{
    char                     shape[96];
    static const char *const acts[] = {"",         "+relu", "+clip",        "+leaky",
                                       "+sigmoid", "+silu", "+hardsigmoid", "+hardswish",
                                       "+tanh",    "+gelu", "+mish"};
    const oc_value *out = n->n_out && n->out[0] != OC_VID_NONE ? &g->values[n->out[0]] : NULL;
    printf("  %s%s%s -> %s%s  %.60s%s%s\n", n->op_type, n->add ? "+add" : "", acts[n->act.kind],
           out ? oc_shape_text(&out->info.shape, shape, sizeof(shape)) : "",
           out && out->layout == OC_LAYOUT_NC8 ? " blocked" : "", n->name, *kernel ? "  by " : "",
           kernel);
}

/* Session options with the shapes of the command line. */
typedef struct bound_shapes {
    oc_session_options so;
    oc_port            shapes[64];
    char              *texts[64];
} bound_shapes;

static oc_status read_shapes(const cli_network_options *no, bound_shapes *out, oc_error *err)
{
    oc_status st = OC_OK;
    *out = (bound_shapes){.so = OC_SESSION_OPTIONS_INIT};
    for (size_t i = 0; i < no->shapes.n && st == OC_OK; i++) {
        if (!(out->texts[i] = strdup(no->shapes.item[i])))
            st = OC_FAIL(err, OC_NOMEM, "shapes");
        else
            st = cli_shape(out->texts[i], &out->shapes[i], err);
    }
    out->so.shapes = out->shapes;
    out->so.n_shapes = no->shapes.n;
    out->so.isa = no->isa;
    out->so.no_fusion = no->no_fusion;
    out->so.allow_dynamic = no->allow_dynamic;
    return st;
}

static void drop_shapes(bound_shapes *shapes)
{
    for (size_t i = 0; i < 64; i++)
        free(shapes->texts[i]);
}

static void print_late(const oc_graph *g, bool json)
{
    bool any = false;
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        const oc_value *v = &g->values[g->outputs[i]];
        char            shape[96];
        if (!v->late)
            continue;
        if (v->most)
            oc_shape_text(&v->most->info.shape, shape, sizeof(shape));
        if (!json) {
            printf("%-8s %-36s %s\n", any ? "" : "at most", v->name, v->most ? shape : "no bound");
        } else {
            printf(any ? ",{\"name\":" : ",\"at_most\":[{\"name\":");
            cli_json_text(stdout, v->name);
            printf(v->most ? ",\"shape\":\"%s\"}" : ",\"shape\":null}", shape);
        }
        any = true;
    }
    if (any && json)
        printf("]");
}

/* Outputs whose size the data decide, and what limits it.  Said where shapes are bound: what else is
 * wrong with the network is not asked here. */
static void print_bounds(const oc_model *model, const cli_network_options *no, bool json)
{
    bound_shapes s;
    oc_graph    *g = NULL;
    oc_error     why = {0}, quiet;
    oc_status    st = read_shapes(no, &s, &quiet);
    s.so.no_fusion = true;
    s.so.allow_dynamic = false;
    if (st == OC_OK &&
        oc_prepare_graph(model, &s.so, true, NULL, NULL, &g, &why) == OC_UNSUPPORTED) {
        s.so.allow_dynamic = true;
        if (oc_prepare_graph(model, &s.so, true, NULL, NULL, &g, &quiet) == OC_OK) {
            if (json) {
                printf(",\"no_bound\":");
                cli_json_text(stdout, why.message);
            } else {
                printf("no bound %s\n", why.message);
            }
        }
    }
    if (g)
        print_late(g, json);
    oc_graph_destroy(g);
    drop_shapes(&s);
}

static oc_status print_passes(const oc_model *model, const cli_network_options *no,
                              const kernel_list *kernels, bool json, oc_error *err)
{
    bound_shapes s;
    oc_graph    *g = NULL;
    oc_status    st = read_shapes(no, &s, err);
    if (json)
        printf(",\"passes\":[");
    if (st == OC_OK)
        st = oc_prepare_graph(model, &s.so, true, on_pass, &json, &g, err);
    if (json)
        printf("]");
    for (uint32_t i = 0; st == OC_OK && kernels && !json && i < g->n_nodes; i++)
        print_node(g, &g->nodes[i], kernel_of(kernels, g->nodes[i].name));
    oc_graph_destroy(g);
    drop_shapes(&s);
    return st;
}

int oc_cmd_inspect(int argc, char **argv);

int oc_cmd_inspect(int argc, char **argv)
{
    cli_network_options no = {0};
    oc_model           *model = NULL;
    const oc_port      *ports;
    const char         *pos[1];
    bool                json = false, passes = false, kernels = false;
    size_t              n_pos;
    oc_error            err = {0};
    const cli_option    options[] = {
           {"--passes", 'f', &passes, NULL, "what every graph pass leaves"},
           {"--kernels", 'f', &kernels, NULL, "the steps that will run: fusions, layouts, kernels"},
           CLI_NETWORK_OPTIONS(no),
           CLI_TUNED_OPTION(no),
           {"--json", 'f', &json, NULL, "one JSON document on stdout"},
           {0}};
    const cli_command command = {"inspect", "MODEL", "Shows what a network is made of.",
                                 options,   1,       1};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    oc_status st = oc_model_load(pos[0], &model, &err);
    if (st != OC_OK)
        return cli_fail("inspect", &err);
    for (size_t i = 0; oc_model_warning(model, i); i++)
        fprintf(stderr, "warning: %s: %s\n", pos[0], oc_model_warning(model, i));
    if (json)
        printf("{");
    size_t n = oc_model_inputs(model, &ports);
    print_ports("inputs", ports, n, json);
    n = oc_model_outputs(model, &ports);
    print_ports("outputs", ports, n, json);
    st = print_operators(oc_model_peek_graph(model), json, &err);
    kernel_list list = {0};
    if (st == OC_OK)
        print_bounds(model, &no, json);
    if (st == OC_OK && kernels)
        st = list_kernels(pos[0], &no, &list, &err);
    if (st == OC_OK && (passes || kernels))
        st = print_passes(model, &no, kernels ? &list : NULL, json, &err);
    if (json && kernels)
        print_kernels_json(&list);
    free(list.line);
    if (json)
        printf("}\n");
    oc_model_unref(model);
    if (st != OC_OK)
        oc_error_prefix(&err, "%s", pos[0]);
    return st == OC_OK ? CLI_DONE : cli_fail("inspect", &err);
}
