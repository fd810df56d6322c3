/* What a gate found, in each of its forms. */
#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/files.h"
#include "cli/gate.h"

const char *cli_gate_word(cli_gate_state state)
{
    static const char *const words[] = {"passed", "failed", "skipped"};
    return words[state];
}

void cli_gate_line(const oc_gate_finding *f, char *text, size_t bytes)
{
    char value[32] = "";
    if (!isnan(f->value))
        snprintf(value, sizeof(value), " %.6g,", f->value);
    snprintf(text, bytes, "%s:%s %s%s%s", f->figure, value, f->rule, *f->reason ? "; " : "",
             f->reason);
}

void cli_gate_print(const cli_gate_run *run)
{
    char line[512];
    for (size_t i = 0; i < run->gate.n; i++) {
        const cli_gate_outcome *o = &run->outcome[i];
        printf("%-8s %s%s%s\n", cli_gate_word(o->state), run->gate.check[i].name,
               *o->reason ? ": " : "", o->reason);
        for (size_t k = 0; k < o->findings.n; k++) {
            cli_gate_line(&o->findings.item[k], line, sizeof(line));
            printf("  %s %s\n", o->findings.item[k].passed ? " " : "!", line);
        }
    }
    printf("%s: %zu checks passed, %zu failed, %zu skipped\n", run->gate.name, run->passed,
           run->failed, run->skipped);
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *cli_gate_checks_json(const cli_gate_run *run)
{
    json_t *all = json_array();
    for (size_t i = 0; i < run->gate.n; i++) {
        const cli_gate_outcome *o = &run->outcome[i];
        json_t                 *found = json_array();
        for (size_t k = 0; k < o->findings.n; k++) {
            const oc_gate_finding *f = &o->findings.item[k];
            json_array_append_new(
                found, json_pack("{s:s, s:s, s:b, s:o, s:o, s:s*}", "figure", f->figure, "rule",
                                 f->rule, "passed", f->passed, "value", number(f->value), "bound",
                                 number(f->bound), "reason", *f->reason ? f->reason : NULL));
        }
        json_array_append_new(
            all, json_pack("{s:s, s:s, s:f, s:o, s:s*}", "name", run->gate.check[i].name, "status",
                           cli_gate_word(o->state), "seconds", o->seconds, "findings", found,
                           "reason", *o->reason ? o->reason : NULL));
    }
    return all;
}

oc_status cli_gate_print_json(const cli_gate_run *run, oc_error *err)
{
    json_t *doc =
        json_pack("{s:s, s:b, s:s, s:o}", "gate", run->gate.name, "passed", run->failed == 0,
                  "device", run->device, "checks", cli_gate_checks_json(run));
    int bad = doc ? json_dumpf(doc, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER) : -1;
    putchar('\n');
    json_decref(doc);
    return bad ? OC_FAIL(err, OC_IO, "the findings cannot be printed") : OC_OK;
}

/* ---- files ---- */

static oc_status open_part(const char *path, char part[4096], FILE **f, oc_error *err)
{
    if (snprintf(part, 4096, "%s.part", path) >= 4096)
        return OC_FAIL(err, OC_INVALID, "%.60s...: the path is too long", path);
    *f = fopen(part, "w");
    return *f ? OC_OK : OC_FAIL(err, OC_IO, "%s: cannot be written", path);
}

static oc_status close_part(FILE *f, const char *part, const char *path, oc_error *err)
{
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad) {
        remove(part);
        return OC_FAIL(err, OC_IO, "%s: cannot be written", path);
    }
    return cli_replace(part, path, err);
}

static void xml_text(FILE *to, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        switch (*c) {
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        case '&': fputs("&amp;", to); break;
        case '"': fputs("&quot;", to); break;
        default: fputc(*c < 0x20 ? ' ' : *c, to); break; /* XML has no other control characters */
        }
    }
}

