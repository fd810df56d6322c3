/* ocellus eval coco: average precision and recall by COCO's definitions. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/eval.h"
#include "cli/eval_compare.h"
#include "cli/eval_data.h"
#include "eval/coco.h"

#define DRAWN_SCORE 0.3 /* least of a result that a sheet shows */

typedef struct figure {
    const char *name;
    double      value;
} figure;

static size_t figures(const oc_coco_scores *s, oc_coco_type type, figure *f)
{
    const figure boxes[] = {
        {"AP", s->ap},         {"AP50", s->ap50},    {"AP75", s->ap75},     {"APs", s->ap_small},
        {"APm", s->ap_medium}, {"APl", s->ap_large}, {"AR1", s->ar1},       {"AR10", s->ar10},
        {"AR100", s->ar100},   {"ARs", s->ar_small}, {"ARm", s->ar_medium}, {"ARl", s->ar_large},
    };
    const figure points[] = {
        {"AP", s->ap},         {"AP50", s->ap50},    {"AP75", s->ap75}, {"APm", s->ap_medium},
        {"APl", s->ap_large},  {"AR", s->ar100},     {"AR50", s->ar50}, {"AR75", s->ar75},
        {"ARm", s->ar_medium}, {"ARl", s->ar_large},
    };
    memcpy(f, type != OC_COCO_KEYPOINTS ? boxes : points,
           type != OC_COCO_KEYPOINTS ? sizeof(boxes) : sizeof(points));
    return type != OC_COCO_KEYPOINTS ? sizeof(boxes) / sizeof(boxes[0])
                                     : sizeof(points) / sizeof(points[0]);
}

/* [overlap .50 ... .95][recall 0, .01 ... 1] */
static void print_curves(const double *precision)
{
    for (size_t i = 0; i < OC_COCO_IOUS * OC_COCO_RECALLS; i++)
        printf("%s%.6g",
               i == 0                ? ",\"precision\":[["
               : i % OC_COCO_RECALLS ? ","
                                     : "],[",
               precision[i]);
    printf("]]");
}

