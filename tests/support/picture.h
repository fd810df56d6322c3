/* picture.h -- pictures from files as network inputs, independent of the program's own path from
 * frame to tensor: plain, slow, the same everywhere. */
#ifndef TESTS_SUPPORT_PICTURE_H
#define TESTS_SUPPORT_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "ocellus/tensor.h"

typedef struct picture {
    int      width, height;
    uint8_t *rgb; /* [height][width][3] */
} picture;

/* JPEG or PNG.  A zeroed picture is fine for finish. */
OC_MUST_CHECK oc_status picture_load(const char *path, picture *out, oc_error *err);
void                    picture_finish(picture *p);

typedef struct picture_recipe {
    int      width, height; /* of the input */
    int      crop[4];       /* x, y, width, height; width 0 = all */
    bool     bgr, gray, nhwc;
    oc_dtype dtype;             /* F32, F16, I32 or U8 */
    float    mean[3], scale[3]; /* (value - mean) * scale, in the network's channel order */
} picture_recipe;

/* Bilinear, the whole picture stretched.  out: 1 x channels x height x width (or NHWC). */
void picture_to_input(const picture *p, const picture_recipe *recipe, void *out);

#endif
