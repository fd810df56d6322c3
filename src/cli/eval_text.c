/* ocellus eval text: what was read against what stands there. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/download.h"
#include "cli/eval.h"
#include "cli/eval_compare.h"
#include "cli/eval_data.h"
#include "cli/eval_net.h"
#include "cli/files.h"
#include "eval/folder.h"
#include "eval/text.h"
#include "media/image.h"

typedef struct job {
    cli_eval_net   net, finder;
    const char    *table, *csv, *gt, *dt, *images;
    double         iou, confidence;
    bool           exact, json, each;
    oc_text_scores rows;
    cli_compare    compare;
} job;

static void print_number(const char *key, double v)
{
    if (isfinite(v))
        printf(",\"%s\":%.9f", key, v);
    else
        printf(",\"%s\":null", key);
}

static void print_rows(const job *j)
{
    const oc_text_scores *s = &j->rows;
    if (!j->json) {
        for (size_t i = 0; j->each && i < s->n; i++)
            if (s->row[i].char_errors)
                printf("%s: '%s' was read as '%s'\n", s->row[i].path, s->row[i].truth,
                       s->row[i].read);
        printf("%-12s %zu\n%-12s %.4f\n%-12s %.4f  (%llu of %llu)\n%-12s %.4f  (%llu of %llu)\n",
               "texts", s->n, "exact", (double)s->exact / (double)s->n, "CER", s->cer,
               (unsigned long long)s->char_errors, (unsigned long long)s->chars, "WER", s->wer,
               (unsigned long long)s->word_errors, (unsigned long long)s->words);
        return;
    }
    printf("{\"n\":%zu,\"exact\":%.9f", s->n, (double)s->exact / (double)s->n);
    print_number("CER", s->cer);
    print_number("WER", s->wer);
    printf(",\"characters\":%llu,\"character_errors\":%llu,\"words\":%llu,\"word_errors\":%llu",
           (unsigned long long)s->chars, (unsigned long long)s->char_errors,
           (unsigned long long)s->words, (unsigned long long)s->word_errors);
    cli_eval_data_end();
}

static void print_rate(const char *name, const oc_text_rate *r, bool json)
{
    if (json)
        printf("\"%s\":{\"precision\":%.9f,\"recall\":%.9f,\"F1\":%.9f,\"right\":%llu}", name,
               r->precision, r->recall, r->f1, (unsigned long long)r->right);
    else
        printf("%-12s %9.4f %9.4f %9.4f   %llu right\n", name, r->precision, r->recall, r->f1,
               (unsigned long long)r->right);
}

static void print_spots(const job *j, const oc_text_set *set, const oc_text_rate *found,
                        const oc_text_rate *read)
{
    if (j->json) {
        printf("{\"images\":%zu,\"truths\":%llu,\"results\":%llu,", set->n,
               (unsigned long long)found->wanted, (unsigned long long)found->given);
        print_rate("detection", found, true);
        printf(",");
        print_rate("end_to_end", read, true);
        cli_eval_data_end();
        return;
    }
    if (j->each)
        for (size_t i = 0; i < set->n; i++)
            printf("%s: %u of %u found, %u read right, %u given\n", set->image[i].name,
                   set->image[i].placed, set->image[i].wanted, set->image[i].right,
                   set->image[i].given);
    printf("%zu images, %llu words, %llu results\n", set->n, (unsigned long long)found->wanted,
           (unsigned long long)found->given);
    printf("%-12s %9s %9s %9s\n", "", "precision", "recall", "F1");
    print_rate("detection", found, false);
    print_rate("end to end", read, false);
}

/* ---- reading cut-out texts ---- */

static oc_status take(void *ctx, const cli_picture *p, const oc_frame *frame, const oc_result *r,
                      oc_error *err)
{
    job *j = ctx;
    (void)frame;
    return oc_text_add(&j->rows, p->path, p->label, r->text ? r->text : "", !j->exact, err);
}

static oc_status read_pictures(job *j, oc_error *err)
{
    cli_pictures pictures = {0};
    oc_status    st = cli_eval_pictures(j->csv, &pictures, err);
    if (st == OC_OK)
        st = cli_eval_net_open(&j->net, OC_HEAD_TEXT, 0, err);
    if (st == OC_OK)
        st = cli_eval_net_run(&j->net, &pictures, take, j, err);
    oc_text_sum(&j->rows);
    cli_pictures_finish(&pictures);
    return st;
}

/* ---- finding and reading ---- */

typedef struct spotter {
    job        *j;
    const char *folder;
} spotter;

