/* ocellus eval voc: Pascal VOC's average precision. */
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/eval.h"
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

static oc_status evaluate(const char *gt_path, const char *dt_path, double iou, bool json,
                          oc_error *err)
{
    oc_coco_set   gt = {0}, dt = {0};
    oc_voc_class *c = NULL;
    oc_status     st = is_folder(gt_path) ? oc_voc_read_truth(gt_path, &gt, err)
                                          : oc_coco_read_truth(gt_path, OC_COCO_BBOX, &gt, err);
    if (st == OC_OK)
        st = is_folder(dt_path) ? oc_voc_read_results(dt_path, &gt, &dt, err)
                                : oc_coco_read_results(dt_path, OC_COCO_BBOX, &gt, &dt, err);
    if (st == OC_OK && !(c = calloc(gt.n_categories + 1, sizeof(*c))))
        st = OC_FAIL(err, OC_NOMEM, "%zu classes", gt.n_categories);
    if (st == OC_OK && (st = oc_voc_score(&gt, &dt, iou, c, err)) == OC_OK)
        print(&gt, c, json);
    free(c);
    oc_coco_set_finish(&dt);
    oc_coco_set_finish(&gt);
    return st;
}

int cli_eval_voc(int argc, char **argv)
{
    const char      *gt = NULL, *dt = NULL, *pos[1];
    double           iou = 0.5;
    bool             json = false;
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--gt", 's', &gt, "DIR|G.json",
         "truth: VOC's annotations, or COCO's (crowd is difficult)"},
        {"--dt", 's', &dt, "DIR|D.json", "results: a text file per class, or COCO's list"},
        {"--iou", 'd', &iou, "T", "overlap of a right result (0.5)"},
        {"--json", 'f', &json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        {0}};
    const cli_command command = {
        "eval voc", "--gt DIR --dt DIR", "Scores boxes by Pascal VOC's definitions.", options, 0,
        0};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!gt || !dt)
        return cli_usage("eval", "voc: --gt and --dt are needed");
    if (!(iou > 0 && iou <= 1))
        return cli_usage("eval", "voc: --iou is above 0, at most 1");
    if (cli_eval_data_read(&gt, 1, json, &err) != OC_OK)
        return cli_fail("eval voc", &err);
    return evaluate(gt, dt, iou, json, &err) == OC_OK ? CLI_DONE : cli_fail("eval voc", &err);
}
