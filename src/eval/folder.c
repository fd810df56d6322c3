#include "eval/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

static oc_status add(eval_folder *f, const char *name, size_t n, oc_error *err)
{
    if (f->n == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 64;
        char **p = reallocarray(f->name, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "%zu file names", cap);
        f->name = p;
        f->cap = cap;
    }
    f->name[f->n] = strndup(name, n);
    return f->name[f->n] ? (f->n++, OC_OK) : OC_FAIL(err, OC_NOMEM, "file names");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

oc_status eval_folder_list(const char *path, const char *ending, eval_folder *out, oc_error *err)
{
    eval_folder    f = {0};
    oc_status      st = OC_OK;
    struct dirent *e;
    size_t         m = strlen(ending);
    DIR           *d = opendir(path);
    if (!d)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    while (st == OC_OK && (e = readdir(d))) {
        size_t n = strlen(e->d_name);
        if (n > m && e->d_name[0] != '.' && strcmp(e->d_name + n - m, ending) == 0)
            st = add(&f, e->d_name, n - m, err);
    }
    closedir(d);
    if (st == OC_OK && f.n == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no files *%s there", path, ending);
    if (st != OC_OK) {
        eval_folder_finish(&f);
        return st;
    }
    qsort(f.name, f.n, sizeof(*f.name), by_name);
    *out = f;
    return OC_OK;
}

void eval_folder_finish(eval_folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->name[i]);
    free(f->name);
    *f = (eval_folder){0};
}

oc_status eval_text_read(const char *folder, const char *name, const char *ending, char **out,
                         oc_error *err)
{
    char     path[4096];
    oc_bytes file = {0};
    int      n = snprintf(path, sizeof(path), "%s%s%s%s", folder, *folder ? "/" : "", name, ending);
    if (n < 0 || (size_t)n >= sizeof(path))
        return OC_FAIL(err, OC_FORMAT, "%.80s...: the path is too long", folder);
    oc_status st = oc_bytes_open(path, &file, err);
    if (st == OC_FORMAT) { /* empty: nothing was found in this image */
        *out = strdup("");
        return *out ? OC_OK : OC_FAIL(err, OC_NOMEM, "%s", path);
    }
    if (st != OC_OK)
        return st;
    char *text = malloc(file.n + 1);
    if (!text) {
        st = OC_FAIL(err, OC_NOMEM, "%s: %zu bytes", path, file.n);
    } else {
        memcpy(text, file.data, file.n);
        text[file.n] = 0;
        if (strlen(text) != file.n)
            st = OC_FAIL(err, OC_FORMAT, "%s: byte %zu is 0: not a text", path, strlen(text));
    }
    oc_bytes_close(&file);
    if (st == OC_OK)
        *out = text;
    else
        free(text);
    return st;
}

char *eval_text_line(char **at)
{
    char *line = *at;
    if (!*line)
        return NULL;
    char *end = line + strcspn(line, "\n");
    *at = *end ? end + 1 : end;
    *end = 0;
    while (end > line && strchr(" \t\r", end[-1]))
        *--end = 0;
    return line + strspn(line, " \t");
}

char *eval_text_word(char **at)
{
    char *word = *at + strspn(*at, " \t");
    if (!*word)
        return NULL;
    char *end = word + strcspn(word, " \t");
    *at = *end ? end + 1 : end;
    *end = 0;
    return word;
}

char *eval_text_field(char **at)
{
    char *from = *at + strspn(*at, " \t"), *to = from, *end;
    if (*from != '"') {
        end = from + strcspn(from, ",");
        *at = *end ? end + 1 : NULL;
        while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        *end = 0;
        return from;
    }
    for (end = from + 1; *end && (*end != '"' || end[1] == '"'); end++) {
        end += *end == '"';
        *to++ = *end;
    }
    if (*end != '"')
        return NULL;
    end++;
    end += strspn(end, " \t");
    if (*end && *end != ',')
        return NULL;
    *at = *end ? end + 1 : NULL;
    *to = 0;
    return from;
}
