/* step.h -- what a step is, and what a run of a pipeline has at hand. */
#ifndef OC_AUGMENT_STEP_H
#define OC_AUGMENT_STEP_H

#include "augment/augment.h"
#include "augment/random.h"
#include "config/yaml.h"
#include "kernels/s32_places.h"
#include "kernels/u8_fir.h"
#include "kernels/u8_hsv.h"
#include "kernels/u8_linear.h"
#include "kernels/u8_mirror.h"
#include "kernels/u8_table.h"
#include "kernels/u8_warp.h"

#define AUG_PARAMS_MAX 8
#define AUG_STEPS_MAX 64

/* ---- places ---- */

typedef struct aug_matrix { /* of points (x, y, 1), row by row */
    double m[9];
} aug_matrix;

#define AUG_IDENTITY                  \
    (aug_matrix)                      \
    {                                 \
        {                             \
            1, 0, 0, 0, 1, 0, 0, 0, 1 \
        }                             \
    }

aug_matrix aug_product(const aug_matrix *a, const aug_matrix *b); /* b first */
bool       aug_inverse(const aug_matrix *a, aug_matrix *out);     /* false: there is none */
void       aug_point(const aug_matrix *a, double x, double y, double out[2]);

/* From the picture's place to where it comes to lie, and how large what it lies on is. */
typedef struct aug_canvas {
    aug_matrix m;
    int32_t    width, height;
} aug_canvas;

typedef struct aug_box { /* corners */
    double x0, y0, x1, y1;
} aug_box;

/* ---- colours: rows of pixels one after the other ---- */

typedef enum aug_colour_kind { AUG_LINEAR, AUG_TABLE, AUG_HSV } aug_colour_kind;

typedef struct aug_colour {
    aug_colour_kind kind;
    float           a[3], b[3];
    oc_u8_hsv       hsv;
    uint8_t         table[3][256];
} aug_colour;

/* ---- steps ---- */

typedef struct aug_run aug_run;

typedef struct aug_param { /* a range of numbers, or one of some words */
    const char *name;
    double      least, most, lo, hi; /* what is allowed; what is meant when nothing is said */
    bool        whole;
    const oc_yaml_word *words; /* its number is the value */
} aug_param;

/* One of place, colour, apply.  v: the values drawn, in the order of the parameters. */
typedef struct aug_spec {
    const char *name;
    aug_param   params[AUG_PARAMS_MAX]; /* ends with a name NULL */
    bool        mixes;
    void (*place)(aug_run *run, const double *v, aug_canvas *canvas);
    void (*colour)(aug_run *run, const double *v, aug_colour *out);
    oc_status (*apply)(aug_run *run, const double *v, oc_error *err);
} aug_spec;

#define AUG_STEP(name) extern const aug_spec aug_step_##name;
#include "augment/steps.inc"
#undef AUG_STEP

typedef struct aug_step {
    const aug_spec *spec;
    double          p, lo[AUG_PARAMS_MAX], hi[AUG_PARAMS_MAX];
} aug_step;

struct oc_augment {
    aug_step     step[AUG_STEPS_MAX];
    size_t       n;
    oc_u8_border border;
    uint8_t      fill[3];
    double       visible, side; /* objects of which less is left are dropped */
};

struct oc_augment_worker {
    oc_frame_pool      *pool;
    oc_k_u8_warp_fn    *warp;
    oc_k_s32_places_fn *places;
    oc_k_u8_mirror_fn  *mirror;
    oc_k_u8_table_fn   *table;
    oc_k_u8_fir_fn     *fir;
    oc_k_u8_hsv_fn     *hsv;
    oc_k_u8_linear_fn  *linear;
    int32_t            *at;     /* 2 x OC_FRAME_SIDE_MAX: a row's positions */
    int16_t            *normal; /* see noise.c */
};

struct aug_run {
    const oc_augment        *how;
    const oc_augment_key    *key;
    const oc_augment_source *source;
    oc_augment_worker       *worker;
    oc_augment_sample       *sample;
    aug_random               random; /* of the step that is at work */
    /* what was asked for and is not yet done */
    bool       placed;
    aug_canvas canvas;
    aug_colour colour[AUG_STEPS_MAX];
    size_t     n_colours;
};

/* A frame of the worker's pool. */
OC_MUST_CHECK oc_status aug_frame(aug_run *run, int32_t width, int32_t height, oc_frame **out,
                                  oc_error *err);
void aug_take(aug_run *run, oc_frame *frame); /* as the sample's, instead of the one it had */
static inline uint8_t *aug_row(const oc_frame *f, int32_t y)
{
    return f->plane[0] + (ptrdiff_t)y * f->stride[0];
}

/* warp.c: pixels of `from` into a part of `to` (x0, y0, x1, y1 within it), as m says, and colours
 * over them. */
typedef struct aug_warp {
    const oc_frame   *from;
    const aug_matrix *m;
    oc_u8_border      border;
    int32_t           part[4];
    const aug_colour *colour;
    size_t            n_colours;
} aug_warp;
void aug_warp_run(aug_run *run, const aug_warp *warp, oc_frame *to);
void aug_colour_row(const oc_augment_worker *worker, const aug_colour *colour, size_t n_colours,
                    size_t n, uint8_t *row);
/* colour.c: one more; those that are tables of bytes become one. */
void aug_colour_add(aug_colour *list, size_t *n, const aug_colour *one);

/* labels.c: objects of `from` where m brings them, cut off at `part`, appended to `to` (which may not
 * be `from`). */
typedef struct aug_move {
    const aug_matrix *m;
    aug_box           part;
    int32_t from_height, width, height; /* of the pictures: masks are written by columns */
    double  visible, side;
} aug_move;
OC_MUST_CHECK oc_status aug_labels_move(const oc_augment_sample *from, const aug_move *move,
                                        oc_augment_sample *to, oc_error *err);
bool                    aug_object_box(const oc_data_object *object, int32_t height, aug_box *out);
aug_box aug_box_moved(const aug_matrix *m, const aug_box *box); /* around its four corners */

/* mix.c, from the source: *out is finished by the caller, always. */
oc_status aug_other(aug_run *run, oc_augment_sample *out, oc_error *err);

#endif
