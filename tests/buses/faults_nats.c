/* nats-server with JetStream under faults; it is killed with -9. */
#include <nats/nats.h>

#include "buses/harness.h"

static void command(const char **argv)
{
    static char       port[16];
    const char *const args[] = {"-a", "127.0.0.1", "-p", port, "-js", "-sd", hx.folder};
    snprintf(port, sizeof(port), "%d", hx.port);
    memcpy(argv, args, sizeof(args));
}

static size_t options(oc_bus_pair *pair)
{
    static char url[64];
    snprintf(url, sizeof(url), "nats://127.0.0.1:%d", hx.proxy_port);
    pair[0] = (oc_bus_pair){"url", url};
    pair[1] = (oc_bus_pair){"stream", "EVENTS"};
    return 2;
}

static bool collect(void)
{
    natsConnection   *nc = NULL;
    jsCtx            *js = NULL;
    natsSubscription *sub = NULL;
    jsErrCode         code = 0;
    jsSubOptions      so;
    char              url[64];
    jsSubOptions_Init(&so);
    so.Stream = "EVENTS";
    snprintf(url, sizeof(url), "nats://127.0.0.1:%d", hx.port);
    natsStatus rc = natsConnection_ConnectTo(&nc, url);
    if (rc == NATS_OK)
        rc = natsConnection_JetStream(&js, nc, NULL);
    if (rc == NATS_OK)
        rc = js_PullSubscribe(&sub, js, "ocellus.>", "reader", NULL, &so, &code);
    while (rc == NATS_OK) {
        natsMsgList list = {0};
        rc = natsSubscription_Fetch(&list, sub, 500, 1500, &code);
        for (int i = 0; i < list.Count; i++) {
            hx_received(natsMsg_GetData(list.Msgs[i]), (size_t)natsMsg_GetDataLength(list.Msgs[i]));
            natsMsg_Ack(list.Msgs[i], NULL);
        }
        natsMsgList_Destroy(&list);
    }
    natsSubscription_Destroy(sub);
    jsCtx_Destroy(js);
    natsConnection_Destroy(nc);
    if (rc != NATS_TIMEOUT)
        fprintf(stderr, "nats: %s\n", natsStatus_GetText(rc));
    return rc == NATS_TIMEOUT; /* nothing more comes */
}

static const hx_bus bus = {.kind = "nats",
                           .broker = "nats-server",
                           .proxied = true,
                           .kill_9 = true,
                           .command = command,
                           .options = options,
                           .collect = collect};

int main(int argc, char **argv)
{
    return hx_main(&bus, argc, argv);
}
