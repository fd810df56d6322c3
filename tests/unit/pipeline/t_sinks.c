/* `sinks:` of a pipeline file: what is read, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/config.h"
#include "pipeline/sinks_config.h"

#define HEAD "name: shop\ndetect: {network: yolox-nano}\nsinks:\n"

static oc_pipeline_config *read_config(const char *text, oc_error *err)
{
    oc_pipeline_config *c = NULL;
    (void)!oc_pipeline_config_memory("p.yaml", text, strlen(text), &c, err);
    return c;
}

static const char *pair(const oc_sink_config *s, const char *key)
{
    for (size_t i = 0; i < s->n_pairs; i++)
        if (strcmp(s->pair[i].key, key) == 0)
            return s->pair[i].value ? s->pair[i].value : "(secret)";
    return "";
}

static void reads(void **state)
{
    (void)state;
    oc_error            err = {0};
    oc_pipeline_config *c = read_config(
        HEAD "  - kind: mqtt\n    name: head\n    host: broker.example\n    port: 8883\n"
             "    tls: true\n    user: cart1\n    password_file: /run/pw\n    keepalive: 1min\n"
             "    types: [crossed, zone]\n    priority: {updated: high, crossed: low}\n"
             "    spool: {path: /var/x.db, bytes: 1048576, commit: 250ms}\n    drain: 5s\n"
             "  - kind: jsonl\n    path: out/e.jsonl\n    rotate_bytes: 1000000\n"
             "  - {kind: kafka, brokers: 'a:9092,b:9092', set: [linger.ms=5, acks=all]}\n",
        &err);
    if (!c)
        fail_msg("%s", err.message);
    const oc_sinks_config *s = c->sinks;
    assert_int_equal(s->n, 3);
    assert_int_equal(s->drain_ms, 5000);
    const oc_sink_config *m = &s->item[0];
    assert_string_equal(m->name, "head");
    assert_string_equal(pair(m, "host"), "broker.example");
    assert_string_equal(pair(m, "port"), "8883");
    assert_string_equal(pair(m, "tls"), "true");
    assert_string_equal(pair(m, "keepalive"), "60");
    assert_string_equal(pair(m, "password"), "(secret)");
    assert_int_equal(m->n_types, 2);
    assert_int_equal(m->n_ranks, 2);
    assert_int_equal(m->rank[1].priority, OC_PRIORITY_LOW);
    assert_string_equal(m->spool, "/var/x.db");
    assert_int_equal(m->o.spool_bytes, 1048576);
    assert_int_equal(m->o.commit_ms, 250);
    assert_string_equal(s->item[1].name, "jsonl");
    assert_string_equal(s->item[2].pair[2].value, "acks=all");
    oc_pipeline_config_destroy(c);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"  - kind: carrier_pigeon\n", "p.yaml:4:11: "},
        {"  - {kind: mqtt}\n", "host"},
        {"  - {kind: mqtt, host: h, prot: 1}\n", "port"},
        {"  - {kind: mqtt, host: h, port: 70000}\n", "port"},
        {"  - {kind: mqtt, host: h, version: '4'}\n", "'4' is none of 3.1.1|5"},
        {"  - {kind: mqtt, host: h, password: secret}\n",
         "does not belong into this file: say password_file or password_env"},
        {"  - {kind: mqtt, host: h, password_file: a, password_env: b}\n",
         "there is password_file already"},
        {"  - {kind: mqtt, host: h, brokers: b}\n", "brokers"},
        {"  - {kind: jsonl, path: a}\n  - {kind: jsonl, path: b}\n",
         "p.yaml:5:5: a sink named 'jsonl' is there already"},
        {"  - {kind: jsonl, path: a, spool: {bytes: 10}}\n", "bytes"},
        {"  - {kind: jsonl, path: a, spool: {byts: 100000}}\n", "bytes"},
        {"  - {kind: jsonl, path: a, priority: {zone: urgent}}\n", "urgent"},
        {"  - {kind: jsonl, path: a, tries: 0}\n", "tries"},
        {"  - {kind: jsonl, path: a, backoff: 0s}\n", "backoff"},
        {"  - {kind: jsonl, path: a, name: ''}\n", "not 1 to 64 bytes"},
        {"  - {kind: webhook, url: 'http://x/', header: {a: b}}\n", "header"},
        {"  - 17\n", "p.yaml:4:5"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char     text[500];
        oc_error err = {0};
        snprintf(text, sizeof(text), HEAD "%s", rows[i].text);
        oc_pipeline_config *c = read_config(text, &err);
        if (c || strncmp(err.message, "p.yaml:", 7) != 0 || !strstr(err.message, rows[i].words))
            fail_msg("%swant '%s', got '%s'", rows[i].text, rows[i].words, err.message);
    }
}

static void secrets(void **state)
{
    (void)state;
    oc_error            err = {0};
    oc_sinks           *sinks = NULL;
    oc_pipeline_config *c = read_config(
        HEAD "  - {kind: webhook, url: 'http://127.0.0.1:1/', secret_env: OC_TEST_SECRET}\n", &err);
    assert_non_null(c);
    unsetenv("OC_TEST_SECRET");
    assert_int_equal(oc_sinks_config_check(c->sinks, &err), OC_INVALID);
    assert_string_equal(err.message, "p.yaml:4:5: secret: the variable OC_TEST_SECRET is not set");
    assert_int_equal(oc_sinks_start(c->sinks, "shop", NULL, &sinks, &err), OC_INVALID);
    setenv("OC_TEST_SECRET", "s3cr3t", 1);
    assert_int_equal(oc_sinks_config_check(c->sinks, &err), OC_OK);
    oc_pipeline_config_destroy(c);

    char file[] = "/tmp/ocellus-secret-XXXXXX", *value = NULL;
    int  fd = mkstemp(file);
    assert_int_equal(write(fd, "pass word\nrest", 14), 14);
    close(fd);
    assert_int_equal(oc_sinks_secret(file, NULL, &value, &err), OC_OK);
    assert_string_equal(value, "pass word");
    free(value);
    assert_int_equal(truncate(file, 0), 0);
    assert_int_equal(oc_sinks_secret(file, NULL, &value, &err), OC_INVALID);
    unlink(file);
    assert_int_equal(oc_sinks_secret(file, NULL, &value, &err), OC_IO);
}

static void missing_plugin(void **state)
{
    (void)state;
    oc_error          err = {0};
    const oc_bus_ops *ops = NULL;
    /* this program looks beside itself, where there is none */
    assert_int_equal(oc_bus_ops_find("nats", &ops, &err), OC_UNSUPPORTED);
    assert_non_null(strstr(err.message, "the plug-in bus_nats.so is in none of"));
    assert_non_null(strstr(err.message, "install libnats-dev"));
    assert_int_equal(oc_bus_ops_find("pigeon", &ops, &err), OC_INVALID);
    oc_bus_ops whole, table = {.abi = 9, .struct_size = sizeof(table), .name = "x"};
    assert_int_equal(oc_bus_check("x.so", &table, &whole, &err), OC_UNSUPPORTED);
    assert_string_equal(err.message, "x.so: plug-in speaks abi 9, we speak 1");
    table.abi = OC_BUS_ABI;
    assert_int_equal(oc_bus_check("x.so", &table, &whole, &err), OC_UNSUPPORTED);
    assert_string_equal(err.message, "x.so: plug-in's table lacks 'open'");
    table.struct_size = 16;
    assert_int_equal(oc_bus_check("x.so", &table, &whole, &err), OC_UNSUPPORTED);
    assert_non_null(strstr(err.message, "table has 16 bytes"));
}

int main(void)
{
    setenv("OCELLUS_PLUGINS", "/nonexistent", 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(refuses),
                                       cmocka_unit_test(secrets), cmocka_unit_test(missing_plugin)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
