/* The findings as an in-toto statement: what was measured, on what, where and when.
 *
 * A folder's hash is that of the lines "<sha256>  <path in it>\n" of its files, sorted by path, as
 * `sha256sum` prints them. */
#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/files.h"
#include "cli/gate.h"
#include "core/cpu.h"

#define DEPTH_MAX 16
#define PATH_BYTES 4096

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static oc_status hash_tree(const char *root, const char *inside, int depth, EVP_MD_CTX *ctx,
                           oc_error *err);

static oc_status hash_entry(const char *root, const char *inside, int depth, EVP_MD_CTX *ctx,
                            oc_error *err)
{
    char        path[PATH_BYTES], line[PATH_BYTES + 80], hex[65];
    struct stat about;
    if (snprintf(path, sizeof(path), "%s/%s", root, inside) >= (int)sizeof(path))
        return OC_FAIL(err, OC_INVALID, "%.60s...: the path is too long", path);
    if (stat(path, &about) != 0)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(about.st_mode))
        return hash_tree(root, inside, depth + 1, ctx, err);
    if (!S_ISREG(about.st_mode))
        return OC_FAIL(err, OC_INVALID, "%s: neither a file nor a folder", path);
    oc_status st = cli_sha256(path, hex, err);
    if (st != OC_OK)
        return st;
    int n = snprintf(line, sizeof(line), "%s  %s\n", hex, inside);
    return EVP_DigestUpdate(ctx, line, (size_t)n) ? OC_OK
                                                  : OC_FAIL(err, OC_UNSUPPORTED, "no SHA-256 here");
}

static oc_status hash_tree(const char *root, const char *inside, int depth, EVP_MD_CTX *ctx,
                           oc_error *err)
{
    struct dirent **names = NULL;
    char            path[PATH_BYTES];
    oc_status       st = OC_OK;
    if (depth > DEPTH_MAX)
        return OC_FAIL(err, OC_INVALID, "%s/%s: more than %d folders deep", root, inside,
                       DEPTH_MAX);
    if (snprintf(path, sizeof(path), "%s/%s", root, inside) >= (int)sizeof(path))
        return OC_FAIL(err, OC_INVALID, "%.60s...: the path is too long", path);
    int n = scandir(path, &names, visible, alphasort);
    if (n < 0)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    for (int i = 0; i < n && st == OC_OK; i++) {
        if (snprintf(path, sizeof(path), "%s%s%s", inside, *inside ? "/" : "", names[i]->d_name) >=
            (int)sizeof(path))
            st = OC_FAIL(err, OC_INVALID, "%.60s...: the path is too long", path);
        else
            st = hash_entry(root, path, depth, ctx, err);
    }
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return st;
}

static oc_status hash_folder(const char *path, char hex[65], oc_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned      n = 0;
    oc_status     st;
    EVP_MD_CTX   *ctx = EVP_MD_CTX_new();
    if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
        st = OC_FAIL(err, OC_UNSUPPORTED, "no SHA-256 here");
    else if ((st = hash_tree(path, "", 0, ctx, err)) == OC_OK &&
             !EVP_DigestFinal_ex(ctx, digest, &n))
        st = OC_FAIL(err, OC_UNSUPPORTED, "no SHA-256 here");
    for (unsigned i = 0; i < n && i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(ctx);
    return st;
}

static bool has(const json_t *list, const char *name)
{
    size_t  i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return true;
    }
    return false;
}

/* Adds {"name","digest"} of a file or folder, once. */
static oc_status add(json_t *list, const char *path, oc_error *err)
{
    char        hex[65];
    struct stat about;
    if (has(list, path))
        return OC_OK;
    if (stat(path, &about) != 0)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    oc_status st =
        S_ISDIR(about.st_mode) ? hash_folder(path, hex, err) : cli_sha256(path, hex, err);
    if (st == OC_OK && json_array_append_new(list, json_pack("{s:s, s:{s:s}}", "name", path,
                                                             "digest", "sha256", hex)) != 0)
        st = OC_FAIL(err, OC_INVALID, "%s: not a name that JSON can hold", path);
    return st;
}

static oc_status gather(const cli_gate_run *run, json_t *subjects, json_t *data, oc_error *err)
{
    oc_status st = add(data, run->path, err);
    for (size_t i = 0; i < run->gate.n && st == OC_OK; i++) {
        const oc_gate_check *c = &run->gate.check[i];
        const char *const    others[] = {c->result, c->baseline, c->golden};
        if (run->outcome[i].state == CLI_GATE_SKIPPED)
            continue;
        if (c->model)
            st = add(subjects, c->model, err);
        for (size_t k = 0; k < 3 && st == OC_OK; k++)
            st = others[k] ? add(data, others[k], err) : OC_OK;
        for (size_t k = 0; k < c->n_data && st == OC_OK; k++)
            st = add(data, c->data[k], err);
    }
    if (st == OC_OK && json_array_size(subjects) == 0)
        st = OC_FAIL(err, OC_INVALID,
                     "%s: no check names its model, so there is nothing to attest of", run->path);
    return st;
}

oc_status cli_gate_write_attestation(const cli_gate_run *run, const char *path, oc_error *err)
{
    char           when[32] = "", part[PATH_BYTES];
    time_t         now = time(NULL);
    struct tm      utc;
    struct utsname host = {0};
    json_t        *subjects = json_array(), *data = json_array(), *doc = NULL;
    oc_status      st = gather(run, subjects, data, err);
    if (gmtime_r(&now, &utc))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
    uname(&host);
    if (st == OC_OK && snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part))
        st = OC_FAIL(err, OC_INVALID, "%.60s...: the path is too long", path);
    if (st != OC_OK)
        goto out;
    doc = json_pack("{s:s, s:O, s:s, s:{s:s, s:b, s:s, s:{s:s, s:s, s:i, s:s}, s:s, s:O, s:o}}",
                    "_type", "https://in-toto.io/Statement/v1", "subject", subjects,
                    "predicateType", "urn:ocellus:gate:v1", "predicate", "gate", run->gate.name,
                    "passed", run->failed == 0, "finishedOn", when, "device", "class", run->device,
                    "isa", oc_isa_name(oc_cpu_isa()), "processors", (int)oc_cpu_count(), "system",
                    host.release, "program", "ocellus " OC_VERSION, "data", data, "checks",
                    cli_gate_checks_json(run));
    if (!doc || json_dump_file(doc, part, JSON_INDENT(1) | JSON_PRESERVE_ORDER) != 0) {
        remove(part);
        st = OC_FAIL(err, OC_IO, "%s: cannot be written", path);
    } else {
        st = cli_replace(part, path, err);
    }
out:
    json_decref(doc);
    json_decref(subjects);
    json_decref(data);
    return st;
}
