/* burn_file.h -- the windows of objectives over restarts: one small file, written whole beside the
 * old one and put in its place, with a checksum.
 *
 * Time that passed between two processes is told by the clock since boot where it is the same boot,
 * else by the wall clock, where both of its readings are later than 2024 and it did not go back;
 * else no time has passed. */
#ifndef OC_OBSERVE_BURN_FILE_H
#define OC_OBSERVE_BURN_FILE_H

#include "observe/burn.h"
#include "ocellus/status.h"

#define OC_BOOT_ID_BYTES 40

typedef struct oc_burn_clock {
    char   boot[OC_BOOT_ID_BYTES]; /* of the kernel; "" = not known */
    double boot_s, unix_s;
} oc_burn_clock;
void oc_burn_clock_now(oc_burn_clock *now);

/* Seconds from one to the other, >= 0. */
double oc_burn_clock_passed(const oc_burn_clock *from, const oc_burn_clock *to);

typedef struct oc_burn_entry {
    uint64_t key;    /* of stream and objective */
    double   time_s; /* on the axis of the windows */
    oc_burn  burn;
} oc_burn_entry;

/* OC_OK with *n 0 where there is no file.  entry: memory for free().
 *
 * OC_FORMAT       it is cut or damaged
 * OC_UNSUPPORTED  a later version of the program wrote it
 * OC_IO, OC_NOMEM */
OC_MUST_CHECK oc_status oc_burn_file_read(const char *path, oc_burn_clock *written,
                                          oc_burn_entry **entry, size_t *n, oc_error *err);
/* *bytes: of the file.  OC_IO: the old file is still there. */
OC_MUST_CHECK oc_status oc_burn_file_write(const char *path, const oc_burn_clock *now,
                                           const oc_burn_entry *entry, size_t n, size_t *bytes,
                                           oc_error *err);

uint64_t oc_burn_key(const char *stream, const char *objective, double period_s);

#endif
