/* prune.h -- channels taken out of a network, shapes kept consistent.
 *
 * A channel is followed from the convolution that makes it through everything that treats channels one
 * by one: activations, normalisation, pools, depthwise convolutions, sums (both sides lose the same
 * ones), concatenations, squeeze-and-excite products, the Flatten behind a global pool.  Channels tied
 * to each other so form a unit, which stays or goes as one.  Units that reach the network's inputs or
 * outputs, or an operator that is not known to treat channels one by one, stay. */
#ifndef OC_QUANT_PRUNE_H
#define OC_QUANT_PRUNE_H

#include "quant/index.h"
#include "quant/samples.h"
#include "quant/taps.h"

typedef enum q_importance {
    Q_BY_NORM, /* |scale| of the batch normalisation behind the channel (Liu et al. 2017) */
    Q_BY_CHANGE /* what is missing from the next layers without it, to first order: the mean square of
                 * the channel on the samples times that of the weights that read it, as a share of
                 * the same over all channels of the layer; summed over layers.  It stands for the
                 * gradient times the activation (Molchanov et al. 2017) where no gradients are */
} q_importance;

#define Q_FROZEN UINT32_MAX

typedef struct q_channels {
    uint32_t **of;            /* per value: the channel numbers of axis 1; NULL: not known */
    size_t    *count;         /* per value */
    uint32_t  *unit;          /* per channel number: parent in its set; use q_unit */
    uint32_t  *space;         /* per channel number: the node that made it */
    bool      *frozen, *gone; /* per unit (its root) */
    double    *importance;    /* the same */
    size_t     n, room;
    size_t     n_units, n_free; /* units; those that may go */
} q_channels;

/* Of a document that is tidy (q_tidy).  OC_INVALID: no channel could go. */
OC_MUST_CHECK oc_status q_channels_find(const q_index *index, q_channels *out, oc_error *err);
void                    q_channels_finish(q_channels *c, size_t n_values);
uint32_t                q_unit(const q_channels *c, uint32_t channel);

/* OC_INVALID: by norm, but no unit has a batch normalisation. */
OC_MUST_CHECK oc_status q_channels_weigh(const q_index *index, q_channels *c, q_importance how,
                                         q_samples *samples, oc_pool *pool, oc_error *err);
/* Marks the least important units as gone: `ratio` of those that may go, but what one layer makes
 * keeps at least a fifth, and a multiple of `align` where it has as many.  Gives how many go. */
OC_MUST_CHECK oc_status q_channels_choose(q_channels *c, double ratio, size_t align, size_t *gone,
                                          oc_error *err);
/* The network without them. */
OC_MUST_CHECK oc_status q_channels_remove(const q_index *index, const q_channels *c, oc_doc **out,
                                          oc_error *err);

#endif
