#include "core/cpu.h"

#include <sched.h>
#include <string.h>

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
#elif OC_ARCH_ARM64
    have |= OC_ISA_NEON; /* part of every AArch64 with floating point */
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
    {"avx512", OC_ISA_AVX2 | OC_ISA_AVX512},
    {"vnni", OC_ISA_AVX2 | OC_ISA_AVX512 | OC_ISA_VNNI},
#elif OC_ARCH_ARM64
    {"neon", OC_ISA_NEON},
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

unsigned oc_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}
