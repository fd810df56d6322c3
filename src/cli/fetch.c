/* Fetching: mirror, npm, apt or URL; then the hash; then the converter where the card names one;
 * and only then a rename into the cache. */
#include "cli/fetch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/download.h"
#include "cli/files.h"
#include "cli/process.h"
#include "cli/untar.h"

static oc_status put(char *path, oc_error *err, const char *fmt, ...) OC_PRINTF(3, 4);

static oc_status put(char *path, oc_error *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(path, OC_PATH_MAX, fmt, ap);
    va_end(ap);
    return n >= 0 && n < OC_PATH_MAX ? OC_OK
                                     : OC_FAIL(err, OC_INVALID, "%.60s...: path too long", path);
}

/* Unfinished files live beside the cache, so that the last step is a rename. */
static oc_status make_work_folder(cli_fetcher *f, oc_error *err)
{
    char cache[OC_PATH_MAX];
    if (f->folder[0])
        return OC_OK;
    oc_status st = oc_store_cache("unfinished", cache, sizeof(cache), err);
    if (st == OC_OK)
        st = cli_make_folders(cache, err);
    if (st == OC_OK)
        st = put(f->folder, err, "%s/XXXXXX", cache);
    if (st == OC_OK && !mkdtemp(f->folder))
        st = OC_FAIL(err, OC_IO, "%s: %s", cache, strerror(errno));
    if (st != OC_OK)
        f->folder[0] = 0;
    return st;
}

void cli_fetcher_finish(cli_fetcher *f)
{
    for (size_t i = 0; i < f->n_archives; i++)
        unlink(f->archives[i].path);
    f->n_archives = 0;
    if (!f->folder[0])
        return;
    cli_remove_folder(f->folder);
    *strrchr(f->folder, '/') = 0;
    rmdir(f->folder); /* stays while another fetch has its folder in it */
    f->folder[0] = 0;
}

/* apt-get names the file itself: it gets a folder of its own. */
static oc_status apt_download(const char *package, const char *folder, char *path, oc_error *err)
{
    fprintf(stderr, "%s: apt-get download\n", package);
    oc_status st = cli_make_folders(folder, err);
    if (st == OC_OK)
        st = cli_run((const char *const[]){"apt-get", "-qq", "-o", "APT::Sandbox::User=root",
                                           "download", package, NULL},
                     folder, err);
    DIR           *dir = st == OC_OK ? opendir(folder) : NULL;
    struct dirent *e;
    path[0] = 0;
    while (dir && (e = readdir(dir))) {
        size_t n = strlen(e->d_name);
        if (n > 4 && strcmp(e->d_name + n - 4, ".deb") == 0)
            st = put(path, err, "%s/%s", folder, e->d_name);
    }
    if (dir)
        closedir(dir);
    if (st == OC_OK && !path[0])
        st = OC_FAIL(err, OC_IO, "apt-get download %s left no file", package);
    return st;
}

static oc_status open_package(cli_fetcher *f, const oc_card_source *s, const char **path,
                              oc_error *err)
{
    const char *version = s->version ? s->version : "";
    for (size_t i = 0; i < f->n_archives; i++) {
        cli_archive *a = &f->archives[i];
        if (a->origin == s->origin && !strcmp(a->package, s->package) &&
            !strcmp(a->version, version)) {
            *path = a->path;
            return OC_OK;
        }
    }
    if (f->n_archives == sizeof(f->archives) / sizeof(*f->archives))
        return OC_FAIL(err, OC_INVALID, "too many packages at once");
    cli_archive *a = &f->archives[f->n_archives];
    char         url[2048], folder[OC_PATH_MAX];
    a->origin = s->origin;
    snprintf(a->package, sizeof(a->package), "%s", s->package);
    snprintf(a->version, sizeof(a->version), "%s", version);
    oc_status st = put(folder, err, "%s/%zu", f->folder, f->n_archives);
    if (st == OC_OK && s->origin == OC_ORIGIN_APT) {
        st = apt_download(s->package, folder, a->path, err);
    } else if (st == OC_OK) {
        st = cli_npm_archive(s->package, s->version, url, sizeof(url), err);
        if (st == OC_OK)
            st = put(a->path, err, "%s.tgz", folder);
        if (st == OC_OK)
            st = cli_download(url, s->package, a->path, err);
    }
    if (st == OC_OK) {
        f->n_archives++;
        *path = a->path;
    }
    return st;
}

