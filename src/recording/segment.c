/* Heads, checksums, and telling a torn tail from damage. */
#include "recording/segment.h"

#include <stdio.h>
#include <string.h>

#include "core/walk.h"
#include "core/xxh64.h"

static const char magic[8] = {'O', 'C', 'E', 'L', 'R', 'E', 'C', '\n'};
static const char mark[4] = {'b', 'l', 'k', '\n'};

#define TRIES_MAX 256
#define SUMMED 32 /* of a block's head: all but the checksum */

const char *oc_block_name(oc_block_kind kind)
{
    switch (kind) {
#define X(name, number, text) \
    case OC_BLOCK_##name: return text;
        OC_BLOCK_MAP(X)
#undef X
    }
    return "?";
}

void oc_segment_head(unsigned char out[OC_SEGMENT_HEAD_BYTES])
{
    oc_walk  w = oc_walk_writer(out, OC_SEGMENT_HEAD_BYTES);
    uint32_t version = OC_RECORDING_VERSION, zero = 0;
    memcpy(out, magic, sizeof(magic));
    w.at = sizeof(magic);
    oc_walk_u32(&w, &version);
    oc_walk_u32(&w, &zero);
}

typedef struct head {
    uint32_t kind;
    uint64_t bytes, lost, number, sum;
} head;

static void walk_head(oc_walk *w, head *h)
{
    char text[4];
    memcpy(text, mark, sizeof(text));
    oc_walk_bytes(w, text, sizeof(text));
    if (memcmp(text, mark, sizeof(text)) != 0)
        oc_walk_refuse(w);
    oc_walk_u32(w, &h->kind);
    oc_walk_u64(w, &h->bytes);
    oc_walk_u64(w, &h->lost);
    oc_walk_u64(w, &h->number);
    oc_walk_u64(w, &h->sum);
}

/* Of the head, and of the data: two sums, so that they need not lie in one piece without the sum
 * between them. */
static uint64_t sum_of(const unsigned char *block, size_t bytes)
{
    uint64_t both[2] = {oc_xxh64(block, SUMMED), oc_xxh64(block + OC_BLOCK_HEAD_BYTES, bytes)};
    return both[0] * 3 + both[1];
}

void oc_block_seal(unsigned char *block, oc_block_kind kind, uint64_t bytes, uint64_t lost,
                   uint64_t number)
{
    head    h = {.kind = (uint32_t)kind, .bytes = bytes, .lost = lost, .number = number};
    oc_walk w = oc_walk_writer(block, OC_BLOCK_HEAD_BYTES);
    walk_head(&w, &h);
    h.sum = sum_of(block, (size_t)bytes);
    w = oc_walk_writer(block, OC_BLOCK_HEAD_BYTES);
    walk_head(&w, &h);
}

oc_status oc_segment_open(const char *name, const unsigned char *bytes, size_t n, oc_segment *out,
                          oc_error *err)
{
    oc_walk  w = oc_walk_reader(bytes, n);
    char     text[sizeof(magic)];
    uint32_t version = 0, zero = 0;
    oc_walk_bytes(&w, text, sizeof(text));
    oc_walk_u32(&w, &version);
    oc_walk_u32(&w, &zero);
    *out = (oc_segment){.name = name, .bytes = bytes, .n = n, .at = w.at};
    if (n < OC_SEGMENT_HEAD_BYTES && memcmp(magic, bytes, n < 8 ? n : 8) == 0) {
        out->at = n;
        return OC_OK; /* killed before anything stood in it */
    }
    if (w.bad || memcmp(text, magic, sizeof(magic)) != 0)
        return OC_FAIL(err, OC_FORMAT, "%s: not a segment of a recording", name);
    if (version > OC_RECORDING_VERSION)
        return OC_FAIL(err, OC_UNSUPPORTED,
                       "%s: recorded by a newer version of this program (format %u, this one reads "
                       "up to %u)",
                       name, version, OC_RECORDING_VERSION);
    if (version == 0 || zero != 0)
        return OC_FAIL(err, OC_FORMAT, "%s: damaged in its first bytes", name);
    return OC_OK;
}

/* Does a whole block stand at this place?  Why not: *why. */
static bool block_at(const oc_segment *s, size_t at, bool pixels, oc_block *out, const char **why)
{
    head    h = {0};
    oc_walk w = oc_walk_reader(s->bytes + at, s->n - at);
    walk_head(&w, &h);
    *why = "it is shorter than the head of a block";
    if (s->n - at < OC_BLOCK_HEAD_BYTES)
        return false;
    *why = "no block begins here";
    if (w.bad)
        return false;
    *why = "the block ends behind the file";
    if (h.bytes > s->n - at - OC_BLOCK_HEAD_BYTES)
        return false;
    *why = "the block's checksum is wrong";
    bool look = pixels || h.kind != OC_BLOCK_FRAME;
    if (look && sum_of(s->bytes + at, (size_t)h.bytes) != h.sum)
        return false;
    *out = (oc_block){.kind = (oc_block_kind)h.kind,
                      .data = s->bytes + at + OC_BLOCK_HEAD_BYTES,
                      .n = (size_t)h.bytes,
                      .lost = h.lost,
                      .number = h.number,
                      .at = at};
    return true;
}

/* A whole block further on: what lies before it was not torn off, it was spoilt. */
static bool goes_on(const oc_segment *s, size_t at)
{
    const unsigned char *p = s->bytes + at, *end = s->bytes + s->n;
    oc_block             b;
    const char          *why;
    int                  tries = 0; /* checksums take time, and a file may be made of marks */
    for (; p < end && (p = memmem(p, (size_t)(end - p), mark, sizeof(mark))) != NULL; p++)
        if (block_at(s, (size_t)(p - s->bytes), true, &b, &why) || ++tries == TRIES_MAX)
            return true;
    return false;
}

oc_status oc_segment_next(oc_segment *s, bool pixels, oc_block *out, oc_error *err)
{
    const char *why;
    size_t      at = s->at;
    if (at == s->n && (s->sealed || s->torn))
        return OC_END;
    if (at == s->n) {
        s->torn = true;
        return OC_END; /* killed between two blocks: nothing is missing that was written */
    }
    if (s->sealed)
        return OC_FAIL(err, OC_FORMAT, "%s:%zu: something stands behind the end", s->name, at);
    if (!block_at(s, at, pixels, out, &why)) {
        if (goes_on(s, at + 1))
            return OC_FAIL(err, OC_FORMAT, "%s:%zu: damaged: %s", s->name, at, why);
        snprintf(s->torn_text, sizeof(s->torn_text), "the last %zu bytes, from %zu on: %s",
                 s->n - at, at, why);
        s->torn = true;
        s->at = s->n;
        return OC_END;
    }
    if (out->number != s->number)
        return OC_FAIL(err, OC_FORMAT, "%s:%zu: block %llu where %llu should be", s->name, at,
                       (unsigned long long)out->number, (unsigned long long)s->number);
    s->number++;
    s->at = at + OC_BLOCK_HEAD_BYTES + out->n;
    s->sealed = out->kind == OC_BLOCK_SEALED;
    return OC_OK;
}
