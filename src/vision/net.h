/* net.h -- a network ready for pictures: card, sessions, pre-processing and head in one object. */
#ifndef OC_VISION_NET_H
#define OC_VISION_NET_H

#include "ocellus/backend.h"
#include "ocellus/session.h"
#include "runtime/plan_cache.h"
#include "sched/sched.h"
#include "vision/card.h"
#include "vision/lanes.h"
#include "vision/models.h"

typedef struct oc_net oc_net;

/* Where sessions are kept compiled (runtime/plan_cache.h), and who is told what kept that from working. */
typedef struct oc_net_plans {
    oc_plan_cache cache;
    void (*note)(void *ctx, const char *text); /* may be NULL */
    void *ctx;
} oc_net_plans;

typedef struct oc_net_options {
    oc_pool       *pool; /* borrowed for the network's life; NULL = the caller's thread */
    uint64_t       arena_bytes_max; /* per session; 0 = no limit */
    const char    *backend, *isa;   /* as in oc_session_options */
    const oc_tune *tune;            /* the same; borrowed while the network is made */
    oc_card_size   size;   /* instead of the card's sizes, for dynamic networks; 0 = card's */
    float          score;  /* instead of the card's score threshold; 0 = card's */
    const char    *mirror; /* as in oc_store_model, when model_path is NULL */
    oc_sched      *sched;  /* runs are jobs of it; needs models; NULL = they run at once */
    oc_models     *models; /* shared with others; borrowed for the network's life; NULL = its own */
    bool           allow_dynamic; /* as in oc_session_options; the card may say so too */
    const oc_net_plans *plans;    /* NULL: compiled anew; not used with `tune` */
    /* Several pictures in one run, for networks that allow it (oc_net_batch): up to so many, 2 ..
     * OC_LANE_BATCH_MAX, rounded down to a power of two; 0, 1 = one. */
    unsigned batch;
    uint64_t
        batch_wait_ns; /* a run that could be larger waits so long for others, deadlines allowing */
    uint64_t
        batch_bytes_max; /* batches whose lane (vision/lanes.h) needs more are not made; 0 = all */
    unsigned pictures;   /* of oc_net_run_crops at the same time; 0 = batch */
} oc_net_options;

/* How the runs of a network stand among the jobs of the process. */
typedef struct oc_net_job {
    oc_sched_class cls;
    uint32_t       stream;      /* for whom */
    uint64_t       deadline_ns; /* oc_now_ns; 0 = none */
    bool           keep;        /* late rather than not at all */
} oc_net_job;

/* What the last run took, in nanoseconds. */
typedef struct oc_net_times {
    uint64_t queue_ns; /* before it, for a processor */
    uint64_t prepare_ns, infer_ns, decode_ns;
} oc_net_times;

/* card: moved in, also on failure.  model_path NULL: where oc_store_model finds it.  options NULL:
 * defaults.  A card that does not fit its network is refused here. */
OC_MUST_CHECK oc_status oc_net_create_take(oc_card *card, const char *model_path,
                                           const oc_net_options *options, oc_net **out,
                                           oc_error *err);
/* The same with a card by name or path. */
OC_MUST_CHECK oc_status oc_net_create(const char *card, const char *model_path,
                                      const oc_net_options *options, oc_net **out, oc_error *err);
void                    oc_net_destroy(oc_net *net); /* NULL is fine */

const oc_card *oc_net_card(const oc_net *net);
const char    *oc_net_model_path(const oc_net *net);
size_t         oc_net_points(const oc_net *net);    /* key-points per detection */
size_t         oc_net_embedding(const oc_net *net); /* elements of the embedding; 0 = none */
void           oc_net_stats(const oc_net *net, oc_session_stats *sum); /* over all sizes */

/* The most pictures that run together, of any size; 1: there are no batches, and *why tells the reason
 * ("" where none were asked for).  why may be NULL. */
#define OC_NET_WHY 256
unsigned oc_net_batch(const oc_net *net, const char **why);

/* Pictures so far: of[n] of them ran in batches of n, those of other streams counted. */
typedef struct oc_net_batches {
    uint64_t of[OC_LANE_BATCH_MAX + 1];
} oc_net_batches;
const oc_net_batches *oc_net_batches_get(const oc_net *net);
/* Goes on counting where the one that it takes the place of was. */
void oc_net_batches_follow(oc_net *net, const oc_net *before);

/* Of the runs from now on; without it they are of class normal and have no deadline. */
void oc_net_job_set(oc_net *net, const oc_net_job *job);
/* Why the last run was dropped, when oc_net_run gave back OC_BUSY. */
oc_sched_drop oc_net_dropped(const oc_net *net);
/* What a run is expected to take on one processor; 0 = not known. */
uint64_t oc_net_predict_ns(const oc_net *net);

/* One picture, or the object in `crop` of it (grown as the card says).  Results are in pixels of
 * the frame, boxes cut to it; they stay valid until the next run.  One thread at a time.
 * Allocates nothing once it has seen the frame's size and format.
 *
 * OC_BUSY  the scheduler dropped it: it could not have been in time */
OC_MUST_CHECK oc_status oc_net_run(oc_net *net, const oc_frame *frame, const oc_box *crop,
                                   oc_result *out, oc_error *err);

/* A turned piece of the frame, set upright: quad is upper left, upper right, lower right, lower left
 * of a line of text, as the head db_text gives them.  Pieces that are much taller than wide are read
 * from top to bottom.  For heads without coordinates only (text, class, embedding). */
OC_MUST_CHECK oc_status oc_net_run_quad(oc_net *net, const oc_frame *frame, const oc_point quad[4],
                                        oc_result *out, oc_error *err);

/* n crops of one frame: `each` is called with every result in order.  Where there are batches, the crops
 * are jobs that are all there at once and run together as the scheduler sees fit, `pictures` at a time;
 * else one after another.  oc_net_last is the picture's inside `each`,
 * and the sum of all after it.  After a failure, or a drop, `each` has been called for those before it. */
typedef void            oc_net_each(void *ctx, size_t i, const oc_result *result);
OC_MUST_CHECK oc_status oc_net_run_crops(oc_net *net, const oc_frame *frame, const oc_box *crops,
                                         size_t n, oc_net_each *each, void *ctx, oc_error *err);

/* The parts of oc_net_run one by one, each on what the one before made or on what stands in its place:
 * for comparing them with a reference. */
typedef struct oc_net_stage {
    oc_to_tensor_options  image; /* of the size that was chosen */
    oc_tensor_view        input; /* what infer reads; the caller may write it */
    const oc_port        *outputs;
    const oc_tensor_view *output; /* after infer */
    size_t                n_outputs;
    size_t                size;          /* which of the card's */
    oc_to_tensor_map      map;           /* from the input to the frame */
    float                 width, height; /* of the frame */
} oc_net_stage;

OC_MUST_CHECK oc_status oc_net_prepare(oc_net *net, const oc_frame *frame, oc_net_stage *stage,
                                       oc_error *err);
OC_MUST_CHECK oc_status oc_net_infer(oc_net *net, oc_net_stage *stage, oc_error *err);
/* outputs: n_outputs of them, of the types and shapes of the network's own. */
OC_MUST_CHECK oc_status oc_net_decode(oc_net *net, const oc_net_stage *stage,
                                      const oc_tensor_view *outputs, oc_result *out, oc_error *err);

oc_net_times oc_net_last(const oc_net *net);

/* The steps of every size's plan: which kernels serve. */
void oc_net_describe(const oc_net *net, oc_step_fn *on_step, void *ctx);

#endif
