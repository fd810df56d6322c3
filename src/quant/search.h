/* search.h -- each layer's own loss, and the mixture of integer and float layers that a budget asks
 * for.
 *
 * A layer's loss is measured with it alone in integers (and what computes on its result up to the next
 * layer): as noise at the outputs, and on the metric where there is one, over a part of the pictures.
 * Layers that alone break the budget on the metric come first, by what they lose there; the others
 * follow by their noise.
 *
 * The mixture begins with all layers in integers of 8 bits.  Where the budget is not met, as few of the
 * worst layers as meet it get activations of 16 bits, found by doubling and halving; where 16 bits do
 * not suffice, as few as meet it are left in float, by their noise with 16 bits.  Then layers go back a
 * step, one by one, where the budget still holds. */
#ifndef OC_QUANT_SEARCH_H
#define OC_QUANT_SEARCH_H

#include "quant/network.h"
#include "quant/score.h"

/* The figure of a mixture on labelled pictures; larger is better.  part: so many of them, spread
 * evenly; 0 = all. */
typedef oc_status q_metric_fn(void *ctx, const oc_doc *doc, size_t part, double *value,
                              oc_error *err);

typedef struct q_budget {
    double       max_drop; /* share of the float network's metric, or of the outputs' power that may
                             * be noise; 0: none is asked for, every layer is integer */
    double       float_max;  /* share of weight bytes that may stay in float; 1 = any */
    bool         bytes_only; /* no activations of 16 bits: float is the next step */
    q_metric_fn *metric;     /* NULL: the outputs' noise decides */
    void        *metric_ctx;
    size_t       pictures; /* of the metric, all of them */
    size_t       measure;  /* so many of the worst layers are measured on the metric; 0: all */
    size_t       part;     /* over so many pictures; 0: so many that all layers take Q_LOOKS runs */
    size_t       samples;  /* for the outputs' noise; 0 = all */
    size_t       tries;    /* to put layers back */
} q_budget;

#define Q_LOOKS 4096 /* runs of the network that layers' own loss on the metric may take */

typedef struct q_layer_loss {
    double sqnr_db;      /* with this layer alone in integers */
    double wide_sqnr_db; /* the same, its activations of 16 bits; NaN: was not needed */
    double metric;       /* NaN: not measured */
    bool   measured;
} q_layer_loss;

typedef struct q_point {
    size_t  n_float, n_wide; /* layers that the search left in float, and gave 16 bits */
    q_score score;
    double  metric; /* NaN without labels */
    bool    meets;
} q_point;

typedef struct q_search {
    q_layer_loss *loss;  /* per layer */
    uint32_t     *order; /* layers, the worst first */
    size_t        n;
    double        float_metric; /* NaN without labels */
    double        part_metric; /* of the float network, over the part that layers are measured on */
    size_t        part;        /* pictures of it */
    q_point       all, best;   /* every layer in integers; the mixture taken */
    size_t        points;      /* mixtures looked at */
    const char   *stopped;     /* why the budget is not met; NULL: it is */
    bool          no_wide;     /* 16 bits were no step: the file cannot be raised to opset 21 */
} q_search;

/* Leaves the network's layers excluded and wide as the best mixture has them. */
OC_MUST_CHECK oc_status q_search_run(q_network *n, const q_budget *budget, q_search *out,
                                     oc_error *err);
void                    q_search_finish(q_search *s); /* a zeroed one is fine */

#endif
