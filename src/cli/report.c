/* ocellus report: a document of figures as one page that needs nothing else. */
#include "eval/report.h"

#include "cli/cli.h"

#define SHOWN_DEFAULT 12

int oc_cmd_report(int argc, char **argv);

int oc_cmd_report(int argc, char **argv)
{
    oc_eval_report_options o = {.input = NULL};
    const char            *out = NULL, *pos[1];
    uint64_t               shown = SHOWN_DEFAULT;
    size_t                 n_pos;
    oc_error               err = {0};
    const cli_option       options[] = {
              {"-o", 's', &out, "OUT.html", "where the page goes"},
              {"--baseline", 's', &o.baseline, "OTHER.json",
               "an earlier document of the same kind: "
                     "differences beside every figure"},
              {"--title", 's', &o.title, "TEXT", "of the page (what the document is)"},
              {"--images", 's', &o.images, "DIR", "detection: draw the worst images; with --gt and --dt"},
              {"--gt", 's', &o.gt, "G.json", "truth: COCO annotations"},
              {"--dt", 's', &o.dt, "D.json", "results: COCO's list of detections"},
              {"--worst", 'u', &shown, "N", "images drawn (12)"},
              {"--events", 's', &o.events, "F.jsonl", "of a run: what happened when"},
              {0}};
    const cli_command command = {
        "report",
        "INPUT.json -o OUT.html",
        "A page with charts of what `ocellus eval`, `gate` or `run` printed "
        "with --json.",
        options,
        1,
        1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!out)
        return cli_usage("report", "-o OUT.html is needed");
    if (!o.images != !o.gt || !o.images != !o.dt)
        return cli_usage("report", "--images, --gt and --dt go together");
    if (shown < 1 || shown > OC_EVAL_REPORT_SHOWN_MAX)
        return cli_usage("report", "--worst is 1 to %d", OC_EVAL_REPORT_SHOWN_MAX);
    o.input = pos[0];
    o.shown = (size_t)shown;
    return oc_eval_report_write(&o, out, &err) == OC_OK ? CLI_DONE : cli_fail("report", &err);
}
