#include "data/lock.h"

#include <stdlib.h>
#include <string.h>

#include "data/file.h"
#include "data/json_pull.h"

void oc_lock_finish(oc_lock *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->item[i].path);
    free(l->item);
    free(l->path);
    *l = (oc_lock){.n = 0};
}

oc_status oc_lock_add(oc_lock *l, const char *path, const oc_digest *d, oc_error *err)
{
    if (l->n == l->cap) {
        size_t         cap = l->cap * 2 + 256;
        oc_lock_entry *p = reallocarray(l->item, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "%zu files", cap);
        l->item = p;
        l->cap = cap;
    }
    l->item[l->n] = (oc_lock_entry){strdup(path), *d};
    l->bytes += d->bytes;
    return l->item[l->n].path ? (l->n++, OC_OK) : OC_FAIL(err, OC_NOMEM, "%s", path);
}

/* As Python's json.dumps: beyond ASCII in UTF-16 escapes. */
void oc_lock_put_ascii(FILE *f, const char *text)
{
    putc('"', f);
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        uint32_t c = *p++;
        int      more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
        if (more)
            c &= 0x3fu >> more;
        for (; more && (*p & 0xc0) == 0x80; more--)
            c = c << 6 | (*p++ & 0x3f);
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", (int)c);
        else if (c >= 0x20 && c < 0x7f)
            putc((int)c, f);
        else if (c < 0x10000)
            fprintf(f, "\\u%04x", c);
        else
            fprintf(f, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                    0xdc00 + ((c - 0x10000) & 0x3ff));
    }
    putc('"', f);
}

oc_status oc_lock_sum(oc_lock *l, oc_error *err)
{
    char     *lines = NULL, *list = NULL;
    size_t    n_lines = 0, n_list = 0;
    FILE     *a = open_memstream(&lines, &n_lines), *b = open_memstream(&list, &n_list);
    oc_status st = a && b ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu files", l->n);
    for (size_t i = 0; i < l->n && st == OC_OK; i++) {
        const oc_lock_entry *e = &l->item[i];
        fprintf(a, "%s  %s\n", e->digest.sha256, e->path);
        fprintf(b, "%s{\"md5\": \"%s\", \"relpath\": ", i ? ", " : "[", e->digest.md5);
        oc_lock_put_ascii(b, e->path);
        putc('}', b);
    }
    if (b)
        fputs(l->n ? "]" : "[]", b);
    if (a)
        fclose(a);
    if (b)
        fclose(b);
    if (st == OC_OK && (st = oc_digest_bytes(lines, n_lines, &l->all, err)) == OC_OK)
        st = oc_digest_bytes(list, n_list, &l->dir, err);
    free(lines);
    free(list);
    return st;
}

oc_status oc_lock_look(const char *from, oc_lock *l, oc_error *err)
{
    oc_data_files f = {0};
    oc_status     st = oc_data_files_list(from, OC_DATA_HIDDEN, &f, err);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        char      path[OC_DATA_PATH_MAX];
        oc_digest d;
        if ((st = oc_data_path(path, f.folder, f.name[i], err)) == OC_OK &&
            (st = oc_digest_file(path, &d, err)) == OC_OK)
            st = oc_lock_add(l, f.name[i], &d, err);
    }
    oc_data_files_finish(&f);
    return st == OC_OK ? oc_lock_sum(l, err) : st;
}

static oc_status read_entry(oc_json *k, oc_lock *l, oc_error *err)
{
    oc_json_token t;
    char         *path = NULL;
    oc_digest     d = {.bytes = 0};
    oc_status     st;
    while ((st = oc_json_next(k, &t, err)) == OC_OK && t == OC_JSON_KEY) {
        bool is_path = strcmp(oc_json_peek_text(k, NULL), "path") == 0;
        bool is_hash = strcmp(oc_json_peek_text(k, NULL), "sha256") == 0;
        if (!is_path && !is_hash)
            st = oc_json_skip(k, err);
        else if ((st = oc_json_expect(k, OC_JSON_TEXT, "a text", err)) == OC_OK && is_hash)
            snprintf(d.sha256, sizeof(d.sha256), "%s", oc_json_peek_text(k, NULL));
        else if (st == OC_OK && !path)
            path = strdup(oc_json_peek_text(k, NULL));
        if (st != OC_OK)
            break;
    }
    if (st == OC_OK)
        st = path && d.sha256[0]
                 ? oc_lock_add(l, path, &d, err)
                 : OC_FAIL(err, OC_FORMAT, "line %llu: a file without path or sha256",
                           (unsigned long long)oc_json_line(k));
    free(path);
    return st;
}

oc_status oc_lock_read(const char *path, oc_lock *l, oc_error *err)
{
    oc_json      *k = NULL;
    oc_json_token t = OC_JSON_END;
    bool          files = false;
    oc_status     st = oc_json_open(path, &k, err);
    if (st != OC_OK)
        return st;
    st = oc_json_expect(k, OC_JSON_OBJECT, "a lock", err);
    while (st == OC_OK && (st = oc_json_next(k, &t, err)) == OC_OK && t == OC_JSON_KEY) {
        if (strcmp(oc_json_peek_text(k, NULL), "path") == 0 && !l->path) {
            if ((st = oc_json_expect(k, OC_JSON_TEXT, "a name", err)) == OC_OK &&
                !(l->path = strdup(oc_json_peek_text(k, NULL))))
                st = OC_FAIL(err, OC_NOMEM, "%s", path);
            continue;
        }
        if (strcmp(oc_json_peek_text(k, NULL), "files") != 0) {
            st = oc_json_skip(k, err);
            continue;
        }
        files = true;
        st = oc_json_expect(k, OC_JSON_ARRAY, "a list of files", err);
        while (st == OC_OK && (st = oc_json_next(k, &t, err)) == OC_OK && t == OC_JSON_OBJECT)
            st = read_entry(k, l, err);
        if (st == OC_OK && t != OC_JSON_ARRAY_END)
            st = OC_FAIL(err, OC_FORMAT, "%s: files are not a list of objects", path);
    }
    if (st == OC_OK && !files)
        st = OC_FAIL(err, OC_FORMAT, "%s: no files: not a lock", path);
    oc_json_close(k);
    return st;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const oc_lock_entry *)a)->path, ((const oc_lock_entry *)b)->path);
}

size_t oc_lock_compare(oc_lock *was, const oc_lock *is, oc_lock_change_fn *fn, void *ctx)
{
    size_t faults = 0;
    if (was->n)
        qsort(was->item, was->n, sizeof(*was->item), by_path);
    for (size_t i = 0, k = 0; i < was->n || k < is->n;) {
        int order = i == was->n ? 1 : k == is->n ? -1 : strcmp(was->item[i].path, is->item[k].path);
        if (order == 0 && strcmp(was->item[i].digest.sha256, is->item[k].digest.sha256) != 0) {
            fn(ctx, OC_LOCK_CHANGED, was->item[i].path);
            faults++;
        } else if (order != 0) {
            fn(ctx, order < 0 ? OC_LOCK_MISSING : OC_LOCK_ADDED,
               order < 0 ? was->item[i].path : is->item[k].path);
            faults++;
        }
        i += order <= 0;
        k += order >= 0;
    }
    return faults;
}
