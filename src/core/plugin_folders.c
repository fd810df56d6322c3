/* The folders of plug-ins. */
#include "core/plugin_folders.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDERS_MAX 16

static char           folder[FOLDERS_MAX][OC_PLUGIN_PATH_BYTES];
static size_t         n_folders;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void add_folder(const char *text, size_t length, const char *more)
{
    if (length == 0 || n_folders == FOLDERS_MAX)
        return;
    int n = snprintf(folder[n_folders], OC_PLUGIN_PATH_BYTES, "%.*s%s", (int)length, text, more);
    if (n > 0 && n < OC_PLUGIN_PATH_BYTES)
        n_folders++;
}

static void find_folders(void)
{
    const char *list = getenv("OCELLUS_PLUGINS");
    while (list && *list) {
        size_t length = strcspn(list, ":");
        add_folder(list, length, "");
        list += length + (list[length] == ':');
    }
    char    program[OC_PLUGIN_PATH_BYTES];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (n <= 0)
        return;
    program[n] = '\0';
    size_t length = (size_t)(strrchr(program, '/') - program);
    add_folder(program, length, "/plugins");
    add_folder(program, length, "/../lib/ocellus/plugins");
}

const char *oc_plugin_folder(size_t i)
{
    pthread_once(&once, find_folders);
    return i < n_folders ? folder[i] : NULL;
}

bool oc_plugin_is_there(const char *path)
{
    return access(path, F_OK) == 0;
}
