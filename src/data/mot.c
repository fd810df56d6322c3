/* MOTChallenge: <sequence>/gt/gt.txt, <sequence>/seqinfo.ini, <sequence>/img1/000001.jpg.
 *
 * A line is frame, id, x, y, width, height, flag or score, class, visibility (MOT16 and later) or ten
 * columns of which the last three are places in the world (MOT15).  x and y count from 1. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/formats.h"
#include "data/layout.h"

#define NAME "mot"
#define FRAMES_MAX 1000000
#define COLUMNS_MAX 10

static const char *const classes[] = {
    "pedestrian",      "person_on_vehicle", "car",        "bicycle",  "motorbike",
    "non_mot_vehicle", "static_person",     "distractor", "occluder", "occluder_on_ground",
    "occluder_full",   "reflection",        "crowd"};
#define CLASSES (sizeof(classes) / sizeof(classes[0]))

/* ---- in ---- */

typedef struct sequence {
    char    name[256], folder[512], suffix[16]; /* of its images, below the root */
    int64_t frames, width, height;
    char    fps[32];
} sequence;

static oc_status read_info(const char *path, sequence *s, oc_error *err)
{
    oc_data_lines l = {0};
    oc_status     st = oc_data_lines_open(path, &l, err);
    while (st == OC_OK && (st = oc_data_lines_next(&l, err)) == OC_OK) {
        char *value = strchr(l.text, '=');
        bool  ok = true;
        if (!value)
            continue;
        *value++ = 0;
        if (strcmp(l.text, "seqLength") == 0)
            ok = oc_data_integer(value, &s->frames) && s->frames >= 0 && s->frames <= FRAMES_MAX;
        else if (strcmp(l.text, "imWidth") == 0)
            ok = oc_data_integer(value, &s->width) && s->width > 0 && s->width <= OC_DATA_SIDE_MAX;
        else if (strcmp(l.text, "imHeight") == 0)
            ok = oc_data_integer(value, &s->height) && s->height > 0 &&
                 s->height <= OC_DATA_SIDE_MAX;
        else if (strcmp(l.text, "frameRate") == 0)
            snprintf(s->fps, sizeof(s->fps), "%s", value);
        else if (strcmp(l.text, "imExt") == 0)
            snprintf(s->suffix, sizeof(s->suffix), "%s", value);
        if (!ok)
            st =
                OC_FAIL(err, OC_FORMAT, "%s: line %zu: %s is '%.40s'", path, l.line, l.text, value);
    }
    oc_data_lines_finish(&l);
    return st == OC_END ? OC_OK : st;
}

static oc_status frame_image(oc_data_set *set, const sequence *s, int64_t frame, uint32_t *image,
                             oc_error *err)
{
    char file[1024];
    snprintf(file, sizeof(file), "%s%simg1/%06lld%s", s->folder, *s->folder ? "/" : "",
             (long long)frame, s->suffix);
    if (oc_data_find_image(set, file, image))
        return OC_OK;
    oc_status st = oc_data_add_image(set, file, image, err);
    if (st == OC_OK) {
        oc_data_image *im = &set->images[*image];
        im->sequence = oc_data_text(set, s->name);
        im->frame = frame;
        im->width = (int32_t)s->width;
        im->height = (int32_t)s->height;
        st = im->sequence ? OC_OK : OC_FAIL(err, OC_NOMEM, "%s", s->name);
    }
    return st;
}

static oc_status class_of(oc_data_set *set, int64_t number, bool named, uint32_t *category,
                          oc_error *err)
{
    char name[32];
    if (named) {
        *category = (uint32_t)(number - 1);
        return number >= 1 && number <= (int64_t)set->n_categories
                   ? OC_OK
                   : OC_FAIL(err, OC_FORMAT, "class %lld of %zu", (long long)number,
                             set->n_categories);
    }
    if (number < 1)
        number = 1; /* MOT15: everyone is a pedestrian */
    snprintf(name, sizeof(name), "class_%lld", (long long)number);
    return oc_data_category_of(set, number <= (int64_t)CLASSES ? classes[number - 1] : name,
                               category, err);
}

