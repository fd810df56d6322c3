/* importer.h -- what the parts of the importer share: the state of one import, names and scopes. */
#ifndef OC_ONNX_IMPORTER_H
#define OC_ONNX_IMPORTER_H

#include "core/strmap.h"
#include "onnx/import.h"
#include "onnx/proto.h"

#define ONNX_DOMAINS_MAX 32
#define ONNX_DEPTH_MAX 8 /* graphs inside graphs; a message names them all */

/* Names of one graph.  A branch sees its own and those around it; nobody else sees its own. */
typedef struct onnx_scope {
    struct onnx_scope *outer; /* NULL: the main graph */
    oc_strmap          names; /* value name -> vid */
    unsigned           depth;
} onnx_scope;

typedef struct onnx_importer {
    onnx_context c;
    oc_graph    *graph;
    onnx_scope  *scope; /* the innermost */
    struct {
        const char *name;
        int64_t     version;
    } domain[ONNX_DOMAINS_MAX];
    size_t     n_domains;
    oc_import *out; /* for warnings */
} onnx_importer;

/* A span as a string in the graph's arena; NULL: out of memory. */
char *onnx_text(onnx_importer *im, wire_span s);
/* The value of that name as the innermost scope sees it; a name nobody knows is a new one of the
 * main graph (nodes may be read before what makes their inputs). */
OC_MUST_CHECK oc_status onnx_value(onnx_importer *im, wire_span name, oc_vid *out);

typedef oc_status onnx_read_fn(onnx_importer *im, wire_span bytes);
/* fn for each field of that number, in the order of the file. */
OC_MUST_CHECK oc_status onnx_each(onnx_importer *im, wire_span message, uint32_t number,
                                  onnx_read_fn *fn);
OC_MUST_CHECK oc_status onnx_read_initializer(onnx_importer *im, wire_span bytes);
OC_MUST_CHECK oc_status onnx_read_node(onnx_importer *im, wire_span bytes);

/* If: the nodes of the branch a constant condition chooses take its place. */
OC_MUST_CHECK oc_status onnx_read_if(onnx_importer *im, const char *name, wire_span bytes);

#endif
