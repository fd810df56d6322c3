/* detector.h -- things found in pictures: a network and its card in one object.
 *
 * A card (models/<name>/card.yaml) says how the network's input is made of a picture and how its
 * outputs are read; docs/cards.md describes it. */
#ifndef OCELLUS_DETECTOR_H
#define OCELLUS_DETECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "ocellus/detect.h"
#include "ocellus/session.h"
#include "ocellus/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oc_detector oc_detector;

typedef struct oc_detector_options {
    uint32_t    struct_size; /* sizeof(oc_detector_options) */
    oc_pool    *pool;        /* borrowed for the detector's life; NULL = the caller's thread */
    const char *backend;     /* as in oc_session_options */
    const char *isa;
    float       score; /* least score of a detection, 0..1; 0 = as the card says */
} oc_detector_options;
#define OC_DETECTOR_OPTIONS_INIT                   \
    {                                              \
        .struct_size = sizeof(oc_detector_options) \
    }

/*   card     path of a card, or name of a known one ("yolox-nano")
 *   model    path of its network; NULL = where `ocellus models get` has put it
 *   options  read during this call only; NULL = defaults
 *   out      for oc_detector_destroy; untouched on failure
 *
 * OC_NOT_FOUND    no such card, or the network was not fetched
 * OC_FORMAT       card or network are damaged; the message says where
 * OC_INVALID      the card does not fit its network
 * OC_UNSUPPORTED  the network does not detect (it classifies, say), or has operators we lack */
OC_API OC_MUST_CHECK oc_status oc_detector_create(const char *card, const char *model,
                                                  const oc_detector_options *options,
                                                  oc_detector **out, oc_error *err);
OC_API void                    oc_detector_destroy(oc_detector *detector); /* NULL is fine */

/* Names of labels and key-points, in the order of oc_detection.label and of the points. */
OC_API size_t      oc_detector_labels(const oc_detector *detector);
OC_API const char *oc_detector_label(const oc_detector *detector, uint32_t label); /* "?": none */
OC_API size_t      oc_detector_points(const oc_detector *detector); /* per detection; 0 = none */
OC_API const char *oc_detector_point(const oc_detector *detector, size_t i); /* "?": none */

/* What is in a picture, best first.
 *
 *   path   of a JPEG or PNG file
 *   rgb    height rows of width pixels, three bytes each; row_bytes from row to row
 *   found  its items (and points, unless NULL) are the caller's, cap of them; n and n_points are
 *          filled in
 *
 * Not from two threads at once on one detector. */
OC_API OC_MUST_CHECK oc_status oc_detector_run_file(oc_detector *detector, const char *path,
                                                    oc_detections *found, oc_error *err);
OC_API OC_MUST_CHECK oc_status oc_detector_run_rgb(oc_detector *detector, const uint8_t *rgb,
                                                   int32_t width, int32_t height, size_t row_bytes,
                                                   oc_detections *found, oc_error *err);

#ifdef __cplusplus
}
#endif

#endif
