/* A card and a network together: what fits runs, what does not is refused with a reason. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <dirent.h>

#include "ocellus/media.h"
#include "tiny_onnx.h"
#include "vision/net.h"
#include "vision/store.h"

#define HEAD                                       \
    "name: tiny\ntitle: t\nlicence: l\n"           \
    "source: {url: \"https://h/x.onnx\", sha256: " \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}\n"

static char folder[] = "/tmp/oc_netXXXXXX", model[100];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(model, sizeof(model), "%s/x.onnx", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(model);
    return rmdir(folder);
}

static void write_model(const char *op, int type, int64_t h, int64_t w)
{
    tiny_bytes b = tiny_onnx(op, type, (int64_t[]){1, 3, h, w});
    FILE      *f = fopen(model, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b.data, 1, b.n, f), b.n);
    fclose(f);
}

static oc_card *card_of(const char *text)
{
    oc_card *card = NULL;
    oc_error err = {0};
    if (oc_card_load_memory("c.yaml", folder, text, strlen(text), &card, &err) != OC_OK)
        fail_msg("%s", err.message);
    return card;
}

static oc_net *net_of(const char *text)
{
    oc_net  *net = NULL;
    oc_error err = {0};
    if (oc_net_create_take(card_of(text), model, NULL, &net, &err) != OC_OK)
        fail_msg("%s", err.message);
    return net;
}

/* An RGB frame, all pixels (r, g, b). */
static oc_frame *frame_of(int32_t width, int32_t height, uint8_t r, uint8_t g, uint8_t b)
{
    oc_frame *frame = NULL;
    oc_error  err = {0};
    assert_int_equal(oc_frame_create(OC_PIXEL_RGB24, width, height, &frame, &err), OC_OK);
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            uint8_t *p = frame->plane[0] + (ptrdiff_t)y * frame->stride[0] + x * 3;
            p[0] = r, p[1] = g, p[2] = b;
        }
    }
    return frame;
}

/* y = x, read as an embedding: the input itself, of length 1. */
static void check_input_path(const char *dtype, int type)
{
    char text[600];
    snprintf(text, sizeof(text),
             HEAD "input: {size: [2, 1], color: bgr, mean: 100, fit: stretch, dtype: %s}\n"
                  "head: {type: embed}\n",
             dtype);
    write_model("Identity", type, 1, 2);
    oc_net   *net = net_of(text);
    oc_frame *frame = frame_of(8, 4, 101, 102, 98);
    oc_result r;
    oc_error  err = {0};
    assert_int_equal(oc_net_embedding(net), 6);
    assert_int_equal(oc_net_run(net, frame, NULL, &r, &err), OC_OK);
    const float want[6] = {-2, -2, 2, 2, 1, 1}; /* planes B, G, R, less 100 */
    for (int i = 0; i < 6; i++)
        assert_float_equal(r.embedding[i], want[i] / sqrtf(18), 1e-3);
    oc_frame_unref(frame);
    oc_net_destroy(net);
}

static void test_input_path(void **state)
{
    (void)state;
    check_input_path("float32", 1);
    check_input_path("float16", 10);
}

static void test_sizes(void **state)
{
    (void)state;
    write_model("Relu", 1, -1, -1);
    oc_net *net =
        net_of(HEAD "input: {sizes: [[4, 2], [8, 2]], color: rgb, fit: letterbox-topleft}\n"
                    "head: {type: classify, top_k: 3}\n");
    oc_frame *frame = frame_of(40, 20, 9, 8, 7), *wide = frame_of(80, 20, 9, 8, 7);
    oc_result r;
    oc_error  err = {0};
    assert_int_equal(oc_net_run(net, frame, NULL, &r, &err), OC_OK);
    assert_int_equal(r.n_classes, 3); /* the three largest are red: 9, of 3 x 2 x 4 */
    assert_float_equal(r.classes[0].score, 9, .01);
    assert_true(r.classes[0].label < 8);
    assert_int_equal(oc_net_run(net, wide, NULL, &r, &err), OC_OK);
    assert_float_equal(r.classes[2].score, 9, .01);
    oc_session_stats stats;
    oc_net_stats(net, &stats);
    assert_true(stats.n_nodes >= 1);
    oc_frame_unref(frame);
    oc_frame_unref(wide);
    oc_net_destroy(net);

    /* A size of the caller's instead. */
    oc_net_options o = {.size = {3, 3}};
    assert_int_equal(oc_net_create_take(card_of(HEAD "input: {sizes: [[4, 2]], color: rgb,"
                                                     " fit: stretch}\nhead: {type: embed}\n"),
                                        model, &o, &net, &err),
                     OC_OK);
    assert_int_equal(oc_net_embedding(net), 27);
    oc_net_destroy(net);
}

static char said[200];