static oc_status unpack(const oc_card_source *s, const char *archive, cli_want *wants, size_t n,
                        oc_error *err)
{
    if (s->origin == OC_ORIGIN_NPM) { /* npm's archives have one folder on top */
        int fd = open(archive, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return OC_FAIL(err, OC_IO, "%s: %s", archive, strerror(errno));
        return cli_untar(fd, 1, wants, n, err);
    }
    int       fd;
    pid_t     pid;
    oc_error  end = {0};
    oc_status st = cli_start((const char *const[]){"dpkg-deb", "--fsys-tarfile", archive, NULL},
                             &fd, &pid, err);
    if (st != OC_OK)
        return st;
    st = cli_untar(fd, 0, wants, n, err);
    oc_status ended = cli_wait("dpkg-deb", pid, &end);
    if (ended == OC_NOT_FOUND && err) /* says more than the archive's missing beginning */
        *err = end;
    return ended == OC_NOT_FOUND ? ended : st;
}

/* One of the places where a mirror may have a file. */
static bool in_mirror(const cli_fetcher *f, const char *name, const char *file, char *path)
{
    static const char *const kinds[] = {"", "models/", "media/"};
    const char              *mirror = f->mirror ? f->mirror : getenv("OCELLUS_MIRROR");
    if (!mirror || !*mirror)
        return false;
    if (put(path, NULL, "%s/%s", mirror, file) == OC_OK && cli_exists(path))
        return true;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (put(path, NULL, "%s/%s%s/%s", mirror, kinds[i], name, file) == OC_OK &&
            cli_exists(path))
            return true;
    return false;
}

/* All members of `s` under their names into the work folder, from the mirror when it has them all. */
static oc_status gather(cli_fetcher *f, const oc_card_source *s, const char *name,
                        const char **from, oc_error *err)
{
    static const char *const origins[] = {"npm", "apt", "url"};
    char                     to[OC_CARD_MEMBERS_MAX][OC_PATH_MAX], mirror[OC_PATH_MAX];
    cli_want                 wants[OC_CARD_MEMBERS_MAX];
    size_t                   mirrored = 0;
    oc_status                st = OC_OK;
    for (size_t i = 0; st == OC_OK && i < s->n_members; i++) {
        st = put(to[i], err, "%s/%s", f->folder, s->members[i].file);
        wants[i] = (cli_want){.path = s->members[i].path, .to = to[i]};
        mirrored += in_mirror(f, name, s->members[i].file, mirror);
    }
    *from = origins[s->origin];
    if (st == OC_OK && mirrored == s->n_members) {
        *from = "mirror";
        for (size_t i = 0; st == OC_OK && i < s->n_members; i++)
            if (in_mirror(f, name, s->members[i].file, mirror))
                st = cli_copy(mirror, to[i], err);
    } else if (st == OC_OK && s->origin == OC_ORIGIN_URL) {
        st = cli_download(s->url, name, to[0], err);
    } else if (st == OC_OK) {
        const char *archive = NULL;
        st = open_package(f, s, &archive, err);
        if (st == OC_OK)
            st = unpack(s, archive, wants, s->n_members, err);
        for (size_t i = 0; st == OC_OK && i < s->n_members; i++)
            if (s->members[i].to)
                st = cli_cut(to[i], s->members[i].from, s->members[i].to, err);
    }
    for (size_t i = 0; st == OC_OK && i < s->n_members; i++)
        st = cli_check_sha256(to[i], s->members[i].sha256, err);
    return st;
}

/* The converter stands beside the program's data, or in the source tree. */
static oc_status find_converter(char *path, oc_error *err)
{
    char        program[OC_PATH_MAX - 64];
    const char *own = getenv("OCELLUS_TOOLS");
    ssize_t     n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[n > 0 ? n : 0] = 0;
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = 0;
    const char *const roots[] = {own && *own ? own : "tools", "tools"};
    for (size_t i = 0; i < 2; i++)
        if (put(path, err, "%s/tfjs2onnx.py", roots[i]) == OC_OK && cli_exists(path))
            return OC_OK;
    static const char *const beside[] = {"../tools", "../share/ocellus/tools", "../../tools"};
    for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++)
        if (put(path, err, "%s/%s/tfjs2onnx.py", program, beside[i]) == OC_OK && cli_exists(path))
            return OC_OK;
    return OC_FAIL(err, OC_NOT_FOUND,
                   "the converter tools/tfjs2onnx.py is not here "
                   "(OCELLUS_TOOLS may name its folder)");
}

/* Debian's python3 is the one that sees Debian's python3-onnx, whatever stands first on PATH. */
static const char *python(void)
{
    const char *own = getenv("OCELLUS_PYTHON");
    if (own && *own)
        return own;
    return cli_exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
}

