/* What the tests of spools and sinks share: a scratch folder, messages, a bus of the test's own. */
#ifndef OC_TEST_SPOOL_TEST_H
#define OC_TEST_SPOOL_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "events/sink.h"

static char scratch[64], spool_path[100];

#define must(call)                                 \
    do {                                           \
        oc_error  e_ = {0}, *e = &e_;              \
        oc_status st_ = (call);                    \
        if (st_ != OC_OK)                          \
            fail_msg("%s: %s", #call, e_.message); \
        (void)e;                                   \
    } while (0)

static inline int make_scratch(void **state)
{
    (void)state;
    /* in memory where that can be had: what is tested of syncs is that they are asked for */
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(scratch, sizeof(scratch), "%s/ocellus-spool-XXXXXX", folder);
    if (!mkdtemp(scratch))
        return -1;
    snprintf(spool_path, sizeof(spool_path), "%s/s.db", scratch);
    return 0;
}

static inline int remove_scratch(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", scratch);
    return system(command);
}

static inline void forget_spool(void)
{
    static const char *const tails[] = {"", "-wal", "-journal", ".damaged", ".damaged-wal"};
    char                     path[128];
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", spool_path, tails[i]);
        unlink(path);
    }
}

static inline oc_spool *open_spool(uint64_t bytes_max, const oc_spool_tap *tap)
{
    const oc_spool_options o = {.bytes_max = bytes_max, .tap = tap};
    oc_spool              *s = NULL;
    must(oc_spool_open(spool_path, &o, &s, e));
    return s;
}

/* {"n":17,"fill":"xxx"} of about `bytes` bytes */
static inline size_t make_body(char *text, size_t bytes, uint64_t n)
{
    int    head = snprintf(text, 64, "{\"n\":%llu,\"fill\":\"", (unsigned long long)n);
    size_t at = (size_t)head;
    while (at + 2 < bytes)
        text[at] = (char)('a' + (at + n) % 26), at++;
    memcpy(text + at, "\"}", 3);
    return at + 2;
}

static inline uint64_t put_row(oc_spool *s, uint64_t n, oc_priority priority, size_t bytes)
{
    char          body[8192];
    uint64_t      number = 0;
    oc_spool_item item = {.priority = priority, .stream = "door", .type = "crossed", .body = body};
    item.n_body = make_body(body, bytes, n);
    must(oc_spool_put(s, &item, &number, e));
    return number;
}

static inline uint64_t body_number(const char *body)
{
    const char *at = strstr(body, "\"n\":");
    return at ? strtoull(at + 4, NULL, 10) : UINT64_MAX;
}

#define SEEN_MAX 20000
typedef struct seen {
    uint64_t n[SEEN_MAX], number[SEEN_MAX];
    int      priority[SEEN_MAX];
    size_t   count;
} seen;

static inline bool see_row(void *ctx, const oc_spool_item *item)
{
    seen *s = ctx;
    char  body[8192] = "", want[8192];
    assert_true(s->count < SEEN_MAX && item->n_body < sizeof(body));
    memcpy(body, item->body, item->n_body);
    s->n[s->count] = body_number(body);
    assert_int_equal(make_body(want, item->n_body, s->n[s->count]), item->n_body);
    assert_memory_equal(body, want, item->n_body);
    s->priority[s->count] = item->priority;
    s->number[s->count++] = item->number;
    return true;
}

static inline seen *look(oc_spool *s)
{
    static seen all;
    all.count = 0;
    must(oc_spool_each(s, 0, see_row, &all, e));
    return &all;
}

#endif