static void note(void *ctx, const char *text)
{
    snprintf(said, sizeof(said), "%s%s", (const char *)ctx, text);
}

/* Sessions of both sizes come from plans the second time, and see the same. */
static void test_plans(void **state)
{
    static const char text[] = HEAD "input: {sizes: [[4, 2], [8, 2]], color: rgb, fit: stretch}\n"
                                    "head: {type: embed}\n";
    char              plans[64], path[400];
    oc_frame         *frame = frame_of(80, 20, 9, 8, 7);
    float             first[2];
    oc_error          err = {0};
    (void)state;
    snprintf(plans, sizeof(plans), "%s/plans", folder);
    const oc_net_plans kept = {.cache = {plans, OC_PLAN_CACHE_BYTES_MAX}, .note = note, .ctx = "!"};
    const oc_net_options o = {.plans = &kept};
    write_model("Relu", 1, -1, -1);
    assert_int_equal(chmod(folder, 0700), 0);
    for (int run = 0; run < 3; run++) {
        oc_net   *net = NULL;
        oc_result r;
        said[0] = 0;
        if (run == 2) { /* not the network the plans are of */
            unlink(model);
            write_model("Neg", 1, -1, -1);
        }
        if (oc_net_create_take(card_of(text), model, &o, &net, &err) != OC_OK)
            fail_msg("%s", err.message);
        assert_int_equal(oc_net_run(net, frame, NULL, &r, &err), OC_OK);
        if (run < 2)
            first[run] = r.embedding[0];
        else
            assert_true(r.embedding[0] < 0);
        assert_int_equal(said[0], run == 2 ? '!' : 0);
        oc_net_destroy(net);
    }
    assert_true(first[0] > 0 && memcmp(&first[0], &first[1], sizeof(float)) == 0);
    DIR           *d = opendir(plans);
    struct dirent *e;
    int            n = 0;
    assert_non_null(d);
    while ((e = readdir(d)))
        if (e->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", plans, e->d_name);
            assert_int_equal(unlink(path), 0);
            n++;
        }
    closedir(d);
    assert_int_equal(n, 2);
    assert_int_equal(rmdir(plans), 0);
    oc_frame_unref(frame);
}

/* What nothing limits is taken when the card or the caller says so. */
static void test_dynamic(void **state)
{
    static const char refused[] = HEAD "input: {size: [4, 2], color: rgb, fit: stretch}\n"
                                       "head: {type: embed}\n";
    static const char taken[] = HEAD "allow_dynamic: true\n"
                                     "input: {size: [4, 2], color: rgb, fit: stretch}\n"
                                     "head: {type: embed}\n";
    (void)state;
    oc_card *card = card_of(taken);
    assert_true(card->allow_dynamic);
    oc_card_destroy(card);
    card = card_of(refused);
    assert_false(card->allow_dynamic);
    oc_card_destroy(card);
}

typedef struct seen {
    size_t n;
    float  first[3];
} seen;

static void each(void *ctx, size_t i, const oc_result *r)
{
    seen *s = ctx;
    assert_int_equal(i, s->n);
    s->first[s->n++] = r->embedding[0];
}

static void test_crops(void **state)
{
    (void)state;
    write_model("Identity", 1, 2, 2);
    oc_net   *net = net_of(HEAD "input: {size: [2, 2], color: rgb, fit: stretch, mean: 50}\n"
                                  "head: {type: embed}\n");
    oc_frame *frame = frame_of(20, 10, 0, 0, 0);
    for (int y = 0; y < 10; y++) /* the right half is white */
        memset(frame->plane[0] + y * frame->stride[0] + 30, 255, 30);
    oc_box   boxes[3] = {{0, 0, 8, 8}, {12, 0, 20, 8}, {1, 1, 7, 7}};
    seen     s = {0};
    oc_error err = {0};
    assert_int_equal(oc_net_run_crops(net, frame, boxes, 3, each, &s, &err), OC_OK);
    assert_int_equal(s.n, 3);
    assert_true(s.first[0] < 0 && s.first[1] > 0 && s.first[2] < 0);
    assert_true(oc_net_last(net).infer_ns > 0);
    oc_frame_unref(frame);
    oc_net_destroy(net);
}

