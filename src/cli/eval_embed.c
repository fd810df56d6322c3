/* ocellus eval embed: how well embeddings tell things apart. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/eval.h"
#include "cli/eval_compare.h"
#include "cli/eval_data.h"
#include "cli/eval_net.h"
#include "eval/embed.h"

typedef struct job {
    cli_eval_net net;
    const char  *table, *gallery, *query, *out;
    bool         center, json, queries; /* queries: what is added now are such */
    oc_embed_set set;
} job;

static void print_number(const char *key, double v)
{
    if (isfinite(v))
        printf(",\"%s\":%.9f", key, v);
    else
        printf(",\"%s\":null", key);
}

static void print_json(const job *j, const oc_embed_scores *s)
{
    printf("{\"queries\":%zu,\"gallery\":%zu,\"labels\":%zu,\"length\":%zu,\"judged\":%zu", s->n,
           s->n_gallery, j->set.n_labels, j->set.length, s->n_judged);
    print_number("rank1", s->cmc[0]);
    print_number("rank5", s->cmc[4]);
    print_number("rank10", s->cmc[9]);
    print_number("mAP", s->map);
    print_number("centroid_top1", s->centroid);
    print_number("AUC", s->auc);
    print_number("EER", s->eer);
    print_number("TAR_at_FAR_1e-1", s->tar[0]);
    print_number("TAR_at_FAR_1e-2", s->tar[1]);
    print_number("TAR_at_FAR_1e-3", s->tar[2]);
    printf(",\"pairs\":{\"same\":%llu,\"other\":%llu},\"CMC\":[", (unsigned long long)s->same,
           (unsigned long long)s->other);
    for (size_t k = 0; k < OC_EMBED_RANKS; k++)
        printf("%s%.9f", k ? "," : "", s->cmc[k]);
    printf("]");
    cli_eval_data_end();
}

static void print_table(const job *j, const oc_embed_scores *s)
{
    printf("%-18s %zu of %zu labels, %zu entries, length %zu\n", "queries", s->n, j->set.n_labels,
           s->n_gallery, j->set.length);
    printf("%-18s %.4f\n%-18s %.4f\n%-18s %.4f\n%-18s %.4f\n%-18s %.4f\n", "rank 1", s->cmc[0],
           "rank 5", s->cmc[4], "rank 10", s->cmc[9], "mAP", s->map, "nearest centroid",
           s->centroid);
    if (isnan(s->auc))
        printf("%-18s undefined: no pairs of both kinds, or too many\n", "ROC AUC");
    else
        printf("%-18s %.4f\n%-18s %.4f\n%-18s %.4f\n%-18s %.4f\n", "ROC AUC", s->auc, "EER", s->eer,
               "TAR at FAR .01", s->tar[1], "TAR at FAR .001", s->tar[2]);
    if (s->n_judged < s->n)
        printf("%zu queries have no entry of their label: not in rank and mAP\n",
               s->n - s->n_judged);
}

static oc_status take(void *ctx, const cli_picture *p, const oc_frame *frame, const oc_result *r,
                      oc_error *err)
{
    job *j = ctx;
    (void)frame;
    return oc_embed_add(&j->set, p->label, p->path, -1, j->queries, r->embedding, r->n_embedding,
                        err);
}

static oc_status embed_pictures(job *j, const char *from, bool queries, oc_error *err)
{
    cli_pictures pictures = {0};
    oc_status    st = cli_eval_pictures(from, &pictures, err);
    j->queries = queries;
    if (st == OC_OK)
        st = cli_eval_net_run(&j->net, &pictures, take, j, err);
    cli_pictures_finish(&pictures);
    return st;
}

static void write_field(FILE *f, const char *text)
{
    fputc('"', f);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', f);
        fputc(*text == '\n' || *text == '\r' ? ' ' : *text, f);
    }
    fputc('"', f);
}

static oc_status write_table(const job *j, oc_error *err)
{
    FILE *f = fopen(j->out, "w");
    if (!f)
        return OC_FAIL(err, OC_IO, "%s: %s", j->out, strerror(errno));
    fputs("path,label,set", f);
    for (size_t k = 0; k < j->set.length; k++)
        fprintf(f, ",e%zu", k);
    for (size_t i = 0; i < j->set.n; i++) {
        const oc_embed_row *r = &j->set.row[i];
        fputc('\n', f);
        write_field(f, r->path);
        fputc(',', f);
        write_field(f, j->set.label[r->label]);
        fputs(r->query ? ",query" : ",gallery", f);
        for (size_t k = 0; k < j->set.length; k++)
            fprintf(f, ",%.9g", (double)j->set.x[i * j->set.length + k]);
    }
    fputc('\n', f);
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        return OC_FAIL(err, OC_IO, "%s: cannot be written", j->out);
    return OC_OK;
}

static oc_status gather(job *j, oc_error *err)
{
    if (j->table)
        return oc_embed_read(j->table, &j->set, err);
    oc_status st = cli_eval_net_open(&j->net, OC_HEAD_EMBED, 0, err);
    if (st == OC_OK)
        st = embed_pictures(j, j->gallery, false, err);
    if (st == OC_OK && j->query)
        st = embed_pictures(j, j->query, true, err);
    if (st == OC_OK && j->out)
        st = write_table(j, err);
    return st;
}

