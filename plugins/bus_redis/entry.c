/* Redis streams through hiredis: a round is one transaction of XADDs, so that a server that is full
 * or read-only takes all of it or nothing, and order holds.
 *
 * Fields of an entry: id, type, stream, event (the JSON).  With `ids: number` the entry's id is our
 * number, which the server only accepts in rising order: what it has already it refuses, and that
 * counts as taken once its newest entry shows to be of the same spool. */
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <pthread.h>

#include "ocellus/bus_plugin.h"

#define KEY_BYTES 1024
#define FORBIDDEN ":"
#define ELEMENTS_MAX 100000    /* of an answer: room for them is made before they come */
#define ANSWER_MAX (64u << 20) /* bytes of an answer that is not whole yet */

struct oc_bus {
    const oc_bus_options *o;
    redisContext         *c;
    const char           *host, *root, *pattern;
    int                   port;
    int64_t               maxlen;
    bool                  numbers;
};

/* hiredis believes a server that speaks of a thousand million elements. */
#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

static void *(*make_array)(const redisReadTask *, element_count);
static redisReplyObjectFunctions limited;

static void *make_limited_array(const redisReadTask *task, element_count n)
{
    return n > ELEMENTS_MAX ? NULL : make_array(task, n);
}

static void limit_answers(redisContext *c)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (!make_array) {
        make_array = c->reader->fn->createArray;
        limited = *c->reader->fn;
        limited.createArray = make_limited_array;
    }
    pthread_mutex_unlock(&lock);
    c->reader->fn = &limited;
}

static void forget(oc_bus *b)
{
    if (b->c)
        redisFree(b->c);
    b->c = NULL;
}

static oc_status failed(oc_bus *b, const char *words, oc_error *err)
{
    return OC_BUS_FAIL(err, OC_IO, "%s:%d: %.200s", b->host, b->port, words);
}

/* ---- bytes in and out, never longer than the time allows ---- */

static oc_status wait_for(oc_bus *b, short what, uint64_t until, oc_error *err)
{
    for (;;) {
        struct pollfd p = {.fd = b->c->fd, .events = what};
        int           n = poll(&p, 1, 50);
        if (n > 0)
            return OC_OK;
        if (n < 0 && errno != EINTR)
            return failed(b, strerror(errno), err);
        if (oc_bus_cancelled(b->o) || oc_bus_now_ms() > until)
            return failed(b, "no answer in time", err);
    }
}

/* As long as bytes go, however slowly. */
static oc_status send_all(oc_bus *b, oc_error *err)
{
    for (int done = 0; !done;) {
        oc_status st = wait_for(b, POLLOUT, oc_bus_now_ms() + b->o->timeout_ms, err);
        if (st != OC_OK)
            return st;
        if (redisBufferWrite(b->c, &done) != REDIS_OK)
            return failed(b, b->c->errstr, err);
    }
    return OC_OK;
}

/* The caller frees. */
static oc_status next_reply(oc_bus *b, redisReply **out, oc_error *err)
{
    uint64_t until = oc_bus_now_ms() + b->o->timeout_ms;
    void    *reply = NULL;
    for (;;) {
        if (redisGetReplyFromReader(b->c, &reply) != REDIS_OK)
            return failed(b, b->c->errstr, err);
        if (reply)
            break;
        if (b->c->reader->len > ANSWER_MAX)
            return failed(b, "an answer of more than 64 MB", err);
        oc_status st = wait_for(b, POLLIN, until, err);
        if (st != OC_OK)
            return st;
        if (redisBufferRead(b->c) != REDIS_OK)
            return failed(b, b->c->errstr, err);
    }
    *out = reply;
    return OC_OK;
}

static oc_status command(oc_bus *b, int argc, const char **argv, redisReply **out, oc_error *err)
{
    oc_status st;
    if (redisAppendCommandArgv(b->c, argc, argv, NULL) != REDIS_OK)
        return failed(b, b->c->errstr, err);
    if ((st = send_all(b, err)) != OC_OK)
        return st;
    return next_reply(b, out, err);
}

/* A command whose answer must be OK. */
static oc_status must_ok(oc_bus *b, int argc, const char **argv, oc_error *err)
{
    redisReply *reply = NULL;
    oc_status   st = command(b, argc, argv, &reply, err);
    if (st == OC_OK && (reply->type != REDIS_REPLY_STATUS || strcmp(reply->str, "OK") != 0))
        st = OC_BUS_FAIL(err, OC_IO, "%s:%d: %s: %.200s", b->host, b->port, argv[0],
                         reply->type == REDIS_REPLY_ERROR ? reply->str : "answer makes no sense");
    if (reply)
        freeReplyObject(reply);
    return st;
}

