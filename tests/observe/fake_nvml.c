/* fake_nvml -- a libnvidia-ml.so.1 with two devices: one tells all, the other almost nothing. */
#include <stdio.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

typedef struct use {
    unsigned gpu, memory;
} use;
typedef struct memory {
    unsigned long long total, free, used;
} memory;

static int devices[2], open_count;

EXPORT int nvmlInit_v2(void);
EXPORT int nvmlShutdown(void);
EXPORT int nvmlDeviceGetCount_v2(unsigned *n);
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device);
EXPORT int nvmlDeviceGetName(void *device, char *name, unsigned bytes);
EXPORT int nvmlDeviceGetUUID(void *device, char *id, unsigned bytes);
EXPORT int nvmlDeviceGetUtilizationRates(void *device, use *out);
EXPORT int nvmlDeviceGetMemoryInfo(void *device, memory *out);
EXPORT int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *out);
EXPORT int nvmlDeviceGetPowerUsage(void *device, unsigned *out);
EXPORT int nvmlDeviceGetClockInfo(void *device, int clock, unsigned *out);
EXPORT int nvmlDeviceGetMaxClockInfo(void *device, int clock, unsigned *out);
EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *out);

/* Every call but init fails (1: not initialised) before init and after shutdown. */
static int telling(const void *device)
{
    return !open_count ? 1 : device == &devices[0] ? 0 : 3; /* 3: not supported */
}

int nvmlInit_v2(void)
{
    if (getenv("FAKE_NVML_NO_DRIVER"))
        return 9; /* driver not loaded */
    open_count++;
    return 0;
}

int nvmlShutdown(void)
{
    open_count--;
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned *n)
{
    *n = 2;
    return !open_count;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device)
{
    *device = &devices[i % 2];
    return !open_count;
}

int nvmlDeviceGetName(void *device, char *name, unsigned bytes)
{
    (void)device;
    snprintf(name, bytes, "Fake T%ld", (long)((int *)device - devices));
    return !open_count;
}

int nvmlDeviceGetUUID(void *device, char *id, unsigned bytes)
{
    snprintf(id, bytes, "GPU-1234");
    return telling(device);
}

int nvmlDeviceGetUtilizationRates(void *device, use *out)
{
    *out = (use){37, 12};
    return telling(device);
}

int nvmlDeviceGetMemoryInfo(void *device, memory *out)
{
    *out = (memory){4096u << 20, 3072u << 20, 1024u << 20};
    return telling(device);
}

int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *out)
{
    *out = sensor == 0 ? 66 : 0;
    return telling(device);
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *out)
{
    *out = 31500;
    return telling(device);
}

int nvmlDeviceGetClockInfo(void *device, int clock, unsigned *out)
{
    *out = clock == 1 ? 1395 : 0;
    return telling(device);
}

int nvmlDeviceGetMaxClockInfo(void *device, int clock, unsigned *out)
{
    *out = clock == 1 ? 2100 : 0;
    return telling(device);
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *out)
{
    *out = 0x20; /* software thermal slowdown */
    return telling(device);
}
