/* Heads on tensors made by hand, with answers worked out on paper. */
#include "head_test.h"

#include <math.h>

static const oc_to_tensor_map same = {1, 1, 0, 0};
static const oc_to_tensor_map twice = {2, 2, 10, -5}; /* frame = 2 input + (10, -5) */
static const char *const      ab[] = {"a", "b"};

/* 16x8 at stride 8: cells 2x1; at stride 16: 1x0.  A second stride needs 32x32. */
static void test_yolox(void **state)
{
    (void)state;
    head_test   t = {0};
    const char *card = "{type: yolox, strides: [8, 16], score: .25, iou: .5}";
    float      *o = head_output(&t, "out", DIMS(1, 20, 7)); /* 16 cells + 4 cells of 32x32 */
    assert_int_equal(head_bind(&t, card, 32, 32, ab, 2), OC_OK);

    float cell[] = {.5f, .25f, 0, logf(2), .9f, .1f, .8f}; /* gx 1, gy 2 at stride 8 */
    memcpy(o + (2 * 4 + 1) * 7, cell, sizeof(cell));
    float coarse[] = {0, 0, 0, 0, .5f, .6f, .2f}; /* gx 1, gy 1 at stride 16 */
    memcpy(o + (16 + 3) * 7, coarse, sizeof(coarse));
    float weak[] = {0, 0, 0, 0, .4f, .5f, .6f}; /* .24 < .25 */
    memcpy(o, weak, sizeof(weak));
    float odd[] = {NAN, 0, 0, 0, .9f, .9f, .9f};
    memcpy(o + 7, odd, sizeof(odd));

    oc_result r = head_decode(&t, same);
    assert_int_equal(r.detections.n, 2);
    assert_int_equal(r.detections.items[0].label, 1);
    assert_float_equal(r.detections.items[0].score, .72, 1e-6);
    same_box(r.detections.items[0].box, 12 - 4, 18 - 8, 12 + 4, 18 + 8);
    assert_int_equal(r.detections.items[1].label, 0);
    assert_float_equal(r.detections.items[1].score, .3, 1e-6);
    same_box(r.detections.items[1].box, 8, 8, 24, 24);
    r = head_decode(&t, twice); /* nothing stays from the run before */
    assert_int_equal(r.detections.n, 2);
    same_box(r.detections.items[1].box, 26, 11, 58, 43);
    head_finish(&t);
}

static void test_gfl(void **state)
{
    (void)state;
    head_test   t = {0};
    const char *card = "{type: gfl, strides: [16], reg_max: 2, shift: -0.5, scores: s, boxes: b,"
                       " score: .4}";
    float      *s = head_output(&t, "s", DIMS(1, 6, 2)); /* 40x30: 3x2 cells, rounded up */
    float      *b = head_output(&t, "b", DIMS(1, 6, 12));
    assert_int_equal(head_bind(&t, card, 40, 30, ab, 2), OC_OK);
    s[4 * 2 + 1] = .5f; /* cell (1, 1) */
    float *d = b + 4 * 12;
    d[1] = 100;                /* left: all on bin 1 */
    d[5] = 100;                /* top: all on bin 2 */
    d[6] = d[7] = d[8] = 3;    /* right: even, expectation 1 */
    d[9] = 0, d[10] = logf(3); /* bottom: 1/5, 3/5, 1/5 -> (3 + 2) / 5 = 1 */
    oc_result r = head_decode(&t, same);
    assert_int_equal(r.detections.n, 1);
    assert_int_equal(r.detections.items[0].label, 1);
    same_box(r.detections.items[0].box, 23.5f - 16, 23.5f - 32, 23.5f + 16, 23.5f + 16);
    head_finish(&t);
}

static void test_centernet(void **state)
{
    (void)state;
    head_test t = {0};
    float    *o = head_output(&t, "d", DIMS(1, 4, 6));
    assert_int_equal(head_bind(&t, "{type: centernet, score: .4}", 64, 64, ab, 2), OC_OK);
    float rows[] = {1,  2,   11, 12, .9f,  1, 20, 20,  30,
                    40, .5f, 0,  5,  5,    6, 6,  .8f, 2 /* no such label */,
                    0,  0,   9,  9,  .39f, 0};
    memcpy(o, rows, sizeof(rows));
    oc_result r = head_decode(&t, twice);
    assert_int_equal(r.detections.n, 2);
    same_box(r.detections.items[0].box, 12, -1, 32, 19);
    assert_int_equal(r.detections.items[0].label, 1);
    same_box(r.detections.items[1].box, 50, 35, 70, 75);
    head_finish(&t);
}

