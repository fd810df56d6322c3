/* importer.h -- what the parts of the importer share: the state of one import, names and scopes. */
#ifndef OC_ONNX_IMPORTER_H
#define OC_ONNX_IMPORTER_H

#include "core/strmap.h"
#include "onnx/import.h"
#include "onnx/proto.h"

#define ONNX_DOMAINS_MAX 32
#define ONNX_DEPTH_MAX 8 /* graphs inside graphs; a message names them all */

#define ONNX_BODIES_MAX 4

/* A value of the graph around that a body reads: there, and as the body's own. */
typedef struct onnx_capture {
    oc_vid from, to;
} onnx_capture;

/* Names of one graph.  A body sees its own and those around it; nobody else sees its own. */
typedef struct onnx_scope {
    struct onnx_scope *outer; /* NULL: the main graph */
    oc_graph          *graph;
    oc_strmap          names; /* value name -> vid */
    onnx_capture      *captures;
    uint32_t           n_captures;
    unsigned           depth;
} onnx_scope;

/* The graphs among a node's attributes, and what they capture. */
typedef struct onnx_body {
    const unsigned char *attr; /* where the attribute begins */
    oc_graph            *graph;
    onnx_capture        *captures; /* graph->n_captures, from the graph around */
} onnx_body;

typedef struct onnx_bodies {
    onnx_body body[ONNX_BODIES_MAX];
    uint32_t  n;
} onnx_bodies;

typedef struct onnx_importer {
    onnx_context c;
    oc_graph    *graph; /* of the innermost scope */
    onnx_scope  *scope;
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

/* That name as a scope sees it: its own value, or a capture of one further out. */
OC_MUST_CHECK oc_status onnx_scope_find(onnx_importer *im, onnx_scope *scope, const char *text,
                                        oc_vid *out);
/* Reads the graphs of a node's attributes; `bodies` is zeroed, finish it whatever this answers. */
OC_MUST_CHECK oc_status onnx_read_bodies(onnx_importer *im, wire_span node, onnx_bodies *bodies);
void                    onnx_bodies_finish(onnx_bodies *bodies);

#endif
