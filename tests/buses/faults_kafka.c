/* librdkafka's mock cluster under faults: brokers that go and come back, slow ones, errors in answer
 * to what was produced. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>

#include "buses/harness.h"

enum { PARTITIONS = 8, PRODUCE = 0 /* request type */ };

static rd_kafka_t              *holder, *reader;
static rd_kafka_mock_cluster_t *cluster;
static pthread_t                thread;
static volatile bool            stop;

static void *read_all(void *ctx)
{
    (void)ctx;
    while (!stop) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, 100);
        if (m && !m->err) {
            hx_received(m->payload, m->len);
        }
        if (m)
            rd_kafka_message_destroy(m);
    }
    return NULL;
}

static bool start_reader(void)
{
    char             why[300];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster), why,
                      sizeof(why));
    rd_kafka_conf_set(conf, "group.id", "reader", why, sizeof(why));
    rd_kafka_conf_set(conf, "log_level", "0", why, sizeof(why));
    rd_kafka_conf_set(conf, "reconnect.backoff.max.ms", "200", why, sizeof(why));
    reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!reader)
        return false;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
    for (int p = 0; p < PARTITIONS; p++)
        rd_kafka_topic_partition_list_add(list, "ocellus-events", p)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_poll_set_consumer(reader);
    rd_kafka_assign(reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    return pthread_create(&thread, NULL, read_all, NULL) == 0;
}

static bool start(void)
{
    char             why[300];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", why, sizeof(why));
    holder = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    cluster = holder ? rd_kafka_mock_cluster_new(holder, 3) : NULL;
    return cluster &&
           rd_kafka_mock_topic_create(cluster, "ocellus-events", PARTITIONS, 3) ==
               RD_KAFKA_RESP_ERR_NO_ERROR &&
           start_reader();
}

static size_t options(oc_bus_pair *pair)
{
    pair[0] = (oc_bus_pair){"brokers", rd_kafka_mock_cluster_bootstraps(cluster)};
    pair[1] = (oc_bus_pair){"set", "reconnect.backoff.max.ms=200"};
    pair[2] = (oc_bus_pair){"set", "retry.backoff.ms=20"};
    return 3;
}

static void calm(void)
{
    for (int b = 1; b <= 3; b++) {
        rd_kafka_mock_broker_set_up(cluster, b);
        rd_kafka_mock_broker_set_rtt(cluster, b, 0);
    }
    rd_kafka_mock_clear_request_errors(cluster, PRODUCE);
}

static void trouble(unsigned lot)
{
    int b = 1 + (int)(lot % 3);
    switch (lot / 3 % 4) {
    case 0: rd_kafka_mock_broker_set_down(cluster, b); break;
    case 1: rd_kafka_mock_broker_set_rtt(cluster, b, (int)(lot % 400)); break;
    case 2:
        rd_kafka_mock_push_request_errors(
            cluster, PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
        break;
    default: calm();
    }
}

static void finish(void)
{
    stop = true;
    pthread_join(thread, NULL);
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(holder);
}

static const hx_bus bus = {.kind = "kafka",
                           .start = start,
                           .options = options,
                           .trouble = trouble,
                           .calm = calm,
                           .collect = hx_wait_for_all,
                           .finish = finish};

int main(int argc, char **argv)
{
    return hx_main(&bus, argc, argv);
}
