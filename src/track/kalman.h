/* kalman.h -- a constant-velocity Kalman filter over one coordinate.
 *
 * The trackers' filters over a box (SORT's [u,v,s,r], ByteTrack's [x,y,a,h], each with velocities)
 * have a transition that couples a coordinate with its own velocity only, observe coordinates only,
 * and have diagonal noise.  Such a filter is exactly four independent ones of two states, which is
 * what this is: no matrix is inverted, and the time step may differ from call to call. */
#ifndef OC_TRACK_KALMAN_H
#define OC_TRACK_KALMAN_H

typedef struct oc_kalman {
    double x, v;          /* coordinate; its change per unit of time */
    double pxx, pxv, pvv; /* covariance */
} oc_kalman;

/* At x, standing still, with these variances. var_v 0 (and qv 0 later): v stays 0. */
void oc_kalman_init(oc_kalman *k, double x, double var_x, double var_v);

/* dt >= 0 units of time later; qx, qv: variances that one unit of time adds. */
void oc_kalman_predict(oc_kalman *k, double dt, double qx, double qv);

/* x was seen at z, with variance r > 0. */
void oc_kalman_update(oc_kalman *k, double z, double r);

#endif