static oc_status keep_tail(oc_data_set *set, oc_data_object *o, char **field, int n, bool named,
                           oc_error *err)
{
    double    v;
    int64_t   number = 1;
    oc_status st = OC_OK;
    if (n == COLUMNS_MAX) {
        char world[128];
        snprintf(world, sizeof(world), "%.40s %.40s %.40s", field[7], field[8], field[9]);
        st = oc_data_add_plain(set, &o->attrs, "world", world, err);
    } else if (n >= 8 && !oc_data_integer(field[7], &number)) {
        return OC_FAIL(err, OC_FORMAT, "class '%.40s' is not a whole number", field[7]);
    }
    if (st == OC_OK && n >= 7 && o->track < 0)
        oc_data_number(field[6], &o->score);
    else if (st == OC_OK && n >= 7 && !(oc_data_number(field[6], &v) && v == 1))
        st = oc_data_add_plain(set, &o->attrs, "mot_flag", field[6], err);
    if (st == OC_OK && n == 9)
        st = oc_data_add_plain(set, &o->attrs, "visibility", field[8], err);
    return st == OC_OK ? class_of(set, number, named, &o->category, err) : st;
}

static oc_status read_line(oc_data_set *set, const sequence *s, char *text, bool named,
                           oc_error *err)
{
    oc_data_object o = OC_DATA_OBJECT_INIT;
    char          *field[COLUMNS_MAX + 1], *at = text;
    int            n = 0;
    int64_t        frame;
    oc_status      st;
    double         v;
    while (n <= COLUMNS_MAX && (field[n] = oc_data_field(&at, ',')))
        n++;
    if (n < 6 || n > COLUMNS_MAX)
        return OC_FAIL(err, OC_FORMAT, "%d columns, MOT has 6 to 10", n);
    for (int i = 0; i < n; i++) {
        field[i] += strspn(field[i], " ");
        if (!oc_data_number(field[i], &v))
            return OC_FAIL(err, OC_FORMAT, "column %d, '%.40s', is not a number", i + 1, field[i]);
    }
    if (!oc_data_integer(field[0], &frame) || frame < 0 || frame > FRAMES_MAX ||
        !oc_data_integer(field[1], &o.track))
        return OC_FAIL(err, OC_FORMAT, "frame '%.20s', id '%.20s'", field[0], field[1]);
    o.track = o.track < 0 ? -1 : o.track;
    for (int k = 0; k < 4; k++)
        oc_data_number(field[2 + k], &o.box[k]);
    o.box[0] = oc_data_round(o.box[0] - 1);
    o.box[1] = oc_data_round(o.box[1] - 1);
    o.has_box = true;
    if ((st = frame_image(set, s, frame, &o.image, err)) == OC_OK &&
        (st = keep_tail(set, &o, field, n, named, err)) == OC_OK)
        st = oc_data_add_object(set, &o, err);
    return st;
}

/* "<sequence>/gt/gt.txt": its folder and name; a file on its own is its own sequence. */
static void name_sequence(const char *root, const char *file, sequence *s)
{
    const char *gt = strstr(file, "gt/gt.txt");
    const char *det = strstr(file, "det/det.txt");
    size_t      n = gt ? (size_t)(gt - file) : det ? (size_t)(det - file) : 0;
    snprintf(s->folder, sizeof(s->folder), "%.*s", (int)(n ? n - 1 : 0), file);
    if (n > 1) {
        snprintf(s->name, sizeof(s->name), "%s", oc_data_base(s->folder));
    } else if (gt || det) {
        size_t len = strlen(root);
        while (len && root[len - 1] == '/')
            len--;
        const char *from = root + len;
        while (from > root && from[-1] != '/')
            from--;
        snprintf(s->name, sizeof(s->name), "%.*s", (int)(root + len - from), from);
    } else if (!oc_data_swap_suffix(oc_data_base(file), "", s->name, sizeof(s->name))) {
        snprintf(s->name, sizeof(s->name), "sequence");
    }
}

static oc_status read_sequence(oc_data_set *set, const oc_data_files *f, const char *file,
                               oc_error *err)
{
    sequence      s = {.suffix = ".jpg"};
    char          path[OC_DATA_PATH_MAX], name[OC_DATA_PATH_MAX];
    oc_data_lines l = {0};
    bool          named = false;
    uint32_t      image;
    oc_status     st = OC_OK;
    name_sequence(f->folder, file, &s);
    snprintf(name, sizeof(name), "%s/%s%sseqinfo.ini", f->folder, s.folder, *s.folder ? "/" : "");
    if (oc_data_is_file(name) && (st = read_info(name, &s, err)) == OC_OK && s.fps[0])
        st = oc_data_add_extra(set, &set->extra, NAME, s.name, s.fps, err);
    snprintf(name, sizeof(name), "%s/%s%sgt/labels.txt", f->folder, s.folder, *s.folder ? "/" : "");
    if (st == OC_OK && oc_data_is_file(name)) {
        named = true;
        st = data_read_names(name, set, err);
    }
    for (int64_t k = 1; k <= s.frames && st == OC_OK; k++)
        st = frame_image(set, &s, k, &image, err);
    if (st != OC_OK || (st = oc_data_path(path, f->folder, file, err)) != OC_OK)
        return st;
    st = oc_data_lines_open(path, &l, err);
    while (st == OC_OK && (st = oc_data_lines_next(&l, err)) == OC_OK) {
        if (l.text[strspn(l.text, " \t")] && (st = read_line(set, &s, l.text, named, err)) != OC_OK)
            oc_error_prefix(err, "%s: line %zu", path, l.line);
    }
    oc_data_lines_finish(&l);
    return st == OC_END ? OC_OK : st;
}

