/* card.h -- models/<name>/card.yaml: where a network comes from, how its input is made, how its
 * outputs are read.  docs/cards.md describes the keys. */
#ifndef OC_VISION_CARD_H
#define OC_VISION_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "media/to_tensor.h"
#include "ocellus/detect.h"
#include "ocellus/status.h"
#include "vision/head.h"

#define OC_CARD_MEMBERS_MAX 8
#define OC_CARD_BUCKETS_MAX 16

typedef enum oc_origin { OC_ORIGIN_NPM, OC_ORIGIN_APT, OC_ORIGIN_URL } oc_origin;

/* One file of an archive (npm, apt: path inside it), or the one a URL names. */
typedef struct oc_card_member {
    const char *path;
    const char *file;   /* name in the cache folder: the last part of path, unless the card says */
    const char *sha256; /* 64 hex digits; of the part, where only one is wanted */
    int64_t     from, to; /* bytes [from, to) of the packed file; 0, 0: all of it */
} oc_card_member;

typedef struct oc_card_source {
    oc_origin      origin;
    const char    *package; /* npm, apt */
    const char    *version; /* npm; may be NULL for apt */
    const char    *url;     /* url */
    oc_card_member members[OC_CARD_MEMBERS_MAX];
    size_t         n_members;
    /* Converted networks: `convert` names the tool ("tfjs"), which is given the first member, the
     * output and the options. */
    const char *convert; /* NULL: the first member is the network */
    const char *options[16];
    size_t      n_options;
    const char *file;      /* the network's name in the cache folder */
    const char *sha256;    /* of that file; NULL where a converter's output is not pinned */
    const char *mirror[4]; /* other names under which a mirror folder may have the network */
    size_t      n_mirror;
} oc_card_source;

typedef struct oc_card_size {
    int32_t width, height;
} oc_card_size;

typedef struct oc_card {
    oc_arena    arena; /* owns all texts below */
    oc_yaml    *doc;
    const char *path;   /* of card.yaml */
    const char *folder; /* where it stands */
    const char *name;
    const char *title;
    const char *licence;
    bool        allow_dynamic; /* as in oc_session_options */

    oc_card_source source;

    const char          *input; /* name; NULL = the only one there is */
    oc_to_tensor_options image; /* of the first size; .dtype is F32 where `half` */
    bool                 half;  /* the network takes f16 */
    bool                 dynamic;
    oc_card_size         sizes[OC_CARD_BUCKETS_MAX]; /* one, or the shape buckets */
    size_t               n_sizes;
    /* How a crop is made from an object's box: grown about its centre. */
    float crop_scale;  /* 1 = as it is */
    float crop_aspect; /* width over height that the shorter side is grown to; 0 = any */

    const oc_head_ops *head;
    void              *head_params;

    const char **labels; /* NULL when the card has none, or oc_card_labels was not called yet */
    size_t       n_labels;
    const char  *labels_file; /* beside the card, or beside the network */
    const char **point_names; /* of key-points; NULL when the card has none */
    size_t       n_point_names;
} oc_card;

/* path: of the card, or of the folder with its card.yaml.
 * OC_IO, OC_FORMAT: "models/x/card.yaml:12:3: reason". */
OC_MUST_CHECK oc_status oc_card_load(const char *path, oc_card **out, oc_error *err);
/* From memory; labels files are looked for in `folder`. */
OC_MUST_CHECK oc_status oc_card_load_memory(const char *name, const char *folder, const void *text,
                                            size_t bytes, oc_card **out, oc_error *err);
void                    oc_card_destroy(oc_card *card); /* NULL is fine */

/* Reads the labels file where it was not beside the card: from the folder of `model_path`. */
OC_MUST_CHECK oc_status oc_card_labels(oc_card *card, const char *model_path, oc_error *err);
/* labels[i], or "#i" written into text. */
const char *oc_card_label(const oc_card *card, uint32_t i, char *text, size_t text_bytes);

/* The size to use for a picture: the smallest that keeps as much of its resolution as any does. */
size_t oc_card_pick_size(const oc_card *card, float width, float height);
/* An object's box, grown as the card says. */
oc_box oc_card_crop(const oc_card *card, oc_box box);

#endif
