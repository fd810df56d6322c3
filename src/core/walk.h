/* walk.h -- one description of a state that both writes it down and reads it back.
 *
 * A function walks over the members of a struct once; whether they are written or read is the
 * walk's.  Numbers are little-endian and of fixed width, so that another build, or another kind of
 * processor, reads the same.  The first fault sticks: afterwards writing writes nothing and reading
 * gives zeros, and the caller looks at `bad` once, at the end. */
#ifndef OC_CORE_WALK_H
#define OC_CORE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct oc_walk {
    unsigned char       *to;   /* written; NULL while reading */
    const unsigned char *from; /* read; NULL while writing */
    size_t               at, n;
    bool                 bad; /* no room left; read: too short, or a value out of its range */
} oc_walk;

oc_walk oc_walk_writer(void *to, size_t room);
oc_walk oc_walk_reader(const void *from, size_t n);

static inline bool oc_walk_reads(const oc_walk *w)
{
    return w->from != NULL;
}
/* Reading: all of it was read, and nothing was wrong. */
bool oc_walk_done(const oc_walk *w);

void oc_walk_u8(oc_walk *w, uint8_t *v);
void oc_walk_u32(oc_walk *w, uint32_t *v);
void oc_walk_u64(oc_walk *w, uint64_t *v);
void oc_walk_i8(oc_walk *w, int8_t *v);
void oc_walk_i32(oc_walk *w, int32_t *v);
void oc_walk_i64(oc_walk *w, int64_t *v);
void oc_walk_f32(oc_walk *w, float *v); /* bits, NaN and all */
void oc_walk_f64(oc_walk *w, double *v);
void oc_walk_bool(oc_walk *w, bool *v);
void oc_walk_size(oc_walk *w, size_t *v, size_t most); /* as u64; bad above most */
/* A text in an array of `room` bytes; read, it always has its closing zero. */
void oc_walk_text(oc_walk *w, char *text, size_t room);
void oc_walk_bytes(oc_walk *w, void *bytes, size_t n); /* of a length both sides know */
/* Reading: n bytes where they lie, NULL (and bad) when there are fewer. */
const unsigned char *oc_walk_take(oc_walk *w, size_t n);
void                 oc_walk_refuse(oc_walk *w); /* what was read makes no sense */

#endif