static oc_status connect_now(oc_bus *b, oc_error *err)
{
    const char    *user = oc_bus_option_text(b->o, "user", NULL);
    const char    *password = oc_bus_option_text(b->o, "password", NULL);
    const char    *database = oc_bus_option_text(b->o, "database", "0");
    uint32_t       ms = b->o->timeout_ms < 3000 ? b->o->timeout_ms : 3000;
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};
    oc_status      st = OC_OK;
    if (b->c)
        return OC_OK;
    b->c = redisConnectWithTimeout(b->host, b->port, time);
    if (!b->c || b->c->err) {
        st = failed(b, b->c ? b->c->errstr : "out of memory", err);
        forget(b);
        return st;
    }
    limit_answers(b->c);
    /* a server that reads nothing must not hold a write of ours for ever */
    int flags = fcntl(b->c->fd, F_GETFL);
    if (flags < 0 || fcntl(b->c->fd, F_SETFL, flags | O_NONBLOCK) != 0)
        st = failed(b, strerror(errno), err);
    b->c->flags &= ~REDIS_BLOCK;
    if (st == OC_OK && password) {
        const char *with[] = {"AUTH", user, password}, *without[] = {"AUTH", password};
        st = must_ok(b, user ? 3 : 2, user ? with : without, err);
    }
    if (st == OC_OK && strcmp(database, "0") != 0) {
        const char *select[] = {"SELECT", database};
        st = must_ok(b, 2, select, err);
    }
    if (st != OC_OK)
        forget(b);
    return st;
}

/* ---- rounds ---- */

static size_t key_of(const oc_bus *b, const oc_bus_message *m, char key[KEY_BYTES])
{
    return oc_bus_topic(key, KEY_BYTES, b->pattern, b->root, b->o->device, m->stream, m->type,
                        FORBIDDEN);
}

static int append(oc_bus *b, const oc_bus_message *m, const char *key)
{
    char        most[32], id[32];
    const char *argv[16] = {"XADD", key};
    size_t      n[16] = {4, strlen(key)};
    int         argc = 2;
#define ARG(text) (argv[argc] = (text), n[argc] = strlen(argv[argc]), argc++)
    if (b->maxlen > 0) {
        snprintf(most, sizeof(most), "%lld", (long long)b->maxlen);
        ARG("MAXLEN");
        ARG("~");
        ARG(most);
    }
    snprintf(id, sizeof(id), "%llu-0", (unsigned long long)m->number);
    ARG(b->numbers ? id : "*");
    ARG("id");
    ARG(m->id);
    ARG("type");
    ARG(m->type);
    ARG("stream");
    ARG(m->stream);
    ARG("event");
    argv[argc] = m->body;
    n[argc++] = m->n_body;
#undef ARG
    return redisAppendCommandArgv(b->c, argc, argv, n);
}

/* How the newest entry of a key relates to this message: the same spool's, and not older. */
static bool is_there(oc_bus *b, const oc_bus_message *m, oc_error *err)
{
    char        key[KEY_BYTES];
    redisReply *r = NULL;
    bool        there = false;
    (void)key_of(b, m, key);
    const char *argv[] = {"XREVRANGE", key, "+", "-", "COUNT", "1"};
    if (command(b, 6, argv, &r, err) != OC_OK)
        return false;
    if (r->type == REDIS_REPLY_ARRAY && r->elements == 1 &&
        r->element[0]->type == REDIS_REPLY_ARRAY && r->element[0]->elements == 2) {
        const redisReply *entry = r->element[0]->element[0], *fields = r->element[0]->element[1];
        there = entry->type == REDIS_REPLY_STRING && strtoull(entry->str, NULL, 10) >= m->number &&
                fields->type == REDIS_REPLY_ARRAY && fields->elements >= 2 &&
                fields->element[1]->type == REDIS_REPLY_STRING &&
                strncmp(fields->element[1]->str, b->o->identity, strlen(b->o->identity)) == 0;
    }
    freeReplyObject(r);
    return there;
}

static oc_status judge_entry(oc_bus *b, const oc_bus_message *m, const redisReply *r, uint8_t *fate,
                             oc_error *err)
{
    if (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS) {
        *fate = strchr(r->str, '-') ? OC_BUS_TAKEN : OC_BUS_UNSURE;
        return *fate == OC_BUS_TAKEN ? OC_OK : failed(b, "XADD: answer makes no sense", err);
    }
    if (r->type != REDIS_REPLY_ERROR)
        return failed(b, "XADD: answer makes no sense", err);
    if (b->numbers && m->again && strstr(r->str, "equal or smaller") && is_there(b, m, err)) {
        *fate = OC_BUS_TAKEN;
        return OC_OK;
    }
    *fate = OC_BUS_REFUSED;
    (void)failed(b, r->str, err);
    return b->c->err ? OC_IO : OC_OK;
}

