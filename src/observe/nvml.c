/* NVIDIA's management library by its C interface.      Source: NVML API Reference, r535. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/accelerators.h"

typedef struct nvml_device *nvml_handle;
typedef int                 nvml_status; /* 0 = success */
typedef struct nvml_use {
    unsigned gpu, memory; /* percent */
} nvml_use;
typedef struct nvml_memory {
    unsigned long long total, free, used;
} nvml_memory;

enum { TEMPERATURE_GPU = 0, CLOCK_SM = 1 };
/* nvmlClocksThrottleReason...: 0x1 idle and 0x2 as asked are no slowing */
#define SLOWED_POWER 0x0000000000000084ull /* software cap, power brake */
#define SLOWED_HEAT 0x0000000000000060ull  /* software, hardware */
#define SLOWED_OTHER 0x0000000000000118ull /* hardware, synchronised boost, display clocks */

typedef struct nvml {
    void *library;
    nvml_status (*init)(void);
    nvml_status (*shutdown)(void);
    nvml_status (*count)(unsigned *);
    nvml_status (*handle)(unsigned, nvml_handle *);
    nvml_status (*name)(nvml_handle, char *, unsigned);
    nvml_status (*uuid)(nvml_handle, char *, unsigned);
    nvml_status (*use)(nvml_handle, nvml_use *);
    nvml_status (*memory)(nvml_handle, nvml_memory *);
    nvml_status (*temperature)(nvml_handle, int, unsigned *);
    nvml_status (*power)(nvml_handle, unsigned *);
    nvml_status (*clock)(nvml_handle, int, unsigned *);
    nvml_status (*clock_max)(nvml_handle, int, unsigned *);
    nvml_status (*slowed)(nvml_handle, unsigned long long *);
} nvml;

static bool bind(nvml *n)
{
    const struct {
        const char *name;
        void       *to; /* a pointer to a function pointer */
        bool        needed;
    } functions[] = {
        {"nvmlInit_v2", &n->init, true},
        {"nvmlShutdown", &n->shutdown, true},
        {"nvmlDeviceGetCount_v2", &n->count, true},
        {"nvmlDeviceGetHandleByIndex_v2", &n->handle, true},
        {"nvmlDeviceGetName", &n->name, false},
        {"nvmlDeviceGetUUID", &n->uuid, false},
        {"nvmlDeviceGetUtilizationRates", &n->use, false},
        {"nvmlDeviceGetMemoryInfo", &n->memory, false},
        {"nvmlDeviceGetTemperature", &n->temperature, false},
        {"nvmlDeviceGetPowerUsage", &n->power, false},
        {"nvmlDeviceGetClockInfo", &n->clock, false},
        {"nvmlDeviceGetMaxClockInfo", &n->clock_max, false},
        {"nvmlDeviceGetCurrentClocksThrottleReasons", &n->slowed, false},
    };
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        void *symbol = dlsym(n->library, functions[i].name);
        memcpy(functions[i].to, &symbol, sizeof(symbol));
        if (!symbol && functions[i].needed)
            return false;
    }
    return true;
}

static int nvml_open(void **self, char *why, size_t bytes)
{
    nvml *n = calloc(1, sizeof(*n));
    if (!n)
        return -1;
    n->library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (n->library && !bind(n))
        snprintf(why, bytes, "libnvidia-ml.so.1 lacks functions");
    else if (n->library && n->init() != 0)
        snprintf(why, bytes, "libnvidia-ml.so.1 finds no driver");
    else if (n->library) {
        *self = n;
        return 0;
    }
    if (n->library)
        dlclose(n->library);
    free(n);
    return -1;
}

static size_t nvml_count(void *self)
{
    nvml    *n = self;
    unsigned count = 0;
    return n->count(&count) == 0 ? count : 0;
}

static void read_clocks(const nvml *n, nvml_handle device, oc_counters_reading *out)
{
    unsigned           mhz;
    unsigned long long why;
    if (n->clock && n->clock(device, CLOCK_SM, &mhz) == 0)
        out->hertz = mhz * 1e6;
    if (n->clock_max && n->clock_max(device, CLOCK_SM, &mhz) == 0)
        out->hertz_max = mhz * 1e6;
    if (n->slowed && n->slowed(device, &why) == 0)
        out->slowed = (why & SLOWED_POWER ? OC_SLOWED_POWER : 0u) |
                      (why & SLOWED_HEAT ? OC_SLOWED_HEAT : 0u) |
                      (why & SLOWED_OTHER ? OC_SLOWED_OTHER : 0u);
}

static int nvml_read(void *self, size_t i, oc_counters_reading *out)
{
    nvml       *n = self;
    nvml_handle device;
    nvml_use    use;
    nvml_memory memory;
    unsigned    value;
    if (n->handle((unsigned)i, &device) != 0)
        return -1;
    if (n->name && n->name(device, out->name, sizeof(out->name)) != 0)
        out->name[0] = '\0';
    if (n->uuid && n->uuid(device, out->id, sizeof(out->id)) != 0)
        out->id[0] = '\0';
    if (n->use && n->use(device, &use) == 0)
        out->used_ratio = use.gpu / 100.0;
    if (n->memory && n->memory(device, &memory) == 0) {
        out->memory_total_bytes = (double)memory.total;
        out->memory_used_bytes = (double)memory.used;
    }
    if (n->temperature && n->temperature(device, TEMPERATURE_GPU, &value) == 0)
        out->celsius = value;
    if (n->power && n->power(device, &value) == 0)
        out->watts = value / 1e3;
    read_clocks(n, device, out);
    return 0;
}

static void nvml_close(void *self)
{
    nvml *n = self;
    n->shutdown();
    dlclose(n->library);
    free(n);
}

const oc_counters_ops oc_counters_nvml = {.abi = OC_COUNTERS_ABI,
                                          .struct_size = sizeof(oc_counters_ops),
                                          .name = "nvml",
                                          .open = nvml_open,
                                          .count = nvml_count,
                                          .read = nvml_read,
                                          .close = nvml_close};
