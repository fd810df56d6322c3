/* inline.h -- how vector kernels ask for inlining and unrolling. */
#ifndef OC_KERNELS_TMPL_INLINE_H
#define OC_KERNELS_TMPL_INLINE_H

#define OC_INLINE static inline __attribute__((always_inline))

/* In front of a short loop of constant length whose arrays are meant to be registers.  Under a
 * sanitizer every load becomes a call or a branch: unrolled, the kernels would take minutes to
 * compile, so that the loops stay loops there. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(undefined_behavior_sanitizer) || __has_feature(memory_sanitizer)
#define OC_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OC_SANITIZED 1
#endif
#if defined(__clang__) && defined(OC_SANITIZED)
#define OC_UNROLL _Pragma("clang loop unroll(disable)")
#elif defined(__clang__)
#define OC_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(OC_SANITIZED)
#define OC_UNROLL _Pragma("GCC unroll 1")
#else
#define OC_UNROLL _Pragma("GCC unroll 32")
#endif

/* Asks for a line of 64 bytes to be brought to L2; any address will do. */
#define OC_FETCH(at) __builtin_prefetch((at), 0, 2)

/* oc_k_<family>__<isa>, of the vocabulary that is included. */
#define OC_KERNEL(family) OC_KERNEL_OF(oc_k_##family, VF_ISA)
#define OC_KERNEL_OF(name, isa) OC_KERNEL_PASTE(name, isa)
#define OC_KERNEL_PASTE(name, isa) name##__##isa

#endif