static void test_yunet(void **state)
{
    (void)state;
    head_test   t = {0};
    const char *card = "{type: yunet, strides: [8, 16], classes: [c8, c16], objects: [o8, o16],"
                       " boxes: [b8, b16], points: [p8, p16], score: .6}";
    float *c8 = head_output(&t, "c8", DIMS(1, 16, 1)), *o8 = head_output(&t, "o8", DIMS(1, 16, 1));
    float *b8 = head_output(&t, "b8", DIMS(1, 16, 4)), *p8 = head_output(&t, "p8", DIMS(1, 16, 10));
    float *c16 = head_output(&t, "c16", DIMS(1, 4, 1)),
          *o16 = head_output(&t, "o16", DIMS(1, 4, 1));
    float *b16 = head_output(&t, "b16", DIMS(1, 4, 4));
    float *p16 = head_output(&t, "p16", DIMS(1, 4, 10));
    (void)b8, (void)p8;
    assert_int_equal(head_bind(&t, card, 32, 32, NULL, 0), OC_OK);
    c8[0] = .5f, o8[0] = .6f;  /* sqrt(.3) = .55 */
    c16[2] = .64f, o16[2] = 1; /* cell (0, 1) at 16: score .8 */
    b16[2 * 4 + 0] = .5f, b16[2 * 4 + 2] = logf(2);
    p16[2 * 10 + 0] = .25f, p16[2 * 10 + 1] = -.5f;
    oc_result r = head_decode(&t, twice);
    assert_int_equal(r.detections.n, 1);
    assert_int_equal(r.detections.n_points, 5);
    assert_float_equal(r.detections.items[0].score, .8, 1e-6);
    same_box(r.detections.items[0].box, 2 * -8 + 10, 2 * 8 - 5, 2 * 24 + 10, 2 * 24 - 5);
    assert_float_equal(r.detections.points[0].x, 2 * 4 + 10, 1e-4);
    assert_float_equal(r.detections.points[0].y, 2 * 8 - 5, 1e-4);
    assert_float_equal(r.detections.points[1].y, 2 * 16 - 5, 1e-4);
    head_finish(&t);
}

/* 32x32 at strides 16 and 32: 2x2 cells with three anchors, 1x1 with two (ratio 4, then the square
 * between scales .8 and 1). */
static void test_ssd(void **state)
{
    (void)state;
    head_test   t = {0};
    const char *card = "{type: ssd, strides: [16, 32], scales: [.2, .8], ratios: [4],"
                       " reduce_lowest: true, background: true, box_scales: [10, 10, 5, 5],"
                       " scores: s, boxes: b, score: .5, iou: .5}";
    float      *s = head_output(&t, "s", DIMS(1, 14, 3)), *b = head_output(&t, "b", DIMS(1, 14, 4));
    assert_int_equal(head_bind(&t, card, 32, 32, ab, 2), OC_OK);
    for (int i = 0; i < 14 * 3; i++)
        s[i] = i % 3 ? -50 : 50; /* the background does not count, however sure it is */
    s[(3 * 3 + 0) * 3 + 1] = 1;  /* cell (1, 1), square of .1: centre (24, 24), side 3.2 */
    b[(3 * 3 + 0) * 4 + 0] = 10; /* down by its height */
    b[(3 * 3 + 0) * 4 + 3] = 5 * logf(2);
    s[12 * 3 + 2] = 2; /* the second level: width .8 * 2, height .8 / 2 of 32 */
    oc_result r = head_decode(&t, same);
    assert_int_equal(r.detections.n, 2);
    assert_int_equal(r.detections.items[0].label, 1);
    assert_float_equal(r.detections.items[0].score, 1 / (1 + expf(-2)), 1e-6);
    same_box(r.detections.items[0].box, 16 - 25.6f, 16 - 6.4f, 16 + 25.6f, 16 + 6.4f);
    assert_int_equal(r.detections.items[1].label, 0);
    same_box(r.detections.items[1].box, 24 - 3.2f, 27.2f - 1.6f, 24 + 3.2f, 27.2f + 1.6f);
    head_finish(&t);
}

