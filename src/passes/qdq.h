/* qdq.h -- what the files of the pass `integer` share: reading QuantizeLinear (Q) and DequantizeLinear
 * (DQ) nodes, and putting integer operators in place of what stands between them. */
#ifndef OC_PASSES_QDQ_H
#define OC_PASSES_QDQ_H

#include "passes/pass.h"

/* One scale and zero point of a value of bytes, and the values that hold them. */
typedef struct qdq_param {
    float    scale;
    int32_t  zero;
    oc_dtype dtype;
    oc_vid   v_scale, v_zero; /* v_zero may be OC_VID_NONE: 0 */
} qdq_param;

typedef struct qdq {
    oc_graph *g;
    oc_uses   uses; /* kept right by qdq_refresh */
    oc_isa    isa;
    oc_error *err;
} qdq;

OC_MUST_CHECK oc_status qdq_refresh(qdq *q);

static inline oc_node *qdq_maker(const qdq *q, oc_vid v)
{
    return v == OC_VID_NONE || q->uses.producer[v] < 0 ? NULL : &q->g->nodes[q->uses.producer[v]];
}
/* The only reader of v (a graph output counts as one), or NULL. */
oc_node *qdq_reader(const qdq *q, oc_vid v);

/* Is n a Q or DQ of one constant scale, bytes on the other side?  Then *p. */
bool qdq_is(const qdq *q, const oc_node *n, const char *op_type, qdq_param *p);
/* v is DQ(bytes) of one scale: which bytes, and *p. */
bool qdq_source(const qdq *q, oc_vid v, oc_vid *bytes, qdq_param *p);
/* v is read by one Q alone, of u8: that node, and *p; else NULL. */
oc_node *qdq_sink(const qdq *q, oc_vid v, qdq_param *p);
bool     qdq_same(const qdq_param *a, const qdq_param *b);

/* New constants and nodes. */
OC_MUST_CHECK oc_status qdq_constant(qdq *q, oc_dtype dtype, const oc_shape *shape,
                                     const void *data, oc_vid *out);
OC_MUST_CHECK oc_status qdq_param_constants(qdq *q, qdq_param *p); /* u8, from scale and zero */
/* A zero point that was left out is put in: operators of several values want it there. */
OC_MUST_CHECK oc_status qdq_whole(qdq *q, qdq_param *p);
/* The node becomes `op_type` of these inputs (copied) with these attributes; outputs stay. */
OC_MUST_CHECK oc_status qdq_become(qdq *q, oc_node *n, const char *domain, const char *op_type,
                                   const oc_vid *in, uint32_t n_in, const oc_attr *attrs,
                                   uint32_t n_attrs);

/* The byte that the real value x becomes. */
uint8_t qdq_byte(const qdq_param *p, float x);
/* Bounds in bytes of an activation that only cuts off (none, Relu, Clip); false: another one. */
bool qdq_bounds(oc_act act, const qdq_param *p, uint8_t *lo, uint8_t *hi);

/* ---- the steps: each sees node `index`, rewrites or leaves it, says in *done which ---- */

typedef oc_status qdq_step(qdq *q, uint32_t index, bool *done);
qdq_step          qdq_unsign; /* int8 between Q and DQ becomes uint8 */
qdq_step          qdq_round;  /* pairs of 16 bits */
qdq_step          qdq_move;   /* DQ behind operators that only move values */
qdq_step          qdq_cancel; /* Q(DQ(x)) */
qdq_step          qdq_conv;   /* Conv */
qdq_step          qdq_gemm;   /* Gemm, MatMul of rank 2 with constant weights: a convolution */
qdq_step          qdq_join;   /* Add, Mul, global pooling, Concat */
qdq_step          qdq_table;  /* any function of one byte */
qdq_step          qdq_merge;  /* tables and additions into the convolution before them */

#endif