/* Left half black, right half white; a quad that reads from right to left sees them swapped. */
static void test_quad(void **state)
{
    (void)state;
    write_model("Identity", 1, 1, 2);
    oc_net   *net = net_of(HEAD "input: {size: [2, 1], color: rgb, fit: stretch}\n"
                                  "head: {type: embed}\n");
    oc_frame *frame = frame_of(20, 10, 0, 0, 0);
    for (int y = 0; y < 10; y++)
        memset(frame->plane[0] + y * frame->stride[0] + 30, 255, 30);
    oc_point  level[4] = {{0, 0, 1}, {20, 0, 1}, {20, 10, 1}, {0, 10, 1}};
    oc_point  turned[4] = {{20, 10, 1}, {0, 10, 1}, {0, 0, 1}, {20, 0, 1}};
    oc_point  none[4] = {{3, 3, 1}, {3, 3, 1}, {3, 3, 1}, {3, 3, 1}};
    oc_result r;
    oc_error  err = {0};
    assert_int_equal(oc_net_run_quad(net, frame, level, &r, &err), OC_OK);
    assert_true(r.embedding[0] < .01f && r.embedding[1] > .5f);
    assert_int_equal(oc_net_run_quad(net, frame, turned, &r, &err), OC_OK);
    assert_true(r.embedding[0] > .5f && r.embedding[1] < .01f);
    assert_int_equal(oc_net_run_quad(net, frame, none, &r, &err), OC_INVALID);
    oc_frame_unref(frame);
    oc_net_destroy(net);
}

static void refused(const char *rest, const char *message)
{
    char     text[800];
    oc_net  *net = NULL;
    oc_error err = {0};
    snprintf(text, sizeof(text), "%s%s", HEAD, rest);
    assert_int_equal(oc_net_create_take(card_of(text), model, NULL, &net, &err), OC_INVALID);
    assert_null(net);
    char want[800];
    snprintf(want, sizeof(want), "c.yaml with %s: %s", model, message);
    assert_string_equal(err.message, want);
}

static void test_refusals(void **state)
{
    (void)state;
    write_model("Identity", 1, 4, 4);
    refused("input: {size: [8, 4], color: rgb, fit: stretch}\nhead: {type: embed}\n",
            "input 'x' is 1x3x4x4, the card says 1x3x4x8");
    refused("input: {size: [4, 4], color: gray, fit: stretch}\nhead: {type: embed}\n",
            "input 'x' is 1x3x4x4, the card says 1x1x4x4");
    refused("input: {size: [4, 4], layout: nhwc, color: rgb, fit: stretch}\nhead: {type: embed}\n",
            "input 'x' is 1x3x4x4, the card says 1x4x4x3");
    refused("input: {size: [4, 4], dtype: uint8, color: rgb, fit: stretch}\nhead: {type: embed}\n",
            "input 'x' is float32, the card says uint8");
    refused("input: {name: z, size: [4, 4], color: rgb, fit: stretch}\nhead: {type: embed}\n",
            "the network's input is 'x', the card says 'z'");
    refused("input: {size: [4, 4], color: rgb, fit: stretch}\nhead: {type: embed, output: z}\n",
            "the network has no output 'z', only 'y'");
    refused("input: {size: [4, 4], color: rgb, fit: stretch}\nhead: {type: movenet}\n",
            "output 'y' is 1x3x4x4, the card's head needs 17x3");
    refused("input: {size: [4, 4], color: rgb, fit: stretch}\nhead: {type: classify}\n"
            "labels: [a, b]\n",
            "output 'y' is 1x3x4x4, the card has 2 labels");
}

/* Every card of ours on its network, wherever that is on this machine. */
static void test_ours(void **state)
{
    (void)state;
    static const char *const names[] = {"yolox-nano",        "picodet-s-416", "nanodet-m-320",
                                        "nanodet-human",     "yunet",         "retail-0287",
                                        "retail-0288",       "centernet",     "movenet-lightning",
                                        "movenet-multipose", "blazeface",     "ppocr-v4-det",
                                        "ppocr-v4-rec",      "ppocr-v4-cls",  "mobilenet-v2-int8",
                                        "squeezenet-fp16",   "mnist"};
    const char              *mirror = getenv("OCELLUS_MIRROR");
    oc_frame                *frame = frame_of(320, 240, 90, 120, 60);
    size_t                   n = 0;
    setenv("OCELLUS_MODELS", OC_SOURCE_DIR "/models", 1);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        oc_net_options o = {.mirror = mirror ? mirror : OC_SOURCE_DIR "/../shared/models"};
        oc_net        *net = NULL;
        oc_result      r;
        oc_error       err = {0};
        oc_status      st = oc_net_create(names[i], NULL, &o, &net, &err);
        if (st == OC_NOT_FOUND) {
            print_message("skipped: %s\n", err.message);
            continue;
        }
        if (st != OC_OK || oc_net_run(net, frame, NULL, &r, &err) != OC_OK)
            fail_msg("%s", err.message);
        oc_net_destroy(net);
        n++;
    }
    print_message("%zu of %zu networks are here\n", n, sizeof(names) / sizeof(*names));
    oc_frame_unref(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_input_path), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_plans),      cmocka_unit_test(test_dynamic),
        cmocka_unit_test(test_crops),      cmocka_unit_test(test_quad),
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_ours),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
