/* ocellus gate: lets a network or pipeline through, or says what speaks against it. */
#include "cli/gate.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/download.h"
#include "cli/files.h"
#include "cli/network.h"
#include "cli/process.h"
#include "core/cpu.h"
#include "eval/golden.h"

#define DOCUMENT_MAX ((size_t)256 << 20)

static oc_status read_document(const char *path, json_t **out, oc_error *err)
{
    json_error_t e;
    *out = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
    if (!*out)
        return OC_FAIL(err, access(path, R_OK) ? OC_IO : OC_FORMAT, "%s:%d:%d: %s", path,
                       e.line > 0 ? e.line : 0, e.column > 0 ? e.column : 0, e.text);
    return OC_OK;
}

/* This very program with the check's words and --json; its stdout is the document. */
static oc_status run_command(const oc_gate_check *c, json_t **out, oc_error *err)
{
    const char  *argv[OC_GATE_WORDS_MAX + 3] = {"/proc/self/exe"};
    char        *text = NULL;
    size_t       n = 0;
    json_error_t e;
    for (size_t i = 0; i < c->n_command; i++)
        argv[i + 1] = c->command[i];
    argv[c->n_command + 1] = "--json";
    oc_status st = cli_capture(argv, c->timeout, DOCUMENT_MAX, &text, &n, err);
    if (st == OC_OK && !(*out = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e)))
        st = OC_FAIL(err, OC_FORMAT, "what 'ocellus %s' printed is no JSON document: %s",
                     c->command[0], e.text);
    free(text);
    if (st != OC_OK)
        oc_error_prefix(err, "ocellus %s", c->command[0]);
    return st;
}

static oc_status judge_figures(const oc_gate_check *c, cli_gate_outcome *o, oc_error *err)
{
    json_t   *base = NULL;
    oc_status st =
        c->result ? read_document(c->result, &o->doc, err) : run_command(c, &o->doc, err);
    if (st == OC_OK && c->baseline)
        st = read_document(c->baseline, &base, err);
    if (st == OC_OK)
        st = oc_gate_judge(c, o->doc, base, &o->findings, err);
    json_decref(base);
    return st;
}

static oc_status judge_golden(const oc_gate_check *c, cli_gate_outcome *o, oc_error *err)
{
    oc_pool  *pool = NULL;
    oc_status st = oc_pool_create(0, &pool, err);
    if (st == OC_OK)
        st = oc_golden_run(c->model, c->golden, c->absolute, c->relative, pool, &o->findings, err);
    oc_pool_destroy(pool);
    return st;
}

static void judge(cli_gate_run *run, size_t i)
{
    const oc_gate_check *c = &run->gate.check[i];
    cli_gate_outcome    *o = &run->outcome[i];
    oc_error             err = {0};
    const double         t0 = cli_now_ms();
    if (!oc_gate_concerns(c, run->device)) {
        o->state = CLI_GATE_SKIPPED;
        snprintf(o->reason, sizeof(o->reason), "not for devices of class %.80s", run->device);
        run->skipped++;
        return;
    }
    fprintf(stderr, "  %s ...\n", c->name);
    oc_status st = c->golden ? judge_golden(c, o, &err) : judge_figures(c, o, &err);
    if (st != OC_OK)
        snprintf(o->reason, sizeof(o->reason), "%s", err.message);
    o->state = st == OC_OK && o->findings.failed == 0 ? CLI_GATE_PASSED : CLI_GATE_FAILED;
    o->seconds = (cli_now_ms() - t0) / 1e3;
    ++*(o->state == CLI_GATE_PASSED ? &run->passed : &run->failed);
}

