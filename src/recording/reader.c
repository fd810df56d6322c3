#include "recording/reader.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Folders that have segments in them, for the message. */
static void name_inner(const char *folder, char *text, size_t bytes)
{
    struct dirent **names;
    int             n = scandir(folder, &names, NULL, alphasort);
    size_t          at = 0;
    for (int i = 0; i < n; i++) {
        char             inner[OC_RING_PATH + 256];
        oc_ring_segment *list = NULL;
        size_t           count = 0;
        snprintf(inner, sizeof(inner), "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && oc_ring_list(inner, &list, &count, NULL) == OC_OK &&
            count && at + 64 < bytes)
            at += (size_t)snprintf(text + at, bytes - at, "%s%.48s", at ? ", " : "",
                                   names[i]->d_name);
        free(list);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

oc_status oc_reader_open(oc_reader *r, const char *folder, bool pixels, oc_error *err)
{
    char inner[320] = "";
    *r = (oc_reader){.pixels = pixels, .lost = UINT64_MAX};
    if (strlen(folder) >= sizeof(r->folder))
        return OC_FAIL(err, OC_INVALID, "the folder's name is too long");
    snprintf(r->folder, sizeof(r->folder), "%s", folder);
    oc_status st = oc_ring_list(folder, &r->list, &r->n, err);
    if (st != OC_OK || r->n)
        return st;
    name_inner(folder, inner, sizeof(inner));
    return OC_FAIL(err, OC_NOT_FOUND, "%.150s: there is no recording in it%s%s", folder,
                   *inner ? "; there are in its folders " : "", inner);
}

static void shut(oc_reader *r)
{
    oc_bytes_close(&r->bytes);
    r->bytes = (oc_bytes){0};
    r->open = false;
}

void oc_reader_close(oc_reader *r)
{
    shut(r);
    free(r->list);
    r->list = NULL;
    r->n = r->at = 0;
}

void oc_reader_seek(oc_reader *r, size_t i)
{
    shut(r);
    r->at = i;
    r->lost = UINT64_MAX;
    r->before = 0;
}

static oc_status open_next(oc_reader *r, oc_error *err)
{
    struct stat s;
    for (; r->at < r->n; r->at++) {
        if (r->before && r->list[r->at].number != r->before + 1)
            r->hole = true;
        r->before = r->list[r->at].number;
        snprintf(r->path, sizeof(r->path), "%s/" OC_SEGMENT_NAME, r->folder,
                 (unsigned long long)r->list[r->at].number);
        oc_status st = oc_bytes_open(r->path, &r->bytes, err);
        bool      gone = st != OC_OK && stat(r->path, &s) != 0;
        if (gone || (st == OC_FORMAT && s.st_size == 0)) {
            r->hole = r->hole || gone; /* the ring goes on while we read */
            continue;
        }
        if (st == OC_OK)
            st = oc_segment_open(r->path, r->bytes.data, r->bytes.n, &r->segment, err);
        r->open = st == OC_OK;
        return st;
    }
    return OC_END;
}

oc_status oc_reader_next(oc_reader *r, oc_block *out, bool *first, oc_error *err)
{
    r->hole = false;
    for (;;) {
        bool      begins = !r->open;
        oc_status st = r->open ? OC_OK : open_next(r, err);
        if (st == OC_OK)
            st = oc_segment_next(&r->segment, r->pixels, out, err);
        if (st == OC_OK) {
            /* another run begins with nothing lost */
            r->hole = r->hole || (begins ? out->lost > r->lost : out->lost != r->lost);
            r->lost = out->lost;
            if (first)
                *first = begins;
            return OC_OK;
        }
        if (st != OC_END || r->at >= r->n)
            return st;
        if (r->segment.torn && r->torn && *r->segment.torn_text)
            r->torn(r->ctx, r->path, r->segment.torn_text);
        shut(r);
        r->at++;
    }
}