static void junit_case(FILE *to, const char *check, const char *figure, double seconds)
{
    fputs("  <testcase classname=\"", to);
    xml_text(to, check);
    fputs("\" name=\"", to);
    xml_text(to, figure);
    fprintf(to, "\" time=\"%.3f\"", seconds);
}

static void junit_check(FILE *to, const char *name, const cli_gate_outcome *o)
{
    char line[512];
    if (o->state == CLI_GATE_SKIPPED || *o->reason) {
        junit_case(to, name, "the check", o->seconds);
        fprintf(to, "><%s message=\"", o->state == CLI_GATE_SKIPPED ? "skipped" : "error");
        xml_text(to, o->reason);
        fputs("\"/></testcase>\n", to);
    }
    for (size_t k = 0; k < o->findings.n; k++) {
        const oc_gate_finding *f = &o->findings.item[k];
        junit_case(to, name, f->figure, k ? 0 : o->seconds);
        if (f->passed) {
            fputs("/>\n", to);
            continue;
        }
        cli_gate_line(f, line, sizeof(line));
        fputs("><failure message=\"", to);
        xml_text(to, line);
        fputs("\"/></testcase>\n", to);
    }
}

oc_status cli_gate_write_junit(const cli_gate_run *run, const char *path, oc_error *err)
{
    char      part[4096];
    FILE     *f;
    size_t    tests = 0, failures = 0, errors = 0;
    oc_status st = open_part(path, part, &f, err);
    if (st != OC_OK)
        return st;
    for (size_t i = 0; i < run->gate.n; i++) {
        const cli_gate_outcome *o = &run->outcome[i];
        tests += o->findings.n + (*o->reason != 0);
        failures += o->findings.failed;
        errors += o->state == CLI_GATE_FAILED && *o->reason;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite name=\"", f);
    xml_text(f, run->gate.name);
    fprintf(f, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n", tests,
            failures, errors, run->skipped);
    for (size_t i = 0; i < run->gate.n; i++)
        junit_check(f, run->gate.check[i].name, &run->outcome[i]);
    fputs(" </testsuite>\n</testsuites>\n", f);
    return close_part(f, part, path, err);
}

static void markdown_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\`*_<[]", *text))
            fputc('\\', to);
        fputc(*text == '\n' ? ' ' : *text, to);
    }
}

static void markdown_row(FILE *to, const char *check, const char *state, const oc_gate_finding *f,
                         const char *reason)
{
    fprintf(to, "| %s | ", state);
    markdown_text(to, check);
    fputs(" | ", to);
    markdown_text(to, f ? f->figure : "");
    if (f && !isnan(f->value))
        fprintf(to, " | %.6g | ", f->value);
    else
        fputs(" | | ", to);
    markdown_text(to, f ? f->rule : "");
    fputs(" | ", to);
    markdown_text(to, reason);
    fputs(" |\n", to);
}

oc_status cli_gate_write_markdown(const cli_gate_run *run, const char *path, oc_error *err)
{
    char      part[4096];
    FILE     *to;
    oc_status st = open_part(path, part, &to, err);
    if (st != OC_OK)
        return st;
    fputs("## Gate: ", to);
    markdown_text(to, run->gate.name);
    fprintf(to, "\n\n%s: %zu checks passed, %zu failed, %zu skipped, on %s.\n\n",
            run->failed ? "**No**" : "**Yes**", run->passed, run->failed, run->skipped,
            run->device);
    fputs("| | check | figure | value | rule | reason |\n|---|---|---|---|---|---|\n", to);
    for (size_t i = 0; i < run->gate.n; i++) {
        const cli_gate_outcome *o = &run->outcome[i];
        if (*o->reason)
            markdown_row(to, run->gate.check[i].name, cli_gate_word(o->state), NULL, o->reason);
        for (size_t k = 0; k < o->findings.n; k++) {
            const oc_gate_finding *f = &o->findings.item[k];
            markdown_row(to, run->gate.check[i].name, f->passed ? "passed" : "failed", f,
                         f->reason);
        }
    }
    return close_part(to, part, path, err);
}
