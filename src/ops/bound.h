/* bound.h -- how large a value can become whose size the data decide.
 *
 * Shapes are followed as intervals through a graph, and with them the numbers that shapes are made of
 * (lists of at most OC_BOUND_RANGE elements: a shape, a number of turns, the k of TopK).  Bodies of
 * If, Loop and Scan are followed inside; a Loop until its carried values change no more. */
#ifndef OC_OPS_BOUND_H
#define OC_OPS_BOUND_H

#include "ops/op.h"

#define OC_BOUND_RANGE 16

typedef struct oc_bound {
    oc_tensor_info info; /* type NONE: no bound; dimensions: never larger */
    int64_t        least[OC_RANK_MAX];
    size_t         elements; /* never more: a reshaped value has fewer than its dimensions say */
    const void    *data;     /* contents that are the same in every run, else NULL */
    uint32_t       n_range;  /* elements below; 0: not followed */
    double         lo[OC_BOUND_RANGE], hi[OC_BOUND_RANGE];
} oc_bound;

/* Of a shape that is known; data NULL where the contents are not. */
oc_bound oc_bound_of(const oc_tensor_info *info, const void *data);

/* Fills values[].most of the graph and of its bodies, as far as there are bounds.
 *
 *   in    per input of the graph
 *   out   per output
 *   why   OC_DYNAMIC: some value has none; names the first node that makes one, and the reason
 *
 * OC_NOMEM is the only other failure. */
OC_MUST_CHECK oc_status oc_bounds_find(oc_graph *graph, const oc_bound *in, oc_bound *out,
                                       oc_error *why);

/* ---- rules, one per kind of operator (bound_rules.c) ---- */

typedef struct oc_bound_ask {
    const oc_node  *node;
    const oc_bound *in; /* type NONE: left out, or without a bound */
    uint32_t        n_in, n_out;
    oc_bound       *out; /* to fill; zeroed */
} oc_bound_ask;

/* OC_DYNAMIC says why there is no bound. */
OC_MUST_CHECK oc_status oc_bound_node(const oc_bound_ask *ask, oc_error *why);

/* Bytes the node asks its arena for where contents decide its size; most: of its inputs and outputs. */
size_t oc_bound_work(const oc_node *node, const oc_tensor_info *most);

bool oc_bound_exact(const oc_bound *b); /* its shape is the same in every run */
/* The same element in every run? */
bool oc_bound_number(const oc_bound *b, uint32_t i, int64_t *out);
/* Elements from the dimensions; false where that is more than anybody can set aside. */
bool oc_bound_count(oc_bound *b);

#endif
