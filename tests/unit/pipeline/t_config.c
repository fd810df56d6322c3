/* Pipeline YAML: what is read, and that what is wrong is refused with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/config.h"

static const char whole[] =
    "name: shop\n"
    "title: The shop\n"
    "source: {url: \"cache:vtest.avi\", fps: 12.5, timeout: 3s}\n"
    "detect:\n"
    "  network: centernet\n"
    "  every: 2\n"
    "  score: 0.2\n"
    "  labels: [person, dog]\n"
    "track:\n"
    "  kind: ocsort\n"
    "  lost: 500ms\n"
    "  max_tracks: 40\n"
    "  score_new: 0.7\n"
    "recognise:\n"
    "  - {name: pose, kind: posture, network: movenet-lightning, labels: person, refresh: 2s}\n"
    "  - {kind: gallery, network: m, gallery: g.db}\n"
    "lines:\n"
    "  - {name: door, from: [0, 0.5], to: [1, 0.25], directions: [in, out], anchor: center}\n"
    "zones:\n"
    "  - {name: till, corners: [[0,0],[1,0],[0.5,1]], settle: 1s}\n"
    "events: {updated_every: 5s}\n"
    "outputs: {events: e.jsonl}\n";

static void reads_everything(void **state)
{
    (void)state;
    oc_pipeline_config *c;
    oc_error            err = {0};
    if (oc_pipeline_config_memory("p.yaml", whole, strlen(whole), &c, &err) != OC_OK)
        fail_msg("%s", err.message);
    assert_string_equal(c->title, "The shop");
    assert_string_equal(c->url, "cache:vtest.avi");
    assert_true(c->fps == 12.5 && c->timeout_s == 3);
    assert_int_equal(c->detect.every, 2);
    assert_int_equal(c->detect.labels.n, 2);
    assert_string_equal(c->detect.labels.name[1], "dog");
    assert_string_equal(c->tracker->name, "ocsort");
    assert_true(c->track.lost_s == 0.5 && c->track.max_tracks == 40);
    assert_true(c->track.score_new == 0.7f && c->track.iou_min == 0.3f);
    assert_int_equal(c->n_recognise, 2);
    assert_string_equal(c->recognise[0].name, "pose");
    assert_int_equal(c->recognise[0].labels.n, 1);
    assert_string_equal(c->recognise[1].name, "gallery");
    assert_true(c->recognise[0].memory_s > 0 && c->recognise[1].memory_s == 0);
    assert_true(c->line[0].to.y == 0.25f && c->line[0].anchor == OC_ANCHOR_CENTER);
    assert_string_equal(c->line[0].directions[1], "out");
    assert_int_equal(c->zone[0].n_corners, 3);
    assert_true(c->zone[0].settle_s == 1 && c->updated_every_s == 5);
    assert_string_equal(c->outputs.events, "e.jsonl");
    assert_null(c->outputs.video);
    oc_pipeline_config_destroy(c);
}

static void defaults_hold(void **state)
{
    (void)state;
    const char          text[] = "name: x\ndetect: {network: n}\n";
    oc_pipeline_config *c;
    oc_error            err = {0};
    assert_int_equal(oc_pipeline_config_memory("p", text, strlen(text), &c, &err), OC_OK);
    assert_string_equal(c->tracker->name, "bytetrack");
    assert_int_equal(c->detect.every, 1);
    assert_string_equal(c->title, "x");
    assert_null(c->url);
    oc_pipeline_config_destroy(c);
    oc_pipeline_config_destroy(NULL);
}

static void refuses(void **state)
{
    (void)state;
    const struct {
        const char *text, *place, *say;
    } rows[] = {
        {"name: x\n", "p.yaml:1:", "detect"},
        {"detect: {network: n}\n", "p.yaml:1:", "name"},
        {"name: \"\"\ndetect: {network: n}\n", "p.yaml:1:", "empty"},
        {"name: x\ndetect: {network: n}\ncolour: red\n", "p.yaml:3:1", "colour"},
        {"name: x\ndetect:\n  netwrok: n\n", "p.yaml:", "network"},
        {"name: x\ndetect:\n  network: n\n  every: often\n", "p.yaml:4:", "every"},
        {"name: x\ndetect:\n  network: n\n  every: 0\n", "p.yaml:4:", "every"},
        {"name: x\ndetect:\n  network: n\n  score: 1.5\n", "p.yaml:4:", "score"},
        {"name: x\ndetect: [n]\n", "p.yaml:2:", "detect"},
        {"name: x\ndetect: {network: n}\ntrack: {kind: magic}\n", "p.yaml:3:", "magic"},
        {"name: x\ndetect: {network: n}\ntrack: {lost: soon}\n", "p.yaml:3:", "soon"},
        {"name: x\ndetect: {network: n}\nrecognise:\n  - {kind: smell, network: m}\n",
         "p.yaml:4:", "smell"},
        {"name: x\ndetect: {network: n}\nrecognise:\n  - {kind: text, network: m}\n"
         "  - {kind: text, network: m}\n",
         "p.yaml:5:", "text"},
        {"name: x\ndetect: {network: n}\nrecognise:\n  - {kind: gallery, network: m}\n",
         "p.yaml:4:", "gallery"},
        {"name: x\ndetect: {network: n}\nrecognise:\n  - {kind: text, network: m, gallery: g}\n",
         "p.yaml:4:", "gallery"},
        {"name: x\ndetect: {network: n}\nlines:\n  - {name: a, from: [0,0], to: [0,0]}\n",
         "p.yaml:4:", "to"},
        {"name: x\ndetect: {network: n}\nlines:\n  - {name: a, from: [0,0], to: [2,0]}\n",
         "p.yaml:4:", "to"},
        {"name: x\ndetect: {network: n}\nlines:\n  - {name: a, from: [0], to: [1,0]}\n",
         "p.yaml:4:", "from"},
        {"name: x\ndetect: {network: n}\nlines:\n"
         "  - {name: a, from: [0,0], to: [1,0], directions: [in, in]}\n",
         "p.yaml:4:", "directions"},
        {"name: x\ndetect: {network: n}\nlines:\n  - {name: a, from: [0,0], to: [1,0]}\n"
         "  - {name: a, from: [0,0], to: [1,1]}\n",
         "p.yaml:5:", "'a'"},
        {"name: x\ndetect: {network: n}\nzones:\n  - {name: a, corners: [[0,0],[1,1]]}\n",
         "p.yaml:4:", "corners"},
        {"name: x\ndetect: {network: n}\nzones:\n  - {name: a, corners: [[0,0],[1,1],[0.5,0.5]]}\n",
         "p.yaml:4:", "area"},
        {"name: x\ndetect: {network: n}\nzones:\n  - {name: a, corners: [[0,0],[1,1],3]}\n",
         "p.yaml:4:", "corner"},
        {"name: x\ndetect: {network: n}\nzones:\n  - {name: a, corners: [[0,0],[1,1],[0,x]]}\n",
         "p.yaml:4:", "x"},
        {"name: x\ndetect: {network: n}\nname: y\n", "p.yaml:3:", "name"},
        {"- a\n- b\n", "p.yaml:1:", ""},
        {"name: x\n  detect: [\n", "p.yaml:", ""},
        {"", "p.yaml:", "name"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        oc_pipeline_config *c = NULL;
        oc_error            err = {0};
        oc_status           st =
            oc_pipeline_config_memory("p.yaml", rows[i].text, strlen(rows[i].text), &c, &err);
        if (st != OC_FORMAT || strncmp(err.message, rows[i].place, strlen(rows[i].place)) != 0 ||
            !strstr(err.message, rows[i].say))
            fail_msg("row %zu (%s): status %d, '%s'", i, rows[i].text, st, err.message);
        assert_null(c);
    }
}

/* Every way of cutting the file short is refused or read; none is a crash. */
static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(whole); n++) {
        oc_pipeline_config *c = NULL;
        oc_error            err = {0};
        if (oc_pipeline_config_memory("p", whole, n, &c, &err) == OC_OK)
            oc_pipeline_config_destroy(c);
        else
            assert_true(err.message[0] != '\0');
    }
}

static void ready_ones_load(void **state)
{
    (void)state;
    const char *const names[] = {"street", "labels", "cart"};
    for (size_t i = 0; i < 3; i++) {
        char                path[512];
        oc_pipeline_config *c;
        oc_error            err = {0};
        snprintf(path, sizeof(path), OC_SOURCE_DIR "/pipelines/%s.yaml", names[i]);
        if (oc_pipeline_config_load(path, &c, &err) != OC_OK)
            fail_msg("%s", err.message);
        assert_string_equal(c->name, names[i]);
        oc_pipeline_config_destroy(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything), cmocka_unit_test(defaults_hold),
        cmocka_unit_test(refuses),          cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(ready_ones_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
