/* plugin_folders.h -- where plug-ins are looked for: $OCELLUS_PLUGINS (folders with ':' between),
 * plugins/ beside the program, ../lib/ocellus/plugins from there.  Read once. */
#ifndef OC_CORE_PLUGIN_FOLDERS_H
#define OC_CORE_PLUGIN_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#define OC_PLUGIN_PATH_BYTES 1024

const char *oc_plugin_folder(size_t i); /* NULL past the end */
bool        oc_plugin_is_there(const char *path);

#endif
