/* reconnect.h -- a live source that comes back by itself.
 *
 * A camera that is away is not an error: read waits, tries again after 0.5 s, 1 s, 2 s ... at most
 * 30 s, and says so through the callback.  Index and time go on across the gap. */
#ifndef OC_MEDIA_RECONNECT_H
#define OC_MEDIA_RECONNECT_H

#include "media/source.h"

/* Called in the reading thread.  connected: frames come again.  Otherwise `why` is the reason and
 * wait_ms the time until the next attempt. */
typedef void oc_reconnect_fn(void *ctx, bool connected, uint32_t wait_ms, const oc_error *why);

typedef struct oc_reconnect_options {
    uint32_t         wait_ms_first; /* 0 = 500 */
    uint32_t         wait_ms_max;   /* 0 = 30000 */
    bool             was_live;      /* it was there before: nonsense from it is waited out, too */
    oc_reconnect_fn *notify;        /* may be NULL */
    void            *ctx;
} oc_reconnect_options;

typedef struct oc_reconnect oc_reconnect;

/* Does not connect yet.  Strings of `source` are copied; options may be NULL. */
OC_MUST_CHECK oc_status oc_reconnect_create(const oc_source_options    *source,
                                            const oc_reconnect_options *options, oc_reconnect **out,
                                            oc_error *err);
void                    oc_reconnect_destroy(oc_reconnect *reconnect); /* NULL is fine */

/* Blocks until there is a frame.  OC_CANCELLED, or what no waiting mends: OC_INVALID,
 * OC_UNSUPPORTED, OC_NOMEM.  A source that is not live ends with OC_END or OC_FORMAT. */
OC_MUST_CHECK oc_status oc_reconnect_read(oc_reconnect *reconnect, oc_frame **out, oc_error *err);

bool                  oc_reconnect_connected(const oc_reconnect *reconnect);
uint64_t              oc_reconnect_count(const oc_reconnect *reconnect); /* times it came back */
const oc_source_info *oc_reconnect_info(const oc_reconnect *reconnect);  /* NULL before a frame */

#endif
