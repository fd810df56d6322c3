/* redis-server under faults, with its log written before it answers: it is killed with -9. */
#include <hiredis/hiredis.h>

#include "buses/harness.h"

static void command(const char **argv)
{
    static char       port[16];
    const char *const args[] = {"--port",       port,      "--bind",        "127.0.0.1",
                                "--dir",        hx.folder, "--save",        "",
                                "--appendonly", "yes",     "--appendfsync", "always"};
    snprintf(port, sizeof(port), "%d", hx.port);
    memcpy(argv, args, sizeof(args));
}

static size_t options(oc_bus_pair *pair)
{
    static char port[16];
    const char *ids = getenv("OC_REDIS_IDS");
    snprintf(port, sizeof(port), "%d", hx.proxy_port);
    pair[0] = (oc_bus_pair){"host", "127.0.0.1"};
    pair[1] = (oc_bus_pair){"port", port};
    pair[2] = (oc_bus_pair){"ids", ids ? ids : "auto"};
    return 3;
}

static const char *field(const redisReply *fields, const char *name, size_t *n)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (strcmp(fields->element[i]->str, name) == 0) {
            *n = fields->element[i + 1]->len;
            return fields->element[i + 1]->str;
        }
    *n = 0;
    return "";
}

/* Entries after `last`; gives back how many. */
static long read_some(redisContext *c, unsigned stream, char last[64])
{
    redisReply *r = redisCommand(c, "XRANGE ocellus:cart1:s%u (%s + COUNT 1000", stream, last);
    long        n = r && r->type == REDIS_REPLY_ARRAY ? (long)r->elements : -1;
    for (long i = 0; i < n; i++) {
        size_t            length;
        const redisReply *entry = r->element[i];
        const char       *body = field(entry->element[1], "event", &length);
        hx_received(body, length);
        snprintf(last, 64, "%s", entry->element[0]->str);
    }
    if (r)
        freeReplyObject(r);
    return n;
}

static bool collect(void)
{
    redisContext *c = redisConnect("127.0.0.1", hx.port);
    bool          ok = c && !c->err;
    for (unsigned s = 0; s < hx.streams && ok; s++) {
        char last[64] = "0";
        long n;
        while ((n = read_some(c, s, last)) > 0)
            ;
        ok = n == 0;
    }
    if (c)
        redisFree(c);
    return ok;
}

static const hx_bus bus = {.kind = "redis",
                           .broker = "redis-server",
                           .proxied = true,
                           .kill_9 = true,
                           .command = command,
                           .options = options,
                           .collect = collect};

int main(int argc, char **argv)
{
    return hx_main(&bus, argc, argv);
}