oc_status data_mot_read(const char *path, const oc_data_reading *how, oc_data_set *out,
                        oc_error *err)
{
    oc_data_files f = {0};
    oc_status     st = oc_data_files_list(path, ".txt", &f, err);
    size_t        n = 0;
    const char   *want = "gt/gt.txt";
    bool          alone = st == OC_OK && !oc_data_is_folder(path);
    for (int turn = 0; turn < 2 && n == 0 && st == OC_OK; turn++, want = "det/det.txt") {
        for (size_t i = 0; i < f.n && st == OC_OK; i++) {
            size_t len = strlen(f.name[i]), w = strlen(want);
            bool   fits = len >= w && strcmp(f.name[i] + len - w, want) == 0 &&
                        (len == w || f.name[i][len - w - 1] == '/');
            if (!alone && !fits)
                continue;
            n++;
            st = read_sequence(out, &f, f.name[i], err);
        }
    }
    if (st == OC_OK && n == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no gt/gt.txt below it", path);
    oc_data_files_finish(&f);
    return st == OC_OK ? data_find_sizes(out, path, how, false, err) : st;
}

/* ---- out ---- */

static const char *sequence_of(const oc_data_image *im)
{
    return im->sequence ? im->sequence : "sequence";
}

/* Images without a frame number are counted within their sequence, in the order of the set. */
static int64_t *number_frames(const oc_data_set *set, const char **names, size_t *n_names,
                              uint32_t *of)
{
    int64_t  *frame = calloc(set->n_images + 1, sizeof(*frame));
    int64_t  *last = calloc(set->n_images + 1, sizeof(*last));
    oc_strmap seen = {0};
    bool      ok = frame && last;
    *n_names = 0;
    for (size_t i = 0; i < set->n_images && ok; i++) {
        const oc_data_image *im = &set->images[i];
        uint32_t             k;
        if (!oc_strmap_get(&seen, sequence_of(im), &k)) {
            k = (uint32_t)(*n_names)++;
            names[k] = sequence_of(im);
            ok = oc_strmap_put(&seen, names[k], k);
        }
        of[i] = k;
        frame[i] = im->sequence && im->frame >= 0 ? im->frame : last[k] + 1;
        last[k] = frame[i] > last[k] ? frame[i] : last[k];
    }
    oc_strmap_finish(&seen);
    free(last);
    if (ok)
        return frame;
    free(frame);
    return NULL;
}

bool data_mot_place(const oc_data_set *set, uint32_t image, char *out, size_t bytes)
{
    const oc_data_image *im = &set->images[image];
    const char          *dot = strrchr(oc_data_base(im->file), '.');
    int64_t              frame = im->frame;
    if (!im->sequence || frame < 0)
        frame = (int64_t)image + 1;
    int n = snprintf(out, bytes, "%s/img1/%06lld%s", sequence_of(im), (long long)frame,
                     dot ? dot : ".jpg");
    return n > 0 && (size_t)n < bytes;
}

/* Are the categories MOT's own, or must the file say what its numbers mean? */
static int64_t own_class(const char *name)
{
    for (size_t k = 0; k < CLASSES; k++)
        if (strcmp(classes[k], name) == 0)
            return (int64_t)k + 1;
    return 0;
}

static bool all_own(const oc_data_set *set)
{
    for (size_t k = 0; k < set->n_categories; k++)
        if (!own_class(set->categories[k].name))
            return false;
    return true;
}

static void put_line(FILE *f, const oc_data_set *set, const oc_data_object *o, int64_t frame,
                     bool own)
{
    const char *flag = oc_data_attr_of(&o->attrs, "mot_flag");
    const char *world = oc_data_attr_of(&o->attrs, "world");
    fprintf(f, "%lld,%lld", (long long)frame, (long long)o->track);
    for (int k = 0; k < 4; k++) {
        putc(',', f);
        oc_data_put_number(f, oc_data_round(o->box[k] + (k < 2)));
    }
    putc(',', f);
    if (!isnan(o->score))
        oc_data_put_number(f, o->score);
    else
        fputs(flag ? flag : "1", f);
    if (world) {
        putc(',', f);
        for (const char *p = world; *p; p++)
            putc(*p == ' ' ? ',' : *p, f);
    } else {
        const char *name = set->categories[o->category].name;
        const char *seen = oc_data_attr_of(&o->attrs, "visibility");
        fprintf(f, ",%lld,%s", own ? (long long)own_class(name) : (long long)o->category + 1,
                seen ? seen : "1");
    }
    putc('\n', f);
}

static oc_status write_info(const oc_data_set *set, const char *folder, const char *name,
                            const oc_data_image *im, int64_t frames, oc_error *err)
{
    char        path[OC_DATA_PATH_MAX];
    oc_data_out out = {0};
    const char *dot = strrchr(oc_data_base(im->file), '.');
    oc_status   st = oc_data_path(path, folder, "seqinfo.ini", err);
    if (st != OC_OK || (st = oc_data_out_open(path, &out, err)) != OC_OK)
        return st;
    fprintf(out.f, "[Sequence]\nname=%s\nimDir=img1\n", name);
    for (size_t i = 0; i < set->extra.n; i++)
        if (strcmp(set->extra.item[i].format, NAME) == 0 &&
            strcmp(set->extra.item[i].key, name) == 0)
            fprintf(out.f, "frameRate=%s\n", set->extra.item[i].raw);
    fprintf(out.f, "seqLength=%lld\n", (long long)frames);
    if (im->width && im->height)
        fprintf(out.f, "imWidth=%d\nimHeight=%d\n", im->width, im->height);
    fprintf(out.f, "imExt=%s\n", dot ? dot : ".jpg");
    return oc_data_out_close(&out, st, err);
}

static oc_status write_sequence(const oc_data_set *set, const int64_t *frame, const uint32_t *of,
                                uint32_t k, const char *name, const char *root, oc_error *err)
{
    char                 folder[OC_DATA_PATH_MAX], path[OC_DATA_PATH_MAX];
    const oc_data_image *first = NULL;
    int64_t              frames = 0;
    bool                 own = all_own(set);
    oc_data_out          out = {0};
    oc_status            st =
        oc_data_path_safe(name)
                       ? oc_data_path(folder, root, name, err)
                       : OC_FAIL(err, OC_UNSUPPORTED, "sequence '%.100s' is no name of a folder", name);
    if (st != OC_OK || (st = oc_data_path(path, folder, "gt/gt.txt", err)) != OC_OK ||
        (st = oc_data_out_open(path, &out, err)) != OC_OK)
        return st;
    for (size_t i = 0; i < set->n_images; i++) {
        if (of[i] != k)
            continue;
        first = first ? first : &set->images[i];
        frames = frame[i] > frames ? frame[i] : frames;
    }
    for (size_t i = 0; i < set->n_objects; i++) {
        const oc_data_object *o = &set->objects[i];
        if (of[o->image] == k && o->has_box)
            put_line(out.f, set, o, frame[o->image], own);
    }
    if ((st = oc_data_out_close(&out, st, err)) != OC_OK)
        return st;
    if (!own && (st = oc_data_path(path, folder, "gt/labels.txt", err)) == OC_OK)
        st = data_write_names(set, path, "", err);
    return st == OC_OK ? write_info(set, folder, name, first, frames, err) : st;
}

oc_status data_mot_write(const oc_data_set *set, const oc_data_index *index, const char *path,
                         oc_error *err)
{
    size_t       n = 0;
    const char **names = calloc(set->n_images + 1, sizeof(*names));
    uint32_t    *of = calloc(set->n_images + 1, sizeof(*of));
    int64_t     *frame = names && of ? number_frames(set, names, &n, of) : NULL;
    oc_status    st = frame ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu frames", set->n_images);
    (void)index; /* lines keep the order of the set: by frame or by track, as they came */
    for (size_t k = 0; k < n && st == OC_OK; k++)
        st = write_sequence(set, frame, of, (uint32_t)k, names[k], path, err);
    free(frame);
    free(names);
    free(of);
    return st;
}