static void print_json(const oc_coco_set *gt, const oc_coco_scores *s, const cli_coco_form *form)
{
    figure f[12];
    size_t n = figures(s, form->type, f);
    printf("{%s", form->first ? form->first : "");
    for (size_t i = 0; i < n; i++)
        printf("%s\"%s\":%.9f", i ? "," : "", f[i].name, f[i].value);
    printf(",\"categories\":[");
    for (size_t k = 0; k < gt->n_categories; k++) {
        printf("%s{\"id\":%lld,\"name\":", k ? "," : "", (long long)gt->categories[k].id);
        cli_json_text(stdout, gt->categories[k].name);
        printf(",\"AP\":%.9f,\"AP50\":%.9f", s->category_ap[k], s->category_ap50[k]);
        if (form->curves && s->category_ap[k] >= 0)
            print_curves(s->precision + k * OC_COCO_IOUS * OC_COCO_RECALLS);
        printf("}");
    }
    printf("]");
    cli_eval_data_end();
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

/* ---- comparing ---- */

typedef struct drawing {
    const oc_coco_set   *gt, *dt;
    oc_coco_set          other;
    const cli_coco_form *form;
} drawing;

static oc_status make_run(void *ctx, const char *path, bool first, oc_compare_run *out,
                          oc_error *err)
{
    drawing    *d = ctx;
    oc_coco_set set = {0};
    oc_status   st = oc_coco_read_results(path, d->form->type, d->gt, &set, err);
    if (st == OC_OK)
        st = oc_compare_coco(d->gt, &set, d->form->type, out, err);
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
    if (!d->form->images || !image->file)
        return;
    snprintf(path, sizeof(path), "%s/%s", d->form->images, image->file);
    oc_sheet_boxes(page, path, "other (green lies on a truth, red does not, blue was missed)",
                   d->gt, &d->other, image->id, DRAWN_SCORE);
    oc_sheet_boxes(page, path, "this", d->gt, d->dt, image->id, DRAWN_SCORE);
}

static oc_status compare(const oc_coco_set *gt, const oc_coco_set *dt, const cli_coco_form *form,
                         oc_error *err)
{
    drawing          d = {.gt = gt, .dt = dt, .form = form};
    cli_compare_kind kind = {.ctx = &d, .make = make_run, .draw = draw_image};
    oc_compare_run   own = {.n_units = 0};
    oc_status        st = oc_compare_coco(gt, dt, form->type, &own, err);
    if (st == OC_OK)
        st = cli_compare_report(form->compare, &kind, &own, form->threads, form->json, err);
    oc_compare_run_finish(&own);
    oc_coco_set_finish(&d.other);
    return st;
}

oc_status cli_coco_report(const oc_coco_set *gt, const oc_coco_set *dt, const cli_coco_form *form,
                          oc_error *err)
{
    oc_coco_scores s = {0};
    if (form->compare && cli_compare_wanted(form->compare))
        return compare(gt, dt, form, err);
    oc_status st = oc_coco_score(gt, dt, form->type, &s, err);
    if (st == OC_OK && form->json)
        print_json(gt, &s, form);
    else if (st == OC_OK)
        print_table(gt, &s, form->type, form->each);
    oc_coco_scores_finish(&s);
    return st;
}

static oc_status evaluate(const char *gt_path, const char *dt_path, const cli_coco_form *form,
                          oc_error *err)
{
    oc_coco_set gt = {0}, dt = {0};
    oc_status   st;
    if ((st = oc_coco_read_truth(gt_path, form->type, &gt, err)) == OC_OK &&
        (st = oc_coco_read_results(dt_path, form->type, &gt, &dt, err)) == OC_OK)
        st = cli_coco_report(&gt, &dt, form, err);
    oc_coco_set_finish(&dt);
    oc_coco_set_finish(&gt);
    return st;
}

static const struct {
    const char  *name;
    oc_coco_type type;
} types[] = {{"bbox", OC_COCO_BBOX}, {"segm", OC_COCO_SEGM}, {"keypoints", OC_COCO_KEYPOINTS}};

int cli_eval_coco(int argc, char **argv)
{
    const char      *gt = NULL, *dt = NULL, *type = "bbox", *pos[1];
    cli_compare      comparison = CLI_COMPARE_DEFAULTS;
    cli_coco_form    form = {.compare = &comparison};
    size_t           n_pos, at = 0;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--gt", 's', &gt, "G.json", "truth: COCO annotations"},
        {"--dt", 's', &dt, "D.json", "results: COCO's list of detections"},
        {"--type", 's', &type, "bbox|segm|keypoints", "what to compare (bbox)"},
        {"--per-category", 'f', &form.each, NULL, "a line per category too"},
        {"--json", 'f', &form.json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        {"--curves", 'f', &form.curves, NULL, "in it, precision over recall of each category"},
        CLI_COMPARE_OPTIONS(comparison),
        {"--images", 's', &form.images, "DIR", "for the sheet: where the file names are found"},
        {"--threads", 'u', &form.threads, "N", "for the bootstrap (one per processor)"},
        {0}};
    const cli_command command = {"eval coco",
                                 "--gt G.json --dt D.json",
                                 "Scores detections by COCO's definitions.",
                                 options,
                                 0,
                                 0};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!gt || !dt)
        return cli_usage("eval", "coco: --gt and --dt are needed");
    while (at < 3 && strcmp(types[at].name, type) != 0)
        at++;
    if (at == 3)
        return cli_usage("eval", "coco: no type '%s'; there are bbox, segm and keypoints", type);
    form.type = types[at].type;
    if (cli_eval_data_read(&gt, 1, form.json, &err) != OC_OK)
        return cli_fail("eval coco", &err);
    return evaluate(gt, dt, &form, &err) == OC_OK ? CLI_DONE : cli_fail("eval coco", &err);
}
