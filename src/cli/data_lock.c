/* ocellus data lock: what a data set was, file by file, and whether it still is.
 *
 * PATH.lock.json has size, sha256 and md5 of each file, in the order of their paths, and one sha256 over
 * all: of the lines "<sha256>  <path>\n".  PATH.dvc is what `dvc add PATH` writes: a folder's md5 is that
 * of the list of its files, as JSON, with ".dir" behind it. */
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "data/lock.h"

typedef struct job {
    const char *path, *lock;
    bool        verify, dvc, json;
    char        lock_path[OC_DATA_PATH_MAX], dvc_path[OC_DATA_PATH_MAX];
} job;

static oc_status write_lock(const job *j, const oc_lock *l, oc_error *err)
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
        const oc_lock_entry *e = &l->item[i];
        fprintf(out.f, "%s\n{\"path\": ", i ? "," : "");
        oc_data_put_json(out.f, e->path);
        fprintf(out.f, ", \"bytes\": %llu, \"sha256\": \"%s\", \"md5\": \"%s\"}",
                (unsigned long long)e->digest.bytes, e->digest.sha256, e->digest.md5);
    }
    fputs("\n]\n}\n", out.f);
    return oc_data_out_close(&out, st, err);
}

static oc_status write_dvc(const job *j, const oc_lock *l, oc_error *err)
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
        oc_lock_put_ascii(out.f, base);
    else
        fputs(base, out.f);
    putc('\n', out.f);
    return oc_data_out_close(&out, st, err);
}

static void tell(void *ctx, oc_lock_change change, const char *path)
{
    static const char *const words[] = {"changed", "missing", "added  "};
    (void)ctx;
    printf("%s  %s\n", words[change], path);
}

static oc_status lock(const job *j, bool *same, oc_error *err)
{
    oc_lock   is = {0}, was = {0};
    oc_status st = OC_OK;
    *same = true;
    if (j->verify)
        st = oc_lock_read(j->lock_path, &was, err);
    if (st == OC_OK)
        st = oc_lock_look(j->path, &is, err);
    if (st == OC_OK && j->verify) {
        size_t faults = oc_lock_compare(&was, &is, tell, NULL);
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
    oc_lock_finish(&is);
    oc_lock_finish(&was);
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
