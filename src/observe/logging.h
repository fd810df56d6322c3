/* logging.h -- what happens to streams, as lines for people or for a log's collector.
 *
 *   text   2026-11-22T10:20:00.123Z warning street frame 123 model centernet: the source is lost: ...
 *   json   {"time":"2026-11-22T10:20:00.123Z","level":"warning","stream":"street","frame":123,
 *           "model":"centernet","message":"the source is lost: ..."}
 *
 * A line of the same kind and stream comes once in ten seconds at most; the next one says how many
 * were kept back ("repeated").  Nothing is allocated for a line.  Any thread. */
#ifndef OC_OBSERVE_LOGGING_H
#define OC_OBSERVE_LOGGING_H

#include "pipeline/observer.h"

typedef struct oc_logging oc_logging;

typedef enum oc_log_level { OC_LOG_INFO, OC_LOG_WARNING, OC_LOG_ERROR } oc_log_level;

/* fd: borrowed, lines go there with one write each.  json: else text.  A line for which there is no
 * room (a pipe that nobody reads) is lost and counted; the next one that is written is preceded by one
 * that says so. */
OC_MUST_CHECK oc_status oc_logging_create(int fd, bool json, oc_logging **out, oc_error *err);
void                    oc_logging_destroy(oc_logging *l); /* after the runs; NULL is fine */

/* Streams that begin and end, sources lost and back, frames dropped, steps of the degrade ladder. */
const oc_observer *oc_logging_observer(const oc_logging *l);

uint64_t oc_logging_lost(const oc_logging *l); /* lines, so far */

/* A line of somebody else's. stream, model: NULL = none; frame < 0: none. Not held back. */
void oc_logging_line(oc_logging *l, oc_log_level level, const char *stream, int64_t frame,
                     const char *model, const char *message);

#endif