static oc_status read_answers(oc_bus *b, oc_bus_round *r, const size_t *sent, size_t n,
                              oc_error *err)
{
    redisReply *reply = NULL;
    oc_status   st = OC_OK;
    char        words[200] = "";
    for (size_t i = 0; i < n + 1 && st == OC_OK; i++) { /* MULTI, and QUEUED for each */
        if ((st = next_reply(b, &reply, err)) != OC_OK)
            return st;
        if (reply->type == REDIS_REPLY_ERROR && !words[0])
            snprintf(words, sizeof(words), "%.199s", reply->str);
        else if (reply->type != REDIS_REPLY_STATUS && reply->type != REDIS_REPLY_ERROR)
            st = failed(b, "answer to a transaction makes no sense", err);
        freeReplyObject(reply);
    }
    if (st != OC_OK || (st = next_reply(b, &reply, err)) != OC_OK)
        return st;
    if (reply->type == REDIS_REPLY_ERROR) { /* nothing of it was done */
        st = failed(b, words[0] ? words : reply->str, err);
        for (size_t i = 0; i < n; i++)
            r->fate[sent[i]] = OC_BUS_UNSENT;
    } else if (reply->type != REDIS_REPLY_ARRAY || reply->elements != n) {
        st = failed(b, "EXEC: answer makes no sense", err);
    }
    for (size_t i = 0; i < n && st == OC_OK; i++)
        st = judge_entry(b, &r->message[sent[i]], reply->element[i], &r->fate[sent[i]], err);
    freeReplyObject(reply);
    return st;
}

static oc_status transact(oc_bus *b, oc_bus_round *r, size_t *sent, oc_error *err)
{
    size_t n = 0;
    int    rc = redisAppendCommand(b->c, "MULTI");
    for (size_t i = 0; i < r->n && rc == REDIS_OK; i++) {
        char   key[KEY_BYTES];
        size_t n_key = key_of(b, &r->message[i], key);
        if (n_key >= sizeof(key)) {
            r->fate[i] = OC_BUS_NEVER;
            (void)OC_BUS_FAIL(err, OC_INVALID, "key of %zu bytes, at most %d", n_key,
                              KEY_BYTES - 1);
            continue;
        }
        rc = append(b, &r->message[i], key);
        sent[n++] = i;
    }
    if (rc == REDIS_OK)
        rc = redisAppendCommand(b->c, "EXEC");
    if (rc != REDIS_OK)
        return failed(b, b->c->errstr, err);
    for (size_t i = 0; i < n; i++)
        r->fate[sent[i]] = OC_BUS_UNSURE;
    oc_status st = send_all(b, err);
    return st == OC_OK ? read_answers(b, r, sent, n, err) : st;
}

static oc_status redis_deliver(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    oc_status st = connect_now(b, err);
    if (st != OC_OK)
        return st;
    size_t *sent = calloc(r->n, sizeof(*sent));
    st = sent ? transact(b, r, sent, err) : OC_BUS_FAIL(err, OC_NOMEM, "out of memory");
    free(sent);
    if (st != OC_OK)
        forget(b);
    return st;
}

static void redis_close(oc_bus *b)
{
    forget(b);
    free(b);
}

static oc_status redis_open(const oc_bus_options *o, oc_bus **out, oc_error *err)
{
    char    key[KEY_BYTES];
    oc_bus *b = calloc(1, sizeof(*b));
    if (!b)
        return OC_BUS_FAIL(err, OC_NOMEM, "out of memory");
    *b = (oc_bus){.o = o,
                  .host = oc_bus_option_text(o, "host", ""),
                  .port = (int)oc_bus_option_int(o, "port", 6379),
                  .root = oc_bus_option_text(o, "root", "ocellus"),
                  .pattern = oc_bus_option_text(o, "stream_key", "{root}:{device}:{stream}"),
                  .maxlen = oc_bus_option_int(o, "maxlen", 1000000),
                  .numbers = strcmp(oc_bus_option_text(o, "ids", "auto"), "number") == 0};
    size_t    n = oc_bus_topic(key, sizeof(key), b->pattern, b->root, o->device, "s", "t", "");
    oc_status st = OC_OK;
    if (!*b->host)
        st = OC_BUS_FAIL(err, OC_INVALID, "host: is empty");
    else if (n == SIZE_MAX)
        st = OC_BUS_FAIL(err, OC_INVALID,
                         "stream_key: only {root}, {device}, {stream} and {type} "
                         "stand in braces");
    else if (n == 0 || n > KEY_BYTES / 2)
        st = OC_BUS_FAIL(err, OC_INVALID, "stream_key: %zu bytes long, 1 to %d", n, KEY_BYTES / 2);
    if (st != OC_OK) {
        free(b);
        return st;
    }
    *out = b;
    return OC_OK;
}

static const oc_bus_ops table = {
    .abi = OC_BUS_ABI,
    .struct_size = sizeof(oc_bus_ops),
    .name = "redis",
    .open = redis_open,
    .deliver = redis_deliver,
    .close = redis_close,
};

OC_API const oc_bus_ops *oc_bus_entry(void);

const oc_bus_ops *oc_bus_entry(void)
{
    return &table;
}
