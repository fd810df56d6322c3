/* download.h -- files and small answers over https. */
#ifndef OC_CLI_DOWNLOAD_H
#define OC_CLI_DOWNLOAD_H

#include <stddef.h>

#include "ocellus/status.h"

/* Into the file `to`, with progress of `label` on stderr.  Proxies by the usual variables;
 * certificates by CURL_CA_BUNDLE or SSL_CERT_FILE where set.  OC_IO; OC_CANCELLED on an
 * interrupt. */
OC_MUST_CHECK oc_status cli_download(const char *url, const char *label, const char *to,
                                     oc_error *err);

/* The address of an npm package's archive, asked of the registry that npm is configured for
 * (npm_config_registry, npmrc files, else what npm itself says). */
OC_MUST_CHECK oc_status cli_npm_archive(const char *package, const char *version, char *url,
                                        size_t url_bytes, oc_error *err);

/* From now on an interrupt ends downloads with OC_CANCELLED instead of the program. */
void cli_catch_interrupt(void);
int  cli_was_interrupted(void);

#endif
