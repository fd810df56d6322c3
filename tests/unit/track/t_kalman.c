/* The filter against the matrix form it stands for, and what it must do at the edges. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "track/kalman.h"

/* F P F' + Q and the textbook update, written out over 2x2 matrices. */
typedef struct plain {
    double x[2], p[2][2];
} plain;

static void plain_predict(plain *k, double dt, double qx, double qv)
{
    double f[2][2] = {{1, dt}, {0, 1}}, fp[2][2] = {{0}}, out[2][2] = {{0}};
    k->x[0] += dt * k->x[1];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            for (int l = 0; l < 2; l++)
                fp[i][j] += f[i][l] * k->p[l][j];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            for (int l = 0; l < 2; l++)
                out[i][j] += fp[i][l] * f[j][l];
            k->p[i][j] = out[i][j];
        }
    k->p[0][0] += qx * dt;
    k->p[1][1] += qv * dt;
}

static void plain_update(plain *k, double z, double r)
{
    double s = k->p[0][0] + r, g[2] = {k->p[0][0] / s, k->p[1][0] / s}, y = z - k->x[0];
    double row[2] = {k->p[0][0], k->p[0][1]};
    for (int i = 0; i < 2; i++) {
        k->x[i] += g[i] * y;
        for (int j = 0; j < 2; j++)
            k->p[i][j] -= g[i] * row[j];
    }
}

static void same_as_matrices(void **state)
{
    (void)state;
    oc_kalman k;
    plain     p = {.x = {5, 0}, .p = {{10, 0}, {0, 1e4}}};
    oc_kalman_init(&k, 5, 10, 1e4);
    for (int i = 0; i < 200; i++) {
        double dt = 0.5 + (i * 7 % 5), z = 3.0 * i + 4 * sin(i), r = 1 + i % 3;
        oc_kalman_predict(&k, dt, 1, 0.01);
        plain_predict(&p, dt, 1, 0.01);
        if (i % 4) {
            oc_kalman_update(&k, z, r);
            plain_update(&p, z, r);
        }
        assert_true(fabs(k.x - p.x[0]) <= 1e-7 * (1 + fabs(p.x[0])));
        assert_true(fabs(k.v - p.x[1]) <= 1e-7 * (1 + fabs(p.x[1])));
        assert_true(fabs(k.pxx - p.p[0][0]) <= 1e-6 * p.p[0][0]);
        assert_true(fabs(k.pvv - p.p[1][1]) <= 1e-6 * (1e-3 + p.p[1][1]));
    }
}

static void learns_a_velocity(void **state)
{
    (void)state;
    oc_kalman k;
    oc_kalman_init(&k, 0, 10, 1e4);
    double at = 0;
    for (int i = 0; i < 100; i++) {
        double dt = i % 2 ? 1.0 : 3.0; /* variable frame rate */
        at += 2.5 * dt;
        oc_kalman_predict(&k, dt, 1, 0.01);
        oc_kalman_update(&k, at, 1);
    }
    assert_true(fabs(k.v - 2.5) < 0.01);
    oc_kalman_predict(&k, 10, 1, 0.01);
    assert_true(fabs(k.x - (at + 25)) < 0.3);
}

static void no_time_no_change(void **state)
{
    (void)state;
    oc_kalman k;
    oc_kalman_init(&k, 7, 10, 100);
    k.v = 3;
    oc_kalman before = k;
    oc_kalman_predict(&k, 0, 1, 1);
    assert_true(k.x == before.x && k.pxx == before.pxx && k.pvv == before.pvv);
}

static void variances_stay_positive(void **state)
{
    (void)state;
    oc_kalman k;
    oc_kalman_init(&k, 0, 1e12, 1e12);
    for (int i = 0; i < 10000; i++) {
        oc_kalman_predict(&k, 1, 1e-12, 1e-12);
        oc_kalman_update(&k, i, 1e-9);
        assert_true(k.pxx > 0 && k.pvv >= 0 && isfinite(k.x) && isfinite(k.v));
    }
}

static void without_velocity(void **state)
{
    (void)state;
    oc_kalman k;
    oc_kalman_init(&k, 0.4, 10, 0);
    for (int i = 0; i < 50; i++) {
        oc_kalman_predict(&k, 1, 1, 0);
        oc_kalman_update(&k, 0.5, 10);
        assert_true(k.v == 0.0);
    }
    assert_true(fabs(k.x - 0.5) < 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_matrices),  cmocka_unit_test(learns_a_velocity),
        cmocka_unit_test(no_time_no_change), cmocka_unit_test(variances_stay_positive),
        cmocka_unit_test(without_velocity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
