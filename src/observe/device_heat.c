/* Heat: thermal zones and their trip points, hwmon, cooling devices, what firmware says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/device.h"

#define NAME_BYTES 64
#define TRIPS_MAX 16
#define SENSORS_MAX 16

/* A small file as one word's label. */
static bool label(const oc_device_reader *r, char *out, const char *folder, const char *name,
                  const char *file)
{
    if (!oc_tree_read(&r->tree, out, NAME_BYTES, "%s/%s/%s", folder, name, file))
        return false;
    out[strcspn(out, "\n")] = '\0';
    return *out != '\0';
}

static void trips(const oc_device_reader *r, const char *folder, const char *zone,
                  const char *sensor)
{
    for (int i = 0; i < TRIPS_MAX; i++) {
        char   file[32], kind[NAME_BYTES];
        double milli;
        snprintf(file, sizeof(file), "trip_point_%d_type", i);
        if (!label(r, kind, folder, zone, file))
            return;
        if (oc_tree_number(&r->tree, &milli, "%s/%s/trip_point_%d_temp", folder, zone, i) &&
            strcmp(kind, "active") != 0) /* where fans start says nothing of slowing */
            oc_series_set(oc_device_series(r, OC_M_DEVICE_TRIP, sensor, kind), milli / 1e3);
    }
}

static void zone(void *ctx, const char *name)
{
    static const char       folder[] = "/sys/class/thermal";
    const oc_device_reader *r = ctx;
    char                    type[NAME_BYTES], sensor[2 * NAME_BYTES];
    double                  milli;
    if (strlen(name) >= NAME_BYTES || !oc_tree_number(&r->tree, &milli, "%s/%s/temp", folder, name))
        return;
    if (!label(r, type, folder, name, "type"))
        type[0] = '\0';
    snprintf(sensor, sizeof(sensor), "%s:%s", name, type);
    oc_series_set(oc_device_series(r, OC_M_DEVICE_TEMPERATURE, sensor, NULL), milli / 1e3);
    trips(r, folder, name, sensor);
}

static void cooling(void *ctx, const char *name)
{
    static const char       folder[] = "/sys/class/thermal";
    const oc_device_reader *r = ctx;
    char                    type[NAME_BYTES], device[2 * NAME_BYTES];
    double                  now, most;
    if (strlen(name) >= NAME_BYTES ||
        !oc_tree_number(&r->tree, &now, "%s/%s/cur_state", folder, name) ||
        !oc_tree_number(&r->tree, &most, "%s/%s/max_state", folder, name) || !(most > 0.0))
        return;
    if (!label(r, type, folder, name, "type"))
        type[0] = '\0';
    snprintf(device, sizeof(device), "%s:%s", name, type);
    oc_series_set(oc_device_series(r, OC_M_DEVICE_COOLING, device, NULL), now / most);
}

static void chip(void *ctx, const char *name)
{
    static const char       folder[] = "/sys/class/hwmon";
    const oc_device_reader *r = ctx;
    char                    type[NAME_BYTES], place[NAME_BYTES], sensor[3 * NAME_BYTES], file[32];
    double                  milli;
    if (strlen(name) >= NAME_BYTES || !label(r, type, folder, name, "name"))
        return;
    for (int i = 1; i <= SENSORS_MAX; i++) {
        if (!oc_tree_number(&r->tree, &milli, "%s/%s/temp%d_input", folder, name, i))
            continue;
        snprintf(file, sizeof(file), "temp%d_label", i);
        if (!label(r, place, folder, name, file))
            snprintf(place, sizeof(place), "temp%d", i);
        snprintf(sensor, sizeof(sensor), "%s:%s:%s", name, type, place);
        oc_series_set(oc_device_series(r, OC_M_DEVICE_TEMPERATURE, sensor, NULL), milli / 1e3);
    }
}

static void firmware(const oc_device_reader *r)
{
    static const char *const causes[] = {"under_voltage", "frequency_capped", "throttled",
                                         "soft_temperature"}; /* bits 0 to 3: now */
    char                     text[32], *end;
    if (!oc_tree_read(&r->tree, text, sizeof(text),
                      "/sys/devices/platform/soc/soc:firmware/get_throttled"))
        return;
    unsigned long bits = strtoul(text, &end, 16);
    if (end == text)
        return;
    for (unsigned i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        oc_series_set(oc_device_series(r, OC_M_DEVICE_THROTTLED, causes[i], NULL), bits >> i & 1);
}

void oc_device_heat(const oc_device_reader *r)
{
    void *ctx = (void *)(uintptr_t)r; /* the callbacks read it only */
    oc_tree_list(&r->tree, "/sys/class/thermal", "thermal_zone", zone, ctx);
    oc_tree_list(&r->tree, "/sys/class/thermal", "cooling_device", cooling, ctx);
    oc_tree_list(&r->tree, "/sys/class/hwmon", "hwmon", chip, ctx);
    firmware(r);
}
