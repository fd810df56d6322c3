/* Constant-velocity Kalman filter, one coordinate: F = [1 dt; 0 1], H = [1 0]. */
#include "track/kalman.h"

void oc_kalman_init(oc_kalman *k, double x, double var_x, double var_v)
{
    *k = (oc_kalman){.x = x, .pxx = var_x, .pvv = var_v};
}

void oc_kalman_predict(oc_kalman *k, double dt, double qx, double qv)
{
    k->x += dt * k->v;
    k->pxx += dt * (2.0 * k->pxv + dt * k->pvv) + qx * dt;
    k->pxv += dt * k->pvv;
    k->pvv += qv * dt;
}

void oc_kalman_update(oc_kalman *k, double z, double r)
{
    double s = k->pxx + r;
    double gain_x = k->pxx / s, gain_v = k->pxv / s;
    double y = z - k->x;

    k->x += gain_x * y;
    k->v += gain_v * y;
    k->pvv -= gain_v * k->pxv;
    if (k->pvv < 0.0) /* rounding, when what was known before is next to nothing */
        k->pvv = 0.0;
    /* r / s is 1 - gain_x without the cancellation that could turn a variance negative */
    k->pxv *= r / s;
    k->pxx *= r / s;
}
