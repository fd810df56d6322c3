/* network.h -- a network on its way to integers: prepared, looked at, placed, ready to be written in
 * any mixture of integer and float layers. */
#ifndef OC_QUANT_NETWORK_H
#define OC_QUANT_NETWORK_H

#include "quant/emit.h"
#include "quant/post.h"

typedef struct q_options {
    q_range_options range; /* levels is filled in here */
    q_format        format;
    size_t          samples; /* at most so many; 0 = all */
    bool            equalize, correct_bias, round;
    oc_pool        *pool;
    q_progress     *progress; /* may be NULL */
    void           *ctx;
} q_options;

typedef struct q_network {
    const q_options *options;
    oc_doc          *doc; /* prepared */
    q_index          index;
    q_place          place;
    q_samples       *samples;
    const oc_card   *card;
    oc_model        *model; /* as the file has it: its inputs are what samples are made for */
    /* of every value that may carry a scale: */
    const char **names; /* [n_taps] */
    uint32_t    *tap;   /* [n_taps] value */
    size_t       n_taps;
    q_stat      *stats;   /* [n_taps] */
    q_range     *ranges;  /* per value */
    q_range     *wide;    /* the same with 16 bits */
    q_params    *params;  /* per value, of the placement decided last */
    q_weights   *weights; /* per layer */
    /* operators without an integer form, where the values are float */
    struct q_other {
        const char *op;
        size_t      count;
    } * others;
    size_t n_others;
    size_t n_equalized; /* pairs of layers */
} q_network;

/* Reads and prepares.  `options` is borrowed.
 *
 * OC_INVALID      it is quantised already (names the node), or it has no layer that could be */
OC_MUST_CHECK oc_status q_network_open(const char *path, const q_options *options, q_network **out,
                                       oc_error *err);
/* Samples, ranges, weights.  card: borrowed; NULL for tensors.
 *
 * OC_INVALID      nothing to calibrate on, only blank pictures, or NaN in a value */
OC_MUST_CHECK oc_status q_network_calibrate(q_network *n, const char *folder, const oc_card *card,
                                            oc_error *err);
void                    q_network_close(q_network *n); /* NULL is fine */

/* The network with the layers that place.layers[].excluded leaves in, those that are wide with
 * activations of 16 bits.
 *
 * OC_UNSUPPORTED  16 bits are asked for, and the file cannot be raised to opset 21 (names the node) */
OC_MUST_CHECK oc_status q_network_emit(q_network *n, oc_doc **out, oc_error *err);

/* What the integer layers of the last emitted mixture weigh. */
typedef struct q_bytes {
    size_t quantised_float, quantised; /* weights: as float32, and as written with their scales */
    size_t left;                       /* weights of layers in float */
    size_t n_integer, n_float;         /* layers */
    size_t n_wide;                     /* of the integer ones: with activations of 16 bits */
} q_bytes;
q_bytes q_network_bytes(const q_network *n);
/* An integer layer with activations of 16 bits. */
bool q_network_is_wide(const q_network *n, uint32_t layer);
/* Why a layer is in float; NULL: it is integer. */
const char *q_network_reason(const q_network *n, uint32_t layer);

#endif
