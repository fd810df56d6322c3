/* Cards: the input and the labels, and the whole.  The source section is in card_source.c. */
#include "vision/card.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vision/card_source.h"

#define LABELS_MAX 100000
#define LABELS_BYTES_MAX ((size_t)4 << 20)

static const oc_yaml_word layouts[] = {{"nchw", 0}, {"nhwc", 1}, {NULL, 0}};
static const oc_yaml_word colors[] = {{"rgb", 0}, {"bgr", 1}, {"gray", 2}, {NULL, 0}};
static const oc_yaml_word filters[] = {{"bilinear", 0}, {"nearest", 1}, {NULL, 0}};
static const oc_yaml_word fits[] = {{"stretch", OC_FIT_STRETCH},
                                    {"letterbox-center", OC_FIT_LETTERBOX_CENTER},
                                    {"letterbox-topleft", OC_FIT_LETTERBOX_TL},
                                    {"crop-center", OC_FIT_CROP_CENTER},
                                    {NULL, 0}};
static const oc_yaml_word dtypes[] = {
    {"float32", OC_F32}, {"float16", OC_F16}, {"uint8", OC_U8}, {"int32", OC_I32}, {NULL, 0}};

static oc_status read_size(const oc_yaml_node *node, oc_card_size *size, oc_error *err)
{
    int64_t   v[2];
    oc_status st = OC_OK;
    if (oc_yaml_kind_of(node) != OC_YAML_LIST || oc_yaml_count(node) != 2)
        return oc_yaml_fail(err, node, "a size is expected: [width, height]");
    for (size_t i = 0; i < 2 && st == OC_OK; i++)
        st = oc_yaml_to_int(oc_yaml_at(node, i), 1, 16384, &v[i], err);
    if (st == OC_OK)
        *size = (oc_card_size){(int32_t)v[0], (int32_t)v[1]};
    return st;
}

static void parse_sizes(oc_yaml_map *m, oc_card *card)
{
    const oc_yaml_node *one = oc_yaml_any_or(m, "size");
    const oc_yaml_node *many = oc_yaml_list_or(m, "sizes", 1, OC_CARD_BUCKETS_MAX);
    if (m->status == OC_OK && !one == !many)
        oc_yaml_object(m, one ? "sizes" : NULL,
                       "either 'size' or 'sizes' (of a network with dynamic shape) is needed");
    if (m->status == OC_OK && one) {
        m->status = read_size(one, &card->sizes[0], m->err);
        card->n_sizes = 1;
    }
    card->dynamic = many != NULL;
    for (size_t i = 0; m->status == OC_OK && many && i < oc_yaml_count(many); i++) {
        m->status = read_size(oc_yaml_at(many, i), &card->sizes[i], m->err);
        card->n_sizes = i + 1;
    }
}

/* A value for all channels, or one for each. */
static void read_channels(oc_yaml_map *m, const char *key, size_t channels, float missing,
                          float out[3])
{
    float  v[3];
    size_t n = oc_yaml_floats_or(m, key, -1e6, 1e6, 1, 3, v);
    if (n > 1 && n != channels)
        oc_yaml_object(m, key, "%zu values for %zu channels", n, channels);
    for (size_t c = 0; c < 3; c++)
        out[c] = n == 0 ? missing : v[n == 1 ? 0 : c < n ? c : n - 1];
}

static void parse_normalisation(oc_yaml_map *m, oc_to_tensor_options *image)
{
    size_t channels = image->gray ? 1 : 3;
    float  std[3];
    read_channels(m, "mean", channels, 0, image->mean);
    read_channels(m, "scale", channels, 1, image->scale);
    read_channels(m, "std", channels, 1, std);
    if (!oc_yaml_has(m, "std"))
        return;
    if (oc_yaml_has(m, "scale"))
        oc_yaml_object(m, "std", "either 'std' or 'scale'");
    for (size_t c = 0; c < 3; c++) {
        if (!(std[c] > 0))
            oc_yaml_object(m, "std", "must be above 0");
        image->scale[c] = 1 / std[c];
    }
}

