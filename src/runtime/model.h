/* model.h -- what a session sees of a model. */
#ifndef OC_RUNTIME_MODEL_H
#define OC_RUNTIME_MODEL_H

#include "core/bytes.h"
#include "ir/graph.h"
#include "ocellus/session.h"
#include "onnx/askew.h"
#include "ops/packed.h"

/* The imported graph: shapes may be open, nothing is optimised. */
const oc_graph *oc_model_peek_graph(const oc_model *model);
/* Copies of constants that come and go: who reads the graph's constants after a session was made of
 * the model holds them.  NULL: none. */
oc_askew *oc_model_peek_askew(const oc_model *model);
/* Packed weights that the model's sessions share. */
oc_packed_store *oc_model_peek_packed(const oc_model *model);
/* The path it was loaded from, NULL: from memory; and its files as they were read: the model itself
 * first, then external data by its location.  False past the end. */
const char *oc_model_path(const oc_model *model);
/* Pages of the mapped files need no memory until somebody reads them again. */
void oc_model_release_pages(const oc_model *model);
/* Do these bytes lie in a mapped file of the model? */
bool oc_model_maps(const oc_model *model, const void *p, size_t n);
bool oc_model_file(const oc_model *model, size_t i, const char **name, const oc_bytes **bytes);

#endif
