#include "cli/pictures.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/bytes.h"

oc_status cli_pictures_add(cli_pictures *p, const char *path, const char *label, oc_error *err)
{
    if (p->n == p->room) {
        size_t       room = p->room ? 2 * p->room : 64;
        cli_picture *item = realloc(p->item, room * sizeof(*item));
        if (!item)
            return OC_FAIL(err, OC_NOMEM, "no memory for %zu file names", room);
        p->item = item;
        p->room = room;
    }
    cli_picture next = {strdup(path), label ? strdup(label) : NULL};
    if (!next.path || (label && !next.label)) {
        free(next.path);
        free(next.label);
        return OC_FAIL(err, OC_NOMEM, "no memory for file names");
    }
    p->item[p->n++] = next;
    return OC_OK;
}

void cli_pictures_finish(cli_pictures *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->item[i].path);
        free(p->item[i].label);
    }
    free(p->item);
    *p = (cli_pictures){0};
}

/* ---- tables ---- */

/* One field of a line that ends with a zero byte: *text is advanced behind the comma, or to NULL at
 * the end.  Unquotes in place.  NULL: a quote that never closes, or something behind it. */
static char *take_field(char **text)
{
    char *from = *text + strspn(*text, " \t"), *to = from, *end;
    if (*from == '"') {
        char *p = from + 1;
        for (; *p && (*p != '"' || p[1] == '"'); p++) {
            p += *p == '"';
            *to++ = *p;
        }
        if (*p != '"')
            return NULL;
        p++;
        p += strspn(p, " \t");
        if (*p && *p != ',')
            return NULL;
        *text = *p ? p + 1 : NULL;
        *to = 0;
        return from;
    }
    end = from + strcspn(from, ",");
    *text = *end ? end + 1 : NULL;
    while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = 0;
    return from;
}

static oc_status add_line(cli_pictures *p, char *line, const char *file, size_t number,
                          oc_error *err)
{
    char        place[4200];
    const char *slash = strrchr(file, '/');
    if (line[strspn(line, " \t")] == 0 || (number == 1 && strcmp(line, "path,label") == 0))
        return OC_OK;
    char *rest = line, *path = take_field(&rest), *label = path && rest ? take_field(&rest) : NULL;
    if (!path || !label || !*path || !*label)
        return OC_FAIL(err, OC_FORMAT, "%s:%zu: not a line like path,label", file, number);
    int folder = slash && path[0] != '/' ? (int)(slash + 1 - file) : 0;
    if (snprintf(place, sizeof(place), "%.*s%s", folder, file, path) >= (int)sizeof(place))
        return OC_FAIL(err, OC_FORMAT, "%s:%zu: the path is too long", file, number);
    return cli_pictures_add(p, place, label, err);
}

oc_status cli_pictures_csv(cli_pictures *p, const char *file, oc_error *err)
{
    oc_bytes  bytes = {0};
    char     *text = NULL;
    oc_status st = oc_bytes_open(file, &bytes, err);
    if (st != OC_OK)
        return st;
    if (memchr(bytes.data ? bytes.data : (const unsigned char *)"", 0, bytes.n))
        st = OC_FAIL(err, OC_FORMAT, "%s: not a text", file);
    else if (!(text = calloc(bytes.n + 1, 1)))
        st = OC_FAIL(err, OC_NOMEM, "%s: out of memory", file);
    if (st == OC_OK && bytes.n)
        memcpy(text, bytes.data, bytes.n);
    size_t number = 0;
    /* A mark that some programs put in front of UTF-8. */
    char *line = st == OC_OK && strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    while (st == OC_OK && line && *line) {
        char *end = line + strcspn(line, "\n"), *next = *end ? end + 1 : NULL;
        if (end > line && end[-1] == '\r')
            end--;
        *end = 0;
        st = add_line(p, line, file, ++number, err);
        line = next;
    }
    free(text);
    oc_bytes_close(&bytes);
    return st;
}

/* ---- folders ---- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_picture(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 ||
                   strcasecmp(dot, ".png") == 0);
}

/* The first folder below the root on the way to a file; NULL for a file in the root itself. */
static const char *label_of(const FTSENT *e)
{
    for (e = e->fts_parent; e->fts_level > 1; e = e->fts_parent)
        ;
    return e->fts_level == 1 ? e->fts_name : NULL;
}

static oc_status visit(cli_pictures *p, FTS *tree, FTSENT *e, size_t *loose, oc_error *err)
{
    if (e->fts_level > 0 && e->fts_name[0] == '.') {
        fts_set(tree, e, FTS_SKIP);
        return OC_OK;
    }
    switch (e->fts_info) {
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS: return OC_FAIL(err, OC_IO, "%s: %s", e->fts_path, strerror(e->fts_errno));
    case FTS_DC: return OC_FAIL(err, OC_FORMAT, "%s: a folder inside itself", e->fts_path);
    case FTS_F: break;
    default: return OC_OK;
    }
    if (e->fts_level == 0)
        return OC_FAIL(err, OC_FORMAT, "%s: not a folder", e->fts_path);
    if (!is_picture(e->fts_name))
        return OC_OK;
    const char *label = label_of(e);
    if (label)
        return cli_pictures_add(p, e->fts_path, label, err);
    ++*loose;
    return OC_OK;
}

oc_status cli_pictures_folder(cli_pictures *p, const char *folder, oc_error *err)
{
    char     *root = strdup(folder), *roots[] = {root, NULL};
    size_t    before = p->n, loose = 0;
    oc_status st = OC_OK;
    FTS      *tree = root ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
    FTSENT   *e;
    if (!tree) {
        free(root);
        return OC_FAIL(err, OC_IO, "%s: %s", folder, strerror(errno));
    }
    while (st == OC_OK && (e = fts_read(tree)))
        st = visit(p, tree, e, &loose, err);
    fts_close(tree);
    free(root);
    if (st == OC_OK && loose)
        fprintf(stderr, "warning: %s: %zu pictures stand in no folder that could be their label\n",
                folder, loose);
    if (st == OC_OK && p->n == before)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no pictures in its folders", folder);
    return st;
}
