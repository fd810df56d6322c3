#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/eval_mot.h"
#include "data/file.h"
#include "media/image.h"
#include "media/source.h"

typedef struct comparison {
    const cli_mot_compare *in;
    oc_mot_record         *own, *other; /* [n] */
    oc_mot_rows           *other_rows;  /* [n] */
} comparison;

/* ---- runs ---- */

static void drop_records(oc_mot_record *r, oc_mot_rows *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (r)
            oc_mot_record_finish(&r[i]);
        if (rows)
            oc_mot_rows_finish(&rows[i]);
    }
    free(r);
    free(rows);
}

static oc_status record(const cli_mot_compare *in, size_t i, const oc_mot_rows *result,
                        oc_mot_record *out, oc_error *err)
{
    int64_t frames = in->frames;
    frames = in->truth[i].frames > frames ? in->truth[i].frames : frames;
    frames = result->frames > frames ? result->frames : frames;
    return oc_mot_record_make(&in->truth[i], result, in->benchmark, frames, out, err);
}

static oc_status make_run(const comparison *c, const oc_mot_record *r, oc_compare_run *out,
                          oc_error *err)
{
    const oc_mot_record *each[CLI_MOT_SEQUENCES_MAX];
    for (size_t i = 0; i < c->in->n; i++)
        each[i] = &r[i];
    return oc_compare_mot(each, c->in->name, c->in->n, c->in->block, out, err);
}

static oc_status read_run(void *ctx, const char *path, bool first, oc_compare_run *out,
                          oc_error *err)
{
    comparison    *c = ctx;
    const size_t   n = c->in->n;
    oc_mot_record *r = calloc(n, sizeof(*r));
    oc_mot_rows   *rows = calloc(n, sizeof(*rows));
    oc_status      st = r && rows ? OC_OK : OC_FAIL(err, OC_NOMEM, "sequences");
    bool           folder = oc_data_is_folder(path) || n > 1;
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        char from[OC_DATA_PATH_MAX];
        st = oc_data_path(from, folder ? path : "", folder ? c->in->file[i] : path, err);
        if (st == OC_OK)
            st = oc_mot_read_as(folder ? from : path, c->in->benchmark, false, &rows[i], err);
        if (st == OC_OK)
            st = record(c->in, i, &rows[i], &r[i], err);
    }
    if (st == OC_OK)
        st = make_run(c, r, out, err);
    if (first && st == OC_OK) {
        c->other = r;
        c->other_rows = rows;
    } else {
        drop_records(r, rows, n);
    }
    return st;
}

/* ---- pictures ---- */

/* The frame that tells most of a track: the middle one of those in which one run follows it and the
 * other does not, else the first in which a run changes its id; 0: none. */
static int64_t telling_frame(const oc_mot_record *a, const oc_mot_record *b, uint32_t truth)
{
    int64_t changed = 0, last[2] = {INT64_MIN, INT64_MIN};
    size_t  apart = 0;
    for (int pass = 0; pass < 2; pass++) {
        size_t seen = 0;
        for (size_t i = 0; i < a->n_seen && i < b->n_seen; i++) {
            const oc_mot_seen *s[2] = {&a->seen[i], &b->seen[i]};
            if (s[0]->truth != truth || s[1]->truth != truth)
                continue;
            if ((s[0]->result == INT64_MIN) != (s[1]->result == INT64_MIN) && seen++ == apart / 2 &&
                pass)
                return s[0]->frame;
            for (int k = 0; k < 2 && !pass; k++) {
                if (s[k]->result == INT64_MIN)
                    continue;
                if (last[k] != INT64_MIN && last[k] != s[k]->result && !changed)
                    changed = s[k]->frame;
                last[k] = s[k]->result;
            }
        }
        apart = seen;
    }
    return changed;
}

static oc_frame *from_folder(const char *folder, int64_t number, oc_error *err)
{
    oc_data_files f = {0};
    oc_frame     *frame = NULL;
    char          path[OC_DATA_PATH_MAX];
    if (oc_data_files_list(folder, OC_DATA_PICTURES, &f, err) == OC_OK &&
        ((size_t)number <= f.n ||
         OC_FAIL(err, OC_NOT_FOUND, "%s: %zu pictures", folder, f.n) == OC_OK) &&
        oc_data_path(path, f.folder, f.name[number - 1], err) == OC_OK &&
        oc_image_load(path, &frame, err) != OC_OK)
        frame = NULL;
    oc_data_files_finish(&f);
    return frame;
}

static oc_frame *from_video(const char *url, int64_t number, oc_error *err)
{
    oc_source_options options = {.struct_size = sizeof(options), .url = url};
    oc_input         *input = NULL;
    oc_frame         *frame = NULL;
    if (oc_input_open(&options, &input, err) != OC_OK)
        return NULL;
    for (int64_t i = 0; i < number; i++) {
        oc_frame_unref(frame);
        frame = NULL;
        if (oc_input_read(input, &frame, err) != OC_OK)
            break;
    }
    oc_input_close(input);
    return frame;
}

static const oc_mot_row *truth_row(const oc_mot_rows *rows, int64_t id, int64_t frame)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->row[i].frame == frame && rows->row[i].id == id)
            return &rows->row[i];
    return NULL;
}

