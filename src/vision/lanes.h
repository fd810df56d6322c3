/* lanes.h -- a network at one size, ready for several pictures at once.
 *
 * A lane is a session for each of 1, 2, 4 .. pictures, all over one memory; lanes run side by side, each
 * in one thread at a time.  What a picture gives does not depend on the lane, nor on the pictures that
 * run with it: that is tried out, bit by bit, when lanes are made, and networks of which it is not true
 * have no batches. */
#ifndef OC_VISION_LANES_H
#define OC_VISION_LANES_H

#include "ocellus/session.h"

#define OC_LANES_MAX 8
#define OC_LANE_LEVELS_MAX 4 /* 1 .. 8 pictures */
#define OC_LANE_BATCH_MAX 8

typedef struct oc_net_lanes oc_net_lanes; /* immutable but for its lanes' memory */

/* A session of `pictures` at once. */
typedef oc_status oc_net_lanes_session_fn(void *ctx, unsigned pictures, oc_session **out,
                                          oc_error *err);

typedef struct oc_net_lanes_options {
    unsigned n;     /* lanes, up to OC_LANES_MAX */
    unsigned batch; /* pictures at most, 2 .. OC_LANE_BATCH_MAX */
    uint64_t
        bytes_max; /* of a lane: batches that need more are not made, but singles are; 0 = all */
    oc_net_lanes_session_fn *session;
    void                    *ctx;
} oc_net_lanes_options;

/* OC_UNSUPPORTED  there can be no batches; err tells why
 * others          what `session` said of a single picture, no memory */
OC_MUST_CHECK oc_status oc_net_lanes_create(const oc_net_lanes_options *options, oc_net_lanes **out,
                                            oc_error *err);
void                    oc_net_lanes_destroy(oc_net_lanes *lanes); /* NULL is fine */

unsigned oc_net_lanes_count(const oc_net_lanes *lanes);
unsigned oc_net_lanes_batch(const oc_net_lanes *lanes);
uint64_t oc_net_lanes_bytes(const oc_net_lanes *lanes); /* activations, inputs and outputs of all */
oc_session *oc_net_lanes_single(const oc_net_lanes *lanes, unsigned lane);

/* The most of n pictures that one run takes. */
unsigned oc_net_lanes_fit(const oc_net_lanes *lanes, size_t n);
/* Where the i-th picture of a run goes. */
void *oc_net_lanes_input(const oc_net_lanes *lanes, unsigned lane, size_t i);
/* n as oc_net_lanes_fit gave it. */
OC_MUST_CHECK oc_status oc_net_lanes_run(oc_net_lanes *lanes, unsigned lane, unsigned n,
                                         oc_error *err);
/* The i-th picture's part of output k, of the last run; valid until the lane's next one. */
void *oc_net_lanes_output(const oc_net_lanes *lanes, unsigned lane, size_t k, size_t i);

#endif
