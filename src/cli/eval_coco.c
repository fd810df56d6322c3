/* ocellus eval coco: average precision and recall by COCO's definitions. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/eval.h"
#include "eval/coco.h"

typedef struct figure {
    const char *name;
    double      value;
} figure;

static size_t figures(const oc_coco_scores *s, oc_coco_type type, figure *f)
{
    const figure boxes[] = {
        {"AP", s->ap},       {"AP50", s->ap50},     {"AP75", s->ap75},  {"APs", s->ap_small},
        {"APm", s->ap_medium}, {"APl", s->ap_large}, {"AR1", s->ar1},    {"AR10", s->ar10},
        {"AR100", s->ar100}, {"ARs", s->ar_small},  {"ARm", s->ar_medium}, {"ARl", s->ar_large},
    };
    const figure points[] = {
        {"AP", s->ap},     {"AP50", s->ap50}, {"AP75", s->ap75}, {"APm", s->ap_medium},
        {"APl", s->ap_large}, {"AR", s->ar100}, {"AR50", s->ar50}, {"AR75", s->ar75},
        {"ARm", s->ar_medium}, {"ARl", s->ar_large},
    };
    memcpy(f, type == OC_COCO_BBOX ? boxes : points,
           type == OC_COCO_BBOX ? sizeof(boxes) : sizeof(points));
    return type == OC_COCO_BBOX ? sizeof(boxes) / sizeof(boxes[0])
                                : sizeof(points) / sizeof(points[0]);
}

static void print_json(const oc_coco_set *gt, const oc_coco_scores *s, oc_coco_type type)
{
    figure f[12];
    size_t n = figures(s, type, f);
    printf("{");
    for (size_t i = 0; i < n; i++)
        printf("%s\"%s\":%.9f", i ? "," : "", f[i].name, f[i].value);
    printf(",\"categories\":[");
    for (size_t k = 0; k < gt->n_categories; k++) {
        printf("%s{\"id\":%lld,\"name\":", k ? "," : "", (long long)gt->categories[k].id);
        cli_json_text(stdout, gt->categories[k].name);
        printf(",\"AP\":%.9f,\"AP50\":%.9f}", s->category_ap[k], s->category_ap50[k]);
    }
    printf("]}\n");
}

static void print_table(const oc_coco_set *gt, const oc_coco_scores *s, oc_coco_type type,
                        bool each)
{
    figure f[12];
    size_t n = figures(s, type, f);
    for (size_t i = 0; i < n; i++)
        printf("%-6s %7.4f\n", f[i].name, f[i].value);
    if (!each)
        return;
    printf("\n%-28s %7s %7s\n", "category", "AP", "AP50");
    for (size_t k = 0; k < gt->n_categories; k++)
        if (s->category_ap[k] >= 0)
            printf("%-28s %7.4f %7.4f\n", gt->categories[k].name, s->category_ap[k],
                   s->category_ap50[k]);
}

static oc_status evaluate(const char *gt_path, const char *dt_path, oc_coco_type type, bool each,
                          bool json, oc_error *err)
{
    oc_coco_set    gt = {0}, dt = {0};
    oc_coco_scores s = {0};
    oc_status      st;
    if ((st = oc_coco_read_truth(gt_path, type, &gt, err)) == OC_OK &&
        (st = oc_coco_read_results(dt_path, type, &gt, &dt, err)) == OC_OK &&
        (st = oc_coco_score(&gt, &dt, type, &s, err)) == OC_OK) {
        if (json)
            print_json(&gt, &s, type);
        else
            print_table(&gt, &s, type, each);
    }
    oc_coco_scores_finish(&s);
    oc_coco_set_finish(&dt);
    oc_coco_set_finish(&gt);
    return st;
}

int cli_eval_coco(int argc, char **argv)
{
    const char      *gt = NULL, *dt = NULL, *type = "bbox", *pos[1];
    bool             json = false, each = false;
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--gt", 's', &gt, "G.json", "truth: COCO annotations"},
        {"--dt", 's', &dt, "D.json", "results: COCO's list of detections"},
        {"--type", 's', &type, "bbox|keypoints", "what to compare (bbox)"},
        {"--per-category", 'f', &each, NULL, "a line per category too"},
        {"--json", 'f', &json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {"eval coco", "--gt G.json --dt D.json",
                                 "Scores detections by COCO's definitions.", options, 0, 0};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!gt || !dt)
        return cli_usage("eval", "coco: --gt and --dt are needed");
    bool points = strcmp(type, "keypoints") == 0;
    if (!points && strcmp(type, "bbox") != 0)
        return cli_usage("eval", "coco: no type '%s'; there are bbox and keypoints", type);
    oc_status st = evaluate(gt, dt, points ? OC_COCO_KEYPOINTS : OC_COCO_BBOX, each, json, &err);
    return st == OC_OK ? CLI_DONE : cli_fail("eval coco", &err);
}
