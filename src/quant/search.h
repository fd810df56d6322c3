/* search.h -- each layer's own loss, and the mixture of integer and float layers that a budget asks
 * for.
 *
 * A layer's loss is measured with it alone in integers (and what computes on its result up to the next
 * layer).  The mixture begins with all layers in integers; where the budget is not met, the layers that
 * lose most are left in float, as few as meet it (found by halving), and those of them that turn out
 * not to be needed go back. */
#ifndef OC_QUANT_SEARCH_H
#define OC_QUANT_SEARCH_H

#include "quant/network.h"
#include "quant/score.h"

/* The figure of a mixture on labelled pictures; larger is better. */
typedef oc_status q_metric_fn(void *ctx, const oc_doc *doc, double *value, oc_error *err);

typedef struct q_budget {
    double       max_drop; /* share of the float network's metric, or of the outputs' power that may
                             * be noise; 0: none is asked for, every layer is integer */
    double       float_max; /* share of weight bytes that may stay in float; 1 = any */
    q_metric_fn *metric;    /* NULL: the outputs' noise decides */
    void        *metric_ctx;
    size_t       measure; /* so many of the worst layers are measured on the metric too */
    size_t       samples; /* for the outputs' noise; 0 = all */
    size_t       tries;   /* to give layers back */
} q_budget;

typedef struct q_layer_loss {
    double sqnr_db; /* with this layer alone in integers */
    double metric;  /* the same; NaN: not measured */
    bool   measured;
} q_layer_loss;

typedef struct q_point {
    size_t  n_float; /* layers left in float by the search */
    q_score score;
    double  metric; /* NaN without labels */
    bool    meets;
} q_point;

typedef struct q_search {
    q_layer_loss *loss;  /* per layer */
    uint32_t     *order; /* layers, the worst first */
    size_t        n;
    double        float_metric; /* NaN without labels */
    q_point       all, best;    /* every layer in integers; the mixture taken */
    size_t        points;       /* mixtures looked at */
    const char   *stopped;      /* why the budget is not met; NULL: it is */
} q_search;

/* Leaves the network's layers excluded as the best mixture has them. */
OC_MUST_CHECK oc_status q_search_run(q_network *n, const q_budget *budget, q_search *out,
                                     oc_error *err);
void                    q_search_finish(q_search *s); /* a zeroed one is fine */

#endif
