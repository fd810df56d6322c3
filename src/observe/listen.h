/* listen.h -- "ADDR:PORT" to a listening socket. */
#ifndef OC_OBSERVE_LISTEN_H
#define OC_OBSERVE_LISTEN_H

#include <stddef.h>

#include "ocellus/status.h"

#define OC_URL_BYTES 96

/* Address forms, statuses: http.h.  url: "http://ADDR:PORT" as bound. */
OC_MUST_CHECK oc_status oc_listen(const char *address, int *fd, char url[OC_URL_BYTES],
                                  oc_error *err);

#endif
