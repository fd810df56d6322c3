/* eval_net.h -- the network that an evaluation runs: a card's, or the one a pipeline uses for that. */
#ifndef OC_CLI_EVAL_NET_H
#define OC_CLI_EVAL_NET_H

#include "cli/cli.h"
#include "cli/pictures.h"
#include "pipeline/config.h"
#include "vision/net.h"

typedef struct cli_eval_net {
    /* as given */
    const char *card, *model, *pipeline, *isa;
    uint64_t    threads;
    bool        plan_cache, allow_dynamic;
    /* open */
    oc_pipeline_config *config;
    oc_pool            *pool;
    oc_net             *net;
} cli_eval_net;

/* clang-format off */
#define CLI_EVAL_NET_OPTIONS(n)                                                          \
    {"--card", 's', &(n).card, "CARD", "the network: a card's name or path"},            \
    {"--model", 's', &(n).model, "M.onnx", "its file (where `models get` put it)"},      \
    {"--pipeline", 's', &(n).pipeline, "P.yaml", "or the network this pipeline uses"},   \
    {"--threads", 'u', &(n).threads, "N", "workers (one per processor)"},                \
    {"--isa", 's', &(n).isa, "NAME", "lower the kernels: ref, avx2, ..."},               \
    {"--allow-dynamic", 'f', &(n).allow_dynamic, NULL,                                   \
     "take sizes that the data decide and nothing limits"},                              \
    {"--plan-cache", 'f', &(n).plan_cache, NULL,                                         \
     "keep the network compiled in ~/.cache/ocellus/plans"}
/* clang-format on */

bool cli_eval_net_given(const cli_eval_net *n);
/* kind: what the network has to give; of a pipeline, OC_HEAD_DETECT is its detector and the others
 * its first recogniser of the kind.  score: as in oc_net_options.  OC_INVALID: it gives other
 * things, or the pipeline has none. */
OC_MUST_CHECK oc_status cli_eval_net_open(cli_eval_net *n, oc_head_kind kind, float score,
                                          oc_error *err);
void                    cli_eval_net_close(cli_eval_net *n); /* a zeroed one is fine */

/* Runs the network over pictures; `each` gets every result.  A line on a terminal tells how far it
 * is.  OC_CANCELLED after an interrupt. */
typedef oc_status       cli_eval_each(void *ctx, const cli_picture *picture, const oc_frame *frame,
                                      const oc_result *result, oc_error *err);
OC_MUST_CHECK oc_status cli_eval_net_run(cli_eval_net *n, const cli_pictures *pictures,
                                         cli_eval_each *each, void *ctx, oc_error *err);

/* A table of pictures with labels, or folders that are the labels. */
OC_MUST_CHECK oc_status cli_eval_pictures(const char *path, cli_pictures *out, oc_error *err);

#endif
