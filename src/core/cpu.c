#include "core/cpu.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#if OC_ARCH_X86_64
#include <cpuid.h>
#elif OC_ARCH_ARM64
#include <sys/auxv.h>
#endif

oc_isa oc_cpu_isa(void)
{
    oc_isa have = OC_ISA_NONE;
#if OC_ARCH_X86_64
    /* libgcc's probe asks XGETBV too: an instruction set the system does not save is not reported */
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        have |= OC_ISA_AVX2;
    if ((have & OC_ISA_AVX2) && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        have |= OC_ISA_AVX512;
    if ((have & OC_ISA_AVX512) && __builtin_cpu_supports("avx512vnni"))
        have |= OC_ISA_VNNI;
    unsigned a, b, c, d; /* gcc 12 does not know this one by name */
    if ((have & OC_ISA_AVX2) && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1))
        have |= OC_ISA_AVXVNNI;
#elif OC_ARCH_ARM64
    have |= OC_ISA_NEON;                 /* part of every AArch64 with floating point */
    if (getauxval(AT_HWCAP) & 1ul << 20) /* HWCAP_ASIMDDP */
        have |= OC_ISA_DOTPROD;
    if ((have & OC_ISA_DOTPROD) && (getauxval(AT_HWCAP2) & 1ul << 13)) /* HWCAP2_I8MM */
        have |= OC_ISA_I8MM;
#endif
    return have;
}

static const struct {
    const char *name;
    oc_isa      up_to;
} levels[] = {
    {"ref", OC_ISA_NONE},
#if OC_ARCH_X86_64
    {"avx2", OC_ISA_AVX2},
    {"avxvnni", OC_ISA_AVX2 | OC_ISA_AVXVNNI},
    {"avx512", OC_ISA_AVX2 | OC_ISA_AVX512},
    {"vnni", OC_ISA_AVX2 | OC_ISA_AVX512 | OC_ISA_VNNI},
#elif OC_ARCH_ARM64
    {"neon", OC_ISA_NEON},
    {"dotprod", OC_ISA_NEON | OC_ISA_DOTPROD},
    {"i8mm", OC_ISA_NEON | OC_ISA_DOTPROD | OC_ISA_I8MM},
#endif
};

bool oc_isa_parse(const char *text, oc_isa *out)
{
    oc_isa have = oc_cpu_isa();
    if (strcmp(text, "auto") == 0) {
        *out = have;
        return true;
    }
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(text, levels[i].name) == 0 && (levels[i].up_to & ~have) == 0) {
            *out = levels[i].up_to;
            return true;
        }
    }
    return false;
}

const char *oc_isa_name(oc_isa isa)
{
    const char *best = "ref";
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if ((levels[i].up_to & ~isa) == 0)
            best = levels[i].name;
    return best;
}

const char *oc_cpu_arch(void)
{
#if defined(__x86_64__)
    return "x86_64";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "other";
#endif
}

unsigned oc_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}

#if OC_ARCH_X86_64
/* The brand string: 48 bytes in three leaves. */
static void read_model(char model[OC_CPU_MODEL_MAX])
{
    unsigned r[12] = {0};

    for (unsigned i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002u + i, &r[4 * i], &r[4 * i + 1], &r[4 * i + 2], &r[4 * i + 3]))
            return;
    memcpy(model, r, sizeof(r));
    model[sizeof(r)] = 0;
}
#else
/* Linux tells it in a file; on ARM as the number of the design, or of the board. */
static void read_model(char model[OC_CPU_MODEL_MAX])
{
    static const char *const files[] = {"/sys/devices/system/cpu/cpu0/regs/identification/midr_el1",
                                        "/proc/device-tree/model"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !model[0]; i++) {
        FILE *f = fopen(files[i], "r");
        if (!f)
            continue;
        size_t n = fread(model, 1, OC_CPU_MODEL_MAX - 1, f);
        model[n] = 0;
        fclose(f);
    }
}
#endif

void oc_cpu_model(char model[OC_CPU_MODEL_MAX])
{
    size_t n = 0;

    memset(model, 0, OC_CPU_MODEL_MAX);
    read_model(model);
    for (const char *c = model; *c; c++) /* printable, single spaces, none at the ends */
        if (*c > ' ' && *c <= '~')
            model[n++] = *c;
        else if (n > 0 && model[n - 1] != ' ')
            model[n++] = ' ';
    n -= n > 0 && model[n - 1] == ' ';
    model[n] = 0;
    if (n == 0)
        memcpy(model, "unknown", sizeof("unknown"));
}
