/* list_metrics -- docs/metrics.md, from the table of metrics (tools/check_metrics). */
#include <stdio.h>
#include <string.h>

#include "telemetry/metrics.h"

static const char intro[] =
    "# Metrics\n\n"
    "`tools/check_metrics` makes this file from `src/telemetry/metrics.inc`; a test says when the\n"
    "two differ. [watching.md](watching.md) says how to get at them.\n\n"
    "Names are as samples carry them in both text forms (`_total` on counters, `_info` on what only\n"
    "tells by its labels). Histograms have `_bucket{le}`, `_sum` and `_count`; their bounds are the\n"
    "same everywhere: 2^17 ns (131 \xC2\xB5s) to 2^34 ns (17 s), two an octave, each a border between\n"
    "the buckets that are counted in, so that counts are exact (to the nanosecond) and those of\n"
    "several devices add up. A family takes no more series than the column says; further label\n"
    "values are counted in one series whose labels are all `other`, and in\n"
    "`ocellus_metric_series_refused_total`. No label ever carries a track's number.\n\n"
    "The prefix `process_` is Prometheus' own convention for every program.\n";

static void row(const oc_metric_family *f)
{
    const char *kind = oc_metric_kind_name(f->kind);
    const char *end = strcmp(kind, "counter") == 0 ? "_total"
                      : strcmp(kind, "info") == 0  ? "_info"
                                                   : "";
    printf("| `%s%s` | %s | ", f->name, end, kind);
    for (size_t i = 0; i < f->n_labels; i++)
        printf("%s%s", i ? ", " : "", f->label[i]);
    printf(" | %zu | %s |\n", f->series_max, f->help);
}

int main(void)
{
    const char *group = "";
    fputs(intro, stdout);
    for (int id = 0; id < OC_METRICS; id++) {
        const oc_metric_family *f = oc_metric_family_of((oc_metric_id)id);
        if (strcmp(group, f->group) != 0)
            printf("\n## %s\n\n| name | kind | labels | series | what |\n|---|---|---|---|---|\n",
                   f->group);
        group = f->group;
        row(f);
    }
    return 0;
}
