/* stream.h -- numbers and texts one after the other: how a plan spells its graph.
 *
 * Little-endian, nothing aligned.  A reader never leaves its bytes: past the end, or at a length
 * that does not fit, it gives zeros and stays bad. */
#ifndef OC_PLAN_STREAM_H
#define OC_PLAN_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"

typedef struct oc_plan_out {
    unsigned char *data;
    size_t         n, cap;
    bool           bad; /* out of memory */
} oc_plan_out;

void oc_plan_put(oc_plan_out *o, const void *bytes, size_t n);
void oc_plan_put_u8(oc_plan_out *o, uint8_t v);
void oc_plan_put_u32(oc_plan_out *o, uint32_t v);
void oc_plan_put_u64(oc_plan_out *o, uint64_t v);
void oc_plan_put_text(oc_plan_out *o, const char *text); /* NULL becomes "" */
void oc_plan_out_finish(oc_plan_out *o);

typedef struct oc_plan_in {
    const unsigned char *p, *end;
    bool                 bad;
} oc_plan_in;

/* The next n bytes, NULL when there are fewer. */
const void *oc_plan_get(oc_plan_in *in, size_t n);
uint8_t     oc_plan_get_u8(oc_plan_in *in);
uint32_t    oc_plan_get_u32(oc_plan_in *in);
uint64_t    oc_plan_get_u64(oc_plan_in *in);
/* How many things follow, each of at least each_bytes: so many have room in what is left, or 0 and
 * bad.  What is allocated for them is no larger than the plan. */
uint32_t oc_plan_get_count(oc_plan_in *in, size_t each_bytes);
/* A copy in the arena, never NULL: "" when bad or out of memory (which is bad too). */
const char *oc_plan_get_text(oc_plan_in *in, oc_arena *mem);

#endif
