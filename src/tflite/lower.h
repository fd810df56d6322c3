/* lower.h -- what the lowerings share: one operator of the file, its tensors, and the nodes it
 * becomes.
 *
 * TFLite's pictures are [N,H,W,C], the engine's operators want [N,C,H,W].  Each tensor of rank four
 * may exist in both forms: as the file has it, and planar; a missing one is made by a Transpose when
 * it is asked for, once.  Convolutions give planar tensors, and whatever can works on in that form,
 * so that transposes stand only where the file itself looks across channels.
 *
 * Failures stick: the first one is kept in the importer, and everything emitted after it does
 * nothing.  Lowerings therefore read like the formula, and the caller looks once. */
#ifndef OC_TFLITE_LOWER_H
#define OC_TFLITE_LOWER_H

#include "ir/graph.h"
#include "ops/op.h"
#include "tflite/flat.h"

typedef enum tfl_form { TFL_FILE, TFL_PLANAR, TFL_FORMS } tfl_form;

/* A tensor of the file. */
typedef struct tfl_tensor {
    const char          *name;
    oc_dtype             dtype;
    oc_shape             shape;
    oc_vid               value[TFL_FORMS]; /* OC_VID_NONE: not made yet */
    const unsigned char *data;             /* constant: the contents, of type `stored` */
    oc_dtype             stored;           /* other than dtype behind a DEQUANTIZE of a constant */
    flat_vector          scale, zero;      /* quantised where there are scales */
    int32_t              axis;             /* of several scales */
    flat_table           sparse;           /* how `packed` lies, of a constant with gaps */
    flat_vector          packed;
    bool                 made; /* an input, or some operator's output */
} tfl_tensor;

typedef struct tfl_importer {
    oc_graph   *graph;
    flat_reader flat;
    tfl_tensor *tensors;
    uint32_t    n_tensors;
    size_t      made_bytes, made_bytes_max; /* of constants that were converted */
    oc_status   status;
    oc_error   *err;
} tfl_importer;

typedef struct tfl_row tfl_row;

/* The operator that is being lowered. */
typedef struct tfl_op {
    tfl_importer  *im;
    const tfl_row *row;
    flat_vector    in, out; /* indices of tensors; -1: left out */
    flat_table     options;
    flat_vector    custom; /* options of a custom operator, bytes */
} tfl_op;

typedef void tfl_lower_fn(tfl_op *o);

struct tfl_row {
    int32_t       code;
    const char   *name; /* of a custom operator: its custom code */
    tfl_lower_fn *lower;
    const char   *onnx; /* what a plain one-to-one operator becomes */
    uint8_t       n_in_min, n_in_max, n_out_min, n_out_max;
};

#define TFL_MANY 255

/* ---- failures ---- */

bool tfl_ok(const tfl_op *o);
/* Records it, unless one is recorded already. */
void tfl_fail(tfl_op *o, oc_status status, const char *fmt, ...) OC_PRINTF(3, 4);

/* ---- tensors ---- */

bool tfl_has(const tfl_op *o, uint32_t i); /* input i is there */
/* Never NULL: an empty one where it is left out. */
tfl_tensor *tfl_in(const tfl_op *o, uint32_t i);
tfl_tensor *tfl_out(const tfl_op *o, uint32_t i);
bool        tfl_is_quantised(const tfl_tensor *t);
bool        tfl_same_quantisation(const tfl_tensor *a, const tfl_tensor *b);

/* Integers of a constant input; fails where it is not constant.  Returns their number, at most
 * `most`. */
uint32_t tfl_const_ints(tfl_op *o, uint32_t i, int64_t *values, uint32_t most);
/* The axis given by a constant or option, from 0 to rank - 1. */
uint32_t tfl_axis(tfl_op *o, int64_t axis, uint32_t rank);

/* The value as it is, bytes where quantised. */
oc_vid tfl_value(tfl_op *o, tfl_tensor *t, tfl_form form);
/* The value in real numbers: dequantised where the file has it quantised. */
oc_vid tfl_real(tfl_op *o, tfl_tensor *t, tfl_form form);
/* A constant with its axes in another order (shape of the result: shape[perm[i]]); `real` gives
 * float32 whatever is stored.  perm NULL: as it is. */
oc_vid tfl_weights(tfl_op *o, tfl_tensor *t, const uint32_t *perm, bool real);

/* Rank four, and planar already: the form an operator that does not care works in.  ORs over its
 * inputs; every other one must be able to follow. */
tfl_form tfl_form_of(const tfl_op *o, uint32_t n_in);
/* Where axis `i` of the file stands in that form. */
uint32_t tfl_axis_in(tfl_form form, uint32_t i);

/* ---- nodes ---- */

oc_attr tfl_int(const char *name, int64_t value);
oc_attr tfl_float(const char *name, float value);
oc_attr tfl_text(const char *name, const char *value);
oc_attr tfl_ints(tfl_op *o, const char *name, const int64_t *values, uint32_t n);

#define TFL_COUNT(type, ...) (uint32_t)(sizeof((type[]){__VA_ARGS__}) / sizeof(type))
#define TFL_IN(...) (const oc_vid[]){__VA_ARGS__}, TFL_COUNT(oc_vid, __VA_ARGS__)
#define TFL_ATTRS(...) (const oc_attr[]){__VA_ARGS__}, TFL_COUNT(oc_attr, __VA_ARGS__)
#define TFL_NO_ATTRS NULL, 0

/* A node with one output, or with several into out[n_out].  A type "com.microsoft.X" or
 * "ocellus.X" is of that domain. */
oc_vid tfl_emit(tfl_op *o, const char *type, const oc_vid *in, uint32_t n_in, const oc_attr *attrs,
                uint32_t n_attrs);
void   tfl_emit_many(tfl_op *o, const char *type, const oc_vid *in, uint32_t n_in,
                     const oc_attr *attrs, uint32_t n_attrs, oc_vid *out, uint32_t n_out);

/* Constants of our own. */
oc_vid tfl_const_i64(tfl_op *o, const int64_t *values, uint32_t n);
oc_vid tfl_const_f32(tfl_op *o, float value); /* a scalar */
oc_vid tfl_const_bytes(tfl_op *o, oc_dtype dtype, const oc_shape *shape, const void *data);
/* Memory that lives as long as the graph, counted against the limit; NULL has failed. */
void *tfl_memory(tfl_op *o, size_t n, size_t size);

/* The activation TFLite fuses into an operator (ActivationFunctionType). */
oc_vid tfl_activate(tfl_op *o, oc_vid x, int64_t activation);

/* ---- results ---- */

/* Output i is `v` in that form, as bytes where it is quantised. */
void tfl_give(tfl_op *o, uint32_t i, oc_vid v, tfl_form form);
/* Output i is `v`, real numbers: quantised again where the file wants it so. */
void tfl_give_real(tfl_op *o, uint32_t i, oc_vid v, tfl_form form);

/* ---- quantisation ---- */

oc_vid tfl_scale(tfl_op *o, const tfl_tensor *t); /* scalar, or one per index of t->axis */
oc_vid tfl_zero(tfl_op *o, const tfl_tensor *t);  /* of t's type */
/* A fused activation of a quantised output: the bytes it may have.  False: all of them. */
bool tfl_byte_range(tfl_op *o, const tfl_tensor *t, int64_t activation, int32_t *lo, int32_t *hi);

/* All rows, from ops.inc. */
const tfl_row *tfl_row_find(int32_t code, const char *custom);
const char    *tfl_code_name(int32_t code); /* of TFLite's list, also where nothing lowers it */

#endif
