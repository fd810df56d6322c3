/* session.h -- load a network once, bind shapes, run it many times. */
#ifndef OCELLUS_SESSION_H
#define OCELLUS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"
#include "ocellus/tensor.h"
#include "ocellus/tune.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oc_model   oc_model;   /* immutable, shared, reference counted */
typedef struct oc_session oc_session; /* its plan and its memory */
typedef struct oc_pool    oc_pool;    /* worker threads, shared by all sessions of a process */

/* threads: workers counting the caller; 0 = one per processor this process may use. */
OC_API OC_MUST_CHECK oc_status oc_pool_create(unsigned threads, oc_pool **out, oc_error *err);
OC_API void oc_pool_destroy(oc_pool *pool); /* NULL is fine; no session may use it any more */

typedef struct oc_port { /* an input or output of a network */
    const char    *name; /* lives as long as the model or session it was asked of */
    oc_tensor_info info; /* of a model: dimensions may be -1; of a session: bound */
} oc_port;

/* Reads and checks an ONNX file: what is wrong with it is found here or in oc_session_create, not
 * at a frame.
 *
 * OC_IO           the file cannot be read
 * OC_FORMAT       it is damaged; err says where
 * OC_UNSUPPORTED  opset or operator not known; err names node and operator */
OC_API OC_MUST_CHECK oc_status oc_model_load(const char *path, oc_model **out, oc_error *err);
/* The same from memory, which is copied. `name` is used in messages. */
OC_API OC_MUST_CHECK oc_status oc_model_load_memory(const char *name, const void *bytes, size_t n,
                                                    oc_model **out, oc_error *err);
OC_API oc_model               *oc_model_ref(oc_model *model);
OC_API void                    oc_model_unref(oc_model *model); /* NULL is fine */
OC_API size_t                  oc_model_inputs(const oc_model *model, const oc_port **ports);
OC_API size_t                  oc_model_outputs(const oc_model *model, const oc_port **ports);
/* The i-th warning of the import ("weight 'w' has NaN ..."), NULL past the end. */
OC_API const char *oc_model_warning(const oc_model *model, size_t i);

typedef struct oc_session_options {
    uint32_t       struct_size;     /* sizeof(oc_session_options) */
    oc_pool       *pool;            /* borrowed for the session's life; NULL = caller's thread */
    uint64_t       arena_bytes_max; /* activation memory; 0 = no limit */
    const char    *backend;         /* "cpu"; NULL = the one that scores best */
    const char    *isa;             /* "ref", "avx2" ...; NULL = all this processor has */
    const oc_port *shapes;          /* inputs to bind, by name (NULL: the only one); no dtype */
    size_t         n_shapes;
    bool           no_fusion; /* no graph passes beyond what running needs (for tests) */
    const oc_tune *tune; /* kernels measured on this machine; NULL = a guess; read in this call */
    /* Packed weights, activations, inputs and outputs together; 0 = no limit.  Where it is short,
     * kernels that pack weights larger than they are give way to others. */
    uint64_t memory_bytes_max;
    /* Take a network too where nothing limits the size of some value (oc_session_output_most). */
    bool allow_dynamic;
} oc_session_options;
#define OC_SESSION_OPTIONS_INIT                   \
    {                                             \
        .struct_size = sizeof(oc_session_options) \
    }

/* Binds shapes, runs the passes, plans memory, packs weights.
 *
 *   model    a reference is taken
 *   options  read during this call only; NULL = defaults
 *   out      for oc_session_destroy; untouched on failure
 *
 * OC_INVALID      a dynamic dimension is not bound, or a bound shape contradicts the network
 * OC_UNSUPPORTED  some node has no kernel here; err names node and operator
 * OC_UNSUPPORTED  the data decide the size of some value and nothing limits it, without
 *                 allow_dynamic; err names the node that makes it
 * OC_NOMEM        the plan exceeds arena_bytes_max; err tells the need */
OC_API OC_MUST_CHECK oc_status oc_session_create(oc_model *model, const oc_session_options *options,
                                                 oc_session **out, oc_error *err);
OC_API void                    oc_session_destroy(oc_session *session); /* NULL is fine */
OC_API size_t                  oc_session_inputs(const oc_session *session, const oc_port **ports);
OC_API size_t                  oc_session_outputs(const oc_session *session, const oc_port **ports);

/* The most that output i can be in any run.  False: nothing limits it (allow_dynamic), or there is no
 * such output. */
OC_API bool oc_session_output_most(const oc_session *session, size_t i, oc_tensor_info *most);

typedef struct oc_session_stats {
    uint32_t struct_size;
    uint64_t arena_bytes;  /* activations */
    uint64_t weight_bytes; /* packed weights and constants of this session */
    double   flops;        /* of one run: 2 per multiply-add of convolutions and products */
    uint32_t n_nodes;      /* steps of the plan */
} oc_session_stats;
OC_API void oc_session_stats_get(const oc_session *session, oc_session_stats *stats);

/* One inference.  Allocates nothing; returns when the outputs are written.
 * Where the data decide the size of an output (NonMaxSuppression, NonZero, Loop ...) the session's
 * port has dimensions of -1: pass data NULL (or what the last run left), and the view gets the shape of
 * this run and memory of the session.  Where all such sizes have a bound (they have, without allow_dynamic) memory for the
 * largest is set aside when the session is made; else a run may allocate while sizes still grow.  Such
 * networks may fail with a message that names the node.
 *
 *   in   one view per input, in the session's order; shape and dtype must be the bound ones
 *   out  one view per output, over the caller's memory of at least the port's bytes; with data NULL
 *        the view is pointed at the session's own memory, valid until the next run
 *
 * Views stay the caller's.  Not from two threads at once on one session. */
OC_API OC_MUST_CHECK oc_status oc_session_run(oc_session *session, const oc_tensor_view *in,
                                              size_t n_in, oc_tensor_view *out, size_t n_out,
                                              oc_error *err);

/* The session's own memory for input i (bound shape, 64-byte aligned): writing there and passing
 * the same pointer to run saves a copy. */
OC_API void *oc_session_input_buffer(oc_session *session, size_t i);

#ifdef __cplusplus
}
#endif

#endif
