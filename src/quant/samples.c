#include "quant/samples.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "data/npy.h"
#include "media/frame.h"
#include "media/image.h"
#include "media/to_tensor.h"

typedef struct sample {
    char  *path; /* of the picture, the tensor, or the folder of tensors */
    size_t part; /* of a tensor that holds several */
    bool   folder;
} sample;

struct q_samples {
    const oc_card  *card;
    const oc_port  *ports;
    size_t          n_ports;
    sample         *item;
    size_t          n, room;
    oc_to_tensor   *prepare[OC_CARD_BUCKETS_MAX];
    oc_tensor_view *in;     /* [n_ports] */
    oc_tensor_view *loaded; /* [n_ports], owned */
    void           *picture;
    bool            blank, looked;
};

static bool ends_with(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n > m && strcasecmp(text + n - m, ending) == 0;
}

static bool is_picture(const char *path)
{
    return ends_with(path, ".jpg") || ends_with(path, ".jpeg") || ends_with(path, ".png");
}

static oc_status add(q_samples *s, const char *path, size_t part, bool folder, oc_error *err)
{
    if (s->n == s->room) {
        size_t  room = s->room * 2 + 64;
        sample *more = reallocarray(s->item, room, sizeof(*more));
        if (!more)
            return OC_FAIL(err, OC_NOMEM, "samples");
        s->item = more;
        s->room = room;
    }
    char *copy = strdup(path);
    if (!copy)
        return OC_FAIL(err, OC_NOMEM, "samples");
    s->item[s->n++] = (sample){copy, part, folder};
    return OC_OK;
}

/* ---- tensors ---- */

/* How many samples lie in a tensor, by its first dimension and the network's. */
static size_t parts_of(const oc_tensor_view *v, const oc_port *port)
{
    const oc_shape *have = &v->info.shape, *want = &port->info.shape;
    if (have->rank != want->rank || have->rank == 0)
        return 1;
    int64_t one = want->dim[0] > 0 ? want->dim[0] : 1;
    return have->dim[0] > one && have->dim[0] % one == 0 ? (size_t)(have->dim[0] / one) : 1;
}

static oc_status add_tensor(q_samples *s, const char *path, oc_error *err)
{
    oc_tensor_view v = {0};
    oc_status      st = oc_npy_load(path, &v, err);
    if (st != OC_OK)
        return st;
    size_t n = parts_of(&v, &s->ports[0]);
    oc_npy_free(&v);
    for (size_t i = 0; i < n && st == OC_OK; i++)
        st = add(s, path, i, false, err);
    return st;
}

