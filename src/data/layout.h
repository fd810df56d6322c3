/* layout.h -- what the readers and writers of several formats need: pictures beside labels, their
 * sizes, lists of names, attributes that stand for fields. */
#ifndef OC_DATA_LAYOUT_H
#define OC_DATA_LAYOUT_H

#include "data/file.h"
#include "data/format.h"

/* Adds the image whose labels are `stem` + suffix below `root`: with the suffix of the picture that
 * is found, or `suffix`. */
OC_MUST_CHECK oc_status data_add_stem(oc_data_set *set, const char *stem, const char *suffix,
                                      const char *root, const oc_data_reading *how, uint32_t *image,
                                      oc_error *err);

/* Sizes of images that have none: images.meta in `root`, then the pictures' heads.  need: OC_FORMAT
 * when one stays unknown. */
OC_MUST_CHECK oc_status data_find_sizes(oc_data_set *set, const char *root,
                                        const oc_data_reading *how, bool need, oc_error *err);
/* images.meta: "name" height width a line, as Datumaro writes it. */
OC_MUST_CHECK oc_status data_write_sizes(const oc_data_set *set, const char *root, oc_error *err);

/* Names of categories, one a line; what follows the third ':' from the end is not the name's. */
OC_MUST_CHECK oc_status data_read_names(const char *path, oc_data_set *set, oc_error *err);
OC_MUST_CHECK oc_status data_write_names(const oc_data_set *set, const char *path, const char *tail,
                                         oc_error *err);
/* In the order of their names, numbered from 1. */
OC_MUST_CHECK oc_status data_sort_categories(oc_data_set *set, oc_error *err);

/* Labels of two images would be one file ("a.jpg", "a.png"): OC_UNSUPPORTED. */
OC_MUST_CHECK oc_status data_stems_differ(const oc_data_set *set, oc_error *err);

/* Fields that formats without a place for them carry as attributes: track_id, score, iscrowd. */
typedef struct data_hidden {
    oc_data_attr item[3];
    char         text[3][OC_DATA_NUMBER_MAX];
    size_t       n;
} data_hidden;
void                    data_hide(const oc_data_object *o, data_hidden *out);
OC_MUST_CHECK oc_status data_take_attr(oc_data_set *set, oc_data_object *o, const char *key,
                                       const char *text, oc_error *err);

/* A category's name without blanks, for formats of columns. */
void data_put_word(FILE *f, const char *name);

/* The splits' names, each once, in the order of the images; "" stands for none.  Not more than max. */
size_t data_splits(const oc_data_set *set, const char **out, size_t max);

#endif
