/* cpu.h -- which instruction sets this processor has, as a set of flags.
 *
 * Kernels are chosen by such a set, passed as an argument: a test or `--isa` can lower it. */
#ifndef OC_CORE_CPU_H
#define OC_CORE_CPU_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__) && !defined(OC_NO_SIMD)
#define OC_ARCH_X86_64 1
#else
#define OC_ARCH_X86_64 0
#endif
#if defined(__aarch64__) && !defined(OC_NO_SIMD)
#define OC_ARCH_ARM64 1
#else
#define OC_ARCH_ARM64 0
#endif

typedef uint32_t oc_isa;

#define OC_ISA_NONE 0u
#define OC_ISA_AVX2 (1u << 0)    /* AVX2, FMA and F16C together */
#define OC_ISA_AVX512 (1u << 1)  /* F, BW, DQ, VL */
#define OC_ISA_VNNI (1u << 2)    /* AVX-512 VNNI */
#define OC_ISA_AVXVNNI (1u << 3) /* AVX-VNNI: of 256 bits, without AVX-512 */
#define OC_ISA_NEON (1u << 8)
#define OC_ISA_DOTPROD (1u << 9) /* SDOT and UDOT */
#define OC_ISA_I8MM (1u << 10)   /* SMMLA and relatives */

oc_isa oc_cpu_isa(void); /* what this processor and this build have */

/* "ref", "avx2", "avxvnni", "avx512", "vnni", "neon", "dotprod", "i8mm", "auto": everything up to and
 * including that level.  False for an unknown name or one the processor lacks. */
bool        oc_isa_parse(const char *text, oc_isa *out);
const char *oc_isa_name(oc_isa isa); /* the highest level in the set */

/* What the processor calls itself, as one line of printable text without tabs; "unknown" at worst.
 * Two machines of the same name are taken to be equally quick. */
#define OC_CPU_MODEL_MAX 80
void oc_cpu_model(char model[OC_CPU_MODEL_MAX]);

const char *oc_cpu_arch(void); /* "x86_64", "aarch64" or "other" */

unsigned oc_cpu_count(void); /* processors this process may run on, at least 1 */

#endif