static void port_file(const char *folder, const char *port, char *path, size_t n)
{
    int at = snprintf(path, n, "%s/", folder);
    for (; *port && at >= 0 && (size_t)at + 5 < n; port++)
        path[at++] = *port == '/' || *port == ':' ? '_' : *port;
    if (at >= 0 && (size_t)at + 5 <= n)
        memcpy(path + at, ".npy", 5);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* A folder with a tensor for each input. */
static bool holds_inputs(const q_samples *s, const char *folder)
{
    char path[4096];
    for (size_t i = 0; i < s->n_ports; i++) {
        struct stat st;
        port_file(folder, s->ports[i].name, path, sizeof(path));
        if (stat(path, &st) != 0)
            return false;
    }
    return true;
}

static oc_status visit(q_samples *s, FTS *tree, FTSENT *e, size_t *pictures, oc_error *err)
{
    switch (e->fts_info) {
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS: return OC_FAIL(err, OC_IO, "%s: %s", e->fts_path, strerror(e->fts_errno));
    case FTS_D:
        if (s->n_ports > 1 && holds_inputs(s, e->fts_path)) {
            fts_set(tree, e, FTS_SKIP);
            return add(s, e->fts_path, 0, true, err);
        }
        return OC_OK;
    case FTS_F:
        if (is_picture(e->fts_name)) {
            ++*pictures;
            return s->card ? add(s, e->fts_path, 0, false, err) : OC_OK;
        }
        if (ends_with(e->fts_name, ".npy") && s->n_ports == 1)
            return add_tensor(s, e->fts_path, err);
        return OC_OK;
    default: return OC_OK;
    }
}

static oc_status scan(q_samples *s, const char *folder, oc_error *err)
{
    char       *roots[2] = {strdup(folder), NULL};
    size_t      pictures = 0;
    oc_status   st = OC_OK;
    struct stat info;
    if (!roots[0])
        return OC_FAIL(err, OC_NOMEM, "samples");
    FTS *tree = NULL;
    if (stat(folder, &info) != 0)
        st = OC_FAIL(err, OC_IO, "%s: %s", folder, strerror(errno));
    else if (!S_ISDIR(info.st_mode))
        st = OC_FAIL(err, OC_INVALID, "%s: not a folder", folder);
    else if (!(tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name)))
        st = OC_FAIL(err, OC_IO, "%s: %s", folder, strerror(errno));
    for (FTSENT *e; tree && st == OC_OK && (e = fts_read(tree));)
        st = visit(s, tree, e, &pictures, err);
    if (tree)
        fts_close(tree);
    free(roots[0]);
    if (st == OC_OK && s->n == 0 && pictures)
        st = OC_FAIL(err, OC_INVALID, "%s: holds pictures: --card says how they become tensors",
                     folder);
    else if (st == OC_OK && s->n == 0)
        st =
            OC_FAIL(err, OC_INVALID, "%s: nothing to calibrate on (no .jpg, .png or .npy)", folder);
    return st;
}

/* Every (n / limit)-th. */
static void thin(q_samples *s, size_t limit)
{
    if (limit == 0 || s->n <= limit)
        return;
    for (size_t i = 0; i < limit; i++) {
        size_t from = i * s->n / limit;
        sample t = s->item[i];
        s->item[i] = s->item[from];
        s->item[from] = t;
    }
    for (size_t i = limit; i < s->n; i++)
        free(s->item[i].path);
    s->n = limit;
}

oc_status q_samples_open(const char *folder, const oc_card *card, const oc_port *ports,
                         size_t n_ports, size_t limit, q_samples **out, oc_error *err)
{
    q_samples *s = calloc(1, sizeof(*s));
    oc_status  st = OC_OK;
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "samples");
    *s = (q_samples){.card = card, .ports = ports, .n_ports = n_ports, .blank = true};
    s->in = calloc(n_ports + 1, sizeof(*s->in));
    s->loaded = calloc(n_ports + 1, sizeof(*s->loaded));
    if (!s->in || !s->loaded)
        st = OC_FAIL(err, OC_NOMEM, "samples");
    if (st == OC_OK && card && n_ports != 1)
        st = OC_FAIL(err, OC_INVALID, "the network has %zu inputs, a card feeds one", n_ports);
    if (st == OC_OK)
        st = scan(s, folder, err);
    if (st != OC_OK) {
        q_samples_close(s);
        return st;
    }
    thin(s, limit);
    *out = s;
    return OC_OK;
}

static void unload(q_samples *s)
{
    for (size_t i = 0; s->loaded && i < s->n_ports; i++)
        oc_npy_free(&s->loaded[i]);
    oc_free64(s->picture);
    s->picture = NULL;
}

void q_samples_close(q_samples *s)
{
    if (!s)
        return;
    unload(s);
    for (size_t i = 0; i < s->n; i++)
        free(s->item[i].path);
    for (size_t i = 0; i < OC_CARD_BUCKETS_MAX; i++)
        oc_to_tensor_destroy(s->prepare[i]);
    free(s->item);
    free(s->in);
    free(s->loaded);
    free(s);
}

size_t q_samples_count(const q_samples *s)
{
    return s->n;
}

const char *q_samples_name(const q_samples *s, size_t i)
{
    return s->item[i].path;
}

bool q_samples_blank(const q_samples *s)
{
    return s->looked && s->blank;
}

/* ---- loading ---- */

