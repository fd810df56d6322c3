#include "cli/eval_data.h"

#include <stdlib.h>
#include <string.h>

#include "data/file.h"
#include "data/lock.h"

cli_eval_data cli_measured;

static oc_status hash_one(const char *path, char sha256[65], size_t *files, oc_error *err)
{
    oc_lock   l = {.n = 0};
    oc_digest d = {.bytes = 0};
    oc_status st;
    if (!oc_data_is_folder(path)) {
        *files += 1;
        st = oc_digest_sha256(path, &d, err);
    } else if ((st = oc_lock_look(path, &l, err)) == OC_OK) {
        *files += l.n;
        d = l.all;
    }
    memcpy(sha256, d.sha256, sizeof(d.sha256));
    oc_lock_finish(&l);
    return st;
}

static oc_status hash_all(const char *const *truth, size_t n, oc_error *err)
{
    oc_lock   l = {.n = 0};
    oc_status st = OC_OK;
    if (n == 1)
        return hash_one(truth[0], cli_measured.sha256, &cli_measured.files, err);
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        oc_digest d = {.bytes = 0};
        if ((st = hash_one(truth[i], d.sha256, &cli_measured.files, err)) == OC_OK)
            st = oc_lock_add(&l, truth[i], &d, err);
    }
    if (st == OC_OK && (st = oc_lock_sum(&l, err)) == OC_OK)
        memcpy(cli_measured.sha256, l.all.sha256, sizeof(l.all.sha256));
    oc_lock_finish(&l);
    return st;
}

/* ---- a lock ---- */

/* `name` as the truth itself or the nearest folder around it; allocated, NULL: neither. */
static char *find_locked(const char *truth, const char *name)
{
    char *path = realpath(truth, NULL);
    for (char *slash; path && (slash = strrchr(path, '/')); *slash = 0)
        if (strcmp(slash + 1, name) == 0)
            return path;
    free(path);
    return NULL;
}

typedef struct first_change {
    oc_lock_change kind;
    char           path[256];
} first_change;

static void note(void *ctx, oc_lock_change change, const char *path)
{
    first_change *f = ctx;
    if (*f->path)
        return;
    f->kind = change;
    snprintf(f->path, sizeof(f->path), "%.250s", path);
}

static oc_status check_lock(const char *truth, oc_error *err)
{
    static const char *const words[] = {"was changed", "is missing", "was added"};
    const char              *file = cli_measured.lock;
    oc_lock                  was = {.n = 0}, is = {.n = 0};
    first_change             first = {.path = ""};
    char                    *path = NULL;
    oc_status                st = oc_lock_read(file, &was, err);
    if (st == OC_OK && !(path = find_locked(truth, was.path ? was.path : "")))
        st = OC_FAIL(err, OC_INVALID, "%s: a lock of '%.200s', which %s is not and does not lie in",
                     file, was.path ? was.path : "", truth);
    if (st == OC_OK && (st = oc_lock_look(path, &is, err)) == OC_OK) {
        size_t changes = oc_lock_compare(&was, &is, note, &first);
        if (changes)
            st = OC_FAIL(err, OC_INVALID, "%s: %zu of %zu files are not what they were: %s %s",
                         file, changes, was.n, first.path, words[first.kind]);
    }
    if (st == OC_OK) {
        memcpy(cli_measured.sha256, is.all.sha256, sizeof(is.all.sha256));
        cli_measured.files = is.n;
    }
    free(path);
    oc_lock_finish(&was);
    oc_lock_finish(&is);
    return st;
}

oc_status cli_eval_data_read(const char *const *truth, size_t n, bool json, oc_error *err)
{
    if (cli_measured.lock)
        return check_lock(truth[0], err);
    return json && !cli_measured.no_hash ? hash_all(truth, n, err) : OC_OK;
}

void cli_eval_data_end(void)
{
    if (*cli_measured.sha256) {
        printf(",\"data\":{\"sha256\":\"%s\",\"files\":%zu", cli_measured.sha256,
               cli_measured.files);
        if (cli_measured.lock) {
            printf(",\"lock\":");
            cli_json_text(stdout, cli_measured.lock);
        }
        printf("}");
    }
    printf("}\n");
}
