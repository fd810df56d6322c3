/* ocellus data lock: what a data set was, file by file, and whether it still is.
 *
 * PATH.lock.json has size, sha256 and md5 of each file, in the order of their paths, and one sha256 over
 * all: of the lines "<sha256>  <path>\n".  PATH.dvc is what `dvc add PATH` writes: a folder's md5 is that
 * of the list of its files, as JSON, with ".dir" behind it. */
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "data/digest.h"
#include "data/json_pull.h"

typedef struct job {
    const char *path, *lock;
    bool        verify, dvc, json;
    char        lock_path[OC_DATA_PATH_MAX], dvc_path[OC_DATA_PATH_MAX];
} job;

typedef struct entry {
    char     *path;
    oc_digest digest;
} entry;

typedef struct listing {
    entry    *item;
    size_t    n, cap;
    uint64_t  bytes;
    oc_digest all, dir; /* over the lines; over DVC's list */
} listing;

static void listing_finish(listing *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->item[i].path);
    free(l->item);
}

static oc_status add(listing *l, const char *path, const oc_digest *d, oc_error *err)
{
    if (l->n == l->cap) {
        size_t cap = l->cap * 2 + 256;
        entry *p = reallocarray(l->item, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "%zu files", cap);
        l->item = p;
        l->cap = cap;
    }
    l->item[l->n] = (entry){strdup(path), *d};
    l->bytes += d->bytes;
    return l->item[l->n].path ? (l->n++, OC_OK) : OC_FAIL(err, OC_NOMEM, "%s", path);
}

/* As Python's json.dumps: beyond ASCII in UTF-16 escapes. */
static void put_ascii(FILE *f, const char *text)
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

