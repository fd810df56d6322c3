/* SORT on MOT15's public detections against its published scores; all kinds above a floor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/mot.h"
#include "track/tracker.h"

#define FOLDER "../shared/data/mot15"

static double frame_rate(const char *name)
{
    char   path[256], line[128];
    double fps = 0;
    snprintf(path, sizeof(path), FOLDER "/%s/seqinfo.ini", name);
    FILE *in = fopen(path, "r");
    while (in && fgets(line, sizeof(line), in))
        sscanf(line, "frameRate=%lf", &fps);
    if (in)
        fclose(in);
    return fps;
}

static void keep(mot_file *out, size_t *cap, long frame, const oc_track *t)
{
    if (out->n == *cap) {
        *cap = *cap ? 2 * *cap : 4096;
        out->rows = realloc(out->rows, *cap * sizeof(*out->rows));
        assert_non_null(out->rows);
    }
    const oc_box *b = &t->box;
    out->rows[out->n++] = (mot_row){.frame = frame,
                                    .id = (long)t->id,
                                    .x = b->x0,
                                    .y = b->y0,
                                    .w = b->x1 - b->x0,
                                    .h = b->y1 - b->y0,
                                    .conf = 1};
}

static void track(const char *kind, const char *name, double fps, mot_file *out)
{
    static oc_detection items[512];
    mot_file            det;
    char                path[256];
    oc_tracker         *t;
    oc_tracker_options  o;
    oc_error            err;
    size_t              i = 0, cap = 0;

    snprintf(path, sizeof(path), FOLDER "/%s/det_sort_frcnn.txt", name);
    assert_true(mot_read(path, false, &det));
    oc_tracker_defaults(oc_tracker_find(kind), &o);
    /* the published settings speak of frames: one frame's loss ends a track */
    o.noise_period_s = 1.0 / fps;
    o.score_high = o.score_low = 0.0f;
    o.score_new = 0.0f;
    if (strcmp(kind, "sort") == 0)
        o.lost_s = 1.0 / fps;
    assert_int_equal(oc_tracker_create(oc_tracker_find(kind), &o, &t, &err), OC_OK);
    *out = (mot_file){0};
    for (long frame = 1; frame <= det.frames; frame++) {
        oc_detections d = {.items = items, .cap = 512};
        oc_tracks     got;
        for (; i < det.n && det.rows[i].frame == frame; i++) {
            const mot_row *r = &det.rows[i];
            items[d.n++] = (oc_detection){{r->x, r->y, r->x + r->w, r->y + r->h}, r->conf, 0};
        }
        oc_tracker_update(t, &d, (double)frame / fps, &got);
        for (size_t k = 0; k < got.n; k++)
            if (got.items[k].state == OC_TRACK_CONFIRMED)
                keep(out, &cap, frame, &got.items[k]);
    }
    mot_dense_ids(out);
    oc_tracker_destroy(t);
    mot_free(&det);
}

static mot_score score(const char *kind, const char *name)
{
    mot_file  gt, tr;
    mot_score s;
    char      path[256];

    snprintf(path, sizeof(path), FOLDER "/%s/gt.txt", name);
    assert_true(mot_read(path, true, &gt));
    track(kind, name, frame_rate(name), &tr);
    mot_evaluate(&gt, &tr, &s);
    print_message("%-10s %-14s MOTA %5.1f MOTP %5.1f IDSW %3ld IDF1 %5.1f FP %ld FN %ld\n", kind,
                  name, 100 * s.mota, 100 * s.motp, s.idsw, 100 * s.idf1, s.fp, s.fn);
    mot_free(&gt);
    mot_free(&tr);
    return s;
}

static void sort_as_published(void **state)
{
    (void)state;
    const struct {
        const char *name;
        double      mota, motp;
        long        idsw;
    } rows[] = {
        {"ETH-Sunnyday", 59.1, 74.4, 22},  {"ETH-Pedcross2", 45.4, 74.8, 77},
        {"ADL-Rundle-8", 28.6, 71.1, 103}, {"Venice-2", 18.6, 73.4, 57},
        {"KITTI-17", 60.2, 72.3, 9},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mot_score s = score("sort", rows[i].name);
        assert_true(100 * s.mota >= rows[i].mota - 1.0);
        assert_true(100 * s.mota <= rows[i].mota + 3.0);
        assert_true(fabs(100 * s.motp - rows[i].motp) <= 0.7);
        assert_true(labs(s.idsw - rows[i].idsw) <= 6);
    }
}

static void others_hold_up(void **state)
{
    (void)state;
    const char *const names[] = {"ETH-Sunnyday", "ETH-Pedcross2", "PETS09-S2L1", "KITTI-17"};
    const char *const kinds[] = {"sort", "bytetrack", "ocsort"};
    for (size_t i = 0; i < 4; i++) {
        double sort_idf1 = 0;
        for (size_t k = 0; k < 3; k++) {
            mot_score s = score(kinds[k], names[i]);
            if (k == 0)
                sort_idf1 = s.idf1;
            /* a longer memory keeps identities: no worse than SORT there */
            assert_true(s.idf1 >= sort_idf1 - 0.02);
            assert_true(s.mota > 0.40);
        }
    }
}

int main(void)
{
    FILE *there = fopen(FOLDER "/ETH-Sunnyday/gt.txt", "r");
    if (!there) {
        printf("SKIP: no " FOLDER "\n");
        return 77;
    }
    fclose(there);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort_as_published),
        cmocka_unit_test(others_hold_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
