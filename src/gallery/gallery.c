#include "gallery/gallery.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "gallery/db.h"

static const char *const by_names[] = {
    [OC_GALLERY_NEAREST] = "nearest", [OC_GALLERY_CENTROID] = "centroid"};

const char *oc_gallery_by_name(oc_gallery_by by)
{
    return by_names[by];
}

bool oc_gallery_by_parse(const char *text, oc_gallery_by *out)
{
    for (size_t i = 0; i < sizeof(by_names) / sizeof(by_names[0]); i++)
        if (strcmp(text, by_names[i]) == 0) {
            *out = (oc_gallery_by)i;
            return true;
        }
    return false;
}

const char *oc_gallery_path(const oc_gallery *g)
{
    return g->path;
}

const oc_gallery_model *oc_gallery_model_of(const oc_gallery *g)
{
    return &g->model;
}

static oc_status status_of(const oc_error *err)
{
    return err ? err->status : OC_IO;
}

/* ---- rules ---- */

oc_status oc_gallery_rules_get(oc_gallery *g, oc_gallery_rules *out, oc_error *err)
{
    sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_RULES, "cannot be read", err);
    if (!s)
        return status_of(err);
    int       rc = sqlite3_step(s);
    oc_status st = OC_OK;
    if (rc == SQLITE_ROW) {
        oc_gallery_rules r = {.center = sqlite3_column_int(s, 1) != 0,
                              .threshold = (float)sqlite3_column_double(s, 2)};
        const char      *method = (const char *)sqlite3_column_text(s, 0);
        if (!method || !oc_gallery_by_parse(method, &r.by) || !(fabsf(r.threshold) <= 1.0f))
            st = OC_FAIL(err, OC_FORMAT, "%s: its rules for searching make no sense", g->path);
        else
            *out = r;
    } else {
        st = oc_gallery_fail(g, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, "cannot be read", err);
    }
    sqlite3_reset(s);
    return st;
}

oc_status oc_gallery_rules_set(oc_gallery *g, const oc_gallery_rules *rules, oc_error *err)
{
    if (!(fabsf(rules->threshold) <= 1.0f))
        return OC_FAIL(err, OC_INVALID, "%s: a threshold is from -1 to 1", g->path);
    sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_SET_RULES, "cannot be written", err);
    if (!s)
        return status_of(err);
    sqlite3_bind_text(s, 1, oc_gallery_by_name(rules->by), -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, rules->center);
    sqlite3_bind_double(s, 3, (double)rules->threshold);
    g->writes++;
    return oc_gallery_do(g, OC_SQL_SET_RULES, "cannot be written", err);
}

/* ---- writing ---- */

/* Bytes of the UTF-8 letter that begins at p, 0 where none does (overlong forms, surrogates and
 * what lies beyond U+10FFFF among them). */
static size_t letter_bytes(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

oc_status oc_gallery_check_label(const char *label, oc_error *err)
{
    size_t n = strlen(label);
    if (n == 0 || n > OC_GALLERY_LABEL_MAX)
        return OC_FAIL(err, OC_INVALID, "a label has 1 to %d bytes, '%.40s%s' has %zu",
                       OC_GALLERY_LABEL_MAX, label, n > 40 ? "..." : "", n);
    for (const unsigned char *p = (const unsigned char *)label; *p;) {
        size_t bytes = letter_bytes(p);
        if (bytes == 0)
            return OC_FAIL(err, OC_INVALID, "label '%.80s' is not UTF-8", label);
        if (*p < 0x20 || *p == 0x7f)
            return OC_FAIL(err, OC_INVALID, "label '%.80s' has control characters", label);
        p += bytes;
    }
    return OC_OK;
}

static oc_status check_embedding(const oc_gallery *g, const float *x, const char *label,
                                 oc_error *err)
{
    double square = 0;
    for (size_t i = 0; i < g->model.length; i++)
        square += (double)x[i] * (double)x[i];
    if (!isfinite(square))
        return OC_FAIL(err, OC_INVALID, "%s: an embedding for '%s' is not finite", g->path, label);
    if (square == 0)
        return OC_FAIL(err, OC_INVALID, "%s: an embedding for '%s' is all zero", g->path, label);
    return OC_OK;
}

static oc_status run_bound(oc_gallery *g, sqlite3_stmt *s, oc_error *err)
{
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc == SQLITE_DONE ? OC_OK : oc_gallery_fail(g, rc, "cannot be written", err);
}

static oc_status drop_label(oc_gallery *g, const char *label, oc_error *err)
{
    sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_DROP_LABEL, "cannot be written", err);
    if (!s)
        return status_of(err);
    sqlite3_bind_text(s, 1, label, -1, SQLITE_STATIC);
    return run_bound(g, s, err);
}

