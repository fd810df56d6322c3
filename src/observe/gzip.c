#include "observe/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#define LEVEL 1
#define WINDOW (15 + 16) /* 32 KB, and gzip's head in place of zlib's */
#define MEMORY 8         /* zlib's own choice: 128 KB */

bool oc_gzip(oc_strbuf *text)
{
    z_stream  z = {0};
    oc_strbuf out = {0};
    if (text->failed || text->n > UINT_MAX / 2 ||
        deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    out.cap = deflateBound(&z, (uLong)text->n);
    out.data = malloc(out.cap + 1);
    z.next_in = (unsigned char *)text->data;
    z.avail_in = (uInt)text->n;
    z.next_out = (unsigned char *)out.data;
    z.avail_out = (uInt)out.cap;
    const bool done = out.data && deflate(&z, Z_FINISH) == Z_STREAM_END;
    out.n = out.cap - z.avail_out;
    deflateEnd(&z);
    if (!done) {
        free(out.data);
        return false;
    }
    char *less = realloc(out.data, out.n + 1); /* what waits is counted by what it holds */
    if (less) {
        out.data = less;
        out.cap = out.n;
    }
    out.data[out.n] = '\0';
    out.cap++;
    oc_strbuf_finish(text);
    *text = out;
    return true;
}
