/* Readings of recorded machines, of files that no kernel writes, of this machine, of a fake NVML. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/strbuf.h"
#include "observe/accelerators.h"
#include "observe/device.h"
#include "observe/exposition.h"
#include "observe/process.h"

static oc_strbuf read_tree(const char *name)
{
    oc_metrics      *m = NULL;
    oc_device_reader r;
    oc_strbuf        page = {0};
    char             root[512] = "";
    if (name)
        snprintf(root, sizeof(root), OC_SOURCE_DIR "/tests/observe/trees/%s", name);
    assert_int_equal(oc_metrics_create(&m, NULL), OC_OK);
    oc_device_reader_init(&r, m, root);
    r.hz = 100.0;
    assert_true(oc_metrics_on_collect(m, oc_device_reader_collect, &r));
    oc_exposition_write(m, OC_EXPOSITION_CLASSIC, &page);
    oc_strbuf_clear(&page);
    oc_exposition_write(m, OC_EXPOSITION_CLASSIC, &page); /* what was found once is found again */
    assert_false(page.failed);
    oc_metrics_destroy(m);
    return page;
}

static void has(const oc_strbuf *page, const char *line)
{
    char text[512];
    snprintf(text, sizeof(text), "\nocellus_%s\n", line);
    if (!strstr(page->data, text))
        fail_msg("not told: ocellus_%s", line);
}

static void lacks(const oc_strbuf *page, const char *part)
{
    if (strstr(page->data, part))
        fail_msg("told: %s", part);
}

static void a_small_board(void **state)
{
    (void)state;
    oc_strbuf page = read_tree("arm");
    has(&page, "device_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 101.52");
    has(&page, "device_cpu_seconds_total{cpu=\"0\",mode=\"steal\"} 0.03");
    has(&page, "device_cpu_seconds_total{cpu=\"3\",mode=\"idle\"} 4810");
    has(&page, "device_cpu_frequency_hertz{cpu=\"2\"} 1200000000");
    has(&page, "device_cpu_frequency_max_hertz{cpu=\"2\"} 1800000000");
    has(&page, "device_temperature_celsius{sensor=\"thermal_zone0:cpu-thermal\"} 80.642");
    has(&page,
        "device_temperature_trip_celsius{sensor=\"thermal_zone0:cpu-thermal\",kind=\"passive\"} 80");
    has(&page, "device_cooling_ratio{device=\"cooling_device0:cpufreq-cpu0\"} 0.5");
    has(&page, "device_throttled{cause=\"under_voltage\"} 1");
    has(&page, "device_throttled{cause=\"frequency_capped\"} 0");
    has(&page, "device_throttled{cause=\"throttled\"} 1");
    has(&page, "device_memory_bytes{kind=\"total\"} 3977314304");
    has(&page, "device_memory_bytes{kind=\"cached\"} 2150400000");
    has(&page, "device_pressure_seconds_total{resource=\"cpu\",kind=\"some\"} 123.456789");
    has(&page, "device_pressure_seconds_total{resource=\"memory\",kind=\"full\"} 0.0007");
    has(&page, "device_disk_read_bytes_total{disk=\"mmcblk0\"} 409600000");
    has(&page, "device_disk_written_bytes_total{disk=\"mmcblk0\"} 81920000");
    has(&page, "device_disk_busy_seconds_total{disk=\"mmcblk0\"} 61");
    lacks(&page, "mmcblk0p1");
    lacks(&page, "ram0");
    has(&page, "device_network_received_bytes_total{interface=\"eth0\"} 987654321");
    has(&page, "device_network_sent_bytes_total{interface=\"wlan0\"} 43");
    has(&page, "device_network_lost_packets_total{interface=\"eth0\",direction=\"in\"} 7");
    has(&page, "device_network_lost_packets_total{interface=\"eth0\",direction=\"out\"} 3");
    lacks(&page, "\"lo\"");
    assert_non_null(strstr(page.data, "filesystem_size_bytes{mount=\"/boot\"}"));
    lacks(&page, "mount=\"/proc\"");
    has(&page, "device_boot_timestamp_seconds 1795330000");
    oc_strbuf_finish(&page);
}

static void a_pc(void **state)
{
    (void)state;
    oc_strbuf page = read_tree("x86");
    has(&page, "device_temperature_celsius{sensor=\"hwmon1:coretemp:Package id 0\"} 71");
    has(&page, "device_temperature_celsius{sensor=\"hwmon1:coretemp:Core 0\"} -5");
    has(&page, "device_temperature_celsius{sensor=\"hwmon0:acpitz:temp1\"} 27.8");
    has(&page, "device_thermal_throttles_total{cpu=\"0\"} 12");
    has(&page, "device_cpu_seconds_total{cpu=\"1\",mode=\"steal\"} 0.07");
    lacks(&page, "device_throttled{");
    lacks(&page, "device_memory_bytes{");
    oc_strbuf_finish(&page);
}

