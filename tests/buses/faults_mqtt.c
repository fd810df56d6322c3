/* mosquitto under faults.  Its messages in memory are saved when it is asked to end, not through
 * kill -9: it is restarted with SIGTERM. */
#include <mosquitto.h>

#include "buses/harness.h"

static struct mosquitto *reader;
static volatile bool     subscribed;

static void on_connect(struct mosquitto *m, void *ctx, int rc)
{
    (void)ctx;
    if (rc == 0)
        mosquitto_subscribe(m, NULL, "ocellus/cart1/+/zone", 1);
}

static void on_subscribe(struct mosquitto *m, void *ctx, int mid, int n, const int *qos)
{
    (void)m;
    (void)ctx;
    (void)mid;
    (void)n;
    (void)qos;
    subscribed = true;
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *msg)
{
    (void)m;
    (void)ctx;
    hx_received(msg->payload, (size_t)msg->payloadlen);
}

static void command(const char **argv)
{
    static char config[400];
    snprintf(config, sizeof(config), "%s/m.conf", hx.folder);
    hx_write_file("m.conf",
                  "listener %d 127.0.0.1\nallow_anonymous true\npersistence true\n"
                  "persistence_location %s/\nuser root\nmax_queued_messages 0\n"
                  "max_inflight_messages 1000\n",
                  hx.port, hx.folder);
    argv[0] = "-c";
    argv[1] = config;
}

static bool started(void)
{
    mosquitto_lib_init();
    reader = mosquitto_new("reader", false, NULL);
    mosquitto_connect_callback_set(reader, on_connect);
    mosquitto_subscribe_callback_set(reader, on_subscribe);
    mosquitto_message_callback_set(reader, on_message);
    mosquitto_reconnect_delay_set(reader, 1, 1, false);
    if (mosquitto_connect(reader, "127.0.0.1", hx.port, 60) != MOSQ_ERR_SUCCESS ||
        mosquitto_loop_start(reader) != MOSQ_ERR_SUCCESS)
        return false;
    for (int i = 0; i < 500 && !subscribed; i++)
        hx_sleep_ms(10);
    return subscribed;
}

static size_t options(oc_bus_pair *pair)
{
    static char port[16];
    snprintf(port, sizeof(port), "%d", hx.proxy_port);
    pair[0] = (oc_bus_pair){"host", "127.0.0.1"};
    pair[1] = (oc_bus_pair){"port", port};
    return 2;
}

static void finish(void)
{
    mosquitto_disconnect(reader);
    mosquitto_loop_stop(reader, true);
    mosquitto_destroy(reader);
}

static const hx_bus bus = {.kind = "mqtt",
                           .broker = "mosquitto",
                           .proxied = true,
                           .command = command,
                           .started = started,
                           .options = options,
                           .collect = hx_wait_for_all,
                           .finish = finish};

int main(int argc, char **argv)
{
    return hx_main(&bus, argc, argv);
}