static void test_blazeface(void **state)
{
    (void)state;
    head_test   t = {0};
    const char *card = "{type: blazeface, strides: [8, 16], anchors: [2, 6], scores: [s0, s1],"
                       " boxes: [b0, b1], points: 6, score: .5, iou: .3}";
    float *s0 = head_output(&t, "s0", DIMS(1, 32, 1)), *b0 = head_output(&t, "b0", DIMS(1, 32, 16));
    float *s1 = head_output(&t, "s1", DIMS(1, 24, 1)), *b1 = head_output(&t, "b1", DIMS(1, 24, 16));
    assert_int_equal(head_bind(&t, card, 32, 32, NULL, 0), OC_OK);
    for (int i = 0; i < 32; i++)
        s0[i] = -50;
    for (int i = 0; i < 24; i++)
        s1[i] = -1000; /* the exponential overflows, the score is 0 */
    s0[2 * 5 + 1] = 1; /* the second anchor of cell (1, 1): centre (12, 12) */
    b0[11 * 16 + 0] = 2, b0[11 * 16 + 2] = 6, b0[11 * 16 + 3] = 4;
    b0[11 * 16 + 4] = -3, b0[11 * 16 + 15] = 7;
    s1[18] = 3; /* the first anchor of cell (1, 1): centre (24, 24), far away */
    b1[18 * 16 + 2] = b1[18 * 16 + 3] = 4;
    oc_result r = head_decode(&t, same);
    assert_int_equal(r.detections.n, 2);
    same_box(r.detections.items[0].box, 22, 22, 26, 26);
    same_box(r.detections.items[1].box, 11, 10, 17, 14);
    assert_float_equal(r.detections.items[1].score, 1 / (1 + expf(-1)), 1e-6);
    assert_float_equal(r.detections.points[6].x, 9, 1e-5);
    assert_float_equal(r.detections.points[6 + 5].y, 19, 1e-5);
    head_finish(&t);
}

static void test_movenet_single(void **state)
{
    (void)state;
    head_test t = {0};
    float    *o = head_output(&t, "o", DIMS(1, 1, 3, 3));
    assert_int_equal(
        head_bind(&t, "{type: movenet, points: 3, point_score: .3}", 100, 200, NULL, 0), OC_OK);
    float k[] = {.1f, .2f, .9f, .5f, .6f, .6f, .9f, .9f, 0}; /* y, x, score; the last not seen */
    memcpy(o, k, sizeof(k));
    oc_result r = head_decode(&t, same);
    assert_int_equal(r.detections.n, 1);
    assert_float_equal(r.detections.items[0].score, .5, 1e-6);
    same_box(r.detections.items[0].box, 20, 20, 60, 100);
    assert_float_equal(r.detections.points[2].x, 90, 1e-4);
    assert_float_equal(r.detections.points[2].y, 180, 1e-4);
    memset(o, 0, sizeof(k)); /* nobody there */
    assert_int_equal(head_decode(&t, same).detections.n, 0);
    head_finish(&t);
}

static void test_movenet_multi(void **state)
{
    (void)state;
    head_test t = {0};
    float    *o = head_output(&t, "o", DIMS(1, 2, 11));
    assert_int_equal(head_bind(&t, "{type: movenet, points: 2, score: .2}", 100, 100, NULL, 0),
                     OC_OK);
    float rows[] = {0,   0,   .1f, 0,   0,   .1f, .1f, .1f, .2f, .2f, .19f,
                    .5f, .4f, .7f, .3f, .2f, .8f, .1f, .2f, .7f, .6f, .9f};
    memcpy(o, rows, sizeof(rows));
    oc_result r = head_decode(&t, same);
    assert_int_equal(r.detections.n, 1);
    same_box(r.detections.items[0].box, 20, 10, 60, 70);
    assert_float_equal(r.detections.points[0].x, 40, 1e-4);
    assert_float_equal(r.detections.points[1].score, .8, 1e-6);
    head_finish(&t);
}

