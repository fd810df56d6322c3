/* format.h -- the head of a plan file, and what the structure calls things by number. */
#ifndef OC_PLAN_FORMAT_H
#define OC_PLAN_FORMAT_H

#include <stdint.h>

#define PLAN_MAGIC "OCPLAN\r\n" /* a transfer that rewrites line ends shows here */
#define PLAN_ALIGN 64           /* of every constant and packed weight */
#define PLAN_PAGE 4096          /* of the contents in the file */

typedef struct plan_head {
    char     magic[8];
    uint32_t version, head_bytes;
    uint64_t structure_bytes; /* right after the head */
    uint64_t contents_at, contents_bytes;
    uint64_t structure_sum, contents_sum; /* XXH64 */
    uint64_t head_sum;                    /* of all before it */
} plan_head;

_Static_assert(sizeof(plan_head) == 64, "no padding: the head is written as it lies");

enum { PLAN_VALUE_COMPUTED, PLAN_VALUE_CONSTANT, PLAN_VALUE_ABSENT };
enum { PLAN_IS_INPUT = 1, PLAN_IS_OUTPUT = 2 };

/* The least bytes each thing takes in the structure. */
enum {
    PLAN_MIN_VALUE = 9,
    PLAN_MIN_NODE = 38,
    PLAN_MIN_ATTR = 5,
    PLAN_MIN_STEP = 16,
    PLAN_MIN_BLOB = 16
};

#endif