/* Every text that is found, read by the other network: a file of results. */
static oc_status spot(void *ctx, const cli_picture *p, const oc_frame *frame,
                      const oc_result *found, oc_error *err)
{
    spotter             *s = ctx;
    const oc_detections *d = &found->detections;
    char                 path[4200];
    int                  n = snprintf(path, sizeof(path), "%s/%s.txt", s->folder, p->label);
    if (n < 0 || (size_t)n >= sizeof(path))
        return OC_FAIL(err, OC_INVALID, "the name is too long");
    if (d->n_points != 4)
        return OC_FAIL(err, OC_INVALID, "%s gives no quadrangles",
                       oc_net_card(s->j->finder.net)->name);
    FILE *f = fopen(path, "w");
    if (!f)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    oc_status st = OC_OK;
    for (size_t i = 0; i < d->n && st == OC_OK; i++) {
        const oc_point *q = &d->points[4 * i];
        oc_result       r = {.n_classes = 0};
        st = oc_net_run_quad(s->j->net.net, frame, q, &r, err);
        if (st != OC_OK || !r.text || !*r.text || (double)r.confidence < s->j->confidence)
            continue;
        for (size_t k = 0; k < 4; k++)
            fprintf(f, "%.1f,%.1f,", (double)q[k].x, (double)q[k].y);
        fprintf(f, "%s\n", r.text);
    }
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        st = OC_FAIL(err, OC_IO, "%s: cannot be written", path);
    return st;
}

/* The picture of a file of truth: the same name with a picture's ending. */
static oc_status find_picture(const char *folder, const char *name, cli_pictures *out,
                              oc_error *err)
{
    static const char *const endings[] = {".jpg", ".png", ".jpeg"};
    char                     path[4200];
    const char              *plain = strncmp(name, "gt_", 3) == 0 ? name + 3 : name;
    for (size_t i = 0; i < 3; i++) {
        int n = snprintf(path, sizeof(path), "%s/%s%s", folder, plain, endings[i]);
        if (n > 0 && (size_t)n < sizeof(path) && access(path, R_OK) == 0)
            return cli_pictures_add(out, path, plain, err);
    }
    return OC_FAIL(err, OC_NOT_FOUND, "%s: no %s.jpg or .png there", folder, plain);
}

static oc_status spot_all(job *j, const char *folder, oc_error *err)
{
    eval_folder  truths = {0};
    cli_pictures pictures = {0};
    spotter      s = {j, folder};
    oc_status    st = eval_folder_list(j->gt, ".txt", &truths, err);
    for (size_t i = 0; i < truths.n && st == OC_OK; i++)
        st = find_picture(j->images, truths.name[i], &pictures, err);
    if (st == OC_OK)
        st = cli_eval_net_open(&j->net, OC_HEAD_TEXT, 0, err);
    if (!j->finder.card)
        j->finder.pipeline = j->net.pipeline;
    j->finder.threads = j->net.threads;
    j->finder.isa = j->net.isa;
    if (st == OC_OK)
        st = cli_eval_net_open(&j->finder, OC_HEAD_DETECT, 0, err);
    if (st == OC_OK)
        st = cli_eval_net_run(&j->finder, &pictures, spot, &s, err);
    cli_pictures_finish(&pictures);
    eval_folder_finish(&truths);
    return st;
}

/* ---- comparing: another table, or another folder of results ---- */

typedef struct drawing {
    const job            *j;
    const oc_text_set    *set; /* this run's; NULL: it is the rows */
    const oc_text_scores *rows;
    oc_text_set           other_set;
    oc_text_scores        other_rows;
} drawing;

static oc_status make_run(void *ctx, const char *path, bool first, oc_compare_run *out,
                          oc_error *err)
{
    drawing       *d = ctx;
    oc_text_set    set = {.n = 0};
    oc_text_scores rows = {.n = 0};
    oc_text_rate   placed, read;
    oc_status      st = d->set ? oc_text_set_read(d->j->gt, path, &set, err)
                               : oc_text_score(path, !d->j->exact, &rows, err);
    if (st == OC_OK && d->set) {
        oc_text_spot(&set, d->j->iou, !d->j->exact, &placed, &read);
        st = oc_compare_spots(&set, out, err);
    } else if (st == OC_OK) {
        st = oc_compare_text(&rows, out, err);
    }
    if (first && st == OC_OK) {
        d->other_set = set;
        d->other_rows = rows;
    } else {
        oc_text_set_finish(&set);
        oc_text_scores_finish(&rows);
    }
    return st;
}

static void draw_image(oc_page *page, const char *folder, const oc_text_image *t, const char *side)
{
    char path[4200] = "", text[256];
    if (folder)
        snprintf(path, sizeof(path), "%s/%s.jpg", folder, t->name);
    snprintf(text, sizeof(text), "%s: %u of %u found, %u read right, %u given", side, t->placed,
             t->wanted, t->right, t->given);
    oc_sheet_picture(page, path, text);
}

static void draw_unit(void *ctx, oc_page *page, const oc_compare_run *own, size_t unit)
{
    drawing *d = ctx;
    char     text[512];
    if (d->set) {
        draw_image(page, d->j->images, &d->other_set.image[unit], "other");
        draw_image(page, d->j->images, &d->set->image[unit], "this");
        return;
    }
    for (size_t side = 0; side < 2; side++) {
        const oc_text_row *r = side ? &d->rows->row[unit] : &d->other_rows.row[unit];
        snprintf(text, sizeof(text), "%s: '%.120s' read as '%.120s'", side ? "this" : "other",
                 r->truth, r->read);
        oc_sheet_picture(page, own->unit[unit], text);
    }
}

