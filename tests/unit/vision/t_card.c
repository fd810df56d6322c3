/* Cards: all of ours are well formed; bad ones are refused with their place. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "vision/card.h"
#include "vision/store.h"

#define HEAD "name: x\ntitle: t\nlicence: l\n"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SOURCE "source: {url: \"https://h/x.onnx\", sha256: " HASH "}\n"
#define INPUT "input: {size: [8, 8], color: rgb, fit: stretch}\n"
#define REST "head: {type: embed}\n"

static oc_card *load(const char *text)
{
    oc_card *card = NULL;
    oc_error err = {0};
    if (oc_card_load_memory("c.yaml", ".", text, strlen(text), &card, &err) != OC_OK)
        fail_msg("%s", err.message);
    return card;
}

static void refused(const char *text, const char *message)
{
    oc_card *card = NULL;
    oc_error err = {0};
    assert_int_equal(oc_card_load_memory("c.yaml", ".", text, strlen(text), &card, &err),
                     OC_FORMAT);
    assert_null(card);
    if (strcmp(err.message, message))
        fail_msg("got '%s', want '%s'", err.message, message);
}

static void test_ours(void **state)
{
    (void)state;
    size_t         n = 0;
    DIR           *dir = opendir(OC_SOURCE_DIR "/models");
    struct dirent *e;
    assert_non_null(dir);
    while ((e = readdir(dir))) {
        char path[600];
        snprintf(path, sizeof(path), "%s/models/%s/card.yaml", OC_SOURCE_DIR, e->d_name);
        if (e->d_name[0] == '.' || access(path, R_OK))
            continue;
        oc_card *card = NULL;
        oc_error err = {0};
        if (oc_card_load(path, &card, &err) != OC_OK)
            fail_msg("%s", err.message);
        assert_string_equal(card->name, e->d_name);
        assert_true(card->n_sizes >= 1 && card->image.width > 0 && card->image.height > 0);
        assert_true(card->source.sha256 || card->source.convert);
        if (card->labels_file && !card->labels) /* the rest comes with the network */
            assert_true(card->source.n_members > 1);
        oc_card_destroy(card);
        n++;
    }
    closedir(dir);
    assert_true(n >= 16);
}

static void test_values(void **state)
{
    (void)state;
    oc_card *card =
        load(HEAD SOURCE "input: {sizes: [[64, 48], [128, 48]], layout: nhwc, color: bgr,\n"
                         "        mean: [1, 2, 3], std: 4, fit: letterbox-topleft, pad: 114,\n"
                         "        dtype: float16, half_pixel: false, crop: {scale: 2, aspect: 1}}\n"
                         "head: {type: yolox, strides: [8], score: .3}\nlabels: [a, b]\n");
    assert_int_equal(card->n_sizes, 2);
    assert_int_equal(card->sizes[1].width, 128);
    assert_true(card->dynamic && card->half && card->image.nhwc && card->image.bgr);
    assert_true(!card->image.half_pixel && !card->image.gray && !card->image.nearest);
    assert_int_equal(card->image.dtype, OC_F32);
    assert_float_equal(card->image.mean[2], 3, 0);
    assert_float_equal(card->image.scale[1], .25, 0);
    assert_float_equal(card->image.pad, 114, 0);
    assert_int_equal(card->image.fit, OC_FIT_LETTERBOX_TL);
    assert_string_equal(card->head->name, "yolox");
    assert_float_equal(((oc_head_select *)card->head_params)->score, .3, 1e-7);
    assert_string_equal(card->source.file, "x.onnx");
    char text[20];
    assert_string_equal(oc_card_label(card, 1, text, sizeof(text)), "b");
    assert_string_equal(oc_card_label(card, 7, text, sizeof(text)), "#7");

    oc_box box = oc_card_crop(card, (oc_box){10, 10, 20, 40}); /* 10x30 -> 20x60 -> 60x60 */
    assert_float_equal(box.x0, -15, 1e-4);
    assert_float_equal(box.x1, 45, 1e-4);
    assert_float_equal(box.y0, -5, 1e-4);
    assert_float_equal(box.y1, 55, 1e-4);
    oc_card_destroy(card);
}

