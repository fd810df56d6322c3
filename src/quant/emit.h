/* emit.h -- a placed network with its scales, written as QuantizeLinear and DequantizeLinear pairs.
 *
 * In the form other runtimes know (ONNX Runtime's "QDQ"): a pair behind each value that carries a
 * scale, a DequantizeLinear with a scale a channel behind weights of int8, one behind a bias of int32
 * whose scale is the product of the input's and the weights'.  The names of the network's inputs and
 * outputs, and their types, stay. */
#ifndef OC_QUANT_EMIT_H
#define OC_QUANT_EMIT_H

#include "quant/params.h"

/* A layer's weights in integers; made once, used by every variant of the network. */
typedef struct q_weights {
    int8_t *q;      /* as the float weights lie; NULL: the layer has none */
    float  *scales; /* [n_scales], 1 or one a channel */
    size_t  n, n_scales;
    float  *bias; /* corrected; NULL: the network's own */
} q_weights;

/* Nearest levels, ties to even.  weights: [place->n_layers], zeroed. */
OC_MUST_CHECK oc_status q_weights_round(const q_index *index, const q_place *place,
                                        unsigned weight_bits, q_weights *weights, oc_error *err);
void                    q_weights_finish(q_weights *weights, size_t n);

/* `out` shares bytes with the index's document, which must outlive it. */
OC_MUST_CHECK oc_status q_emit(const q_index *index, const q_place *place, const q_params *params,
                               const q_weights *weights, oc_doc **out, oc_error *err);

#endif
