/* index.h -- who makes and who reads each value of a document. */
#ifndef OC_QUANT_INDEX_H
#define OC_QUANT_INDEX_H

#include "onnx/write_doc.h"

#define Q_NONE UINT32_MAX

typedef struct q_value {
    const char *name;
    uint32_t    producer;       /* node, Q_NONE */
    uint32_t    tensor;         /* initializer, Q_NONE */
    uint32_t    users, n_users; /* index->user[users .. ], a node per use */
    bool        is_input, is_output, pinned;
} q_value;

typedef struct q_index {
    const oc_doc *doc;
    oc_strmap     ids;
    q_value      *values;
    uint32_t     *user;
    uint32_t      n, room;
} q_index;

/* Of the document as it stands: build again after changes. */
OC_MUST_CHECK oc_status q_index_build(const oc_doc *doc, q_index *out, oc_error *err);
void                    q_index_finish(q_index *index); /* a zeroed one is fine */

/* Q_NONE: "" or no such name. */
uint32_t q_id(const q_index *index, const char *name);
/* The initializer of that name that is nobody's to change at run time; NULL: it is none. */
const oc_tensor_view *q_constant(const q_index *index, const char *name);
/* A float constant of one element, or of equal ones. */
bool q_splat(const q_index *index, const char *name, float *value);
/* The only node that reads the value; Q_NONE when there are several, none, or it is seen from outside. */
uint32_t q_only_user(const q_index *index, uint32_t id);

#endif