static void parse_crop(oc_yaml_map *m, oc_card *card)
{
    oc_yaml_map c;
    card->crop_scale = 1;
    const oc_yaml_node *node = oc_yaml_sub_or(m, "crop");
    if (!node)
        return;
    oc_yaml_begin(&c, node, m->err);
    card->crop_scale = (float)oc_yaml_float_or(&c, "scale", .1, 10, 1);
    card->crop_aspect = (float)oc_yaml_float_or(&c, "aspect", .01, 100, 0);
    m->status = oc_yaml_end(&c);
}

static oc_status parse_input(const oc_yaml_node *node, oc_card *card, oc_error *err)
{
    oc_yaml_map           m;
    oc_to_tensor_options *image = &card->image;
    oc_yaml_begin(&m, node, err);
    card->input = oc_yaml_text_or(&m, "name", NULL);
    parse_sizes(&m, card);
    image->width = card->sizes[0].width;
    image->height = card->sizes[0].height;
    image->nhwc = oc_yaml_word_or(&m, "layout", layouts, 0) == 1;
    int color = oc_yaml_word_of(&m, "color", colors);
    image->bgr = color == 1;
    image->gray = color == 2;
    image->dtype = (oc_dtype)oc_yaml_word_or(&m, "dtype", dtypes, OC_F32);
    card->half = image->dtype == OC_F16;
    if (card->half)
        image->dtype = OC_F32;
    image->fit = (oc_fit)oc_yaml_word_of(&m, "fit", fits);
    image->resize_short = (int32_t)oc_yaml_int_or(&m, "resize_short", 1, 16384, 0);
    if (image->resize_short && image->fit != OC_FIT_CROP_CENTER)
        oc_yaml_object(&m, "resize_short", "means something only with fit: crop-center");
    image->pad = (float)oc_yaml_float_or(&m, "pad", 0, 255, 0);
    image->half_pixel = oc_yaml_bool_or(&m, "half_pixel", true);
    image->nearest = oc_yaml_word_or(&m, "filter", filters, 0) == 1;
    parse_normalisation(&m, image);
    parse_crop(&m, card);
    return oc_yaml_end(&m);
}

static oc_status parse_head(const oc_yaml_node *node, oc_card *card, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    const char *type = oc_yaml_text(&m, "type");
    if (m.status != OC_OK)
        return m.status;
    card->head = oc_head_find(type);
    if (!card->head) {
        char   list[200];
        size_t used = 0;
        for (size_t i = 0; oc_head_at(i) && used < sizeof(list); i++)
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
                                     oc_head_at(i)->name);
        oc_yaml_object(&m, "type", "'%s' is none of: %s", type, list);
        return m.status;
    }
    card->head_params = oc_arena_alloc(&card->arena, 1, card->head->params_bytes);
    if (!card->head_params)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    card->head->parse(&m, &card->arena, card->head_params);
    return oc_yaml_end(&m);
}

static oc_status inline_labels(const oc_yaml_node *list, oc_card *card, const char ***out,
                               size_t *n_out, oc_error *err)
{
    size_t       n = oc_yaml_count(list);
    const char **texts = oc_arena_alloc(&card->arena, n ? n : 1, sizeof(*texts));
    oc_status    st = texts ? OC_OK : OC_FAIL(err, OC_NOMEM, "out of memory");
    for (size_t i = 0; i < n && st == OC_OK; i++)
        st = oc_yaml_to_text(oc_yaml_at(list, i), &texts[i], err);
    if (st == OC_OK) {
        *out = texts;
        *n_out = n;
    }
    return st;
}

