/* backend.h -- what a plug-in implements to run a network, or a part of one, somewhere else.
 *
 * The host gives the backend a subgraph; the backend compiles it to a program; the host runs the
 * program as often as it likes, with memory of its own.  Tables and structs start with their size:
 * new slots go at the end, and what an older plug-in lacks counts as NULL or 0, "the default". */
#ifndef OCELLUS_BACKEND_H
#define OCELLUS_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/session.h"
#include "ocellus/status.h"
#include "ocellus/tensor.h"
#include "ocellus/tune.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oc_backend  oc_backend;  /* the plug-in's own state */
typedef struct oc_subgraph oc_subgraph; /* the host's, borrowed, read only */
typedef struct oc_program  oc_program;  /* the plug-in's compiled part */

#define OC_VALUE_NONE 0xffffffffu /* an optional input or output left out */

typedef struct oc_node_view {
    uint32_t        struct_size;
    const char     *name, *domain, *op_type; /* domain "" is ONNX's own */
    int             opset;
    const uint32_t *in, *out; /* value ids */
    uint32_t        n_in, n_out, n_attributes;
} oc_node_view;

typedef struct oc_value_view {
    uint32_t       struct_size;
    const char    *name;
    oc_tensor_info info; /* shapes are bound */
    const void    *data; /* contents of a constant, row-major; else NULL */
} oc_value_view;

/* One attribute: exactly one of the pointers is set, or none for an int or a float. */
typedef struct oc_attribute_view {
    uint32_t              struct_size;
    const char           *name;
    int                   kind; /* as AttributeProto.type: 1 float, 2 int, 3 string, 4 tensor,
                                   6 floats, 7 ints, 8 strings */
    size_t                n;
    int64_t               i;
    float                 f;
    const char           *s;
    const int64_t        *ints;
    const float          *floats;
    const char *const    *strings;
    const oc_tensor_view *tensor;
} oc_attribute_view;

/* How a plug-in reads a subgraph: nodes are in topological order. */
typedef struct oc_subgraph_api {
    uint32_t struct_size;
    uint32_t (*nodes)(const oc_subgraph *sg);
    void (*node)(const oc_subgraph *sg, uint32_t i, oc_node_view *out);
    bool (*attribute)(const oc_subgraph *sg, uint32_t node, uint32_t i, oc_attribute_view *out);
    void (*value)(const oc_subgraph *sg, uint32_t id, oc_value_view *out);
    uint32_t (*inputs)(const oc_subgraph *sg, const uint32_t **ids);
    uint32_t (*outputs)(const oc_subgraph *sg, const uint32_t **ids);
} oc_subgraph_api;

/* What the host lends. */
typedef struct oc_host {
    uint32_t               struct_size;
    const oc_subgraph_api *subgraph;
    void (*log)(void *ctx, int level, const char *line); /* level 0 error .. 3 debug */
    void *ctx;
} oc_host;

typedef struct oc_compile_options {
    uint32_t    struct_size;
    oc_pool    *pool;             /* NULL: the caller's thread */
    uint32_t    cores_max;        /* 0 = as many as the pool has */
    uint64_t    memory_bytes_max; /* workspace; 0 = no limit */
    const char *isa;              /* "ref", "avx2" ...; NULL = all there is */
    bool        minimal;          /* no optimisation, for comparing */
    /* Called during compile, from one thread at a time, for each constant that the program will not
     * read again (it has packed its contents): the host may give its memory back.  May be NULL. */
    void (*release)(void *ctx, uint32_t value);
    void                        *release_ctx;
    const struct oc_packed_host *packed; /* for our own CPU backend; plug-ins leave it alone */
    const oc_tune *tune; /* for our own CPU backend: kernels measured on this machine, or NULL */
    bool           lean; /* memory is short: no weights that packing makes much larger */
    /* Weights and workspace together: lean as far as it takes, no failure; 0 = no limit. */
    uint64_t program_bytes_max;
} oc_compile_options;

typedef struct oc_program_info {
    uint32_t struct_size;
    uint32_t cores_max; /* more would not help */
    uint64_t weight_bytes, workspace_bytes;
    double   flops; /* of one run; 0 = not known */
    uint32_t n_steps;
    bool     can_yield;  /* returns to the scheduler between ranges */
    uint64_t late_bytes; /* held by the program for values whose size the data decide */
} oc_program_info;

/* What a program tells of one finished step, where it can (profiling). */
typedef struct oc_step_view {
    uint32_t              struct_size;
    const char           *name, *op_type;
    uint32_t              index;
    uint64_t              ns;
    double                flops, bytes; /* bytes: of inputs and outputs */
    const oc_tensor_info *out;          /* the first output */
    const char           *kernel;       /* which of several serves; NULL: there is one */
    const char           *kernel_key;   /* what the choice depends on */
    const char *const    *kernels;      /* all that could serve, n_kernels of them */
    uint32_t              n_kernels;
} oc_step_view;
typedef void oc_step_fn(void *ctx, const oc_step_view *step);

typedef struct oc_run {
    uint32_t            struct_size;
    uint32_t            cores;       /* granted for this run; 0 = all */
    void               *workspace;   /* workspace_bytes, 64-byte aligned, the host's */
    uint64_t            deadline_ns; /* monotonic; 0 = none */
    const volatile int *cancel;      /* non-zero: stop soon, return OC_CANCELLED; may be NULL */
    void               *stream;      /* device queue, or NULL */
    oc_step_fn         *on_step;     /* called after every step; NULL: not */
    void               *on_step_ctx;
} oc_run;

#define OC_BACKEND_ABI 1u /* raised only when a slot changes its meaning */

typedef struct oc_backend_ops {
    uint32_t    abi;         /* OC_BACKEND_ABI */
    uint32_t    struct_size; /* sizeof(oc_backend_ops) when the plug-in was compiled */
    const char *name;        /* "null"; [a-z0-9_]+, unique */
    int (*score)(void);      /* 0 = not on this machine; called before open */
    oc_status (*open)(const oc_host *host, oc_backend **out, oc_error *err);
    void (*close)(oc_backend *self);
    bool (*supports)(const oc_backend *self, const char *op_type, const oc_tensor_info *in,
                     size_t n_in);
    /* Everything that can fail because of the network fails here.  The subgraph may be used until
     * drop, its constants too. */
    oc_status (*compile)(oc_backend *self, const oc_subgraph *sg, const oc_compile_options *options,
                         oc_program **out, oc_program_info *info, oc_error *err);
    /* in and out in the order of the subgraph's inputs and outputs; out[i].data is memory to fill. */
    oc_status (*run)(oc_program *program, const oc_run *run, const oc_tensor_view *in,
                     oc_tensor_view *out, oc_error *err);
    void (*drop)(oc_program *program);
    uint64_t (*memory_bytes_free)(const oc_backend *self); /* optional */
    /* The steps in order, as on_step would tell of them, without times; optional. */
    void (*describe)(const oc_program *program, oc_step_fn *on_step, void *ctx);
} oc_backend_ops;

/* The one symbol a plug-in exports, as "oc_backend_entry". */
typedef const oc_backend_ops *oc_backend_entry_fn(void);

#ifdef __cplusplus
}
#endif

#endif
