/* network.h -- loading a network the way infer, bench and inspect do. */
#ifndef OC_CLI_NETWORK_H
#define OC_CLI_NETWORK_H

#include "cli/cli.h"

typedef struct cli_network {
    oc_pool    *pool;
    const char *path;  /* borrowed */
    oc_model   *model; /* NULL: from a plan */
    oc_session *session;
    double      load_ms;
} cli_network;

typedef struct cli_network_options {
    uint64_t    threads; /* 0: all */
    const char *backend, *isa;
    cli_texts   shapes; /* NAME=1x3x320x320 */
    bool        no_fusion, tuned;
    bool        allow_dynamic;    /* values without a bound */
    const char *plan;             /* load this plan of the network */
    bool        plan_cache;       /* or one of the user's cache, made when it is missed */
    uint64_t    memory_bytes_max; /* 0: no limit */
} cli_network_options;

/* shapes: more bound inputs (of .npy files); --shape comes first.  Warnings go to stderr. */
OC_MUST_CHECK oc_status cli_network_open(const char *path, const cli_network_options *options,
                                         const oc_port *shapes, size_t n_shapes, cli_network *out,
                                         oc_error *err);
/* One more session of the open network, with the same options, and kernels by `tune` (may be NULL). */
OC_MUST_CHECK oc_status cli_network_session(const cli_network         *net,
                                            const cli_network_options *options, const oc_tune *tune,
                                            oc_session **out, oc_error *err);
void                    cli_network_close(cli_network *net); /* a zeroed one is fine */

double cli_now_ms(void); /* monotonic */

/* (i mod 255) / 255 in the tensor's own type: integers get i mod 255. */
void cli_fill(void *data, const oc_tensor_info *info);

/* Lines of a cli_option table for these options. */
#define CLI_TUNED_OPTION(o)                                           \
    {                                                                 \
        "--tuned", 'f', &(o).tuned, NULL,                             \
            "take the kernels that 'ocellus tune' found the quickest" \
    }

#define CLI_PLAN_OPTION(o)                                                               \
    {"--plan", 's', &(o).plan, "F.ocplan", "load what 'ocellus compile' made of MODEL"}, \
    {                                                                                    \
        "--plan-cache", 'f', &(o).plan_cache, NULL,                                      \
            "keep a plan in ~/.cache/ocellus/plans and load that the next time"          \
    }

#define CLI_MEMORY_OPTION(o)                                                                        \
    {                                                                                               \
        "--memory-max", 'u', &(o).memory_bytes_max, "BYTES",                                        \
            "limit of weights, activations, inputs and outputs: kernels give way, or it is refused" \
    }

#define CLI_NETWORK_OPTIONS(o)                                                            \
    {"--threads", 'u', &(o).threads, "N", "worker threads (default: one per processor)"}, \
        {"--shape", 'S', &(o).shapes, "NAME=1x3x320x320", "bind an input's shape"},       \
        {"--backend", 's', &(o).backend, "B", "where to run (default: cpu)"},             \
        {"--isa", 's', &(o).isa, "ref|avx2|...", "lower the kernels' instruction set"},   \
        {"--allow-dynamic", 'f', &(o).allow_dynamic, NULL,                                \
         "take sizes that the data decide and nothing limits"},                           \
    {                                                                                     \
        "--no-fusion", 'f', &(o).no_fusion, NULL, "run the graph as the file has it"      \
    }

#endif