/* One label a line; spaces count, an empty last line does not. */
static oc_status split_labels(oc_card *card, const char *path, char *text, size_t bytes,
                              oc_error *err)
{
    size_t lines = 0, n = 0;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n' || i + 1 == bytes;
    if (lines == 0 || lines > LABELS_MAX || memchr(text, 0, bytes))
        return OC_FAIL(err, OC_FORMAT, "%s: not a list of labels, one a line", path);
    const char **labels = oc_arena_alloc(&card->arena, lines, sizeof(*labels));
    if (!labels)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    for (size_t at = 0; at < bytes; n++) {
        const char *end = memchr(text + at, '\n', bytes - at);
        size_t      next = end ? (size_t)(end - text) : bytes;
        size_t      length = next - at;
        if (length && text[at + length - 1] == '\r')
            length--;
        labels[n] = oc_arena_strndup(&card->arena, text + at, length);
        if (!labels[n])
            return OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
        at = next + 1;
    }
    assert(n == lines);
    card->labels = labels;
    card->n_labels = n;
    return OC_OK;
}

/* OC_NOT_FOUND: there is no such file, which the caller may forgive. */
static oc_status load_labels(oc_card *card, const char *folder, oc_error *err)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, card->labels_file);
    FILE *f = fopen(path, "rb");
    if (!f)
        return OC_FAIL(err, errno == ENOENT ? OC_NOT_FOUND : OC_IO, "%s: %s", path,
                       strerror(errno));
    oc_status st = OC_OK;
    char     *text = malloc(LABELS_BYTES_MAX + 1);
    size_t    bytes = text ? fread(text, 1, LABELS_BYTES_MAX + 1, f) : 0;
    if (!text)
        st = OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    else if (ferror(f))
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    else if (bytes > LABELS_BYTES_MAX)
        st = OC_FAIL(err, OC_FORMAT, "%s: larger than %zu MiB", path, LABELS_BYTES_MAX >> 20);
    else
        st = split_labels(card, path, text, bytes, err);
    free(text);
    fclose(f);
    return st;
}

static void parse_labels(oc_yaml_map *m, oc_card *card)
{
    const oc_yaml_node *node = oc_yaml_any_or(m, "labels");
    if (node && oc_yaml_kind_of(node) == OC_YAML_LIST)
        m->status = inline_labels(node, card, &card->labels, &card->n_labels, m->err);
    else
        card->labels_file = oc_yaml_text_or(m, "labels", NULL);
    if (card->labels_file && card->labels_file[0] == '/')
        oc_yaml_object(m, "labels", "a path beside the card is expected");
    const oc_yaml_node *points = oc_yaml_list_or(m, "points", 1, OC_POINTS_MAX);
    if (points)
        m->status = inline_labels(points, card, &card->point_names, &card->n_point_names, m->err);
    if (m->status != OC_OK || !card->labels_file)
        return;
    oc_status st = load_labels(card, card->folder, m->err);
    if (st != OC_OK && st != OC_NOT_FOUND) /* a fetched one is read once the network is there */
        m->status = st;
}

static oc_status parse_card(oc_card *card, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, oc_yaml_root(card->doc), err);
    card->name = oc_yaml_text(&m, "name");
    card->title = oc_yaml_text(&m, "title");
    card->licence = oc_yaml_text(&m, "licence");
    card->allow_dynamic = oc_yaml_bool_or(&m, "allow_dynamic", false);
    const oc_yaml_node *source = oc_yaml_sub(&m, "source");
    if (source)
        m.status = oc_card_source_parse(source, &card->arena, &card->source, err);
    const oc_yaml_node *input = oc_yaml_sub(&m, "input");
    if (input)
        m.status = parse_input(input, card, err);
    const oc_yaml_node *head = oc_yaml_sub(&m, "head");
    if (head)
        m.status = parse_head(head, card, err);
    parse_labels(&m, card);
    if (m.status == OC_OK &&
        strspn(card->name, "abcdefghijklmnopqrstuvwxyz0123456789-._") != strlen(card->name))
        oc_yaml_object(&m, "name", "only a-z, 0-9, '-', '.' and '_'");
    return oc_yaml_end(&m);
}

