/* graph_maker.h -- random small ONNX models, written in memory, a model per seed.
 *
 * A maker keeps the values made so far with type and shape; recipes (random_recipes_*.c) take some
 * and add nodes.  Nothing here computes a result. */
#ifndef TESTS_MODELS_GRAPH_MAKER_H
#define TESTS_MODELS_GRAPH_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAKER_VALUES_MAX 1024
#define MAKER_RANK_MAX 6
#define MAKER_INPUTS_MAX 3

/* element types as ONNX numbers them */
enum { T_F32 = 1, T_U8 = 2, T_I8 = 3, T_I32 = 6, T_I64 = 7, T_BOOL = 9 };

typedef struct bytes {
    unsigned char *data;
    size_t         n, room;
} bytes;

typedef struct made {
    char    name[16];
    int     type, rank;
    int64_t dim[MAKER_RANK_MAX];
    double  size;  /* elements are about this large at most */
    bool    exact; /* an input, moved about: the same bits whoever computes it */
    bool    constant, used, output;
    bool    hidden;      /* inside the body of another node */
    bool    cut;         /* quantised, or what is quantised by its own range: see maker_form */
    int     scale, zero; /* of bytes: constants; 0: none */
    float   step;        /* of a dequantised value; 0: it is none, or has one per channel: steps */
    float  *steps;       /* owned by the maker */
    bool    asked;       /* whether it has a stand-in has been decided */
    int     stand_in;    /* the value after a round through bytes; 0: none */
} made;

/* What is done with the values that are `cut`. */
typedef enum maker_form {
    MAKER_PLAIN, /* nothing */
    MAKER_OPEN,  /* each is an output */
    MAKER_CUT,   /* and what reads one reads an input instead: its name with an i behind */
} maker_form;

typedef struct maker {
    uint64_t random;
    int      opset;
    bytes    nodes, constants;
    bytes    node; /* under construction */
    made     v[MAKER_VALUES_MAX];
    int      n, n_nodes;
    int      input[MAKER_INPUTS_MAX], n_inputs;
    bool     open[MAKER_INPUTS_MAX][MAKER_RANK_MAX]; /* dimensions left open in the file */
    bool     full;
    bool     flow; /* control flow and sizes that the data decide among the recipes */
    bool     wide; /* windows over one to three dimensions, of any group and dilation, too */

    /* quantised graphs: graph_bytes.c */
    bool       float_bias;    /* beside bytes: engines round it to the sums' scale */
    bool       odd_zero;      /* of the last weights: not the usual one */
    bool       saturates;     /* has sums of u8 times i8 that do not fit 16 bits */
    bool       quant, inside; /* inside: making the nodes of a stand-in */
    int        depth;         /* of bodies */
    maker_form form;
    char       op[24]; /* under construction, and what it has read */
    int        read[3], n_read;
    int        last; /* the last bytes made */
} maker;

/* The whole model of a seed; free model->data.  What it has for inputs and outputs stays in *m; a seed
 * gives the same values in every form. */
void maker_model(maker *m, uint64_t seed, maker_form form, bytes *model);

/* ---- for recipes ---- */

uint32_t rnd(maker *m, uint32_t n);                     /* 0 .. n-1 */
int64_t  rnd_between(maker *m, int64_t lo, int64_t hi); /* both ends */
bool     chance(maker *m, uint32_t percent);
float    rnd_float(maker *m, float lo, float hi);

int64_t elements(const made *v);
int     new_value(maker *m, int type, int rank, const int64_t *dim, double size);
int     like(maker *m, int x, double size); /* type and shape of x */

int floats(maker *m, int rank, const int64_t *dim, float lo, float hi);
int scalar(maker *m, float value);
int ints64(maker *m, int64_t n, const int64_t *values);
int raw(maker *m, int type, int rank, const int64_t *dim, const void *data, size_t n_bytes);

void op_begin(maker *m, const char *op, const char *domain);
void op_in(maker *m, int x); /* -1: left out */
void op_int(maker *m, const char *name, int64_t value);
void op_ints(maker *m, const char *name, int n, const int64_t *values);
void op_float(maker *m, const char *name, float value);
void op_string(maker *m, const char *name, const char *value);
void op_end(maker *m, int n_out, const int *out);

/* The nodes from here on belong to a body; body_end gives them back, and hides their values. */
typedef struct body {
    bytes nodes, ports; /* of the body; what came before while it is made */
    int   first;
} body;
body body_begin(maker *m);
int  body_input(maker *m, body *b, int type, int rank, const int64_t *dim);
void body_output(maker *m, body *b, int x);
void body_end(maker *m, body *b);
/* As an attribute of the present node; takes it over. */
void op_body(maker *m, const char *name, body *b);

int unary(maker *m, const char *op, int x, double size);
/* Broadcast; -1 when the shapes do not go together or the result grows too large. */
int binary(maker *m, const char *op, int a, int b, double size);

/* A value of this type and rank (0: any), the younger the likelier; -1: there is none. */
int pick(maker *m, int type, int rank);
int pick_image(maker *m); /* f32, four dimensions */
/* Values grown too large are brought back by Tanh or a factor. */
int  tame(maker *m, int x);
bool fits(int rank, const int64_t *dim);
int  axes_op(maker *m, const char *op, int x, int64_t keep, int n, const int64_t *axes, int since,
             int out);

typedef bool recipe_fn(maker *m);
typedef struct recipe {
    recipe_fn *make;
    unsigned   weight;
} recipe;

extern const recipe image_recipes[], move_recipes[], block_recipes[], other_recipes[],
    more_recipes[], flow_recipes[], wide_recipes[], byte_recipes[];

int conv_of(maker *m, int x, int64_t out_channels, int64_t kernel, int64_t group, bool plain);
int activation_of(maker *m, int x);      /* one node */
int spelled_activation(maker *m, int x); /* several */
int transpose_of(maker *m, int x, const int64_t *perm);
int reshape_of(maker *m, int x, int rank, const int64_t *dim);
int concat_of(maker *m, int n, const int *x, int axis);
int slice_of(maker *m, int x, int axis, int64_t from, int64_t to, int64_t step);

/* ---- quantised graphs ---- */

/* What an operator reads in place of x: its round through bytes, weights' and biases' form in bytes. */
int stand_in(maker *m, int x);
/* Constant floats as bytes and a DequantizeLinear. */
int byte_weights(maker *m, int rank, const int64_t *dim, float range);
/* Bytes of any value as constant; scale and zero point for `count` channels (0: one), both constants.
 * *step gets the scales. */
int random_bytes(maker *m, int type, int rank, const int64_t *dim);
/* For an operator that multiplies bytes of the first type by them. */
int  byte_factors(maker *m, int by, int type, int rank, const int64_t *dim);
void weight_params(maker *m, int type, int64_t count, float range, int *scale, int *zero,
                   float *step);
/* A value of bytes with scale and zero point for values up to about `size`; what makes it is to follow. */
int new_bytes(maker *m, int type, int rank, const int64_t *dim, double size);
int quantised(maker *m, int x);   /* through QuantizeLinear */
int dequantised(maker *m, int q); /* through DequantizeLinear */

#endif