/* Is every pixel like the first? */
static bool frame_is_blank(const oc_frame *f)
{
    for (int p = 0; p < 3; p++) {
        const size_t rows = oc_pixel_rows(f->format, p, f->height);
        const size_t bytes = oc_pixel_row_bytes(f->format, p, f->width);
        const size_t step = bytes / (size_t)(f->width > 0 ? f->width : 1);
        const size_t period = step ? step : 1;
        for (size_t y = 0; y < rows && bytes; y++) {
            const uint8_t *row = f->plane[p] + (ptrdiff_t)y * f->stride[p];
            for (size_t x = 0; x < bytes; x++)
                if (row[x] != f->plane[p][x % period])
                    return false;
        }
    }
    return true;
}

static oc_status load_picture(q_samples *s, const char *path, oc_error *err)
{
    oc_frame *frame = NULL;
    oc_status st = oc_image_load(path, &frame, err);
    if (st != OC_OK)
        return st;
    size_t pick = oc_card_pick_size(s->card, (float)frame->width, (float)frame->height);
    oc_to_tensor_options o = s->card->image;
    o.width = s->card->sizes[pick].width;
    o.height = s->card->sizes[pick].height;
    const int64_t  channels = o.gray ? 1 : 3;
    oc_tensor_view v = {.info = {o.dtype, {4, {1, channels, o.height, o.width}}}};
    size_t         bytes;
    if (o.nhwc)
        v.info.shape = (oc_shape){4, {1, o.height, o.width, channels}};
    s->blank = s->blank && frame_is_blank(frame);
    s->looked = true;
    if (!oc_tensor_bytes(&v.info, &bytes) || !(s->picture = oc_alloc64(bytes, 1)))
        st = OC_FAIL(err, OC_NOMEM, "picture");
    if (st == OC_OK && !s->prepare[pick])
        st = oc_to_tensor_create(&o, oc_cpu_isa(), 1, &s->prepare[pick], err);
    if (st == OC_OK)
        st = oc_to_tensor_run(s->prepare[pick], frame, NULL, NULL, s->picture, NULL, err);
    v.data = s->picture;
    s->in[0] = v;
    oc_frame_unref(frame);
    return st;
}

static oc_status load_tensor(q_samples *s, size_t port, const char *path, size_t part,
                             oc_error *err)
{
    oc_status st = oc_npy_load(path, &s->loaded[port], err);
    if (st != OC_OK)
        return st;
    oc_tensor_view *v = &s->in[port];
    size_t          bytes, n = s->n_ports == 1 ? parts_of(&s->loaded[port], &s->ports[port]) : 1;
    *v = s->loaded[port];
    if (v->info.dtype != s->ports[port].info.dtype)
        return OC_FAIL(err, OC_INVALID, "is %s, the network's input '%s' is %s",
                       oc_dtype_name(v->info.dtype), s->ports[port].name,
                       oc_dtype_name(s->ports[port].info.dtype));
    if (n > 1)
        v->info.shape.dim[0] /= (int64_t)n;
    if (!oc_tensor_bytes(&v->info, &bytes) || part >= n)
        return OC_FAIL(err, OC_FORMAT, "changed while it was read");
    v->data = (char *)v->data + part * bytes;
    return OC_OK;
}

oc_status q_samples_load(q_samples *s, size_t i, const oc_tensor_view **in, oc_error *err)
{
    const sample *it = &s->item[i];
    char          path[4096];
    oc_status     st = OC_OK;
    unload(s);
    if (it->folder) {
        for (size_t k = 0; k < s->n_ports && st == OC_OK; k++) {
            port_file(it->path, s->ports[k].name, path, sizeof(path));
            st = load_tensor(s, k, path, 0, err);
        }
    } else {
        st = is_picture(it->path) ? load_picture(s, it->path, err)
                                  : load_tensor(s, 0, it->path, it->part, err);
    }
    if (st != OC_OK && strncmp(err->message, it->path, strlen(it->path)) != 0)
        oc_error_prefix(err, "%s", it->path); /* readers of files name them themselves */
    *in = s->in;
    return st;
}
