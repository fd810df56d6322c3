/* Evidence that is fused, postures from key-points, sharpness. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "media/frame.h"
#include "pipeline/evidence.h"
#include "pipeline/posture.h"
#include "pipeline/recognise.h"

static void look(oc_evidence *e, double t, double half_life, const char *value, float p)
{
    oc_evidence_look(e, t, half_life);
    if (value)
        oc_evidence_say(e, value, p);
    e->last_s = t;
}

static void the_many_win(void **state)
{
    (void)state;
    oc_evidence e = {0};
    float       confidence;
    assert_null(oc_evidence_best(&e, &confidence));
    look(&e, 0, 0, "0CELLUS", 0.6f);
    assert_true(oc_evidence_decide(&e, 0.5f));
    assert_string_equal(e.told, "0CELLUS");
    look(&e, 1, 0, "OCELLUS", 0.9f);
    look(&e, 2, 0, "OCELLUS", 0.9f);
    assert_true(oc_evidence_decide(&e, 0.5f));
    assert_string_equal(e.told, "OCELLUS");
    assert_true(fabsf(e.confidence - 0.6f) < 1e-6f); /* 1.8 of 3 looks */
    assert_false(oc_evidence_decide(&e, 0.5f));      /* nothing new */
    for (int i = 0; i < 4; i++)
        look(&e, 3 + i, 0, NULL, 0); /* looks that saw nothing make it less sure */
    oc_evidence_best(&e, &confidence);
    assert_true(fabsf(confidence - 1.8f / 7) < 1e-6f);
}

static void too_unsure_is_not_told(void **state)
{
    (void)state;
    oc_evidence e = {0};
    look(&e, 0, 0, "a", 0.3f);
    assert_false(oc_evidence_decide(&e, 0.5f));
    assert_string_equal(e.told, "");
}

static void old_looks_fade(void **state)
{
    (void)state;
    oc_evidence e = {0};
    float       confidence;
    for (int i = 0; i < 20; i++)
        look(&e, i * 0.1, 1.0, "standing", 0.8f);
    for (int i = 0; i < 3; i++)
        look(&e, 6 + i * 0.1, 1.0, "walking", 0.8f); /* four half-lives later */
    assert_string_equal(oc_evidence_best(&e, &confidence)->value, "walking");
    oc_evidence kept = {0};
    for (int i = 0; i < 20; i++)
        look(&kept, i * 0.1, 0, "standing", 0.8f);
    for (int i = 0; i < 3; i++)
        look(&kept, 6 + i * 0.1, 0, "walking", 0.8f);
    assert_string_equal(oc_evidence_best(&kept, &confidence)->value, "standing");
}

static void the_lightest_makes_room(void **state)
{
    (void)state;
    oc_evidence e = {0};
    float       confidence;
    char        value[8];
    for (int i = 0; i < 100; i++) {
        snprintf(value, sizeof(value), "v%d", i);
        look(&e, i, 0, value, 0.2f);
        look(&e, i, 0, "steady", 0.3f);
    }
    assert_int_equal(e.n, OC_VOTES_MAX);
    assert_string_equal(oc_evidence_best(&e, &confidence)->value, "steady");
}

static void long_values_are_cut_between_letters(void **state)
{
    (void)state;
    oc_evidence e = {0};
    char        value[200] = "";
    float       confidence;
    for (int i = 0; i < 60; i++)
        memcpy(value + 2 * i, "\xC3\xA9", 3);
    look(&e, 0, 0, value, 0.9f);
    assert_int_equal(strlen(oc_evidence_best(&e, &confidence)->value), 62);
}

/* A person of 100 pixels' height, upright; the points in COCO's order. */
static void upright(oc_point p[17])
{
    const float at[17][2] = {{20, 8},  {18, 6},  {22, 6},  {16, 8},  {24, 8},  {12, 22},
                             {28, 22}, {10, 38}, {30, 38}, {10, 52}, {30, 52}, {14, 52},
                             {26, 52}, {14, 74}, {26, 74}, {14, 96}, {26, 96}};
    for (int i = 0; i < 17; i++)
        p[i] = (oc_point){at[i][0], at[i][1], 0.8f};
}

static void postures(void **state)
{
    (void)state;
    const oc_box box = {0, 0, 40, 100};
    oc_point     p[17];
    float        c;
    upright(p);
    assert_string_equal(oc_posture(p, &box, 0.0f, 0.3f, &c), "standing");
    assert_true(fabsf(c - 0.8f) < 1e-6f);
    assert_string_equal(oc_posture(p, &box, 0.6f, 0.3f, &c), "walking");
    p[15].x = 2; /* feet apart */
    p[16].x = 38;
    assert_string_equal(oc_posture(p, &box, 0.15f, 0.3f, &c), "walking");
    assert_string_equal(oc_posture(p, &box, 0.05f, 0.3f, &c), "standing");
    upright(p);
    p[7] = (oc_point){2, 12, 0.8f}; /* left elbow and wrist up */
    p[9] = (oc_point){4, -6, 0.6f};
    assert_string_equal(oc_posture(p, &box, 0.6f, 0.3f, &c), "arm raised");
    assert_true(fabsf(c - 0.6f) < 1e-6f);
    p[9].score = 0.1f; /* the wrist is not seen */
    assert_string_equal(oc_posture(p, &box, 0.0f, 0.3f, &c), "standing");
    upright(p);
    for (int i = 0; i < 11; i++) /* the upper body leans forward */
        p[i] = (oc_point){p[11].x + (52 - p[i].y), 52 - 0.3f * (52 - p[i].y), 0.8f};
    assert_string_equal(oc_posture(p, &box, 0.6f, 0.3f, &c), "bent");
    for (int i = 0; i < 13; i++)
        p[i].score = 0.0f; /* legs alone */
    assert_null(oc_posture(p, &box, 0.6f, 0.3f, &c));
}

static void sharper_pictures(void **state)
{
    (void)state;
    oc_frame    *f;
    oc_error     err;
    const oc_box box = {8, 8, 56, 56}, outside = {-500, -500, -400, 4000};
    assert_int_equal(oc_frame_create(OC_PIXEL_GRAY8, 64, 64, &f, &err), OC_OK);
    for (int y = 0; y < 64; y++)
        memset(f->plane[0] + y * f->stride[0], 100, 64);
    assert_true(oc_sharpness(f, &box) == 0.0f);
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++)
            f->plane[0][y * f->stride[0] + x] = (uint8_t)(2 * x);
    float soft = oc_sharpness(f, &box);
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++)
            f->plane[0][y * f->stride[0] + x] = (x / 4 + y / 4) % 2 ? 200 : 20;
    assert_true(oc_sharpness(f, &box) > 4 * soft);
    assert_true(oc_sharpness(f, &outside) >= 0.0f);
    oc_frame_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_many_win),
        cmocka_unit_test(too_unsure_is_not_told),
        cmocka_unit_test(old_looks_fade),
        cmocka_unit_test(the_lightest_makes_room),
        cmocka_unit_test(long_values_are_cut_between_letters),
        cmocka_unit_test(postures),
        cmocka_unit_test(sharper_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