/* What was measured becomes what the next run is compared with. */
static oc_status keep_baselines(const cli_gate_run *run, oc_error *err)
{
    for (size_t i = 0; i < run->gate.n; i++) {
        const char *path = run->gate.check[i].baseline;
        char        part[4096];
        if (!path || !run->outcome[i].doc)
            continue;
        if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part))
            return OC_FAIL(err, OC_INVALID, "%.60s...: the path is too long", path);
        if (json_dump_file(run->outcome[i].doc, part, JSON_INDENT(1) | JSON_PRESERVE_ORDER) != 0)
            return OC_FAIL(err, OC_IO, "%s: cannot be written", part);
        oc_status st = cli_replace(part, path, err);
        if (st != OC_OK)
            return st;
        fprintf(stderr, "  %s is the new baseline of '%s'\n", path, run->gate.check[i].name);
    }
    return OC_OK;
}

typedef struct wanted {
    const char *junit, *markdown, *attestation;
    bool        json, update;
} wanted;

static oc_status tell(const cli_gate_run *run, const wanted *w, oc_error *err)
{
    oc_status st = OC_OK;
    if (w->update)
        st = keep_baselines(run, err);
    if (st == OC_OK && w->junit)
        st = cli_gate_write_junit(run, w->junit, err);
    if (st == OC_OK && w->markdown)
        st = cli_gate_write_markdown(run, w->markdown, err);
    if (st == OC_OK && w->attestation)
        st = cli_gate_write_attestation(run, w->attestation, err);
    if (st == OC_OK && w->json)
        st = cli_gate_print_json(run, err);
    else if (st == OC_OK)
        cli_gate_print(run);
    return st;
}

static oc_status gate(cli_gate_run *run, const wanted *w, oc_error *err)
{
    oc_status st = oc_gate_read(run->path, &run->gate, err);
    if (st != OC_OK)
        return st;
    if (!(run->outcome = calloc(run->gate.n, sizeof(*run->outcome))))
        return OC_FAIL(err, OC_NOMEM, "%zu checks", run->gate.n);
    cli_catch_interrupt();
    for (size_t i = 0; i < run->gate.n; i++) {
        judge(run, i);
        if (cli_was_interrupted())
            return OC_FAIL(err, OC_CANCELLED, "interrupted");
    }
    return tell(run, w, err);
}

static void finish(cli_gate_run *run)
{
    for (size_t i = 0; run->outcome && i < run->gate.n; i++) {
        oc_gate_findings_finish(&run->outcome[i].findings);
        json_decref(run->outcome[i].doc);
    }
    free(run->outcome);
    oc_gate_finish(&run->gate);
}

int oc_cmd_gate(int argc, char **argv);

int oc_cmd_gate(int argc, char **argv)
{
    wanted      w = {0};
    const char *pos[1], *device = NULL;
    size_t      n_pos;
    oc_error    err = {0};
    char class[64];
    const cli_option options[] = {
        {"--device", 's', &device, "CLASS",
         "class of this device (its processor's, as x86_64-avx2)"},
        {"--junit", 's', &w.junit, "F.xml", "the findings as JUnit XML"},
        {"--markdown", 's', &w.markdown, "F.md", "and as a Markdown table"},
        {"--attest", 's', &w.attestation, "F.json", "and as an in-toto statement, with hashes"},
        {"--update-baselines", 'f', &w.update, NULL, "keep what was measured as the baselines"},
        {"--json", 'f', &w.json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {"gate",
                                 "GATE.yaml",
                                 "Measures what the file's checks ask for. Exit 0: all hold; 1: "
                                 "some do not.\nPaths in the file are meant from here.",
                                 options,
                                 1,
                                 1};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    snprintf(class, sizeof(class), "%s-%s", oc_cpu_arch(), oc_isa_name(oc_cpu_isa()));
    cli_gate_run run = {.path = pos[0], .device = device ? device : class};
    oc_status    st = gate(&run, &w, &err);
    bool         no = run.failed > 0;
    finish(&run);
    if (st != OC_OK)
        return cli_fail("gate", &err);
    return no ? CLI_FAILED : CLI_DONE;
}