static oc_status insert(oc_gallery *g, const oc_gallery_item *item, int64_t now, oc_error *err)
{
    char source[1024];
    snprintf(source, sizeof(source), "%s", item->source ? item->source : "");
    for (unsigned char *p = (unsigned char *)source; *p;) {
        size_t bytes = letter_bytes(p);
        if (bytes == 0)
            *p = '?';
        p += bytes ? bytes : 1;
    }
    sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_ENROL, "cannot be written", err);
    if (!s)
        return status_of(err);
    sqlite3_bind_text(s, 1, item->label, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, source, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, now);
    sqlite3_bind_blob(s, 4, item->embedding, (int)(g->model.length * sizeof(float)), SQLITE_STATIC);
    return run_bound(g, s, err);
}

static oc_status enrol_all(oc_gallery *g, const oc_gallery_item *items, size_t n, bool replace,
                           oc_error *err)
{
    int64_t   now = (int64_t)time(NULL);
    size_t    entries, labels;
    oc_status st = OC_OK;
    for (size_t i = 0; i < n && replace && st == OC_OK; i++)
        if (i == 0 || strcmp(items[i].label, items[i - 1].label) != 0)
            st = drop_label(g, items[i].label, err);
    if (st != OC_OK || (st = oc_gallery_count(g, &entries, &labels, err)) != OC_OK)
        return st;
    if (n > OC_GALLERY_ROWS_MAX || entries > OC_GALLERY_ROWS_MAX - n)
        return OC_FAIL(err, OC_INVALID, "%s: %zu entries and %zu more are over the most, %d",
                       g->path, entries, n, OC_GALLERY_ROWS_MAX);
    for (size_t i = 0; i < n && st == OC_OK; i++)
        st = insert(g, &items[i], now, err);
    return st;
}

oc_status oc_gallery_enrol(oc_gallery *g, const oc_gallery_item *items, size_t n, bool replace,
                           oc_error *err)
{
    oc_status st;
    for (size_t i = 0; i < n; i++) {
        if ((st = oc_gallery_check_label(items[i].label, err)) != OC_OK) {
            oc_error_prefix(err, "%s", g->path);
            return st;
        }
        if ((st = check_embedding(g, items[i].embedding, items[i].label, err)) != OC_OK)
            return st;
    }
    if ((st = oc_gallery_do(g, OC_SQL_WRITE, "cannot be written", err)) != OC_OK)
        return st;
    g->writes++;
    return oc_gallery_end(g, enrol_all(g, items, n, replace, err), err);
}

oc_status oc_gallery_remove_label(oc_gallery *g, const char *label, size_t *removed, oc_error *err)
{
    oc_status st = drop_label(g, label, err);
    if (st != OC_OK)
        return st;
    *removed = (size_t)sqlite3_changes(g->db);
    g->writes++;
    return *removed ? OC_OK : OC_FAIL(err, OC_NOT_FOUND, "%s: no label '%s'", g->path, label);
}

oc_status oc_gallery_remove_id(oc_gallery *g, int64_t id, oc_error *err)
{
    sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_DROP_ID, "cannot be written", err);
    if (!s)
        return status_of(err);
    sqlite3_bind_int64(s, 1, id);
    oc_status st = run_bound(g, s, err);
    if (st != OC_OK)
        return st;
    g->writes++;
    return sqlite3_changes(g->db)
               ? OC_OK
               : OC_FAIL(err, OC_NOT_FOUND, "%s: no entry %lld", g->path, (long long)id);
}

/* ---- reading ---- */