static void test_pick_size(void **state)
{
    (void)state;
    oc_card *card = load(HEAD SOURCE "input: {sizes: [[96, 48], [320, 48], [160, 48]], color: rgb,"
                                     " fit: letterbox-topleft}\n" REST);
    assert_int_equal(oc_card_pick_size(card, 100, 50), 0);
    assert_int_equal(oc_card_pick_size(card, 50, 100), 0); /* tall ones too: the smallest */
    assert_int_equal(oc_card_pick_size(card, 150, 50), 2);
    assert_int_equal(oc_card_pick_size(card, 250, 50), 1);
    assert_int_equal(oc_card_pick_size(card, 2500, 50), 1);
    assert_int_equal(oc_card_pick_size(card, 0, 50), 0);
    oc_card_destroy(card);
}

static void test_refusals(void **state)
{
    (void)state;
    refused("name: x\n", "c.yaml:1:1: 'title' is missing here");
    refused(HEAD SOURCE INPUT, "c.yaml:1:1: 'head' is missing here");
    refused(HEAD SOURCE INPUT "head: {type: yolo}\n",
            "c.yaml:6:14: type: 'yolo' is none of: yolox, gfl, centernet, yunet, ssd, blazeface, "
            "movenet, db_text, ctc_text, classify, embed");
    refused(HEAD SOURCE INPUT "head: {type: embed, centre: true}\n",
            "c.yaml:6:21: unknown key 'centre', did you mean 'center'?");
    refused(HEAD SOURCE "input: {size: [8], color: rgb, fit: stretch}\n" REST,
            "c.yaml:5:15: a size is expected: [width, height]");
    refused(HEAD SOURCE "input: {size: [8, 99999], color: rgb, fit: stretch}\n" REST,
            "c.yaml:5:19: 99999 is outside 1 .. 16384");
    refused(HEAD SOURCE "input: {color: rgb, fit: stretch}\n" REST,
            "c.yaml:5:8: either 'size' or 'sizes' (of a network with dynamic shape) is needed");
    refused(HEAD SOURCE "input: {size: [8, 8], color: rgb, fit: strech}\n" REST,
            "c.yaml:5:40: fit: 'strech' is none of: stretch, letterbox-center, "
            "letterbox-topleft, crop-center");
    refused(HEAD SOURCE "input: {size: [8, 8], color: gray, fit: stretch, mean: [1, 2, 3]}\n" REST,
            "c.yaml:5:56: mean: 3 values for 1 channels");
    refused(HEAD SOURCE "input: {size: [8, 8], color: rgb, fit: stretch, std: 0}\n" REST,
            "c.yaml:5:54: std: must be above 0");
    refused(HEAD SOURCE "input: {size: [8, 8], color: rgb, fit: stretch, std: 1, scale: 1}\n" REST,
            "c.yaml:5:54: std: either 'std' or 'scale'");
    refused(HEAD "source: {sha256: 12}\n" INPUT REST,
            "c.yaml:4:9: one of 'npm', 'apt' and 'url' is needed");
    refused(HEAD "source: {url: \"https://h/x.onnx\"}\n" INPUT REST,
            "c.yaml:4:9: 'sha256' is missing here");
    refused(HEAD "source: {url: \"http://h/x.onnx\", sha256: " HASH "}\n" INPUT REST,
            "c.yaml:4:15: url: only https:// is taken");
    refused(HEAD "source: {url: \"https://h/x.onnx\", sha256: 1234}\n" INPUT REST,
            "c.yaml:4:43: sha256: 64 hexadecimal digits in small letters are expected");
    refused(HEAD "source: {url: \"https://h/x.onnx\", file: ../x, sha256: " HASH "}\n" INPUT REST,
            "c.yaml:4:41: file: '../x' is no plain file name");
    refused(HEAD "source: {npm: p, version: 1, members: [{path: ../../x, sha256: " HASH
                 "}]}\n" INPUT REST,
            "c.yaml:4:47: path: a path inside the package is expected");
    refused(HEAD "source: {apt: --force, members: [{path: x, sha256: " HASH "}]}\n" INPUT REST,
            "c.yaml:4:15: apt: no name of a package");
    refused(HEAD SOURCE INPUT REST "labels: /etc/passwd\n",
            "c.yaml:7:9: labels: a path beside the card is expected");
    refused("name: X/y\ntitle: t\nlicence: l\n" SOURCE INPUT REST,
            "c.yaml:1:7: name: only a-z, 0-9, '-', '.' and '_'");
    refused("\x7f"
            "ELF",
            "c.yaml:1:1: control character 0x7f: not a text file");
}

