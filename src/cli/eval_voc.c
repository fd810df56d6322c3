/* ocellus eval voc: Pascal VOC's average precision. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/eval.h"
#include "cli/eval_compare.h"
#include "cli/eval_data.h"
#include "eval/voc.h"

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static void print(const oc_coco_set *gt, const oc_voc_class *c, bool json)
{
    double ap = 0, ap_11 = 0;
    size_t with = 0;
    for (size_t k = 0; k < gt->n_categories; k++) {
        if (c[k].n_truth == 0)
            continue;
        with++;
        ap += c[k].ap;
        ap_11 += c[k].ap_11;
    }
    ap = with ? ap / (double)with : -1;
    ap_11 = with ? ap_11 / (double)with : -1;
    if (json)
        printf("{\"mAP\":%.9f,\"mAP11\":%.9f,\"classes\":[", ap, ap_11);
    else
        printf("%-20s %7s %7s %7s %7s\n", "class", "truths", "results", "AP", "AP11");
    for (size_t k = 0; k < gt->n_categories; k++) {
        if (json) {
            printf("%s{\"name\":", k ? "," : "");
            cli_json_text(stdout, gt->categories[k].name);
            printf(",\"n\":%zu,\"results\":%zu,\"AP\":%.9f,\"AP11\":%.9f,\"recall\":%.9f,"
                   "\"precision\":%.9f}",
                   c[k].n_truth, c[k].n_results, c[k].ap, c[k].ap_11, c[k].recall, c[k].precision);
        } else {
            printf("%-20s %7zu %7zu %7.4f %7.4f\n", gt->categories[k].name, c[k].n_truth,
                   c[k].n_results, c[k].ap, c[k].ap_11);
        }
    }
    if (json)
        printf("]");
    else
        printf("%-20s %7s %7s %7.4f %7.4f\n", "mean", "", "", ap, ap_11);
    if (json)
        cli_eval_data_end();
}

typedef struct job {
    const char *gt, *dt, *images;
    double      iou;
    bool        json;
    cli_compare compare;
} job;

static oc_status read_results(const char *path, const oc_coco_set *gt, oc_coco_set *dt,
                              oc_error *err)
{
    return is_folder(path) ? oc_voc_read_results(path, gt, dt, err)
                           : oc_coco_read_results(path, OC_COCO_BBOX, gt, dt, err);
}

/* ---- comparing ---- */

#define DRAWN_SCORE 0.3 /* least of a result that a sheet shows */

typedef struct drawing {
    const job         *j;
    const oc_coco_set *gt, *dt;
    oc_coco_set        other;
} drawing;

static oc_status make_run(void *ctx, const char *path, bool first, oc_compare_run *out,
                          oc_error *err)
{
    drawing    *d = ctx;
    oc_coco_set set = {0};
    oc_status   st = read_results(path, d->gt, &set, err);
    if (st == OC_OK)
        st = oc_compare_voc(d->gt, &set, d->j->iou, out, err);
    if (first && st == OC_OK)
        d->other = set;
    else
        oc_coco_set_finish(&set);
    return st;
}

static void draw_image(void *ctx, oc_page *page, const oc_compare_run *own, size_t unit)
{
    drawing             *d = ctx;
    const oc_coco_image *image = &d->gt->images[unit];
    char                 path[4200];
    (void)own;
    if (!d->j->images || !image->file)
        return;
    snprintf(path, sizeof(path), "%s/%s%s", d->j->images, image->file,
             strchr(image->file, '.') ? "" : ".jpg");
    oc_sheet_boxes(page, path, "other (green lies on a truth, red does not, blue was missed)",
                   d->gt, &d->other, image->id, DRAWN_SCORE);
    oc_sheet_boxes(page, path, "this", d->gt, d->dt, image->id, DRAWN_SCORE);
}

static oc_status compare(const job *j, const oc_coco_set *gt, const oc_coco_set *dt, oc_error *err)
{
    drawing          d = {.j = j, .gt = gt, .dt = dt};
    cli_compare_kind kind = {.ctx = &d, .make = make_run, .draw = draw_image};
    oc_compare_run   own = {.n_units = 0};
    oc_status        st = oc_compare_voc(gt, dt, j->iou, &own, err);
    if (st == OC_OK)
        st = cli_compare_report(&j->compare, &kind, &own, 0, j->json, err);
    oc_compare_run_finish(&own);
    oc_coco_set_finish(&d.other);
    return st;
}

static oc_status evaluate(const job *j, oc_error *err)
{
    oc_coco_set   gt = {0}, dt = {0};
    oc_voc_class *c = NULL;
    oc_status     st = is_folder(j->gt) ? oc_voc_read_truth(j->gt, &gt, err)
                                        : oc_coco_read_truth(j->gt, OC_COCO_BBOX, &gt, err);
    if (st == OC_OK)
        st = read_results(j->dt, &gt, &dt, err);
    if (st == OC_OK && cli_compare_wanted(&j->compare)) {
        st = compare(j, &gt, &dt, err);
        goto out;
    }
    if (st == OC_OK && !(c = calloc(gt.n_categories + 1, sizeof(*c))))
        st = OC_FAIL(err, OC_NOMEM, "%zu classes", gt.n_categories);
    if (st == OC_OK && (st = oc_voc_score(&gt, &dt, j->iou, c, err)) == OC_OK)
        print(&gt, c, j->json);
out:
    free(c);
    oc_coco_set_finish(&dt);
    oc_coco_set_finish(&gt);
    return st;
}

int cli_eval_voc(int argc, char **argv)
{
    job              j = {.iou = 0.5, .compare = CLI_COMPARE_DEFAULTS};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--gt", 's', &j.gt, "DIR|G.json",
         "truth: VOC's annotations, or COCO's (crowd is difficult)"},
        {"--dt", 's', &j.dt, "DIR|D.json", "results: a text file per class, or COCO's list"},
        {"--iou", 'd', &j.iou, "T", "overlap of a right result (0.5)"},
        {"--json", 'f', &j.json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        CLI_COMPARE_OPTIONS(j.compare),
        {"--images", 's', &j.images, "DIR", "for the sheet: where the pictures are"},
        {0}};
    const cli_command command = {
        "eval voc", "--gt DIR --dt DIR", "Scores boxes by Pascal VOC's definitions.", options, 0,
        0};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!j.gt || !j.dt)
        return cli_usage("eval", "voc: --gt and --dt are needed");
    if (!(j.iou > 0 && j.iou <= 1))
        return cli_usage("eval", "voc: --iou is above 0, at most 1");
    if (cli_eval_data_read(&j.gt, 1, j.json, &err) != OC_OK)
        return cli_fail("eval voc", &err);
    return evaluate(&j, &err) == OC_OK ? CLI_DONE : cli_fail("eval voc", &err);
}
