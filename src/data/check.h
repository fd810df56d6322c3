/* check.h -- what is wrong with labels, as far as it shows without looking at pictures. */
#ifndef OC_DATA_CHECK_H
#define OC_DATA_CHECK_H

#include "data/set.h"

typedef enum oc_data_level { OC_DATA_NOTE, OC_DATA_WARNING, OC_DATA_ERROR } oc_data_level;

/* name, level, text */
#define OC_DATA_FAULT_MAP(X)                                       \
    X(MISSING, ERROR, "missing images")                            \
    X(CORRUPT, ERROR, "corrupt images")                            \
    X(WRONG_SIZE, ERROR, "images of another size than told")       \
    X(ZERO_AREA, ERROR, "objects of no area")                      \
    X(OUTSIDE, ERROR, "objects wholly outside their image")        \
    X(LEAK, ERROR, "the same picture in two splits")               \
    X(LEAK_NEAR, WARNING, "nearly the same picture in two splits") \
    X(LEAK_SEQUENCE, WARNING, "a sequence in two splits")          \
    X(OVER_EDGE, WARNING, "boxes over the edge of their image")    \
    X(TWICE, WARNING, "objects that are there twice")              \
    X(SAME, WARNING, "pictures that are there twice")              \
    X(SPELLING, WARNING, "categories that may be one")             \
    X(RARE, WARNING, "categories with few objects")                \
    X(NEAR, NOTE, "pictures that nearly look the same")            \
    X(IDLE, NOTE, "categories without objects")                    \
    X(EMPTY, NOTE, "images without objects")                       \
    X(TINY, NOTE, "objects under 4 x 4 pixels")                    \
    X(ASPECT, NOTE, "boxes more than 20 times as long as wide")

typedef enum oc_data_fault {
#define X(name, level, text) OC_DATA_FAULT_##name,
    OC_DATA_FAULT_MAP(X)
#undef X
        OC_DATA_FAULTS
} oc_data_fault;

const char   *oc_data_fault_text(oc_data_fault fault);
oc_data_level oc_data_fault_level(oc_data_fault fault);

/* image: UINT32_MAX when the fault is not one image's. */
typedef void oc_data_fault_fn(void *ctx, oc_data_fault fault, uint32_t image, const char *what);

/* Labels alone: boxes, outlines, categories, splits. */
OC_MUST_CHECK oc_status oc_data_check(const oc_data_set *set, oc_data_fault_fn *fn, void *ctx,
                                      oc_error *err);

/* Letters to change, add, drop or swap, case and "_-. " ignored; stops counting above max. */
unsigned oc_data_distance(const char *a, const char *b, unsigned max);

#endif