static void write_file(const char *folder, const char *name, const char *text, size_t n)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

static void test_labels_file(void **state)
{
    (void)state;
    char        folder[] = "/tmp/oc_cardXXXXXX", path[300];
    const char *text = HEAD SOURCE INPUT REST "labels: names.txt\n";
    oc_card                             *card = NULL;
    oc_error                             err = {0};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/net.onnx", folder);

    /* Not beside the card: looked for beside the network, later. */
    card = load(text);
    assert_null(card->labels);
    assert_int_equal(oc_card_labels(card, path, &err), OC_NOT_FOUND);
    assert_non_null(strstr(err.message, "neither beside the card nor the network"));
    write_file(folder, "names.txt", "a b\r\n c\n\nd", 10);
    assert_int_equal(oc_card_labels(card, path, &err), OC_OK);
    assert_int_equal(card->n_labels, 4);
    assert_string_equal(card->labels[0], "a b");
    assert_string_equal(card->labels[1], " c");
    assert_string_equal(card->labels[2], "");
    assert_string_equal(card->labels[3], "d");
    oc_card_destroy(card);

    write_file(folder, "names.txt", "a\0b\n", 4);
    assert_int_equal(oc_card_load_memory("c.yaml", folder, text, strlen(text), &card, &err),
                     OC_FORMAT);
    assert_non_null(strstr(err.message, "not a list of labels"));
    snprintf(path, sizeof(path), "%s/names.txt", folder);
    unlink(path);
    rmdir(folder);
}

static void test_store(void **state)
{
    (void)state;
    oc_card *card = NULL;
    oc_error err = {0};
    char     path[OC_PATH_MAX];
    assert_int_equal(setenv("OCELLUS_MODELS", OC_SOURCE_DIR "/models", 1), 0);
    assert_int_equal(oc_store_card("yolox-nano", &card, &err), OC_OK);
    assert_int_equal(card->n_labels, 80);

    char folder[] = "/tmp/oc_storeXXXXXX", file[300];
    assert_non_null(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    unsetenv("OCELLUS_MIRROR");
    assert_int_equal(oc_store_model(card, NULL, path, sizeof(path), &err), OC_NOT_FOUND);
    assert_string_equal(err.message, "the network 'yolox-nano' was not fetched yet: "
                                     "ocellus models get yolox-nano");
    write_file(folder, "yolox_nano_416.onnx", "x", 1);
    assert_int_equal(oc_store_model(card, folder, path, sizeof(path), &err), OC_OK);
    snprintf(file, sizeof(file), "%s/yolox_nano_416.onnx", folder);
    assert_string_equal(path, file);
    unlink(file);
    rmdir(folder);
    oc_card_destroy(card);

    assert_int_equal(oc_store_card("yolox", &card, &err), OC_NOT_FOUND);
    assert_non_null(strstr(err.message, "no card 'yolox' in: "));
}

static void test_folder(void **state)
{
    oc_card *card = NULL;
    oc_error err = {0};
    (void)state;
    assert_int_equal(oc_card_load(OC_SOURCE_DIR "/models/mnist", &card, &err), OC_OK);
    oc_card_destroy(card);
    card = NULL;
    assert_int_equal(oc_card_load(OC_SOURCE_DIR "/models", &card, &err), OC_NOT_FOUND);
    assert_non_null(strstr(err.message, "models/card.yaml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ours),        cmocka_unit_test(test_values),
        cmocka_unit_test(test_pick_size),   cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_labels_file), cmocka_unit_test(test_store),
        cmocka_unit_test(test_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
