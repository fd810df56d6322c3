#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "eval/mot.h"

#define ROWS_MAX ((size_t)1 << 24)
#define FIELDS_MAX 16

/* Numbers of one line, separated by commas or blanks. */
static int parse_line(const char *line, const char *end, double *field)
{
    int n = 0;
    for (const char *at = line; at < end;) {
        char *stop;
        while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
            at++;
        if (at == end)
            break;
        if (n == FIELDS_MAX)
            return -1;
        field[n] = strtod(at, &stop);
        if (stop == at || stop > end || !isfinite(field[n]))
            return -1;
        n++;
        at = stop;
        while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
            at++;
        if (at < end && *at == ',')
            at++;
    }
    return n;
}

static oc_status take_row(const double *f, int n, size_t line, oc_mot_row *row, oc_error *err)
{
    if (n < 6)
        return OC_FAIL(err, OC_FORMAT, "line %zu: not frame,id,x,y,w,h...", line);
    if (f[0] < 1 || f[0] > 1e9 || f[0] != floor(f[0]))
        return OC_FAIL(err, OC_FORMAT, "line %zu: frame %g", line, f[0]);
    if (fabs(f[1]) > 9e15 || f[1] != floor(f[1]))
        return OC_FAIL(err, OC_FORMAT, "line %zu: id %g", line, f[1]);
    *row = (oc_mot_row){.frame = (int64_t)f[0],
                        .id = (int64_t)f[1],
                        .x = f[2],
                        .y = f[3],
                        .w = f[4],
                        .h = f[5],
                        .conf = n > 6 ? f[6] : 1.0,
                        .cls = 1};
    if (n > 7 && fabs(f[7]) > 1e6)
        return OC_FAIL(err, OC_FORMAT, "line %zu: class %g", line, f[7]);
    if (n == 9 || (n == 8 && f[7] >= 1))
        row->cls = (int32_t)f[7]; /* ten fields are MOT15's, with world coordinates */
    return OC_OK;
}

static int by_frame(const void *a, const void *b)
{
    const oc_mot_row *x = a, *y = b;
    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static oc_status check_ids(const oc_mot_rows *r, oc_error *err)
{
    for (size_t i = 1; i < r->n; i++)
        if (r->row[i].frame == r->row[i - 1].frame && r->row[i].id == r->row[i - 1].id)
            return OC_FAIL(err, OC_FORMAT, "id %lld is twice in frame %lld",
                           (long long)r->row[i].id, (long long)r->row[i].frame);
    return OC_OK;
}

static void sort_rows(oc_mot_rows *rows)
{
    if (rows->n)
        qsort(rows->row, rows->n, sizeof(*rows->row), by_frame);
    rows->frames = rows->n ? rows->row[rows->n - 1].frame : 0;
}

oc_status oc_mot_rows_sort(oc_mot_rows *rows, oc_error *err)
{
    sort_rows(rows);
    return check_ids(rows, err);
}

static oc_status parse(const char *text, size_t n, bool detections, oc_mot_rows *out, oc_error *err)
{
    size_t lines = 1, line = 0;
    double field[FIELDS_MAX];
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    if (lines > ROWS_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "more than %zu lines", ROWS_MAX);
    if (!(out->row = calloc(lines, sizeof(*out->row))))
        return OC_FAIL(err, OC_NOMEM, "%zu rows", lines);
    for (const char *at = text; at < text + n;) {
        const char *end = memchr(at, '\n', (size_t)(text + n - at));
        end = end ? end : text + n;
        line++;
        int got = parse_line(at, end, field);
        if (got != 0) {
            oc_status st = take_row(field, got, line, &out->row[out->n], err);
            if (st != OC_OK)
                return st;
            out->n++;
        }
        at = end + 1;
    }
    for (size_t i = 0; detections && i < out->n; i++)
        out->row[i].id = (int64_t)i; /* the file's order stays */
    sort_rows(out);
    return detections ? OC_OK : check_ids(out, err);
}

static oc_status read_file(const char *path, bool detections, oc_mot_rows *out, oc_error *err)
{
    oc_bytes    file = {0};
    oc_mot_rows rows = {0};
    oc_status   st = oc_bytes_open(path, &file, err);
    if (st == OC_FORMAT) { /* an empty file: a tracker that found nothing */
        *out = rows;
        return OC_OK;
    }
    if (st != OC_OK)
        return st;
    char *text = strndup((const char *)file.data, file.n); /* ended, for strtod */
    st = text ? parse(text, strlen(text), detections, &rows, err) : OC_FAIL(err, OC_NOMEM, "file");
    if (st == OC_OK && strlen(text) != file.n)
        st = OC_FAIL(err, OC_FORMAT, "byte %zu is 0: not a text file", strlen(text));
    free(text);
    oc_bytes_close(&file);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s", path);
        oc_mot_rows_finish(&rows);
        return st;
    }
    *out = rows;
    return OC_OK;
}

oc_status oc_mot_read(const char *path, oc_mot_rows *out, oc_error *err)
{
    return read_file(path, false, out, err);
}

oc_status oc_mot_read_detections(const char *path, oc_mot_rows *out, oc_error *err)
{
    return read_file(path, true, out, err);
}

oc_status oc_mot_write(const char *path, const oc_mot_rows *rows, oc_error *err)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    for (size_t i = 0; i < rows->n; i++) {
        const oc_mot_row *r = &rows->row[i];
        fprintf(f, "%lld,%lld,%.3f,%.3f,%.3f,%.3f,%.4f,-1,-1,-1\n", (long long)r->frame,
                (long long)r->id, r->x, r->y, r->w, r->h, r->conf);
    }
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        return OC_FAIL(err, OC_IO, "%s: cannot be written", path);
    return OC_OK;
}

void oc_mot_rows_finish(oc_mot_rows *rows)
{
    free(rows->row);
    *rows = (oc_mot_rows){0};
}
