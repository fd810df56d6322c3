/* recognise.h -- second looks at tracks: key-points with posture, text, class, gallery.
 *
 * A track is looked at when it is worth it: new, grown, sharper, or not looked at for a while; at
 * most `per_frame` a frame, the new ones first. */
#ifndef OC_PIPELINE_RECOGNISE_H
#define OC_PIPELINE_RECOGNISE_H

#include "pipeline/objects.h"
#include "pipeline/observer.h"
#include "vision/net.h"

/* The nearest known thing to an embedding. */
typedef struct oc_nearest {
    void *ctx;
    /* label: "" when there is none.  similarity: cosine, -1..1.  Allocates nothing. */
    oc_status (*find)(void *ctx, const float *embedding, size_t n, char *label, size_t label_bytes,
                      float *similarity, oc_error *err);
    void (*close)(void *ctx);
} oc_nearest;

/* Opens what `gallery:` names; its entries must be embeddings, n elements each, of the card
 * `network` with the network file `model`. */
typedef oc_status oc_nearest_open_fn(const char *path, const char *network, const char *model,
                                     size_t n, oc_nearest *out, oc_error *err);

/* That of src/gallery: one file, searched exactly; what is enrolled meanwhile counts at once.
 * OC_NOT_FOUND: no such file. */
OC_MUST_CHECK oc_status oc_nearest_gallery(const char *path, const char *network, const char *model,
                                           size_t n, oc_nearest *out, oc_error *err);

typedef struct oc_recogniser {
    const oc_recognise_config *config;
    oc_net                    *net;
    oc_nearest                 nearest;
    uint8_t                   *labels; /* [n_labels] of tracks to look at; NULL = all */
    size_t                     n_labels;
    uint32_t                   per_frame; /* looks at most; the config's, or fewer; 0 = off */
    uint32_t                   order[64]; /* scratch: chosen objects */
    uint64_t                   skipped;   /* the scheduler had no time for them */
    uint64_t                   looks;
    oc_observers              *observers; /* told of runs and embeddings; NULL = nobody */
} oc_recogniser;

/* Checks that the network's head gives what the kind needs.  gallery: instead of the config's, or
 * NULL. */
OC_MUST_CHECK oc_status oc_recogniser_init(oc_recogniser *r, const oc_recognise_config *config,
                                           const oc_net_options *net, const char *gallery,
                                           oc_nearest_open_fn *open, oc_error *err);
void                    oc_recogniser_finish(oc_recogniser *r); /* a zeroed one is fine */

/* Looks at some of the objects.  changed: called for each whose decided value is another one now.
 * Allocates nothing (of its own) once the frame's size is known. */
typedef void            oc_recognised_fn(void *ctx, const oc_object *object, size_t recogniser);
OC_MUST_CHECK oc_status oc_recogniser_run(oc_recogniser *r, size_t index, const oc_frame *frame,
                                          oc_objects *objects, double time_s,
                                          oc_recognised_fn *changed, void *ctx, oc_error *err);

/* Mean gradient of the luma in the box, 0 for formats without a luma plane. */
float oc_sharpness(const oc_frame *frame, const oc_box *box);

#endif
