/* The other things that evaluation reads: MOTChallenge and KITTI text, Pascal VOC's XML and results,
 * embeddings, texts and words, folds, sweeps.  The first byte chooses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eval/compare.h"
#include "eval/kitti.h"
#include "eval/track.h"
#include "eval/voc.h"
#include "fuzz.h"

static char folder[] = "/tmp/ocellus-fuzz-XXXXXX";

static const char kitti_truth[] = "Car 0.00 0 0 100 100 200 180 1 1 1 1 1 1 0\n";
static const char kitti_result[] = "Car -1 -1 0 100 100 200 180 1 1 1 1 1 1 0 0.9\n";
static const char voc_truth[] = "<annotation><object><name>cat</name><bndbox><xmin>1</xmin>"
                                "<ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
                                "</annotation>";
static const char voc_result[] = "x 0.5 1 1 9 9\n";

static void write_file(const char *name, const void *data, size_t n)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f || (n && fwrite(data, 1, n, f) != n) || fclose(f) != 0)
        abort();
}

static void make_folder(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (mkdir(path, 0700) != 0)
        abort();
}

static void remove_folder(void)
{
    static const char *const names[] = {"in/x.txt",    "in/x.xml",    "in/x_cat.txt",
                                        "other/x.txt", "other/x.xml", "other/x_cat.txt",
                                        "in",          "other",       "data"};
    char                     path[128];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        remove(path);
    }
    rmdir(folder);
}

static void prepare(void)
{
    static bool done;
    if (done)
        return;
    done = true;
    if (!mkdtemp(folder))
        abort();
    atexit(remove_folder);
    make_folder("in");
    make_folder("other");
}

static oc_status read_mot(const char *path, unsigned kind, oc_error *err)
{
    oc_mot_rows      rows = {.n = 0};
    oc_mot_scores    scores;
    oc_mot_record    record = {.n_frames = 0};
    oc_mot_benchmark b = kind == 2 ? OC_MOT_KITTI_CAR : OC_MOT17;
    oc_status        st = kind == 1 ? oc_mot_read_detections(path, &rows, err)
                                    : oc_mot_read_as(path, b, true, &rows, err);
    if (st == OC_OK && kind != 1 && rows.frames < 4096 && rows.n < 512) {
        st = oc_mot_score(&rows, &rows, b, 0, &scores, err);
        if (st == OC_OK)
            st = oc_mot_record_make(&rows, &rows, b, 0, &record, err);
    }
    oc_mot_record_finish(&record);
    oc_mot_rows_finish(&rows);
    return st;
}

static oc_status read_kitti(const uint8_t *data, size_t n, bool truth, oc_error *err)
{
    char           in[128], other[128];
    oc_kitti_set   set = {.n = 0};
    oc_kitti_curve curve[OC_KITTI_CLASSES][OC_KITTI_LEVELS];
    write_file("in/x.txt", data, n);
    write_file("other/x.txt", truth ? kitti_result : kitti_truth,
               strlen(truth ? kitti_result : kitti_truth));
    snprintf(in, sizeof(in), "%s/in", folder);
    snprintf(other, sizeof(other), "%s/other", folder);
    oc_status st = oc_kitti_read(truth ? in : other, truth ? other : in, &set, err);
    if (st == OC_OK)
        st = oc_kitti_score(&set, curve, err);
    oc_kitti_set_finish(&set);
    return st;
}

static oc_status read_voc(const uint8_t *data, size_t n, bool truth, oc_error *err)
{
    char          in[128], other[128];
    oc_coco_set   gt = {.n_images = 0}, dt = {.n_images = 0};
    oc_voc_class *scores = NULL;
    write_file(truth ? "in/x.xml" : "in/x_cat.txt", data, n);
    if (truth)
        write_file("other/x_cat.txt", voc_result, strlen(voc_result));
    else
        write_file("other/x.xml", voc_truth, strlen(voc_truth));
    snprintf(in, sizeof(in), "%s/in", folder);
    snprintf(other, sizeof(other), "%s/other", folder);
    oc_status st = oc_voc_read_truth(truth ? in : other, &gt, err);
    if (st == OC_OK && (st = oc_voc_read_results(truth ? other : in, &gt, &dt, err)) == OC_OK) {
        if (!(scores = calloc(gt.n_categories + 1, sizeof(*scores))))
            abort();
        st = oc_voc_score(&gt, &dt, .5, scores, err);
    }
    free(scores);
    oc_coco_set_finish(&dt);
    oc_coco_set_finish(&gt);
    return st;
}

static oc_status read_embed(const char *path, oc_error *err)
{
    oc_embed_set    set = {.n = 0};
    oc_embed_scores scores = {.n = 0};
    oc_status       st = oc_embed_read(path, &set, err);
    if (st == OC_OK && set.n < 512)
        st = oc_embed_score(&set, true, NULL, &scores, err);
    oc_embed_scores_finish(&scores);
    oc_embed_finish(&set);
    return st;
}

static oc_status read_text(const char *path, oc_error *err)
{
    oc_text_scores scores = {.n = 0};
    oc_status      st = oc_text_score(path, true, &scores, err);
    oc_text_scores_finish(&scores);
    return st;
}

static oc_status read_words(const uint8_t *data, size_t n, oc_error *err)
{
    char         in[128];
    oc_text_set  set = {.n = 0};
    oc_text_rate found, read;
    write_file("in/x.txt", data, n);
    snprintf(in, sizeof(in), "%s/in", folder);
    oc_status st = oc_text_set_read(in, in, &set, err);
    if (st == OC_OK)
        oc_text_spot(&set, .5, true, &found, &read);
    oc_text_set_finish(&set);
    return st;
}

static oc_status read_folds(const char *path, oc_error *err)
{
    const char      *names[] = {"a.jpg", "d/b.jpg", "c.jpg"};
    oc_compare_run   run = {.n_units = 3, .unit = names};
    oc_compare_folds folds = {.n = 0};
    oc_status        st = oc_compare_folds_read(path, &run, &folds, err);
    oc_compare_folds_finish(&folds);
    return st;
}

static oc_status read_sweep(const char *path, oc_error *err)
{
    oc_sweep         sweep = {.n_axes = 0};
    oc_track_setting setting;
    char             lines[OC_SWEEP_KEYS_MAX * 120];
    oc_status        st = oc_sweep_load(&sweep, path, err);
    if (st == OC_OK && oc_sweep_count(&sweep) &&
        (st = oc_sweep_lines(&sweep, 0, lines, sizeof(lines), err)) == OC_OK)
        st = oc_track_setting_read(lines, &setting, err);
    oc_sweep_finish(&sweep);
    return st;
}

static oc_status read_as(unsigned kind, const uint8_t *data, size_t n, const char *path,
                         oc_error *err)
{
    switch (kind) {
    case 3: return read_kitti(data, n, true, err);
    case 4: return read_kitti(data, n, false, err);
    case 5: return read_voc(data, n, true, err);
    case 6: return read_voc(data, n, false, err);
    case 7: return read_embed(path, err);
    case 8: return read_text(path, err);
    case 9: return read_words(data, n, err);
    case 10: return read_folds(path, err);
    case 11: return read_sweep(path, err);
    default: return read_mot(path, kind, err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char     path[128];
    oc_error err = {0};
    unsigned kind = n ? (unsigned)(data[0] - 'a') % 12u : 0; /* 'a' is the first */
    data += n > 0;
    n -= n > 0;
    prepare();
    snprintf(path, sizeof(path), "%s/data", folder);
    write_file("data", data, n);
    oc_status st = read_as(kind, data, n, path, &err);
    if (st != OC_OK && (!err.message[0] || err.status != st))
        abort(); /* a refusal without a reason */
    if (kind == 3 || kind == 4 || kind == 9) {
        snprintf(path, sizeof(path), "%s/in/x.txt", folder);
        remove(path);
    } else if (kind == 5 || kind == 6) {
        snprintf(path, sizeof(path), "%s/in/%s", folder, kind == 5 ? "x.xml" : "x_cat.txt");
        remove(path);
    }
    return 0;
}
