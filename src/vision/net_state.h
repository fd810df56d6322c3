/* net_state.h -- the inside of a network for pictures: net_make.c makes it, net.c runs it, net_batch.c
 * runs several pictures at once. */
#ifndef OC_VISION_NET_STATE_H
#define OC_VISION_NET_STATE_H

#include <pthread.h>

#include "vision/lanes.h"
#include "vision/net.h"

#define OC_NET_OUTPUTS_MAX 64

typedef struct bucket {
    oc_session     *session; /* of `lanes`, where there are */
    oc_to_tensor   *prepare[OC_LANES_MAX];
    oc_frame       *upright; /* of the input's size, for turned pieces; NULL for other heads */
    void          **head;    /* [net->n_slots], in the arena */
    oc_arena        arena;
    oc_tensor_view  in;
    float          *full; /* the input in f32, where the network takes f16 */
    size_t          n_in; /* elements of the input */
    size_t          n_out;
    oc_tensor_view *out;        /* as the session gives them; data NULL before each run */
    oc_tensor_view *seen;       /* as the head reads them */
    uint32_t        network;    /* the scheduler's number for it */
    float         **wide;       /* f32 copies of f16 outputs, else NULL */
    oc_net_lanes   *lanes;      /* NULL: one picture at a time, on `session` */
    oc_pixel_format met_format; /* of the frames that every lane's `prepare` has tables for */
    int32_t         met_width, met_height;
    bool            reserved; /* with the scheduler, n_slots jobs */
} bucket;

/* One picture on its way, and what came of it. */
typedef struct picture {
    oc_net          *net;
    bucket          *b;
    unsigned         slot;
    const oc_frame  *frame;
    const oc_box    *crop; /* NULL = all of the frame */
    oc_box           grown;
    oc_to_tensor_map map;
    oc_result        result;
    oc_net_times     times;
    oc_status        status;
    oc_error         err;
    bool             dropped;
    oc_sched_drop    reason;
    unsigned         batch; /* pictures that ran with it, itself counted */
} picture;

struct oc_net {
    oc_card        *card;
    oc_model       *model;
    oc_models      *models; /* the model is theirs; NULL: it is our own */
    oc_pool        *pool;
    char           *model_path;
    bucket          buckets[OC_CARD_BUCKETS_MAX];
    size_t          n_points, n_embedding;
    oc_net_times    times;
    oc_sched       *sched;
    oc_net_job      job;
    oc_sched_drop   dropped;
    oc_net_batches  batches;
    char            alone[OC_NET_WHY]; /* why there are no batches */
    unsigned        n_slots;           /* pictures whose results can stand side by side */
    picture        *pictures;          /* [n_slots] */
    oc_sched_job   *jobs;              /* [n_slots] */
    pthread_mutex_t lock;              /* for jobs that are under way */
    pthread_cond_t  over;
    size_t          n_open;
};

/* net.c */
void                    oc_net_cut(oc_detections *d, float width, float height);
OC_MUST_CHECK oc_status oc_net_too_late(oc_net *net, oc_sched_drop reason, oc_error *err);
bucket *oc_net_aim(oc_net *net, const oc_frame *frame, const oc_box *crop, oc_box *grown);

/* net_batch.c.  One: as a job of its own, which others may join. */
OC_MUST_CHECK oc_status oc_net_make_lanes(oc_net *net, bucket *b,
                                          const oc_net_lanes_options *wanted, const char *key,
                                          oc_error *err);
OC_MUST_CHECK oc_status oc_net_run_one(oc_net *net, bucket *b, const oc_frame *frame,
                                       const oc_box *crop, oc_result *out, oc_error *err);

#endif
