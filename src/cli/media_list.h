/* media_list.h -- data/media.yaml: videos and pictures for demonstration and tests. */
#ifndef OC_CLI_MEDIA_LIST_H
#define OC_CLI_MEDIA_LIST_H

#include "cli/fetch.h"

#define CLI_MEDIA_MAX 32

typedef struct cli_media {
    const char    *name, *title, *licence;
    oc_card_source source;
} cli_media;

typedef struct cli_media_list {
    oc_yaml  *doc;
    oc_arena  arena;
    char      path[OC_PATH_MAX];
    cli_media items[CLI_MEDIA_MAX];
    size_t    n;
} cli_media_list;

/* From $OCELLUS_DATA, ./data, or beside the program.  On failure there is nothing to finish. */
OC_MUST_CHECK oc_status cli_media_load(cli_media_list *list, oc_error *err);
void                    cli_media_finish(cli_media_list *list);

const cli_media *cli_media_find(const cli_media_list *list, const char *name);

/* Into `cache`: an item of one file as that file, others as a folder of their name. */
OC_MUST_CHECK oc_status cli_media_get(cli_fetcher *f, const cli_media *m, const char *cache,
                                      char path[OC_PATH_MAX], const char **from, oc_error *err);

#endif