static oc_status finish_load(oc_card *card, const char *path, const char *folder, oc_status st,
                             oc_card **out, oc_error *err)
{
    if (st == OC_OK) {
        card->path = oc_arena_strndup(&card->arena, path, strlen(path));
        card->folder = oc_arena_strndup(&card->arena, folder, strlen(folder));
        if (!card->path || !card->folder)
            st = OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    }
    if (st == OC_OK)
        st = parse_card(card, err);
    if (st != OC_OK) {
        oc_card_destroy(card);
        return st;
    }
    *out = card;
    return OC_OK;
}

oc_status oc_card_load_memory(const char *name, const char *folder, const void *text, size_t bytes,
                              oc_card **out, oc_error *err)
{
    oc_card *card = calloc(1, sizeof(*card));
    if (!card)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", name);
    oc_status st = oc_yaml_load_memory(name, text, bytes, &card->doc, err);
    return finish_load(card, name, folder, st, out, err);
}

oc_status oc_card_load(const char *path, oc_card **out, oc_error *err)
{
    oc_card *card = calloc(1, sizeof(*card));
    if (!card)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    char        folder[4096], inside[4096];
    struct stat at;
    if (stat(path, &at) == 0 && S_ISDIR(at.st_mode) &&
        (size_t)snprintf(inside, sizeof(inside), "%s/card.yaml", path) < sizeof(inside))
        path = inside;
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    oc_status st = oc_yaml_load(path, &card->doc, err);
    return finish_load(card, path, folder, st, out, err);
}

void oc_card_destroy(oc_card *card)
{
    if (!card)
        return;
    oc_yaml_destroy(card->doc);
    oc_arena_finish(&card->arena);
    free(card);
}

oc_status oc_card_labels(oc_card *card, const char *model_path, oc_error *err)
{
    if (!card->labels_file || card->labels)
        return OC_OK;
    char        folder[4096];
    const char *slash = strrchr(model_path, '/');
    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - model_path) : 1,
             slash ? model_path : ".");
    oc_status st = load_labels(card, folder, err);
    if (st != OC_OK)
        oc_error_prefix(err, "labels of %s, neither beside the card nor the network", card->name);
    return st;
}

const char *oc_card_label(const oc_card *card, uint32_t i, char *text, size_t text_bytes)
{
    if (i < card->n_labels)
        return card->labels[i];
    snprintf(text, text_bytes, "#%u", i);
    return text;
}

static float kept_scale(const oc_card_size *size, float width, float height)
{
    return fminf((float)size->width / width, (float)size->height / height);
}

size_t oc_card_pick_size(const oc_card *card, float width, float height)
{
    float most = 0;
    if (!(width > 0) || !(height > 0))
        return 0;
    for (size_t i = 0; i < card->n_sizes; i++)
        most = fmaxf(most, kept_scale(&card->sizes[i], width, height));
    size_t  best = 0;
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < card->n_sizes; i++) {
        int64_t area = (int64_t)card->sizes[i].width * card->sizes[i].height;
        if (kept_scale(&card->sizes[i], width, height) >= .98f * most && area < least) {
            least = area;
            best = i;
        }
    }
    return best;
}

oc_box oc_card_crop(const oc_card *card, oc_box box)
{
    float cx = (box.x0 + box.x1) / 2, cy = (box.y0 + box.y1) / 2;
    float w = (box.x1 - box.x0) * card->crop_scale, h = (box.y1 - box.y0) * card->crop_scale;
    if (card->crop_aspect > 0 && w < h * card->crop_aspect)
        w = h * card->crop_aspect;
    else if (card->crop_aspect > 0)
        h = w / card->crop_aspect;
    return (oc_box){cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2};
}
