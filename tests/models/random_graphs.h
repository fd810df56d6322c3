/* random_graphs.h -- what the two ways to judge a random graph share: random_graphs.c (floats) and
 * random_quant.c (bytes). */
#ifndef TESTS_MODELS_RANDOM_GRAPHS_H
#define TESTS_MODELS_RANDOM_GRAPHS_H

#include "models/graph_maker.h"
#include "ocellus/session.h"
#include "support/ort.h"

#define PORTS_MAX 256
#define N_WAYS 4

/* Of our engine. */
typedef struct random_way {
    const char *name, *isa;
    bool        threads, no_fusion;
} random_way;

extern const random_way random_ways[N_WAYS];

typedef struct graph_case {
    maker          maker;
    bytes          model;
    oc_tensor_view in[MAKER_INPUTS_MAX];
    oc_tensor_view want[PORTS_MAX], plain[PORTS_MAX]; /* of the reference, optimised and not */
    double         moves[PORTS_MAX];                  /* of the reference when its inputs move */
    bool           moved;
    const char    *names[PORTS_MAX];
    size_t         n_out;
    uint64_t       seed;
} graph_case;

typedef struct tally {
    uint64_t run, refused, shaky, torn, failed, nodes;
    uint64_t bytes, apart; /* quantised: elements compared, and one level apart */
} tally;

double random_element(const oc_tensor_view *v, size_t i);
/* The largest difference, where it is, and the largest magnitude of a. */
double random_worst(const oc_tensor_view *a, const oc_tensor_view *b, size_t n, size_t *where,
                    double *largest);
bool   random_equal(const oc_tensor_view *a, const oc_tensor_view *b, size_t n);

/* Copies on the heap; random_drop frees them. */
oc_status random_copy(oc_tensor_view *out, size_t n, const oc_tensor_view *from);
void      random_drop(oc_tensor_view *views, size_t n);

oc_status random_open(const graph_case *c, size_t way, oc_pool *workers, oc_model *model,
                      oc_session **out, oc_error *err);
/* Twice: into the session's own memory, and into ours, full of rubbish before; the latter is returned,
 * to be dropped even after a failure. */
oc_status random_run(const graph_case *c, oc_session *s, oc_tensor_view *got, bool *same,
                     oc_error *err);

/* The whole judgement of a quantised graph in the form MAKER_OPEN; a status where the reference refuses
 * it, else *good. */
oc_status random_quant_check(graph_case *c, oc_pool *workers, tally *total, bool *good,
                             oc_error *err);

#endif
