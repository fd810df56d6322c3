/* coco.h -- what COCO's and Labelme's files share: members of JSON records. */
#ifndef OC_DATA_COCO_H
#define OC_DATA_COCO_H

#include <stdio.h>

#include "data/json_pull.h"
#include "data/set.h"

/* Numbers and parts that one record is gathered in, used again for the next. */
typedef struct data_scratch {
    double *number;
    size_t  n, cap;
} data_scratch;

OC_MUST_CHECK oc_status data_read_numbers(data_scratch *s, oc_json *j, oc_error *err);
OC_MUST_CHECK oc_status data_read_points(oc_data_set *set, data_scratch *s, oc_json *j,
                                         oc_data_object *o, oc_error *err);
OC_MUST_CHECK oc_status data_read_box(data_scratch *s, oc_json *j, oc_data_object *o,
                                      oc_error *err);
OC_MUST_CHECK oc_status data_read_segment(oc_data_set *set, data_scratch *s, oc_json *j,
                                          oc_data_object *o, oc_error *err);
OC_MUST_CHECK oc_status data_read_attrs(oc_data_set *set, oc_json *j, oc_data_attrs *attrs,
                                        oc_error *err);
OC_MUST_CHECK oc_status data_read_int(oc_json *j, const char *what, int64_t *out, oc_error *err);
OC_MUST_CHECK oc_status data_read_float(oc_json *j, const char *what, double *out, oc_error *err);
OC_MUST_CHECK oc_status data_read_text(oc_json *j, oc_data_set *set, const char **out,
                                       oc_error *err);
/* A member whose key was the last token, kept for the same format's writer. */
OC_MUST_CHECK oc_status data_read_extra(oc_data_set *set, oc_json *j, const char *format,
                                        oc_data_extras *extras, oc_error *err);
oc_status               data_json_fail(const oc_json *j, const char *what, oc_error *err);

void data_put_extras(FILE *f, const oc_data_extras *extras, const char *format);
void data_put_attrs(FILE *f, const oc_data_attrs *attrs); /* "attributes": {...} */
void data_put_segment(FILE *f, const oc_data_object *o, const oc_data_image *image);
void data_put_doubles(FILE *f, const double *v, size_t n); /* [1, 2] */

#endif
