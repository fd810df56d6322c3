/* set.h -- a data set in memory: images, categories, objects; what every format reads into and is
 * written from.
 *
 * Coordinates are pixels, doubles, (0,0) the upper left corner of the upper left pixel.  All memory
 * hangs on the set's arena; texts and arrays handed in are copied.  One thread at a time while it is
 * being built, any number while it is only read. */
#ifndef OC_DATA_SET_H
#define OC_DATA_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/strmap.h"
#include "ocellus/status.h"

#define OC_DATA_SIDE_MAX 65536
#define OC_DATA_BYTES_MAX ((size_t)4 << 30) /* of one set in memory: no file asks for more */

/* How an attribute's value was written where the format tells: JSON does. */
typedef enum oc_data_kind { OC_DATA_TEXT, OC_DATA_NUMBER, OC_DATA_BOOL } oc_data_kind;

typedef struct oc_data_attr {
    const char  *key, *text; /* text: "0.25", "true", "red" */
    oc_data_kind kind;
} oc_data_attr;

typedef struct oc_data_attrs {
    oc_data_attr *item;
    size_t        n;
} oc_data_attrs;

/* What a format has and the model does not know, as it stood there: for a round trip. */
typedef struct oc_data_extra {
    const char *format, *key, *raw;
} oc_data_extra;

typedef struct oc_data_extras {
    oc_data_extra *item;
    size_t         n;
} oc_data_extras;

typedef struct oc_data_image {
    int64_t        id;            /* as the file had it, else its place, from 1 */
    const char    *file;          /* below the folder of images: never absolute, no ".." in it */
    int32_t        width, height; /* 0: not known */
    const char    *sequence;      /* NULL: a picture on its own */
    int64_t        frame;         /* in the sequence, as counted there; -1: none */
    const char    *split;         /* "train"; NULL: none told */
    oc_data_extras extra;
} oc_data_image;

typedef struct oc_data_category {
    int64_t      id;
    const char  *name, *parent; /* parent: COCO's supercategory; NULL: none */
    const char **point;         /* key-points' names */
    size_t       n_points;
    uint32_t (*edge)[2]; /* skeleton: pairs of key-points, from 0 */
    size_t         n_edges;
    oc_data_extras extra;
} oc_data_category;

typedef struct oc_data_ring { /* a closed polygon */
    double *xy;               /* [n][2] */
    size_t  n;
} oc_data_ring;

typedef struct oc_data_object {
    int64_t        id;
    uint32_t       image, category; /* indices */
    bool           has_box;
    double         box[4]; /* x, y, width, height */
    oc_data_ring  *ring;   /* parts of one outline */
    size_t         n_rings;
    uint32_t      *run; /* mask: run lengths down the columns of the image, first left out */
    size_t         n_runs;
    double        *point; /* [n_points][3]: x, y, 0 = not labelled, 1 = hidden, 2 = visible */
    size_t         n_points;
    int64_t        track; /* -1: none */
    double         score; /* NaN: a truth */
    double         area;  /* as told; NaN: not told */
    bool           crowd;
    oc_data_attrs  attrs; /* "occluded", "truncated", "difficult" and whatever else */
    oc_data_extras extra;
} oc_data_object;

#define OC_DATA_OBJECT_INIT                    \
    {                                          \
        .track = -1, .score = NAN, .area = NAN \
    }

typedef struct oc_data_set { /* a zeroed one is empty */
    oc_arena          mem;
    oc_data_image    *images;
    size_t            n_images, images_cap;
    oc_data_category *categories;
    size_t            n_categories, categories_cap;
    oc_data_object   *objects;
    size_t            n_objects, objects_cap;
    oc_data_extras    extra;
    oc_strmap         by_file, by_name, by_text;
    const char      **texts; /* each once */
    size_t            n_texts, texts_cap;
} oc_data_set;

void oc_data_set_finish(oc_data_set *set);

/* Adds one with the given file and all else empty.  OC_FORMAT: the name leads out of the folder, or
 * is there already. */
OC_MUST_CHECK oc_status oc_data_add_image(oc_data_set *set, const char *file, uint32_t *index,
                                          oc_error *err);
bool oc_data_find_image(const oc_data_set *set, const char *file, uint32_t *index);
/* The category of that name, added when it is new: id is its place, from 1. */
OC_MUST_CHECK oc_status oc_data_category_of(oc_data_set *set, const char *name, uint32_t *index,
                                            oc_error *err);
/* A copy of the record; what it points to must be the set's already.  OC_FORMAT: a box, polygon or
 * key-point that is not finite, a run length beyond the image. */
OC_MUST_CHECK oc_status oc_data_add_object(oc_data_set *set, const oc_data_object *object,
                                           oc_error *err);

/* Copies into the set's memory; NULL: no memory. */
const char *oc_data_text(oc_data_set *set, const char *text); /* the same text once */
double     *oc_data_doubles(oc_data_set *set, const double *from, size_t n);

OC_MUST_CHECK oc_status oc_data_add_ring(oc_data_set *set, oc_data_object *object, const double *xy,
                                         size_t n, oc_error *err);
OC_MUST_CHECK oc_status oc_data_add_attr(oc_data_set *set, oc_data_attrs *attrs, const char *key,
                                         const char *text, oc_data_kind kind, oc_error *err);
/* The kind is what the text looks like. */
OC_MUST_CHECK oc_status oc_data_add_plain(oc_data_set *set, oc_data_attrs *attrs, const char *key,
                                          const char *text, oc_error *err);
OC_MUST_CHECK oc_status oc_data_add_extra(oc_data_set *set, oc_data_extras *extras,
                                          const char *format, const char *key, const char *raw,
                                          oc_error *err);
const char *oc_data_attr_of(const oc_data_attrs *attrs, const char *key); /* NULL: none */
double      oc_data_attr_number(const oc_data_attrs *attrs, const char *key, double otherwise);

/* Objects by image, in the order in which they were added: those of image i are
 * order[first[i]] ... order[first[i + 1] - 1]. */
typedef struct oc_data_index {
    uint32_t *first, *order;
} oc_data_index;

OC_MUST_CHECK oc_status oc_data_index_make(const oc_data_set *set, oc_data_index *out,
                                           oc_error *err);
void                    oc_data_index_finish(oc_data_index *index);

/* ---- geometry ---- */

double oc_data_round(double v); /* to 1e-9: what sums of decimals leave */
void   oc_data_ring_box(const oc_data_object *o, double box[4]); /* around all rings */
double oc_data_ring_area(const oc_data_object *o);
/* Pixels of a mask; around them in box. */
double oc_data_mask_area(const oc_data_object *o, int32_t height, double box[4]);
/* The area told, or that of mask, polygon, box. */
double oc_data_area(const oc_data_set *set, const oc_data_object *o);
double oc_data_box_iou(const double a[4], const double b[4]);
/* Fills in box and has_box from the outline, where there is none. */
void oc_data_box_from_outline(oc_data_object *o, int32_t height);

/* "a/../b" and "/a" lead out or elsewhere; "" and names with control characters are none. */
bool oc_data_path_safe(const char *file);
/* `file` seen from `folder` ("sub/labels", may be ""), with "." and ".." taken away.  False: it leads
 * out of the root, or does not fit. */
bool oc_data_path_join(const char *folder, const char *file, char *out, size_t bytes);

#endif
