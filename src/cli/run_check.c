#include "cli/run_check.h"

#include "cli/cli.h"
#include "pipeline/admission.h"

static void print_json(const oc_admission *a)
{
    printf("{\"ok\":true,\"cores\":%u,\"utilisation\":%.4f,\"do_not_fit\":%zu,\"tasks\":[",
           a->cores, a->report.utilisation, a->report.n_not);
    for (size_t i = 0; i < a->n; i++) {
        const oc_admission_row *r = &a->row[i];
        printf("%s{\"stream\":", i ? "," : "");
        cli_json_text(stdout, r->stream);
        printf(",\"what\":");
        cli_json_text(stdout, r->what);
        printf(",\"network\":");
        cli_json_text(stdout, r->network);
        printf(",\"class\":\"%s\",\"fps\":%.3f,\"fps_guessed\":%s,\"period_ms\":%.3f,"
               "\"run_ms\":%.3f,\"wide_ms\":%.3f,\"utilisation\":%.4f,\"verdict\":\"%s\"}",
               oc_sched_class_name(r->task.cls), r->fps, r->guessed ? "true" : "false",
               (double)r->task.period_ns * 1e-6, (double)r->task.run_ns * 1e-6,
               (double)r->task.wide_ns * 1e-6, r->result.utilisation,
               oc_admit_verdict_name(r->result.verdict));
    }
    printf("]}\n");
}

static void print_text(const oc_admission *a, const char *file)
{
    bool guessed = false;
    printf("%s: nothing wrong with it\n\n", file);
    printf("  %-16s %-12s %-20s %-8s %9s %9s %9s  %s\n", "stream", "", "network", "class",
           "a second", "ms each", "of a core", "");
    for (size_t i = 0; i < a->n; i++) {
        const oc_admission_row *r = &a->row[i];
        printf("  %-16s %-12s %-20s %-8s %8.1f%s %9.1f %9.2f  %s\n", r->stream, r->what, r->network,
               oc_sched_class_name(r->task.cls), 1e9 / (double)r->task.period_ns,
               r->guessed ? "?" : " ", (double)r->task.run_ns * 1e-6, r->result.utilisation,
               oc_admit_verdict_name(r->result.verdict));
        guessed = guessed || r->guessed;
    }
    printf("\n  %u cores, each %.0f %% used; ", a->cores, 100 * a->report.utilisation);
    if (a->report.n_not)
        printf("%zu of %zu do not fit\n", a->report.n_not, a->n);
    else
        printf("all of it fits\n");
    if (guessed)
        printf("  ? the source's rate is not known: 25 frames a second are assumed\n");
}

int cli_run_check(oc_site *site, const char *file, bool json)
{
    oc_admission a = {0};
    oc_error     err = {0};
    if (oc_admission_make(site, &a, &err) != OC_OK)
        return cli_fail("run", &err);
    if (json)
        print_json(&a);
    else
        print_text(&a, file);
    oc_admission_finish(&a);
    return CLI_DONE;
}