static void nonsense_is_left_out(void **state)
{
    (void)state;
    oc_strbuf page = read_tree("odd");
    has(&page, "device_temperature_celsius{sensor=\"thermal_zone1:\"} 41");
    has(&page, "device_cpu_seconds_total{cpu=\"1\",mode=\"user\"} 0.12");
    lacks(&page, "mode=\"nice\"");
    lacks(&page, "thermal_zone0");
    lacks(&page, "ocellus_device_memory");
    lacks(&page, "ocellus_device_disk");
    lacks(&page, "ocellus_device_network");
    lacks(&page, "ocellus_device_cooling");
    lacks(&page, "ocellus_device_throttled");
    oc_strbuf_finish(&page);
    page = read_tree("there is no such tree");
    lacks(&page, "ocellus_device_cpu");
    oc_strbuf_finish(&page);
}

static void this_machine(void **state)
{
    (void)state;
    oc_strbuf page = read_tree(NULL);
    assert_non_null(
        strstr(page.data, "ocellus_device_cpu_seconds_total{cpu=\"0\",mode=\"user\"} "));
    assert_non_null(strstr(page.data, "ocellus_device_memory_bytes{kind=\"total\"} "));
    assert_non_null(strstr(page.data, "ocellus_device_filesystem_size_bytes{mount=\"/\"} "));
    oc_strbuf_finish(&page);

    oc_metrics       *m = NULL;
    oc_process_reader r;
    assert_int_equal(oc_metrics_create(&m, NULL), OC_OK);
    oc_process_reader_init(&r, m, NULL);
    oc_process_reader_collect(&r);
    assert_true(oc_series_value(r.rss) > 1e6);
    assert_true(oc_series_value(r.fds) >= 3 && oc_series_value(r.fds) < 200);
    assert_true(oc_series_value(r.threads) >= 1);
    double start = oc_series_value(oc_metrics_series(m, OC_M_PROCESS_START, NULL));
    double now = (double)oc_metrics_start_unix_ns(m) / 1e9;
    assert_true(start > now - 3600 && start < now + 5);
    oc_metrics_destroy(m);
}

static oc_strbuf accelerators(char *complaints, size_t bytes)
{
    oc_metrics     *m = NULL;
    oc_accelerators a;
    oc_strbuf       page = {0};
    assert_int_equal(oc_metrics_create(&m, NULL), OC_OK);
    oc_accelerators_init(&a, m, complaints, bytes);
    assert_true(oc_metrics_on_collect(m, oc_accelerators_collect, &a));
    oc_exposition_write(m, OC_EXPOSITION_CLASSIC, &page);
    oc_accelerators_finish(&a);
    oc_metrics_destroy(m);
    return page;
}

static void nvml(void **state)
{
    (void)state;
    char  complaints[512];
    void *fake = dlopen(OC_FAKE_NVML, RTLD_NOW); /* found again by its SONAME */
    assert_non_null(fake);
    oc_strbuf page = accelerators(complaints, sizeof(complaints));
    has(&page,
        "accelerator_info{device=\"nvml0\",driver=\"nvml\",name=\"Fake T0\",id=\"GPU-1234\"} 1");
    has(&page, "accelerator_utilization_ratio{device=\"nvml0\"} 0.37");
    has(&page, "accelerator_memory_bytes{device=\"nvml0\",kind=\"used\"} 1073741824");
    has(&page, "accelerator_temperature_celsius{device=\"nvml0\"} 66");
    has(&page, "accelerator_power_watts{device=\"nvml0\"} 31.5");
    has(&page, "accelerator_frequency_hertz{device=\"nvml0\"} 1395000000");
    has(&page, "accelerator_throttled{device=\"nvml0\",cause=\"heat\"} 1");
    has(&page, "accelerator_throttled{device=\"nvml0\",cause=\"power\"} 0");
    has(&page, "accelerator_info{device=\"nvml1\",driver=\"nvml\",name=\"Fake T1\",id=\"\"} 1");
    lacks(&page, "utilization_ratio{device=\"nvml1\"}"); /* not told is not zero */
    assert_string_equal(complaints, "");
    oc_strbuf_finish(&page);

    setenv("FAKE_NVML_NO_DRIVER", "1", 1);
    page = accelerators(complaints, sizeof(complaints));
    unsetenv("FAKE_NVML_NO_DRIVER");
    lacks(&page, "ocellus_accelerator");
    assert_non_null(strstr(complaints, "finds no driver"));
    oc_strbuf_finish(&page);
    dlclose(fake);
}

static void tables_of_plug_ins_are_checked(void **state)
{
    (void)state;
    oc_counters_ops t = oc_counters_nvml;
    assert_null(oc_counters_fault(&t));
    assert_non_null(oc_counters_fault(NULL));
    t.abi++;
    assert_non_null(oc_counters_fault(&t));
    t = oc_counters_nvml;
    t.struct_size = 8;
    assert_non_null(oc_counters_fault(&t));
    t = oc_counters_nvml;
    t.name = "Bad Name";
    assert_non_null(oc_counters_fault(&t));
    t = oc_counters_nvml;
    t.read = NULL;
    assert_non_null(oc_counters_fault(&t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_board),
        cmocka_unit_test(a_pc),
        cmocka_unit_test(nonsense_is_left_out),
        cmocka_unit_test(this_machine),
        cmocka_unit_test(nvml),
        cmocka_unit_test(tables_of_plug_ins_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
