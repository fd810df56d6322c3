/* post.h -- what a network computes elementwise on one value, as a function of a number: the error
 * of rounding the value is judged behind it (what a SiLU sends to zero need not be told apart). */
#ifndef OC_QUANT_POST_H
#define OC_QUANT_POST_H

#include "quant/index.h"

#define Q_CHAIN_MAX 16

typedef struct q_chain {
    const q_index *index;
    uint32_t       node[Q_CHAIN_MAX], n;             /* in order; n = 0: none */
    uint32_t       value[Q_CHAIN_MAX + 1], n_values; /* the source first, then each node's output */
    uint32_t       exit;                             /* the value that is read from outside */
    bool           numbers; /* some node computes with a number of its own */
} q_chain;

/* The longest run of elementwise nodes that depend on `source` and numbers alone and have one way
 * out. */
q_chain q_chain_find(const q_index *index, uint32_t source);
/* Does every reader of the source belong to the chain? */
bool   q_chain_covers(const q_chain *chain);
double q_chain_value(const q_chain *chain, double x);

#endif
