/* write_doc.h -- an ONNX file that is changed and written again.
 *
 * What nobody changes is written byte for byte as it was read: nodes, tensors, attributes, texts, and
 * fields this program does not know.  A file written by a protobuf library, not changed, comes out the
 * same.  The document owns its file and all memory below; one thread at a time.
 *
 * Graphs inside nodes are kept whole.  What they read of the graph around them is `pinned`: such
 * values may get other contents, but not vanish. */
#ifndef OC_ONNX_WRITE_DOC_H
#define OC_ONNX_WRITE_DOC_H

#include "core/arena.h"
#include "core/bytes.h"
#include "core/strmap.h"
#include "ir/graph.h"
#include "onnx/askew.h"
#include "onnx/wire.h"

typedef struct oc_doc_attr {
    oc_attr   value;  /* kind OC_ATTR_GRAPH: graph is NULL, only the name is known */
    wire_span raw;    /* as in the file; n = 0: a new one */
    bool      opaque; /* of a kind this program does not read */
} oc_doc_attr;

typedef struct oc_doc_node {
    const char  *name, *op, *domain; /* never NULL */
    const char **in, **out;          /* "" for what is left out */
    uint32_t     n_in, n_out;
    oc_doc_attr *attrs;
    uint32_t     n_attrs;
    wire_span    raw; /* as in the file; n = 0: a new one */
    bool         changed, dead;
} oc_doc_node;

typedef struct oc_doc_tensor {
    const char    *name;
    oc_tensor_view view; /* dtype NONE: of a type this program does not read */
    wire_span      raw;
    bool           changed, dead, external;
} oc_doc_tensor;

/* An input, output or value_info. */
typedef struct oc_doc_value {
    const char    *name;
    oc_tensor_info info; /* dtype NONE: no tensor, or not told */
    wire_span      raw;
    bool           changed, dead;
    bool           no_shape; /* of a new one: the rank is not told */
} oc_doc_value;

typedef struct oc_doc_values {
    oc_doc_value *item;
    size_t        n, room;
} oc_doc_values;

typedef struct oc_doc {
    oc_arena           mem;
    oc_bytes           file;
    bool               borrowed; /* the file is another document's */
    wire_span          graph;
    oc_doc_node       *nodes;   /* in the order they are written */
    oc_doc_tensor     *tensors; /* initializers */
    size_t             n_nodes, nodes_room, n_tensors, tensors_room;
    oc_doc_values      inputs, outputs, infos;
    int64_t            ir_version, opset; /* of ONNX's own domain */
    bool               opset_changed, ir_changed;
    oc_strmap          names;  /* every name in use, for new ones */
    oc_strmap          pinned; /* names that graphs inside nodes read */
    struct onnx_files *files;
    oc_askew          *askew; /* aligned copies of tensors that lie askew in the file */
    oc_askew_hold      hold;
} oc_doc;

/* OC_IO, OC_FORMAT, OC_UNSUPPORTED (sparse initializers).  out is untouched on failure. */
OC_MUST_CHECK oc_status oc_doc_open(const char *path, oc_doc **out, oc_error *err);
void                    oc_doc_destroy(oc_doc *doc); /* NULL is fine */
/* A document on its own with the same contents: changes to one do not show in the other.  The original
 * must outlive it (bytes are shared). */
OC_MUST_CHECK oc_status oc_doc_dup(const oc_doc *doc, oc_doc **out, oc_error *err);

/* Writes beside `path` and renames: the file is there whole or not at all.  Weights of external files
 * come to lie in the file.  OC_IO; OC_UNSUPPORTED: over 2 GiB, which protobuf does not allow. */
OC_MUST_CHECK oc_status oc_doc_save(const oc_doc *doc, const char *path, oc_error *err);
/* The same into memory for free(). */
OC_MUST_CHECK oc_status oc_doc_bytes(const oc_doc *doc, void **out, size_t *n, oc_error *err);

/* ---- changes: OC_NOMEM is the only failure.  Pointers to nodes and tensors hold until the next add.
 * Names are copied. ---- */

/* A name nobody has: base, or base with a number. */
OC_MUST_CHECK oc_status oc_doc_name(oc_doc *doc, const char *base, const char **out, oc_error *err);
OC_MUST_CHECK oc_status oc_doc_add_node(oc_doc *doc, const char *op, const char *const *in,
                                        uint32_t n_in, const char *const *out, uint32_t n_out,
                                        oc_doc_node **node, oc_error *err);
/* The data is borrowed: it lives as long as the document (its arena is a good place). */
OC_MUST_CHECK oc_status oc_doc_add_tensor(oc_doc *doc, const char *name, const oc_tensor_view *view,
                                          oc_doc_tensor **tensor, oc_error *err);
OC_MUST_CHECK oc_status oc_doc_add_value(oc_doc *doc, oc_doc_values *values, const char *name,
                                         oc_dtype dtype, const oc_shape *shape, oc_error *err);
OC_MUST_CHECK oc_status oc_doc_set_attr(oc_doc *doc, oc_doc_node *node, const oc_attr *value,
                                        oc_error *err);
OC_MUST_CHECK oc_status oc_doc_set_inputs(oc_doc *doc, oc_doc_node *node, const char *const *in,
                                          uint32_t n, oc_error *err);
void                    oc_doc_drop_attr(oc_doc_node *node, const char *name);
void                    oc_doc_set_opset(oc_doc *doc, int64_t version);
/* Nodes in an order in which everything is made before it is read; stable.  OC_FORMAT: a cycle. */
OC_MUST_CHECK oc_status oc_doc_sort(oc_doc *doc, oc_error *err);
/* Drops nodes nobody reads, then tensors, inputs that were only defaults of such tensors, and
 * descriptions of what is gone. */
OC_MUST_CHECK oc_status oc_doc_sweep(oc_doc *doc, oc_error *err);

/* Room for an item of `size` bytes more in a list of n; false: no memory. */
bool oc_doc_room(void **items, size_t *room, size_t n, size_t size);

/* Reading. */
bool           oc_doc_is(const oc_doc_node *node, const char *op); /* of ONNX's own, not dead */
const oc_attr *oc_doc_attr_of(const oc_doc_node *node, const char *name); /* NULL: not there */
int64_t        oc_doc_int(const oc_doc_node *node, const char *name, int64_t fallback);
float          oc_doc_float(const oc_doc_node *node, const char *name, float fallback);
const char    *oc_doc_string(const oc_doc_node *node, const char *name, const char *fallback);
/* What messages call a node: its name, or its first output. */
const char *oc_doc_label(const oc_doc_node *node);

#endif
