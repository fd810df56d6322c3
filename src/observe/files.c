#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe/files.h"

static bool read_file(const oc_tree *t, char *text, size_t bytes, const char *fmt, va_list ap)
{
    char    path[OC_TREE_PATH];
    int     n = snprintf(path, sizeof(path), "%s", t->root);
    size_t  got = 0;
    ssize_t r = 0;
    text[0] = '\0';
    if (n < 0 || (size_t)n >= sizeof(path))
        return false;
    int more = vsnprintf(path + n, sizeof(path) - (size_t)n, fmt, ap);
    if (more < 0 || (size_t)more >= sizeof(path) - (size_t)n)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    while (got + 1 < bytes && (r = read(fd, text + got, bytes - 1 - got)) > 0)
        got += (size_t)r;
    close(fd);
    text[got] = '\0';
    return r >= 0;
}

bool oc_tree_read(const oc_tree *t, char *text, size_t bytes, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool found = read_file(t, text, bytes, fmt, ap);
    va_end(ap);
    return found;
}

bool oc_tree_number(const oc_tree *t, double *out, const char *fmt, ...)
{
    char    text[64], *end;
    va_list ap;
    va_start(ap, fmt);
    bool found = read_file(t, text, sizeof(text), fmt, ap);
    va_end(ap);
    if (!found)
        return false;
    *out = strtod(text, &end);
    return end != text;
}

bool oc_tree_list(const oc_tree *t, const char *path, const char *prefix, oc_tree_name_fn *fn,
                  void *ctx)
{
    char           full[OC_TREE_PATH];
    struct dirent *entry;
    int            n = snprintf(full, sizeof(full), "%s%s", t->root, path);
    DIR           *d = n > 0 && (size_t)n < sizeof(full) ? opendir(full) : NULL;
    if (!d)
        return false;
    while ((entry = readdir(d)))
        if (entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            fn(ctx, entry->d_name);
    closedir(d);
    return true;
}

const char *oc_next_line(const char *at)
{
    at = strchr(at, '\n');
    return at && at[1] ? at + 1 : NULL;
}

bool oc_line_field(const char *text, const char *key, double *out)
{
    size_t n = strlen(key);
    for (const char *at = text; at; at = oc_next_line(at)) {
        const char *digits = at + n;
        char       *end;
        if (strncmp(at, key, n) != 0 || !strchr(": \t", *digits) || !*digits)
            continue;
        digits += strspn(digits, ": \t");
        *out = strtod(digits, &end);
        return end != digits;
    }
    return false;
}
