/* plan.h -- the file of a compiled network: what the passes left of the graph, the constants that
 * are still read, and the packed weights as the kernels want them.
 *
 *   head       fixed size: magic, version, lengths and checksums of the other two, its own
 *   structure  the key, the files the network came from, graph, steps: a stream of numbers
 *   contents   constants and packed weights, each 64-byte aligned, to be mapped
 *
 * Everything in a plan is checked when it is read: checksums, then every length, index and offset.
 * What is well formed but for another machine, build, model or shape is refused by the caller, who
 * compares the key.  See docs/plans.md. */
#ifndef OC_PLAN_PLAN_H
#define OC_PLAN_PLAN_H

#include "core/bytes.h"
#include "core/sha256.h"
#include "ir/graph.h"
#include "ops/packed.h"
#include "plan/origin.h"

#define OC_PLAN_VERSION 1u

/* What a plan is for. */
typedef struct oc_plan_key {
    char     build[72]; /* of the library that wrote it, in hexadecimal */
    char     isa[16];   /* kernels: "avx2" */
    uint32_t isa_flags;
    bool     no_fusion; /* of the session's options */
} oc_plan_key;

typedef struct oc_plan_step {
    uint32_t    node;            /* index in the graph */
    const char *choice, *kernel; /* key and name of the kernel chosen; "" where there is one */
    const oc_packed_blob *blobs;
    uint32_t              n_blobs;
} oc_plan_step;

/* What is written.  All borrowed. */
typedef struct oc_plan_content {
    oc_plan_key          key;
    const oc_origin     *origin;
    const oc_graph      *graph;
    const unsigned char *released; /* per value: not zero for constants nobody reads any more */
    const oc_plan_step  *steps;
    size_t               n_steps;
    uint64_t             arena_bytes;
} oc_plan_content;

/* The file appears whole or not at all, readable and writable by its owner alone.
 *
 * OC_UNSUPPORTED  the network cannot be kept in a plan; err says why
 * OC_IO           the file cannot be written */
OC_MUST_CHECK oc_status oc_plan_write(const char *path, const oc_plan_content *content,
                                      oc_error *err);

typedef struct oc_plan {
    oc_bytes         bytes;
    oc_plan_key      key;
    oc_origin        origin;
    oc_graph        *graph;  /* its constants point into `bytes`, or at zeros where nobody reads */
    unsigned char   *absent; /* per value: not zero where the constant has no contents */
    oc_plan_step    *steps;
    size_t           n_steps;
    oc_packed_given *given; /* per step */
    uint64_t         arena_bytes;
    void            *zeros; /* a mapping of zeros_bytes */
    size_t           zeros_bytes;
    oc_arena         mem;
} oc_plan;

/* The file must be the user's own, in a folder that nobody else may write.
 *
 * OC_IO      it cannot be read, or is not the user's own
 * OC_FORMAT  it is no plan, of another version, cut short or damaged; err says where */
OC_MUST_CHECK oc_status oc_plan_map(const char *path, oc_plan *out, oc_error *err);
/* The same from memory, which is copied. */
OC_MUST_CHECK oc_status oc_plan_parse(const void *bytes, size_t n, oc_plan *out, oc_error *err);
void                    oc_plan_finish(oc_plan *plan); /* a zeroed one is fine */

/* The layouts of the graph are those its operators ask for, activations and additions stand only
 * where they are honoured: what no pass would leave otherwise.  OC_FORMAT names the node. */
OC_MUST_CHECK oc_status oc_plan_check_graph(const oc_graph *graph, oc_error *err);

/* Recomputes the checksums of a plan in memory, for tests that damage one on purpose.  False when
 * it is too short. */
bool oc_plan_reseal(unsigned char *bytes, size_t n);

#endif
