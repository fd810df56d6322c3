/* kill -9 at any moment: a child puts events through a sink whose bus writes into a file, tells
 * what the sink calls durable, and is killed.  After each death, what was durable is in the spool
 * or was delivered, and at the end everything is, in order, duplicates recognisable by their ids. */
#include "spool_test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { PER_CHILD_MAX = 20000, IDS_MAX = 1 << 21 };

static char out_path[128];

/* ---- a bus that appends to a file, and every now and then answers late or not at all ---- */

struct oc_bus {
    int      fd;
    unsigned rounds;
};

static oc_status file_open(const oc_bus_options *o, oc_bus **out, oc_error *err)
{
    (void)o;
    (void)err;
    oc_bus *b = calloc(1, sizeof(*b));
    b->fd = open(out_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    *out = b;
    return OC_OK;
}

static oc_status file_deliver(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    bool   broken = ++b->rounds % 5 == 0;
    size_t n = broken ? r->n / 2 : r->n;
    for (size_t i = 0; i < n; i++) {
        char line[9000];
        int  length = snprintf(line, sizeof(line), "%s\n", r->message[i].body);
        if (write(b->fd, line, (size_t)length) != length)
            return OC_FAIL(err, OC_IO, "short write");
        r->fate[i] = broken ? OC_BUS_UNSURE : OC_BUS_TAKEN;
    }
    return broken ? OC_FAIL(err, OC_IO, "the line went dead") : OC_OK;
}

static void file_close(oc_bus *b)
{
    close(b->fd);
    free(b);
}

static const oc_bus_ops file_bus = {OC_BUS_ABI, sizeof(oc_bus_ops), "file", file_open, file_deliver,
                                    NULL,       file_close,         false};

/* ---- the child ---- */

static void child(int tell, uint64_t from)
{
    const oc_sink_options o = {.name = "kill",
                               .ops = &file_bus,
                               .spool = spool_path,
                               .commit_ms = 2,
                               .ack_ms = 10,
                               .in_flight = 64,
                               .backoff_ms = 1,
                               .backoff_max_ms = 2};
    oc_sink              *s = NULL;
    oc_error              err = {0};
    if (oc_sink_create(&o, &s, &err) != OC_OK) {
        fprintf(stderr, "%s\n", err.message);
        _exit(3);
    }
    for (uint64_t i = 0; i < PER_CHILD_MAX; i++) {
        char            body[400];
        oc_sink_message m = {.stream = "door", .type = "zone", .body = body};
        oc_sink_stats   stats;
        m.priority = (oc_priority)(i % 3);
        m.n_body = make_body(body, 200, from + i);
        if (!oc_sink_put(s, &m))
            break;
        if (i % 7 == 0)
            usleep(300);
        oc_sink_stats_get(s, &stats);
        if (stats.spool_resets)
            _exit(4);
        uint64_t durable = from + stats.stored; /* the first n, in order */
        if (write(tell, &durable, sizeof(durable)) != sizeof(durable))
            _exit(5);
    }
    for (;;)
        pause();
}

/* ---- the parent ---- */

static unsigned char *where; /* per event: 1 delivered, 2 in the spool */
static uint64_t       delivered, duplicates;

static void read_delivered(void)
{
    FILE    *f = fopen(out_path, "re");
    char     line[9000];
    uint64_t first_new = 0;
    delivered = duplicates = 0;
    memset(where, 0, IDS_MAX);
    if (!f)
        return;
    while (fgets(line, sizeof(line), f)) {
        uint64_t n = body_number(line);
        if (!strchr(line, '\n'))
            continue; /* killed within the write: was not taken */
        assert_true(n < IDS_MAX);
        if (where[n] & 1) {
            duplicates++;
            continue;
        }
        assert_true(n == 0 || n >= first_new); /* first arrivals are in order */
        first_new = n + 1;
        where[n] |= 1;
        delivered++;
    }
    fclose(f);
}

static bool mark(void *ctx, const oc_spool_item *item)
{
    char body[9000] = "";
    memcpy(body, item->body, item->n_body);
    uint64_t n = body_number(body);
    assert_true(n < IDS_MAX);
    assert_false(where[n] & 2);
    where[n] |= 2;
    *(uint64_t *)ctx += 1;
    return true;
}

static uint64_t run_and_kill(uint64_t from, unsigned us)
{
    int      pipes[2];
    uint64_t durable = from, told;
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(pipes[0]);
        child(pipes[1], from);
    }
    close(pipes[1]);
    struct timespec until, now;
    clock_gettime(CLOCK_MONOTONIC, &until);
    for (bool killed = false;;) {
        struct pollfd p = {.fd = pipes[0], .events = POLLIN};
        poll(&p, 1, 1);
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t passed =
            (now.tv_sec - until.tv_sec) * 1000000 + (now.tv_nsec - until.tv_nsec) / 1000;
        if (!killed && passed >= us) {
            kill(pid, SIGKILL);
            killed = true;
        }
        if (!(p.revents & (POLLIN | POLLHUP)))
            continue;
        if (read(pipes[0], &told, sizeof(told)) != sizeof(told))
            break;
        durable = told;
    }
    close(pipes[0]);
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status)); /* and not by itself */
    return durable;
}

static void killed(void **state)
{
    (void)state;
    const char *words = getenv("OC_LONG");
    int         kills = words && *words == '1' ? 200 : 25;
    uint64_t    next = 0, in_spool = 0;
    snprintf(out_path, sizeof(out_path), "%s/out.jsonl", scratch);
    where = calloc(IDS_MAX, 1);
    for (int k = 0; k < kills; k++) {
        uint64_t durable = run_and_kill(next, 2000 + (unsigned)(k * 7919 % 97) * 1500);
        in_spool = 0;
        read_delivered();
        oc_spool *s = open_spool(0, NULL);
        must(oc_spool_each(s, 0, mark, &in_spool, e));
        oc_spool_close(s);
        uint64_t last = 0;
        for (uint64_t n = 0; n < IDS_MAX; n++) {
            if (where[n])
                last = n + 1;
            if (n < durable && !where[n])
                fail_msg("kill %d: event %llu of %llu durable ones is nowhere", k,
                         (unsigned long long)n, (unsigned long long)durable);
        }
        /* what the child had put and not yet called durable may be there or not, but no hole */
        for (uint64_t n = 0; n < last; n++)
            assert_true(where[n]);
        next = last;
    }
    assert_true(next > (uint64_t)kills);
    print_message("%d kills: %llu events durable or delivered, none lost; %llu delivered, "
                  "%llu in the spool at the end, %llu arrived twice\n",
                  kills, (unsigned long long)next, (unsigned long long)delivered,
                  (unsigned long long)in_spool, (unsigned long long)duplicates);
    assert_true(delivered > 0);
    free(where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed)};
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
