/* burn_store.h -- windows of objectives whose streams are not there: read from the file of the
 * process before, or left by a stream that has gone.  Time goes on for them. */
#ifndef OC_OBSERVE_BURN_STORE_H
#define OC_OBSERVE_BURN_STORE_H

#include "observe/burn_file.h"

#define OC_BURN_STORE_MAX 1024 /* the oldest goes first */

typedef struct oc_burn_store { /* a zeroed one is empty; one thread at a time */
    oc_burn_entry *entry;
    size_t         n;
    oc_burn_clock  clock; /* when the entries' times were right */
} oc_burn_store;

void oc_burn_store_finish(oc_burn_store *s);

/* Brings all entries' times up to now. */
void oc_burn_store_go_on(oc_burn_store *s, const oc_burn_clock *now);
/* Moves one out; false: there is none. */
bool oc_burn_store_take(oc_burn_store *s, uint64_t key, const oc_burn_clock *now,
                        oc_burn_entry *out);
/* Puts one in, as of now, in the place of one with its key; lost where there is no memory. */
void oc_burn_store_put(oc_burn_store *s, const oc_burn_entry *entry, const oc_burn_clock *now);

#endif