static void draw_frame(const comparison *c, size_t sequence, uint32_t truth, oc_page *page)
{
    const oc_mot_record *own = &c->own[sequence];
    int64_t              at = telling_frame(&c->other[sequence], own, truth);
    oc_error             err = {0};
    char                 caption[64];
    if (!c->in->pictures || sequence >= c->in->pictures->n || at < 1)
        return;
    const char *from = c->in->pictures->item[sequence];
    oc_frame   *frame =
        oc_data_is_folder(from) ? from_folder(from, at, &err) : from_video(from, at, &err);
    if (!frame)
        fprintf(stderr, "warning: no picture of frame %lld: %s\n", (long long)at, err.message);
    const oc_mot_row *t = truth_row(&c->in->truth[sequence], own->truth_id[truth], at);
    oc_page_put(page, "<div class=pair>");
    for (int k = 0; k < 2; k++) {
        snprintf(caption, sizeof(caption), "%s, frame %lld%s", k ? "this" : "other", (long long)at,
                 frame ? "" : ": no picture");
        oc_sheet_tracked(page, frame, caption,
                         k ? &c->in->result[sequence] : &c->other_rows[sequence], at, t);
    }
    oc_page_put(page, "</div>");
    oc_frame_unref(frame);
}

/* ---- tracks ---- */

typedef struct follow { /* how a truth's track fared */
    size_t   sequence;
    uint32_t truth;
    double   seen, covered[2], switches[2]; /* other, this */
} follow;

static void count_track(const oc_mot_record *r, size_t side, follow *f)
{
    int64_t *last = malloc((r->n_truth + 1) * sizeof(*last));
    for (size_t i = 0; last && i < r->n_truth; i++)
        last[i] = INT64_MIN;
    for (size_t i = 0; last && i < r->n_seen; i++) {
        const oc_mot_seen *s = &r->seen[i];
        f[s->truth].seen += side;
        if (s->result == INT64_MIN)
            continue;
        f[s->truth].covered[side]++;
        f[s->truth].switches[side] += last[s->truth] != INT64_MIN && last[s->truth] != s->result;
        last[s->truth] = s->result;
    }
    free(last);
}

static double change_of(const follow *f)
{
    return fabs(f->covered[1] - f->covered[0]) / (f->seen > 0 ? f->seen : 1) +
           0.1 * fabs(f->switches[1] - f->switches[0]);
}

static int most_changed(const void *a, const void *b)
{
    double        x = change_of(a), y = change_of(b);
    const follow *p = a, *q = b;
    if (x != y)
        return x > y ? -1 : 1;
    if (p->sequence != q->sequence)
        return p->sequence < q->sequence ? -1 : 1;
    return p->truth < q->truth ? -1 : p->truth > q->truth;
}

static void tell_track(const comparison *c, const follow *f, oc_page *page, bool json, bool first)
{
    long long   id = (long long)c->own[f->sequence].truth_id[f->truth];
    const char *name = c->in->name[f->sequence];
    char        text[512];
    if (json) {
        printf("%s{\"sequence\":", first ? "" : ",");
        cli_json_text(stdout, name);
        printf(",\"id\":%lld,\"frames\":%.0f,\"covered\":[%.0f,%.0f],\"switches\":[%.0f,%.0f]}", id,
               f->seen, f->covered[0], f->covered[1], f->switches[0], f->switches[1]);
        return;
    }
    snprintf(text, sizeof(text),
             "%.200s: track %lld, %.0f frames: followed in %.0f, now %.0f; switches %.0f, now %.0f",
             name, id, f->seen, f->covered[0], f->covered[1], f->switches[0], f->switches[1]);
    if (!page) {
        printf("%s\n", text);
        return;
    }
    oc_page_put(page, "<p class=unit>");
    oc_page_text(page, text);
    oc_page_put(page, "</p>");
    oc_sheet_track(page, &c->other[f->sequence], &c->own[f->sequence], f->truth);
    draw_frame(c, f->sequence, f->truth, page);
}

/* The truth's tracks that fared most differently. */
static void tell_tracks(void *ctx, oc_page *page, bool json, size_t shown)
{
    comparison *c = ctx;
    size_t      n = 0, told = 0;
    for (size_t i = 0; i < c->in->n; i++)
        n += c->own[i].n_truth;
    follow *f = calloc(n + 1, sizeof(*f)), *at = f;
    for (size_t i = 0; f && i < c->in->n; i++) {
        for (size_t k = 0; k < c->own[i].n_truth; k++)
            at[k] = (follow){.sequence = i, .truth = (uint32_t)k};
        count_track(&c->other[i], 0, at);
        count_track(&c->own[i], 1, at);
        at += c->own[i].n_truth;
    }
    if (f)
        qsort(f, n, sizeof(*f), most_changed);
    if (json)
        printf(",\"tracks\":[");
    else if (page)
        oc_sheet_begin(page, "Tracks that changed most");
    else
        printf("\ntracks that changed most:\n");
    for (; f && told < n && told < shown && change_of(&f[told]) > 0; told++)
        tell_track(c, &f[told], page, json, told == 0);
    if (json)
        printf("]");
    else if (page)
        oc_sheet_end(page);
    free(f);
}

oc_status cli_mot_compare_report(const cli_mot_compare *in, const cli_compare *options, bool json,
                                 oc_error *err)
{
    comparison       c = {.in = in};
    cli_compare_kind kind = {.ctx = &c, .make = read_run, .more = tell_tracks};
    oc_compare_run   own = {.n_units = 0};
    c.own = calloc(in->n, sizeof(*c.own));
    oc_status st = c.own ? OC_OK : OC_FAIL(err, OC_NOMEM, "sequences");
    for (size_t i = 0; i < in->n && st == OC_OK; i++)
        st = record(in, i, &in->result[i], &c.own[i], err);
    if (st == OC_OK && (st = make_run(&c, c.own, &own, err)) == OC_OK)
        st = cli_compare_report(options, &kind, &own, 0, json, err);
    drop_records(c.own, NULL, in->n);
    drop_records(c.other, c.other_rows, in->n);
    oc_compare_run_finish(&own);
    return st;
}
