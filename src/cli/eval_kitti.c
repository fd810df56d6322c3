/* ocellus eval kitti: average precision of boxes in the image by KITTI's rules. */
#include <stddef.h>

#include "cli/cli.h"
#include "cli/eval.h"
#include "cli/eval_compare.h"
#include "cli/eval_data.h"
#include "eval/kitti.h"

static void print_points(const char *name, const double *value)
{
    printf(",\"%s\":[%.9f", name, value[0]);
    for (size_t t = 1; t < OC_KITTI_POINTS; t++)
        printf(",%.9f", value[t]);
    printf("]");
}

static void print_level(const oc_kitti_curve *c)
{
    printf("{\"n\":%zu,\"AP\":%.9f,\"AP11\":%.9f,\"AOS\":%.9f,\"AOS11\":%.9f", c->n_truth, c->ap,
           c->ap_11, c->aos, c->aos_11);
    print_points("precision", c->precision);
    if (c->aos >= 0)
        print_points("orientation", c->orientation);
    printf("}");
}

static void print_json(oc_kitti_curve c[OC_KITTI_CLASSES][OC_KITTI_LEVELS], size_t n)
{
    printf("{\"images\":%zu", n);
    for (size_t i = 0; i < OC_KITTI_CLASSES; i++) {
        printf(",\"%s\":{", oc_kitti_class_name(i));
        for (size_t l = 0; l < OC_KITTI_LEVELS; l++) {
            printf("%s\"%s\":", l ? "," : "", oc_kitti_level_name(l));
            print_level(&c[i][l]);
        }
        printf("}");
    }
    cli_eval_data_end();
}

static void print_table(oc_kitti_curve c[OC_KITTI_CLASSES][OC_KITTI_LEVELS])
{
    const struct {
        const char *name;
        size_t      at;
    } figures[] = {{"AP (40)", offsetof(oc_kitti_curve, ap)},
                   {"AP (11)", offsetof(oc_kitti_curve, ap_11)},
                   {"AOS (40)", offsetof(oc_kitti_curve, aos)},
                   {"AOS (11)", offsetof(oc_kitti_curve, aos_11)}};
    for (size_t f = 0; f < sizeof(figures) / sizeof(figures[0]); f++) {
        printf("%s%-12s %9s %9s %9s\n", f ? "\n" : "", figures[f].name, "easy", "moderate", "hard");
        for (size_t i = 0; i < OC_KITTI_CLASSES; i++) {
            printf("%-12s", oc_kitti_class_name(i));
            for (size_t l = 0; l < OC_KITTI_LEVELS; l++)
                printf(" %9.4f", *(const double *)((const char *)&c[i][l] + figures[f].at));
            printf("\n");
        }
    }
}

/* ---- comparing ---- */

static oc_status make_run(void *ctx, const char *path, bool first, oc_compare_run *out,
                          oc_error *err)
{
    oc_kitti_set set = {0};
    oc_status    st = oc_kitti_read(*(const char **)ctx, path, &set, err);
    (void)first;
    if (st == OC_OK)
        st = oc_compare_kitti(&set, out, err);
    oc_kitti_set_finish(&set);
    return st;
}

static oc_status compare(const cli_compare *c, const char *gt, const oc_kitti_set *set, bool json,
                         oc_error *err)
{
    cli_compare_kind kind = {.ctx = &gt, .make = make_run};
    oc_compare_run   own = {.n_units = 0};
    oc_status        st = oc_compare_kitti(set, &own, err);
    if (st == OC_OK)
        st = cli_compare_report(c, &kind, &own, 0, json, err);
    oc_compare_run_finish(&own);
    return st;
}

int cli_eval_kitti(int argc, char **argv)
{
    const char      *gt = NULL, *dt = NULL, *pos[1];
    bool             json = false;
    cli_compare      comparing = CLI_COMPARE_DEFAULTS;
    size_t           n_pos;
    oc_kitti_set     set = {0};
    oc_kitti_curve   curve[OC_KITTI_CLASSES][OC_KITTI_LEVELS];
    oc_error         err = {0};
    const cli_option options[] = {
        {"--gt", 's', &gt, "DIR", "truth: KITTI's label files"},
        {"--dt", 's', &dt, "DIR", "results: a file of the same name for each image to score"},
        {"--json", 'f', &json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        CLI_COMPARE_OPTIONS(comparing),
        {0}};
    const cli_command command = {
        "eval kitti", "--gt DIR --dt DIR", "Scores 2D boxes by KITTI's rules.", options, 0, 0};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!gt || !dt)
        return cli_usage("eval", "kitti: --gt and --dt are needed");
    if (cli_eval_data_read(&gt, 1, json, &err) != OC_OK)
        return cli_fail("eval kitti", &err);
    oc_status st = oc_kitti_read(gt, dt, &set, &err);
    if (st == OC_OK && cli_compare_wanted(&comparing)) {
        st = compare(&comparing, gt, &set, json, &err);
        goto out;
    }
    if (st == OC_OK)
        st = oc_kitti_score(&set, curve, &err);
    if (st == OC_OK && json)
        print_json(curve, set.n);
    else if (st == OC_OK)
        print_table(curve);
out:
    oc_kitti_set_finish(&set);
    return st == OC_OK ? CLI_DONE : cli_fail("eval kitti", &err);
}
