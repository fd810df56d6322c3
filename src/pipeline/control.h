/* control.h -- a running site is told what to do through a socket in the file system.
 *
 * One request a line, a JSON object; one answer a line, in the order of the requests.  The file can
 * be used by its owner only (mode 0600).  docs/streams.md has the requests. */
#ifndef OC_PIPELINE_CONTROL_H
#define OC_PIPELINE_CONTROL_H

#include "pipeline/site.h"

#define OC_CONTROL_LINE_MAX 65536 /* bytes of a request, with its '\n' */
#define OC_CONTROL_CLIENTS_MAX 8
#define OC_CONTROL_ANSWER_MAX 131072

typedef struct oc_control oc_control;

/* Listens, in a thread of its own.  A socket that nobody listens at any more is replaced.
 *
 * OC_BUSY  somebody listens there
 * OC_IO    the socket cannot be made; err names the path */
OC_MUST_CHECK oc_status oc_control_create(oc_site *site, const char *path, oc_control **out,
                                          oc_error *err);
void                    oc_control_destroy(oc_control *c); /* removes the file; NULL is fine */

/* One request (without '\n') into an answer with '\n'; what is wrong with it is in the answer. */
void oc_control_answer(oc_site *site, const char *line, size_t n, char *answer, size_t bytes);

#endif
