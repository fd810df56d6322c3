/* fetch.h -- from a card's source to verified files in the cache folder. */
#ifndef OC_CLI_FETCH_H
#define OC_CLI_FETCH_H

#include <stdbool.h>

#include "vision/card.h"
#include "vision/store.h"

/* Archives of packages opened during one run of the program: networks of one package cost one
 * download.  finish removes them. */
typedef struct cli_archive {
    oc_origin origin;
    char      package[256], version[64];
    char      path[OC_PATH_MAX];
} cli_archive;

typedef struct cli_fetcher {
    char        folder[OC_PATH_MAX]; /* for archives and unfinished files; "" = not made yet */
    cli_archive archives[16];
    size_t      n_archives;
    const char *mirror; /* may be NULL */
    bool        force;  /* fetch although it is there */
} cli_fetcher;

void cli_fetcher_finish(cli_fetcher *f); /* a zeroed one is fine */

/* A network, with the other files of its package that the card lists, into the cache folder.
 * path: where the network is; *from: "cache", "mirror", "npm", "apt" or "url".
 * OC_FORMAT: a hash is wrong.  OC_IO, OC_NOT_FOUND, OC_CANCELLED. */
OC_MUST_CHECK oc_status cli_fetch_model(cli_fetcher *f, const oc_card *card, char *path,
                                        size_t path_bytes, const char **from, oc_error *err);

/* All members of a source into `folder`, as they are. */
OC_MUST_CHECK oc_status cli_fetch_members(cli_fetcher *f, const oc_card_source *source,
                                          const char *name, const char *folder, const char **from,
                                          oc_error *err);

#endif