static oc_status read_entry(oc_gallery *g, sqlite3_stmt *s, bool embedding, oc_gallery_entry *e,
                            oc_error *err)
{
    *e = (oc_gallery_entry){.id = sqlite3_column_int64(s, 0),
                            .label = (const char *)sqlite3_column_text(s, 1),
                            .source = (const char *)sqlite3_column_text(s, 2),
                            .created = sqlite3_column_int64(s, 3)};
    if (!e->label || !e->source)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", g->path);
    oc_status st = oc_gallery_check_label(e->label, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s: entry %lld", g->path, (long long)e->id);
        return err ? err->status = OC_FORMAT : OC_FORMAT;
    }
    if (!embedding)
        return OC_OK;
    const void *blob = sqlite3_column_blob(s, 4);
    size_t      bytes = (size_t)sqlite3_column_bytes(s, 4);
    if (!blob || bytes != g->model.length * sizeof(float))
        return OC_FAIL(err, OC_FORMAT, "%s: entry %lld has %zu bytes of embedding, not %zu",
                       g->path, (long long)e->id, bytes, g->model.length * sizeof(float));
    memcpy(g->vector, blob, bytes);
    e->embedding = g->vector;
    st = check_embedding(g, g->vector, e->label, err);
    return st == OC_OK ? st : err ? (err->status = OC_FORMAT) : OC_FORMAT;
}

oc_status oc_gallery_list(oc_gallery *g, bool embeddings, oc_gallery_entry_fn *each, void *ctx,
                          oc_error *err)
{
    sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_LIST, "cannot be read", err);
    if (!s)
        return status_of(err);
    oc_status st = OC_OK;
    int       rc = SQLITE_DONE;
    while (st == OC_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        oc_gallery_entry e;
        st = read_entry(g, s, embeddings, &e, err);
        if (st == OC_OK)
            st = each(ctx, &e, err);
    }
    if (st == OC_OK && rc != SQLITE_DONE)
        st = oc_gallery_fail(g, rc, "cannot be read", err);
    sqlite3_reset(s);
    return st;
}

oc_status oc_gallery_labels(oc_gallery *g, oc_gallery_label_fn *each, void *ctx, oc_error *err)
{
    sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_LABELS, "cannot be read", err);
    if (!s)
        return status_of(err);
    oc_status st = OC_OK;
    int       rc = SQLITE_DONE;
    while (st == OC_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *label = (const char *)sqlite3_column_text(s, 0);
        st = label ? each(ctx, label, (size_t)sqlite3_column_int64(s, 1), err)
                   : OC_FAIL(err, OC_NOMEM, "%s: out of memory", g->path);
    }
    if (st == OC_OK && rc != SQLITE_DONE)
        st = oc_gallery_fail(g, rc, "cannot be read", err);
    sqlite3_reset(s);
    return st;
}

oc_status oc_gallery_count(oc_gallery *g, size_t *entries, size_t *labels, oc_error *err)
{
    sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_COUNT, "cannot be read", err);
    if (!s)
        return status_of(err);
    int       rc = sqlite3_step(s);
    oc_status st = rc == SQLITE_ROW ? OC_OK : oc_gallery_fail(g, rc, "cannot be read", err);
    *entries = (size_t)sqlite3_column_int64(s, 0);
    *labels = (size_t)sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    return st;
}

oc_status oc_gallery_read_begin(oc_gallery *g, oc_error *err)
{
    return oc_gallery_do(g, OC_SQL_READ, "cannot be read", err);
}

void oc_gallery_read_end(oc_gallery *g)
{
    oc_error  ignored; /* nothing was written: there is nothing to lose */
    oc_status st = oc_gallery_end(g, OC_OK, &ignored);
    (void)st;
}

oc_status oc_gallery_version(oc_gallery *g, uint64_t *version, oc_error *err)
{
    sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_VERSION, "cannot be read", err);
    if (!s)
        return status_of(err);
    int       rc = sqlite3_step(s);
    oc_status st = rc == SQLITE_ROW ? OC_OK : oc_gallery_fail(g, rc, "cannot be read", err);
    *version = (uint64_t)sqlite3_column_int64(s, 0) + (g->writes << 32);
    sqlite3_reset(s);
    return st;
}

bool oc_gallery_was_replaced(oc_gallery *g)
{
    struct stat s;
    if (stat(g->path, &s) != 0 || (s.st_dev == g->device && s.st_ino == g->inode))
        return false;
    g->device = s.st_dev;
    g->inode = s.st_ino;
    return true;
}
