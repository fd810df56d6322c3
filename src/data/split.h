/* split.h -- images dealt out to parts: classes in proportion, groups kept together, the same for the
 * same seed on every machine.
 *
 * Source: Sechidis, Tsoumakas, Vlahavas, "On the Stratification of Multi-Label Data" (2011), over groups
 * instead of single pictures. */
#ifndef OC_DATA_SPLIT_H
#define OC_DATA_SPLIT_H

#include "data/set.h"

typedef enum oc_data_group {
    OC_DATA_GROUP_NONE,     /* each image on its own */
    OC_DATA_GROUP_SEQUENCE, /* a sequence stays together; images without one are on their own */
    OC_DATA_GROUP_FOLDER,   /* what lies in one folder */
    OC_DATA_GROUP_PREFIX,   /* names that are equal up to the first `separator`: "store7_..." */
} oc_data_group;

typedef struct oc_data_dealing {
    const double *share; /* of each part; their sum is taken for the whole */
    size_t        n_parts;
    oc_data_group group;
    char          separator;
    uint64_t      seed;
} oc_data_dealing;

/* part[n_images]: which part each image goes to. */
OC_MUST_CHECK oc_status oc_data_deal(const oc_data_set *set, const oc_data_dealing *how,
                                     uint32_t *part, oc_error *err);

/* The next of a sequence of numbers (splitmix64): the same on every machine. */
uint64_t oc_data_random(uint64_t *state);

#endif