static oc_status compare(const job *j, const oc_text_set *set, oc_error *err)
{
    drawing          d = {.j = j, .set = set, .rows = &j->rows};
    cli_compare_kind kind = {.ctx = &d, .make = make_run, .draw = draw_unit};
    oc_compare_run   own = {.n_units = 0};
    oc_status st = set ? oc_compare_spots(set, &own, err) : oc_compare_text(&j->rows, &own, err);
    if (st == OC_OK)
        st = cli_compare_report(&j->compare, &kind, &own, j->net.threads, j->json, err);
    oc_compare_run_finish(&own);
    oc_text_set_finish(&d.other_set);
    oc_text_scores_finish(&d.other_rows);
    return st;
}

static oc_status score_folders(job *j, const char *found, oc_error *err)
{
    oc_text_set  set = {.n = 0};
    oc_text_rate placed, read;
    oc_status    st = oc_text_set_read(j->gt, found, &set, err);
    if (st == OC_OK) {
        oc_text_spot(&set, j->iou, !j->exact, &placed, &read);
        if (cli_compare_wanted(&j->compare))
            st = compare(j, &set, err);
        else
            print_spots(j, &set, &placed, &read);
    }
    oc_text_set_finish(&set);
    return st;
}

static oc_status evaluate(job *j, oc_error *err)
{
    char      own[] = "/tmp/ocellus-text-XXXXXX";
    oc_status st;
    if (j->table || j->csv) {
        st = j->table ? oc_text_score(j->table, !j->exact, &j->rows, err) : read_pictures(j, err);
        if (st == OC_OK && cli_compare_wanted(&j->compare))
            return compare(j, NULL, err);
        if (st == OC_OK)
            print_rows(j);
        return st;
    }
    if (!j->images)
        return score_folders(j, j->dt, err);
    if (!j->dt && !mkdtemp(own))
        return OC_FAIL(err, OC_IO, "no folder for results in /tmp");
    const char *found = j->dt ? j->dt : own;
    st = cli_make_folders(found, err);
    if (st == OC_OK && (st = spot_all(j, found, err)) == OC_OK)
        st = score_folders(j, found, err);
    if (!j->dt)
        cli_remove_folder(own);
    return st;
}

static int check(const job *j)
{
    bool net = cli_eval_net_given(&j->net);
    if (!!j->table + !!j->csv + !!j->gt != 1)
        return cli_usage("eval", "text: one of --table, --csv and --gt");
    if (!!j->csv + !!j->images != net)
        return cli_usage("eval", "text: --card or --pipeline go with --csv, or with --images");
    if (j->gt && !j->images && !j->dt)
        return cli_usage("eval", "text: --gt wants --dt, or --images and a network");
    if (j->images && !j->net.pipeline && !j->finder.card)
        return cli_usage("eval", "text: --images wants --detector, or --pipeline");
    if (!(j->iou > 0 && j->iou < 1))
        return cli_usage("eval", "text: --iou is between 0 and 1");
    return -1;
}

int cli_eval_text(int argc, char **argv)
{
    job              j = {.iou = 0.5, .confidence = 0.5, .compare = CLI_COMPARE_DEFAULTS};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--table", 's', &j.table, "F.csv", "columns truth, read, and path: error rates"},
        {"--csv", 's', &j.csv, "F.csv", "pictures of texts (path,label) for the network to read"},
        {"--gt", 's', &j.gt, "DIR", "words with their corners, a file per image: end to end"},
        {"--dt", 's', &j.dt, "DIR", "results, likewise (with --images: kept there)"},
        {"--images", 's', &j.images, "DIR", "the images, to be looked at by the networks"},
        CLI_EVAL_NET_OPTIONS(j.net),
        {"--detector", 's', &j.finder.card, "CARD", "what finds the texts (the pipeline's)"},
        {"--confidence", 'd', &j.confidence, "C",
         "readings less sure than this do not count (0.5)"},
        {"--iou", 'd', &j.iou, "T", "overlap above which a word is found (0.5)"},
        {"--exact", 'f', &j.exact, NULL, "a and A differ"},
        {"--each", 'f', &j.each, NULL, "a line per image, or per text that was read wrong"},
        {"--json", 'f', &j.json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        CLI_COMPARE_OPTIONS(j.compare),
        {0}};
    const cli_command command = {"eval text",
                                 "--table F.csv | --gt DIR --dt DIR | --card CARD --csv F.csv",
                                 "Scores reading: character and word errors, or found and read.",
                                 options,
                                 0,
                                 0};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e < 0)
        e = check(&j);
    if (e >= 0)
        return e;
    const char *truth = j.table ? j.table : j.csv ? j.csv : j.gt;
    if (cli_eval_data_read(&truth, 1, j.json, &err) != OC_OK)
        return cli_fail("eval text", &err);
    oc_status st = evaluate(&j, &err);
    oc_text_scores_finish(&j.rows);
    cli_eval_net_close(&j.net);
    cli_eval_net_close(&j.finder);
    return st == OC_OK ? CLI_DONE : cli_fail("eval text", &err);
}