/* A bar of 21x5 pixel centres: hull 20 x 4, grown by 80 * 1.5 / 24 = 5 in each direction. */
static void test_db_text(void **state)
{
    (void)state;
    head_test t = {0};
    float    *o = head_output(&t, "o", DIMS(1, 1, 64, 64));
    assert_int_equal(head_bind(&t, "{type: db_text}", 64, 64, NULL, 0), OC_OK);
    for (int y = 20; y < 25; y++)
        for (int x = 10; x < 31; x++)
            o[y * 64 + x] = .9f;
    for (int y = 40; y < 60; y++) /* weak: over the threshold, under the score */
        for (int x = 10; x < 40; x++)
            o[y * 64 + x] = .5f;
    o[2 * 64 + 2] = 1; /* a speck */
    oc_result r = head_decode(&t, same);
    assert_int_equal(r.detections.n, 1);
    assert_float_equal(r.detections.items[0].score, .9, 1e-5);
    same_box(r.detections.items[0].box, 8, 18, 33, 27);
    assert_float_equal(r.detections.points[0].x, 8, 1e-3);
    assert_float_equal(r.detections.points[2].y, 27, 1e-3);
    head_finish(&t);
}

/* A diamond with half diagonals of 10: a square turned by 45 degrees, side 10 sqrt(2). */
static void test_db_turned(void **state)
{
    (void)state;
    head_test t = {0};
    float    *o = head_output(&t, "o", DIMS(1, 1, 32, 32));
    assert_int_equal(head_bind(&t, "{type: db_text, unclip: 0}", 64, 64, NULL, 0), OC_OK);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++)
            o[y * 32 + x] = abs(x - 15) + abs(y - 15) <= 10 ? .8f : 0;
    oc_result r = head_decode(&t, same); /* the map has half the input's size */
    assert_int_equal(r.detections.n, 1);
    assert_float_equal(r.detections.items[0].score, .8, 1e-5);
    same_box(r.detections.items[0].box, 11, 11, 51, 51);
    float area = 0;
    for (int i = 0; i < 4; i++) {
        oc_point a = r.detections.points[i], b = r.detections.points[(i + 1) % 4];
        area += (a.x * b.y - b.x * a.y) / 2;
    }
    assert_float_equal(area, 800, .1); /* positive: clockwise on the screen */
    head_finish(&t);
}

static void test_ctc(void **state)
{
    (void)state;
    static const char *const keys[] = {"A", "\xc3\xa9", "c"};
    head_test                t = {0};
    float                   *o = head_output(&t, "o", DIMS(1, 8, 5));
    /* blank A e' c space */
    static const int   best[8] = {0, 1, 1, 0, 1, 4, 2, 0};
    static const float p[8] = {.9f, .8f, .9f, 1, .6f, .7f, .5f, 1};
    for (int i = 0; i < 8; i++)
        o[i * 5 + best[i]] = p[i];
    assert_int_equal(head_bind(&t, "{type: ctc_text, space: true}", 64, 48, keys, 3), OC_OK);
    oc_result r = head_decode(&t, same);
    assert_string_equal(r.text, "AA \xc3\xa9");
    assert_float_equal(r.confidence, (.8f + .6f + .7f + .5f) / 4, 1e-6);
    memset(o, 0, 8 * 5 * sizeof(*o));
    r = head_decode(&t, same); /* all blank */
    assert_string_equal(r.text, "");
    assert_float_equal(r.confidence, 0, 0);
    head_finish(&t);

    o = head_output(&t, "o", DIMS(2, 4)); /* logits, blank last */
    o[0] = logf(3), o[7] = 5;
    assert_int_equal(head_bind(&t, "{type: ctc_text, blank: last, softmax: true}", 64, 48, keys, 3),
                     OC_OK);
    r = head_decode(&t, same);
    assert_string_equal(r.text, "A");
    assert_float_equal(r.confidence, 3.0f / 6, 1e-6);
    head_finish(&t);
}

static void test_classify(void **state)
{
    (void)state;
    head_test t = {0};
    float    *o = head_output(&t, "o", DIMS(1, 4, 1, 1));
    o[0] = logf(2), o[1] = logf(5), o[2] = logf(2), o[3] = NAN;
    assert_int_equal(head_bind(&t, "{type: classify, softmax: true, top_k: 3}", 8, 8, NULL, 0),
                     OC_OK);
    oc_result r = head_decode(&t, same);
    assert_int_equal(r.n_classes, 3);
    assert_int_equal(r.classes[0].label, 1);
    assert_float_equal(r.classes[0].score, 5.0f / 9, 1e-6);
    assert_int_equal(r.classes[1].label, 0); /* a tie: the smaller label first */
    assert_int_equal(r.classes[2].label, 2);
    assert_float_equal(r.classes[2].score, 2.0f / 9, 1e-6);
    head_finish(&t);
}

