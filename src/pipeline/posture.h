/* posture.h -- from the 17 key-points of COCO, and how fast the person moves, to a posture.
 *
 *   bent        the torso leans more than 40 degrees from upright
 *   arm raised  a wrist is clearly above its shoulder
 *   walking     moves at a quarter of its height a second or more, or strides while moving slower
 *   standing    none of these
 * in this order: who walks with a raised arm has an arm raised. */
#ifndef OC_PIPELINE_POSTURE_H
#define OC_PIPELINE_POSTURE_H

#include "ocellus/detect.h"

/* box: the person's.  speed: of its centre, in box heights a second; < 0 = not known yet.
 * point_score: key-points below are not used.  NULL when too little is seen to say anything;
 * else *confidence is 0..1. */
const char *oc_posture(const oc_point points[17], const oc_box *box, float speed, float point_score,
                       float *confidence);

#endif