/* ---- comparing: tables of the other run's embeddings ---- */

typedef struct side {
    oc_embed_set    set;
    oc_embed_scores scores;
} side;

typedef struct drawing {
    const job             *j;
    const oc_embed_scores *own;
    side                   other;
} drawing;

static void side_finish(side *s)
{
    oc_embed_scores_finish(&s->scores);
    oc_embed_finish(&s->set);
}

static oc_status make_run(void *ctx, const char *path, bool first, oc_compare_run *out,
                          oc_error *err)
{
    drawing  *d = ctx;
    side      s = {.set = {.n = 0}};
    oc_status st = oc_embed_read(path, &s.set, err);
    if (st == OC_OK)
        st = oc_embed_score(&s.set, d->j->center, d->j->net.pool, &s.scores, err);
    if (st == OC_OK)
        st = oc_compare_embed(&s.set, &s.scores, out, err);
    if (first && st == OC_OK)
        d->other = s;
    else
        side_finish(&s);
    return st;
}

static void draw_nearest(oc_page *page, const oc_embed_set *set, const oc_embed_query *q,
                         const char *name)
{
    char text[512];
    if (q->nearest == SIZE_MAX)
        return;
    snprintf(text, sizeof(text), "%s: %.120s, most like %.120s; right at rank %zu", name,
             set->label[set->row[q->row].label], set->label[set->row[q->nearest].label], q->rank);
    oc_sheet_picture(page, set->row[q->nearest].path, text);
}

static void draw_query(void *ctx, oc_page *page, const oc_compare_run *own, size_t unit)
{
    drawing *d = ctx;
    oc_sheet_picture(page, own->unit[unit], "looked up");
    oc_page_put(page, "<span></span>");
    draw_nearest(page, &d->other.set, &d->other.scores.query[unit], "other");
    draw_nearest(page, &d->j->set, &d->own->query[unit], "this");
}

static oc_status compare(const cli_compare *c, const job *j, const oc_embed_scores *s,
                         oc_error *err)
{
    drawing          d = {.j = j, .own = s};
    cli_compare_kind kind = {.ctx = &d, .make = make_run, .draw = draw_query};
    oc_compare_run   own = {.n_units = 0};
    oc_status        st = oc_compare_embed(&j->set, s, &own, err);
    if (st == OC_OK)
        st = cli_compare_report(c, &kind, &own, j->net.threads, j->json, err);
    oc_compare_run_finish(&own);
    side_finish(&d.other);
    return st;
}

int cli_eval_embed(int argc, char **argv)
{
    job              j = {.table = NULL};
    const char      *pos[1];
    size_t           n_pos;
    oc_embed_scores  s = {.n = 0};
    cli_compare      comparing = CLI_COMPARE_DEFAULTS;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--table", 's', &j.table, "F.csv", "columns label, set, camera, and the vector's"},
        CLI_EVAL_NET_OPTIONS(j.net),
        {"--gallery", 's', &j.gallery, "F.csv|DIR", "pictures with labels (path,label; folders)"},
        {"--query", 's', &j.query, "F.csv|DIR", "pictures to look up (each of the gallery's)"},
        {"--table-out", 's', &j.out, "F.csv", "keep the network's embeddings"},
        {"--center", 'f', &j.center, NULL, "take the gallery's mean off first"},
        {"--json", 'f', &j.json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        CLI_COMPARE_OPTIONS(comparing),
        {0}};
    const cli_command command = {"eval embed",
                                 "--table F.csv | --card CARD --gallery F.csv|DIR",
                                 "Scores embeddings: ranks, mAP, verification, nearest centroid.",
                                 options,
                                 0,
                                 0};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!j.table == !cli_eval_net_given(&j.net))
        return cli_usage("eval", "embed: either --table, or --card or --pipeline");
    if (!j.table && !j.gallery)
        return cli_usage("eval", "embed: --gallery is needed");
    const char *truth[] = {j.table ? j.table : j.gallery, j.query};
    if (cli_eval_data_read(truth, !j.table && j.query ? 2 : 1, j.json, &err) != OC_OK)
        return cli_fail("eval embed", &err);
    oc_status st = gather(&j, &err);
    if (st == OC_OK && !j.net.pool)
        st = oc_pool_create((unsigned)j.net.threads, &j.net.pool, &err);
    if (st == OC_OK)
        st = oc_embed_score(&j.set, j.center, j.net.pool, &s, &err);
    if (st == OC_OK && cli_compare_wanted(&comparing))
        st = compare(&comparing, &j, &s, &err);
    else if (st == OC_OK && j.json)
        print_json(&j, &s);
    else if (st == OC_OK)
        print_table(&j, &s);
    oc_embed_scores_finish(&s);
    oc_embed_finish(&j.set);
    cli_eval_net_close(&j.net);
    return st == OC_OK ? CLI_DONE : cli_fail("eval embed", &err);
}