static void test_embed(void **state)
{
    (void)state;
    head_test t = {0};
    float    *o = head_output(&t, "o", DIMS(1, 2));
    o[0] = 3, o[1] = -4;
    assert_int_equal(head_bind(&t, "{type: embed}", 8, 8, NULL, 0), OC_OK);
    oc_result r = head_decode(&t, same);
    assert_int_equal(r.n_embedding, 2);
    assert_float_equal(r.embedding[0], .6, 1e-6);
    assert_float_equal(r.embedding[1], -.8, 1e-6);
    assert_int_equal(head_bind(&t, "{type: embed, center: true}", 8, 8, NULL, 0), OC_OK);
    r = head_decode(&t, same);
    assert_float_equal(r.embedding[0], sqrt(.5), 1e-6);
    assert_float_equal(r.embedding[1], -sqrt(.5), 1e-6);
    o[0] = o[1] = 0;
    r = head_decode(&t, same);
    assert_float_equal(r.embedding[0], 0, 0);
    head_finish(&t);
}

static void refuses(head_test *t, const char *card, const char *const *labels, size_t n_labels,
                    const char *message)
{
    oc_status st = head_bind(t, card, 32, 32, labels, n_labels);
    assert_true(st == OC_INVALID || st == OC_FORMAT);
    if (!strstr(t->err.message, message))
        fail_msg("got '%s', want '%s'", t->err.message, message);
}

static void test_refusals(void **state)
{
    (void)state;
    head_test t = {0};
    head_output(&t, "o", DIMS(1, 20, 7));
    refuses(&t, "{type: yolox, strides: [8, 16], output: p}", ab, 2,
            "the network has no output 'p', only 'o'");
    refuses(&t, "{type: yolox, strides: [8]}", ab, 2,
            "output 'o' is 1x20x7, the card's head needs 16x7");
    refuses(&t, "{type: yolox, strides: [8, 16]}", ab, 1, "the card's head needs 20x6");
    refuses(&t, "{type: gfl, strides: [8, 16], reg_max: 7, scores: [o], boxes: [o, o]}", ab, 2,
            "head:1:51: scores: an output's name for each of the strides is needed");
    refuses(&t, "{type: gfl, strides: [8], reg_max: 7, scores: o, boxes: o}", ab, 2, "needs 16x2");
    refuses(&t, "{type: classify}", ab, 2, "output 'o' is 1x20x7, the card has 2 labels");
    refuses(&t, "{type: ctc_text}", NULL, 0, "a text head needs labels");
    refuses(&t, "{type: centernet, scor: 1}", NULL, 0,
            "head:1:19: unknown key 'scor', did you mean 'score'?");
    refuses(&t, "{type: movenet}", NULL, 0, "needs 17x3");
    refuses(&t, "{type: blazeface, strides: [8], anchors: [2], scores: o, boxes: o}", NULL, 0,
            "needs 32x1");
    head_output(&t, "p", DIMS(1, 20, 7));
    refuses(&t, "{type: yolox, strides: [8, 16]}", ab, 2,
            "the network has 2 outputs ('o', 'p'): the card must name one");
    t.ports[0].info.dtype = OC_I64;
    refuses(&t, "{type: yolox, strides: [8, 16], output: o}", ab, 2,
            "output 'o' is int64, heads read float32 and float16");
    head_finish(&t);
}

static void test_list(void **state)
{
    (void)state;
    for (size_t i = 0; oc_head_at(i); i++) {
        const oc_head_ops *head = oc_head_at(i);
        assert_ptr_equal(oc_head_find(head->name), head);
        assert_non_null(head->parse);
        assert_non_null(head->bind);
        assert_non_null(head->decode);
    }
    assert_null(oc_head_find("nothing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yolox),
        cmocka_unit_test(test_gfl),
        cmocka_unit_test(test_centernet),
        cmocka_unit_test(test_yunet),
        cmocka_unit_test(test_ssd),
        cmocka_unit_test(test_blazeface),
        cmocka_unit_test(test_movenet_single),
        cmocka_unit_test(test_movenet_multi),
        cmocka_unit_test(test_db_text),
        cmocka_unit_test(test_db_turned),
        cmocka_unit_test(test_ctc),
        cmocka_unit_test(test_classify),
        cmocka_unit_test(test_embed),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
