/* store.h -- where cards, fetched networks and fetched media lie on this machine.
 *
 *   cards     $OCELLUS_MODELS, ./models, <program>/../models, <program>/../share/ocellus/models
 *   networks  $OCELLUS_MIRROR (flat, or a folder a network), then the cache:
 *             ${XDG_CACHE_HOME:-~/.cache}/ocellus/models/<card>/<file>
 *   media     $OCELLUS_MIRROR, then ${XDG_CACHE_HOME:-~/.cache}/ocellus/media/<file> */
#ifndef OC_VISION_STORE_H
#define OC_VISION_STORE_H

#include <stddef.h>

#include "ocellus/status.h"
#include "vision/card.h"

#define OC_PATH_MAX 4096

/* A card by name ("yolox-nano") or by path (with a '/' or ".yaml").  OC_NOT_FOUND lists the folders
 * looked in. */
OC_MUST_CHECK oc_status oc_store_card(const char *name, oc_card **out, oc_error *err);

/* ${XDG_CACHE_HOME:-~/.cache}/ocellus/<folder>, not created. */
OC_MUST_CHECK oc_status oc_store_cache(const char *folder, char *path, size_t path_bytes,
                                       oc_error *err);

/* The network's file.  mirror: a folder looked in first; NULL = $OCELLUS_MIRROR.
 * OC_NOT_FOUND: not fetched yet; the message names the command that does. */
OC_MUST_CHECK oc_status oc_store_model(const oc_card *card, const char *mirror, char *path,
                                       size_t path_bytes, oc_error *err);
/* A file of data/media.yaml, by its name ("vtest.avi"). */
OC_MUST_CHECK oc_status oc_store_media(const char *file, const char *mirror, char *path,
                                       size_t path_bytes, oc_error *err);

/* The i-th folder that cards are looked for in (existing or not); false past the end. */
bool oc_store_folder(size_t i, char *path, size_t path_bytes);

#endif
