#include "cli/untar.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK 512
#define NAME_MAX_BYTES 4096

typedef struct archive {
    gzFile    gz; /* reads plain files, too */
    oc_error *err;
    char      name[NAME_MAX_BYTES]; /* of the entry at hand */
    bool      named;                /* by a record before the entry */
} archive;

static oc_status read_all(archive *a, void *to, size_t n)
{
    int got = gzread(a->gz, to, (unsigned)n);
    if (got == (int)n)
        return OC_OK;
    int         code;
    const char *text = gzerror(a->gz, &code);
    return OC_FAIL(a->err, OC_FORMAT, "the archive is %s", got < 0 ? text : "cut off");
}

/* Octal text, or base 256 where the first bit is set; UINT64_MAX for neither. */
static uint64_t number(const unsigned char *field, size_t n)
{
    uint64_t v = 0;
    size_t   i = 0;
    if (field[0] & 0x80) {
        for (v = field[0] & 0x7f, i = 1; i < n; i++) {
            if (v >> 55)
                return UINT64_MAX;
            v = v << 8 | field[i];
        }
        return v;
    }
    while (i < n && field[i] == ' ')
        i++;
    for (; i < n && field[i] >= '0' && field[i] <= '7'; i++)
        v = v << 3 | (uint64_t)(field[i] - '0');
    return i < n && field[i] && field[i] != ' ' ? UINT64_MAX : v;
}

static bool checksum_fits(const unsigned char *head)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : head[i];
    return number(head + 148, 8) == sum;
}

static oc_status skip(archive *a, uint64_t bytes)
{
    char block[64 * BLOCK];
    while (bytes) {
        size_t    n = bytes < sizeof(block) ? (size_t)bytes : sizeof(block);
        oc_status st = read_all(a, block, n);
        if (st != OC_OK)
            return st;
        bytes -= n;
    }
    return OC_OK;
}

static uint64_t padding(uint64_t size)
{
    return (BLOCK - size % BLOCK) % BLOCK;
}

static oc_status save(archive *a, const char *to, uint64_t size)
{
    char      block[64 * BLOCK];
    oc_status st = OC_OK;
    FILE     *f = fopen(to, "wb");
    if (!f)
        return OC_FAIL(a->err, OC_IO, "%s: %s", to, strerror(errno));
    for (uint64_t left = size; st == OC_OK && left;) {
        size_t n = left < sizeof(block) ? (size_t)left : sizeof(block);
        st = read_all(a, block, n);
        if (st == OC_OK && fwrite(block, 1, n, f) != n)
            st = OC_FAIL(a->err, OC_IO, "%s: %s", to, strerror(errno));
        left -= n;
    }
    if (fclose(f) != 0 && st == OC_OK)
        st = OC_FAIL(a->err, OC_IO, "%s: %s", to, strerror(errno));
    return st == OC_OK ? skip(a, padding(size)) : st;
}

/* The path in a pax record ("27 path=...\n" among others). */
static void pax_path(archive *a, const char *text, size_t n)
{
    for (size_t at = 0; at < n;) {
        char  *end;
        size_t length = strtoul(text + at, &end, 10);
        size_t head = (size_t)(end - text) - at;
        if (*end != ' ' || length < head + 2 || length > n - at)
            return;
        const char *key = end + 1;
        size_t      rest = length - head - 2; /* without blank and newline */
        if (rest > 5 && memcmp(key, "path=", 5) == 0 && rest - 5 < sizeof(a->name)) {
            memcpy(a->name, key + 5, rest - 5);
            a->name[rest - 5] = 0;
            a->named = true;
        }
        at += length;
    }
}

/* A record that names the next entry. */
static oc_status read_name(archive *a, char kind, uint64_t size)
{
    char text[NAME_MAX_BYTES + 1];
    if (size > NAME_MAX_BYTES) {
        oc_status st = skip(a, size);
        return st == OC_OK ? skip(a, padding(size)) : st;
    }
    oc_status st = read_all(a, text, (size_t)size);
    if (st != OC_OK)
        return st;
    text[size] = 0;
    if (kind == 'x') {
        pax_path(a, text, (size_t)size);
    } else if (size < sizeof(a->name)) {
        memcpy(a->name, text, (size_t)size + 1);
        a->named = true;
    }
    return skip(a, padding(size));
}

static void entry_name(archive *a, const unsigned char *head)
{
    if (a->named)
        return;
    const char *prefix = (const char *)head + 345;
    if (memcmp(head + 257, "ustar", 5) == 0 && head[262] == 0 && *prefix)
        snprintf(a->name, sizeof(a->name), "%.155s/%.100s", prefix, (const char *)head);
    else
        snprintf(a->name, sizeof(a->name), "%.100s", (const char *)head);
}

static cli_want *find_want(const archive *a, unsigned strip, cli_want *wants, size_t n)
{
    const char *name = a->name;
    while (name[0] == '.' && name[1] == '/')
        name += 2;
    for (unsigned i = 0; name && i < strip; i++) {
        name = strchr(name, '/');
        name = name ? name + 1 : NULL;
    }
    for (size_t i = 0; name && i < n; i++)
        if (!wants[i].got && strcmp(wants[i].path, name) == 0)
            return &wants[i];
    return NULL;
}

/* One header and what belongs to it; *more is false at the end of the archive. */
static oc_status next_entry(archive *a, unsigned strip, cli_want *wants, size_t n, bool *more)
{
    unsigned char head[BLOCK];
    oc_status     st = read_all(a, head, BLOCK);
    if (st != OC_OK)
        return st;
    if (!head[0]) {
        *more = false;
        return OC_OK;
    }
    uint64_t size = number(head + 124, 12);
    if (size > INT64_MAX || !checksum_fits(head))
        return OC_FAIL(a->err, OC_FORMAT, "not a tar archive, or a damaged one");
    char kind = (char)head[156];
    if (kind == 'L' || kind == 'x')
        return read_name(a, kind, size);
    entry_name(a, head);
    a->named = false;
    cli_want *want = kind == '0' || kind == 0 ? find_want(a, strip, wants, n) : NULL;
    if (want) {
        want->got = true;
        return save(a, want->to, size);
    }
    st = skip(a, size);
    return st == OC_OK ? skip(a, padding(size)) : st;
}

oc_status cli_untar(int fd, unsigned strip, cli_want *wants, size_t n, oc_error *err)
{
    archive a = {.gz = gzdopen(fd, "rb"), .err = err};
    if (!a.gz) {
        close(fd);
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    }
    gzbuffer(a.gz, 1 << 17);
    oc_status st = OC_OK;
    bool      more = true;
    size_t    missing = n;
    while (st == OC_OK && more && missing) {
        st = next_entry(&a, strip, wants, n, &more);
        missing = 0;
        for (size_t i = 0; i < n; i++)
            missing += !wants[i].got;
    }
    for (size_t i = 0; st == OC_OK && i < n; i++)
        if (!wants[i].got)
            st = OC_FAIL(err, OC_NOT_FOUND, "the archive has no file '%s'", wants[i].path);
    gzclose(a.gz);
    return st;
}