static oc_status sum_up(listing *l, oc_error *err)
{
    char     *lines = NULL, *list = NULL;
    size_t    n_lines = 0, n_list = 0;
    FILE     *a = open_memstream(&lines, &n_lines), *b = open_memstream(&list, &n_list);
    oc_status st = a && b ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu files", l->n);
    for (size_t i = 0; i < l->n && st == OC_OK; i++) {
        const entry *e = &l->item[i];
        fprintf(a, "%s  %s\n", e->digest.sha256, e->path);
        fprintf(b, "%s{\"md5\": \"%s\", \"relpath\": ", i ? ", " : "[", e->digest.md5);
        put_ascii(b, e->path);
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

static oc_status look(const job *j, listing *l, oc_error *err)
{
    oc_data_files f = {0};
    oc_status     st = oc_data_files_list(j->path, OC_DATA_HIDDEN, &f, err);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        char      path[OC_DATA_PATH_MAX];
        oc_digest d;
        if ((st = oc_data_path(path, f.folder, f.name[i], err)) == OC_OK &&
            (st = oc_digest_file(path, &d, err)) == OC_OK)
            st = add(l, f.name[i], &d, err);
    }
    oc_data_files_finish(&f);
    return st == OC_OK ? sum_up(l, err) : st;
}

/* ---- writing ---- */

static oc_status write_lock(const job *j, const listing *l, oc_error *err)
{
    oc_data_out out = {0};
    oc_status   st = oc_data_out_open(j->lock_path, &out, err);
    if (st != OC_OK)
        return st;
    fputs("{\n\"version\": 1,\n\"path\": ", out.f);
    oc_data_put_json(out.f, oc_data_base(j->path));
    fprintf(out.f, ",\n\"sha256\": \"%s\",\n\"bytes\": %llu,\n\"files\": [", l->all.sha256,
            (unsigned long long)l->bytes);
    for (size_t i = 0; i < l->n; i++) {
        const entry *e = &l->item[i];
        fprintf(out.f, "%s\n{\"path\": ", i ? "," : "");
        oc_data_put_json(out.f, e->path);
        fprintf(out.f, ", \"bytes\": %llu, \"sha256\": \"%s\", \"md5\": \"%s\"}",
                (unsigned long long)e->digest.bytes, e->digest.sha256, e->digest.md5);
    }
    fputs("\n]\n}\n", out.f);
    return oc_data_out_close(&out, st, err);
}

static oc_status write_dvc(const job *j, const listing *l, oc_error *err)
{
    oc_data_out out = {0};
    oc_status   st = oc_data_out_open(j->dvc_path, &out, err);
    if (st != OC_OK)
        return st;
    if (oc_data_is_folder(j->path))
        fprintf(out.f, "outs:\n- md5: %s.dir\n  size: %llu\n  nfiles: %zu\n", l->dir.md5,
                (unsigned long long)l->bytes, l->n);
    else
        fprintf(out.f, "outs:\n- md5: %s\n  size: %llu\n", l->item[0].digest.md5,
                (unsigned long long)l->bytes);
    fputs("  hash: md5\n  path: ", out.f);
    const char *base = oc_data_base(j->path);
    if (base[strspn(base, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._")])
        put_ascii(out.f, base);
    else
        fputs(base, out.f);
    putc('\n', out.f);
    return oc_data_out_close(&out, st, err);
}

/* ---- verifying ---- */

static oc_status read_entry(oc_json *k, listing *l, oc_error *err)
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
                 ? add(l, path, &d, err)
                 : OC_FAIL(err, OC_FORMAT, "line %llu: a file without path or sha256",
                           (unsigned long long)oc_json_line(k));
    free(path);
    return st;
}

static oc_status read_lock(const char *path, listing *l, oc_error *err)
{
    oc_json      *k = NULL;
    oc_json_token t = OC_JSON_END;
    bool          files = false;
    oc_status     st = oc_json_open(path, &k, err);
    if (st != OC_OK)
        return st;
    st = oc_json_expect(k, OC_JSON_OBJECT, "a lock", err);
    while (st == OC_OK && (st = oc_json_next(k, &t, err)) == OC_OK && t == OC_JSON_KEY) {
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
    return strcmp(((const entry *)a)->path, ((const entry *)b)->path);
}

static size_t compare(listing *was, const listing *is)
{
    size_t faults = 0;
    if (was->n)
        qsort(was->item, was->n, sizeof(*was->item), by_path);
    for (size_t i = 0, k = 0; i < was->n || k < is->n;) {
        int order = i == was->n ? 1 : k == is->n ? -1 : strcmp(was->item[i].path, is->item[k].path);
        if (order == 0 && strcmp(was->item[i].digest.sha256, is->item[k].digest.sha256) != 0) {
            printf("changed  %s\n", was->item[i].path);
            faults++;
        } else if (order != 0) {
            printf("%s  %s\n", order < 0 ? "missing" : "added  ",
                   order < 0 ? was->item[i].path : is->item[k].path);
            faults++;
        }
        i += order <= 0;
        k += order >= 0;
    }
    return faults;
}

static oc_status lock(const job *j, bool *same, oc_error *err)
{
    listing   is = {0}, was = {0};
    oc_status st = OC_OK;
    *same = true;
    if (j->verify)
        st = read_lock(j->lock_path, &was, err);
    if (st == OC_OK)
        st = look(j, &is, err);
    if (st == OC_OK && j->verify) {
        size_t faults = compare(&was, &is);
        *same = faults == 0;
        if (faults)
            fprintf(stderr, "ocellus data lock: %zu of %zu files are not what they were\n", faults,
                    was.n);
    } else if (st == OC_OK && (st = write_lock(j, &is, err)) == OC_OK && j->dvc) {
        st = write_dvc(j, &is, err);
    }
    if (st == OC_OK && *same)
        printf("%s  %s (%zu files, %llu bytes)\n", is.all.sha256, j->path, is.n,
               (unsigned long long)is.bytes);
    listing_finish(&is);
    listing_finish(&was);
    return st;
}

int cli_data_lock(int argc, char **argv)
{
    job              j = {.verify = false};
    const char      *pos[1];
    size_t           n_pos, n;
    oc_error         err = {0};
    bool             same = true;
    char             path[OC_DATA_PATH_MAX];
    const cli_option options[] = {
        {"--lock", 's', &j.lock, "F.json", "the manifest (PATH.lock.json)"},
        {"--verify", 'f', &j.verify, NULL, "compare with the manifest; exit 1 when files differ"},
        {"--dvc", 'f', &j.dvc, NULL, "write PATH.dvc too, as `dvc add` does"},
        {0}};
    const cli_command command = {
        "data lock",
        "PATH",
        "Writes down size and hashes of a file, or of every file below a folder, and one hash over all.",
        options,
        1,
        1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    snprintf(path, sizeof(path), "%.4000s", pos[0]);
    for (n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = 0;
    j.path = path;
    snprintf(j.lock_path, sizeof(j.lock_path), "%.4000s%s", j.lock ? j.lock : path,
             j.lock ? "" : ".lock.json");
    snprintf(j.dvc_path, sizeof(j.dvc_path), "%.4000s.dvc", path);
    if (lock(&j, &same, &err) != OC_OK)
        return cli_data_fail("data lock", &err);
    return same ? CLI_DONE : CLI_FAILED;
}
