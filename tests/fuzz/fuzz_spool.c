/* A spool file that somebody else has written, cut or overwritten: it is looked at as `ocellus spool`
 * does, then used as a run does.  What is refused has a reason; a row that comes out is sound. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events/spool.h"
#include "fuzz.h"

static char path[100], folder[64];

static void clean(void)
{
    static const char *const tails[] = {"", "-wal", "-journal", ".damaged", ".damaged-wal"};
    char                     name[128];
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, tails[i]);
        unlink(name);
    }
}

static void leave(void)
{
    clean();
    rmdir(folder);
}

static void write_file(const uint8_t *data, size_t n)
{
    if (!*path) {
        snprintf(folder, sizeof(folder), "%s/ocellus-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (!mkdtemp(folder))
            abort();
        snprintf(path, sizeof(path), "%s/s.db", folder);
        atexit(leave);
    }
    clean();
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        abort();
    close(fd);
}

static bool see(void *ctx, const oc_spool_item *item)
{
    size_t *rows = ctx;
    if (!item->stream || !item->type || !item->body || item->n_body < 2 || item->body[0] != '{' ||
        item->n_body > OC_SPOOL_ITEM_MAX || (unsigned)item->priority >= OC_PRIORITIES)
        abort();
    return ++*rows < 10000;
}

static void must_say(oc_status st, const oc_error *err)
{
    if (st != OC_OK && (!err->message[0] || err->status != st))
        abort();
}

static void look_at(oc_spool *s, oc_error *err)
{
    size_t rows = 0, aside = 0;
    must_say(oc_spool_each(s, 0, see, &rows, err), err);
    must_say(oc_spool_each_aside(s, see, &aside, err), err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const oc_spool_options looking = {.look = true}, plain = {0};
    oc_spool              *s = NULL;
    oc_error               err = {0}, why = {0};
    write_file(data, n);
    oc_status st = oc_spool_open(path, &looking, &s, &err);
    must_say(st, &err);
    if (st == OC_OK)
        look_at(s, &err);
    oc_spool_close(s);
    s = NULL;
    st = oc_spool_open_anyway(path, &plain, &s, &why, &err);
    must_say(st, &err);
    if (st != OC_OK) /* an SQLite file that is no spool is left alone */
        return 0;
    const oc_spool_item item = {
        .priority = OC_PRIORITY_HIGH, .stream = "door", .type = "zone", .body = "{}", .n_body = 2};
    uint64_t number;
    look_at(s, &err);
    st = oc_spool_put(s, &item, &number, &err);
    if (st == OC_OK)
        st = oc_spool_commit(s, 0, &err);
    must_say(st, &err);
    oc_spool_close(s);
    return 0;
}
