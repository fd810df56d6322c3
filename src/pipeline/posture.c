/* Posture by geometry of key-points. */
#include <math.h>
#include <stdbool.h>

#include "pipeline/posture.h"

enum {
    NOSE,
    LEFT_EYE,
    RIGHT_EYE,
    LEFT_EAR,
    RIGHT_EAR,
    LEFT_SHOULDER,
    RIGHT_SHOULDER,
    LEFT_ELBOW,
    RIGHT_ELBOW,
    LEFT_WRIST,
    RIGHT_WRIST,
    LEFT_HIP,
    RIGHT_HIP,
    LEFT_KNEE,
    RIGHT_KNEE,
    LEFT_ANKLE,
    RIGHT_ANKLE,
    POINTS
};

#define LEAN_DEGREES 40.0f
#define RAISED 0.05f       /* of the box height: wrist above shoulder */
#define WALK_SPEED 0.25f   /* box heights a second */
#define STROLL_SPEED 0.10f /* ... when the feet are apart */
#define STRIDE 0.18f       /* of the box height: ankle to ankle */
#define TORSO_MIN 0.12f    /* of the box height: shorter ones are seen from above, or wrong */
#define SEEN_MIN 6         /* key-points */

typedef struct body {
    const oc_point *p;
    float           least, height;
} body;

static bool seen(const body *b, int i)
{
    return b->p[i].score >= b->least;
}

/* Middle of a left and a right point, or the one that is seen. */
static bool middle(const body *b, int left, int right, oc_point *out)
{
    bool l = seen(b, left), r = seen(b, right);
    if (!l && !r)
        return false;
    const oc_point *a = &b->p[l ? left : right], *c = &b->p[r ? right : left];
    *out = (oc_point){(a->x + c->x) / 2, (a->y + c->y) / 2, fminf(a->score, c->score)};
    return true;
}

static bool bent(const body *b, float *sure)
{
    oc_point shoulders, hips;
    if (!middle(b, LEFT_SHOULDER, RIGHT_SHOULDER, &shoulders) ||
        !middle(b, LEFT_HIP, RIGHT_HIP, &hips))
        return false;
    float dx = shoulders.x - hips.x, up = hips.y - shoulders.y;
    if (hypotf(dx, up) < TORSO_MIN * b->height)
        return false;
    *sure = fminf(shoulders.score, hips.score);
    return atan2f(fabsf(dx), up) > LEAN_DEGREES * 3.14159265f / 180.0f;
}

static bool raised(const body *b, int shoulder, int elbow, int wrist, float *sure)
{
    if (!seen(b, shoulder) || !seen(b, wrist))
        return false;
    /* An elbow below the shoulder with the wrist above it is a hand at the head: a telephone. */
    if (seen(b, elbow) && b->p[elbow].y > b->p[shoulder].y + RAISED * b->height)
        return false;
    *sure = fminf(b->p[shoulder].score, b->p[wrist].score);
    return b->p[shoulder].y - b->p[wrist].y > RAISED * b->height;
}

static bool strides(const body *b)
{
    return seen(b, LEFT_ANKLE) && seen(b, RIGHT_ANKLE) &&
           hypotf(b->p[LEFT_ANKLE].x - b->p[RIGHT_ANKLE].x,
                  b->p[LEFT_ANKLE].y - b->p[RIGHT_ANKLE].y) > STRIDE * b->height;
}

const char *oc_posture(const oc_point points[17], const oc_box *box, float speed, float point_score,
                       float *confidence)
{
    body  b = {.p = points, .least = point_score, .height = box->y1 - box->y0};
    float sum = 0.0f, sure = 0.0f;
    int   n = 0;
    for (int i = 0; i < POINTS; i++)
        if (seen(&b, i)) {
            sum += points[i].score;
            n++;
        }
    if (n < SEEN_MIN || !(b.height > 0.0f))
        return NULL;
    *confidence = fminf(sum / (float)n, 1.0f);
    bool lean = bent(&b, &sure);
    if (!lean && !raised(&b, LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, &sure) &&
        !raised(&b, RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, &sure)) {
        if (speed >= WALK_SPEED || (speed >= STROLL_SPEED && strides(&b)))
            return "walking";
        if (speed < 0.0f) /* a single look: the feet alone do not tell much */
            *confidence *= 0.5f;
        return speed < 0.0f && strides(&b) ? "walking" : "standing";
    }
    *confidence = fminf(sure, 1.0f);
    return lean ? "bent" : "arm raised";
}