static oc_status convert(cli_fetcher *f, const oc_card *card, oc_error *err)
{
    const oc_card_source *s = &card->source;
    char                  tool[OC_PATH_MAX], in[OC_PATH_MAX], out[OC_PATH_MAX];
    const char           *argv[8 + sizeof(s->options) / sizeof(*s->options)];
    size_t                n = 0;
    oc_status             st = find_converter(tool, err);
    if (st == OC_OK)
        st = put(in, err, "%s/%s", f->folder, s->members[0].file);
    if (st == OC_OK)
        st = put(out, err, "%s/%s", f->folder, s->file);
    if (st != OC_OK)
        return st;
    argv[n++] = python();
    argv[n++] = tool;
    argv[n++] = in;
    argv[n++] = out;
    for (size_t i = 0; i < s->n_options; i++)
        argv[n++] = s->options[i];
    argv[n] = NULL;
    fprintf(stderr, "%s: converting\n", card->name);
    st = cli_run(argv, NULL, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s: the converter needs python3 with onnx and numpy", card->name);
        return st;
    }
    return cli_check_sha256(out, s->sha256, err);
}

static oc_status move_in(cli_fetcher *f, const char *file, const char *folder, oc_error *err)
{
    char      from[OC_PATH_MAX], to[OC_PATH_MAX];
    oc_status st = put(from, err, "%s/%s", f->folder, file);
    if (st == OC_OK)
        st = put(to, err, "%s/%s", folder, file);
    return st == OC_OK ? cli_replace(from, to, err) : st;
}

oc_status cli_fetch_members(cli_fetcher *f, const oc_card_source *s, const char *name,
                            const char *folder, const char **from, oc_error *err)
{
    char   path[OC_PATH_MAX];
    size_t there = 0;
    for (size_t i = 0; !f->force && i < s->n_members; i++)
        there += put(path, NULL, "%s/%s", folder, s->members[i].file) == OC_OK &&
                 cli_check_sha256(path, s->members[i].sha256, NULL) == OC_OK;
    *from = "cache";
    if (there == s->n_members)
        return OC_OK;
    oc_status st = make_work_folder(f, err);
    if (st == OC_OK)
        st = gather(f, s, name, from, err);
    if (st == OC_OK)
        st = cli_make_folders(folder, err);
    for (size_t i = 0; st == OC_OK && i < s->n_members; i++)
        st = move_in(f, s->members[i].file, folder, err);
    return st;
}

/* A mirror may have the network itself: under its own name, or one the card lists. */
static bool model_in_mirror(const cli_fetcher *f, const oc_card *card, char *path)
{
    const oc_card_source *s = &card->source;
    if (in_mirror(f, card->name, s->file, path))
        return true;
    for (size_t i = 0; i < s->n_mirror; i++)
        if (in_mirror(f, card->name, s->mirror[i], path))
            return true;
    return false;
}

static oc_status fetch_converted(cli_fetcher *f, const oc_card *card, const char *folder,
                                 const char *path, const char **from, oc_error *err)
{
    const oc_card_source *s = &card->source;
    char                  found[OC_PATH_MAX], work[OC_PATH_MAX];
    *from = "cache";
    if (!f->force && cli_exists(path) && cli_check_sha256(path, s->sha256, NULL) == OC_OK)
        return OC_OK;
    oc_status st = make_work_folder(f, err);
    if (st == OC_OK)
        st = put(work, err, "%s/%s", f->folder, s->file);
    if (st == OC_OK && model_in_mirror(f, card, found)) {
        *from = "mirror";
        st = cli_copy(found, work, err);
        if (st == OC_OK)
            st = cli_check_sha256(work, s->sha256, err);
    } else if (st == OC_OK) {
        st = gather(f, s, card->name, from, err);
        if (st == OC_OK)
            st = convert(f, card, err);
    }
    if (st == OC_OK)
        st = cli_make_folders(folder, err);
    return st == OC_OK ? move_in(f, s->file, folder, err) : st;
}

oc_status cli_fetch_model(cli_fetcher *f, const oc_card *card, char *path, size_t path_bytes,
                          const char **from, oc_error *err)
{
    char      models[OC_PATH_MAX], folder[OC_PATH_MAX], whole[OC_PATH_MAX];
    oc_status st = oc_store_cache("models", models, sizeof(models), err);
    if (st == OC_OK)
        st = put(folder, err, "%s/%s", models, card->name);
    if (st == OC_OK)
        st = put(whole, err, "%s/%s", folder, card->source.file);
    if (st == OC_OK)
        st = card->source.convert
                 ? fetch_converted(f, card, folder, whole, from, err)
                 : cli_fetch_members(f, &card->source, card->name, folder, from, err);
    if (st == OC_OK && snprintf(path, path_bytes, "%s", whole) >= (int)path_bytes)
        st = OC_FAIL(err, OC_INVALID, "%.60s...: path too long", whole);
    if (st != OC_OK)
        oc_error_prefix(err, "%s", card->name);
    return st;
}
