/* gallery.h -- what the actions of `ocellus gallery` share. */
#ifndef OC_CLI_GALLERY_H
#define OC_CLI_GALLERY_H

#include "cli/cli.h"
#include "cli/pictures.h"
#include "gallery/gallery.h"
#include "vision/net.h"

/* A network that makes embeddings, and who it is. */
typedef struct cli_embedder {
    oc_pool         *pool;
    oc_net          *net;
    char             sha256[65];
    oc_gallery_model model; /* points into this struct and the network */
} cli_embedder;

typedef struct cli_embedder_options {
    const char *card, *model, *isa;
    uint64_t    threads;
} cli_embedder_options;

/* clang-format off */
#define CLI_EMBEDDER_OPTIONS(o)                                                            \
    {"--model", 's', &(o).model, "M.onnx", "the card's network, where it lies elsewhere"}, \
    {"--threads", 'u', &(o).threads, "N", "worker threads (default: one per processor)"},  \
    {"--isa", 's', &(o).isa, "ref|avx2|...", "lower the kernels' instruction set"}
/* clang-format on */

/* e stays where it is until close: model points into it. */
OC_MUST_CHECK oc_status cli_embedder_open(const cli_embedder_options *options, cli_embedder *e,
                                          oc_error *err);
void                    cli_embedder_close(cli_embedder *e); /* a zeroed one is fine */
/* The embedding of a picture, valid until the next. */
OC_MUST_CHECK oc_status cli_embed(cli_embedder *e, const char *path, const float **out,
                                  oc_error *err);

/* Rules as options: what was not given stays as it is. */
typedef struct cli_rules {
    const char *by, *center;
    double      threshold; /* NaN: not given */
} cli_rules;

/* clang-format off */
#define CLI_RULES_OPTIONS(r)                                                                     \
    {"--by", 's', &(r).by, "nearest|centroid", "a label is as near as its nearest entry, or as " \
                                               "the mean of its entries"},                       \
    {"--center", 's', &(r).center, "on|off", "take the mean of all entries off first"},          \
    {"--threshold", 'd', &(r).threshold, "T", "similarity below which a picture is unknown"}
/* clang-format on */

bool cli_rules_given(const cli_rules *r);
/* -1, or the exit code after a message. */
int cli_rules_apply(const char *command, const cli_rules *r, oc_gallery_rules *rules);

/* Pictures from --csv, --folder and the command line: files with the label given, or none; folders
 * as after --folder. */
OC_MUST_CHECK oc_status cli_gallery_pictures(const char *csv, const char *folder,
                                             const char *const *images, size_t n_images,
                                             const char *label, cli_pictures *out, oc_error *err);

/* A line on a terminal that says how far it is; done == n wipes it. */
void cli_gallery_progress(const char *what, size_t done, size_t n);

/* "key":"text" */
void cli_json_pair(const char *key, const char *text);

int cli_gallery_enrol(int argc, char **argv);
int cli_gallery_list(int argc, char **argv);
int cli_gallery_search(int argc, char **argv);
int cli_gallery_remove(int argc, char **argv);
int cli_gallery_rules(int argc, char **argv);

#endif
