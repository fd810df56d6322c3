/* ocellus eval detect: a network over the images of a COCO set, and its scores. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/download.h"
#include "cli/eval.h"
#include "cli/eval_compare.h"
#include "cli/eval_data.h"
#include "cli/eval_net.h"
#include "eval/detect.h"

#define SCORE_DEFAULT 0.01

typedef struct job {
    cli_eval_net  net;
    const char   *images, *gt, *dt;
    double        score;
    bool          truth_boxes; /* pose */
    cli_coco_form form;
} job;

static bool go_on(void *ctx, size_t done, size_t n)
{
    (void)ctx;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K  looking at images: %zu/%zu", done, n);
    return !cli_was_interrupted();
}

static oc_status run(const job *j, oc_net *net, const oc_coco_set *gt, oc_coco_mapping *mapping,
                     oc_coco_set *dt, oc_error *err)
{
    const oc_coco_detect_options options = {.folder = j->images, .go_on = go_on};
    oc_status                    st = oc_coco_map_labels(net, gt, mapping, err);
    if (st != OC_OK)
        return st;
    if (mapping->by == OC_COCO_BY_POSITION)
        fprintf(stderr, "labels and categories have other names: label i is taken for the i-th "
                        "category\n");
    if (mapping->n_unnamed)
        fprintf(stderr, "warning: %zu categories of the truth are not among the labels\n",
                mapping->n_unnamed);
    cli_catch_interrupt();
    st = oc_coco_detect(net, gt, mapping, &options, dt, err);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    return st;
}

static oc_status run_pose(const job *j, oc_net *net, const oc_coco_set *gt, oc_coco_set *dt,
                          oc_error *err)
{
    const oc_coco_detect_options options = {
        .folder = j->images, .truth_boxes = j->truth_boxes, .go_on = go_on};
    cli_catch_interrupt();
    oc_status st = oc_coco_pose(net, gt, &options, dt, err);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    return st;
}

static oc_status evaluate_pose(job *j, oc_error *err)
{
    oc_coco_set gt = {0}, dt = {0};
    oc_status   st = oc_coco_read_truth(j->gt, OC_COCO_KEYPOINTS, &gt, err);
    if (st == OC_OK)
        st = cli_eval_net_open(&j->net, OC_HEAD_DETECT, (float)j->score, err);
    if (st == OC_OK)
        st = run_pose(j, j->net.net, &gt, &dt, err);
    if (st == OC_OK && j->dt)
        st = oc_coco_write_results(j->dt, &dt, err);
    if (st == OC_OK)
        st = cli_coco_report(&gt, &dt, &j->form, err);
    cli_eval_net_close(&j->net);
    oc_coco_set_finish(&dt);
    oc_coco_set_finish(&gt);
    return st;
}

static oc_status evaluate(job *j, oc_error *err)
{
    oc_coco_set     gt = {0}, dt = {0};
    oc_coco_mapping mapping = {0};
    char            first[96];
    oc_status       st = oc_coco_read_truth(j->gt, OC_COCO_BBOX, &gt, err);
    if (st != OC_OK ||
        (st = cli_eval_net_open(&j->net, OC_HEAD_DETECT, (float)j->score, err)) != OC_OK ||
        (st = run(j, j->net.net, &gt, &mapping, &dt, err)) != OC_OK)
        goto out;
    if (j->dt && (st = oc_coco_write_results(j->dt, &dt, err)) != OC_OK)
        goto out;
    snprintf(first, sizeof(first), "\"images\":%zu,\"detections\":%zu,\"labels\":\"%s\",",
             gt.n_images, dt.n_objects, mapping.by == OC_COCO_BY_NAME ? "name" : "position");
    j->form.first = first;
    st = cli_coco_report(&gt, &dt, &j->form, err);
out:
    oc_coco_mapping_finish(&mapping);
    cli_eval_net_close(&j->net);
    oc_coco_set_finish(&dt);
    oc_coco_set_finish(&gt);
    return st;
}

int cli_eval_detect(int argc, char **argv)
{
    cli_compare comparison = CLI_COMPARE_DEFAULTS;
    job j = {.score = SCORE_DEFAULT, .form = {.type = OC_COCO_BBOX, .compare = &comparison}};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        CLI_EVAL_NET_OPTIONS(j.net),
        {"--images", 's', &j.images, "DIR", "where the truth's file names are found"},
        {"--gt", 's', &j.gt, "G.json", "truth: COCO annotations"},
        {"--score", 'd', &j.score, "S", "least score of a detection (0.01)"},
        {"--dt", 's', &j.dt, "OUT.json", "keep the detections"},
        {"--per-category", 'f', &j.form.each, NULL, "a line per category too"},
        {"--json", 'f', &j.form.json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        {"--curves", 'f', &j.form.curves, NULL, "in it, precision over recall of each category"},
        CLI_COMPARE_OPTIONS(comparison),
        {0}};
    const cli_command command = {"eval detect",
                                 "--card CARD|--pipeline P.yaml --images DIR --gt G.json",
                                 "Runs a network over images and scores its boxes as `eval coco`.",
                                 options,
                                 0,
                                 0};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!cli_eval_net_given(&j.net) || !j.images || !j.gt)
        return cli_usage("eval", "detect: --card or --pipeline, --images and --gt are needed");
    j.form.images = j.images;
    j.form.threads = j.net.threads;
    if (!(j.score > 0 && j.score < 1))
        return cli_usage("eval", "detect: --score is between 0 and 1");
    if (cli_eval_data_read(&j.gt, 1, j.form.json, &err) != OC_OK)
        return cli_fail("eval detect", &err);
    return evaluate(&j, &err) == OC_OK ? CLI_DONE : cli_fail("eval detect", &err);
}

int cli_eval_pose(int argc, char **argv)
{
    cli_compare comparison = CLI_COMPARE_DEFAULTS;
    job j = {.score = SCORE_DEFAULT, .form = {.type = OC_COCO_KEYPOINTS, .compare = &comparison}};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        CLI_EVAL_NET_OPTIONS(j.net),
        {"--images", 's', &j.images, "DIR", "where the truth's file names are found"},
        {"--gt", 's', &j.gt, "G.json", "truth: COCO annotations with key-points"},
        {"--truth-boxes", 'f', &j.truth_boxes, NULL, "look at each box of the truth (one person)"},
        {"--score", 'd', &j.score, "S", "least score of a pose (0.01)"},
        {"--dt", 's', &j.dt, "OUT.json", "keep the poses"},
        {"--json", 'f', &j.form.json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        CLI_COMPARE_OPTIONS(comparison),
        {0}};
    const cli_command command = {"eval pose",
                                 "--card CARD --images DIR --gt G.json",
                                 "Runs a network over images and scores its key-points as `eval "
                                 "coco --type keypoints`.",
                                 options,
                                 0,
                                 0};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!cli_eval_net_given(&j.net) || !j.images || !j.gt)
        return cli_usage("eval", "pose: --card, --images and --gt are needed");
    if (!(j.score > 0 && j.score < 1))
        return cli_usage("eval", "pose: --score is between 0 and 1");
    j.form.images = j.images;
    j.form.threads = j.net.threads;
    if (cli_eval_data_read(&j.gt, 1, j.form.json, &err) != OC_OK)
        return cli_fail("eval pose", &err);
    return evaluate_pose(&j, &err) == OC_OK ? CLI_DONE : cli_fail("eval pose", &err);
}
