#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/folder.h"
#include "eval/voc.h"

#define DEPTH_MAX 16
#define TEXT_MAX 256

/* ---- XML, as much as annotations use: elements and text; attributes are passed over ---- */

typedef struct xml {
    const char *at, *end;
    size_t      line;
    char        name[DEPTH_MAX][64]; /* of the open elements */
    size_t      depth;
    char   text[TEXT_MAX]; /* of the element that was closed last, blanks at its ends dropped */
    size_t text_n;
} xml;

typedef enum xml_event { XML_OPEN, XML_CLOSE, XML_END, XML_BAD } xml_event;

static void xml_step(xml *x, size_t n)
{
    for (size_t i = 0; i < n && x->at < x->end; i++)
        x->line += *x->at++ == '\n';
}

static bool xml_skip_past(xml *x, const char *what)
{
    const char *p = strstr(x->at, what);
    if (p)
        xml_step(x, (size_t)(p - x->at) + strlen(what));
    return p != NULL;
}

static void xml_put(xml *x, char c)
{
    if (x->text_n + 1 < sizeof(x->text) && (x->text_n || !strchr(" \t\r\n", c)))
        x->text[x->text_n++] = c;
    x->text[x->text_n] = 0;
}

static bool xml_entity(xml *x)
{
    static const char *const from[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};
    for (size_t i = 0; i < 5; i++) {
        if (strncmp(x->at, from[i], strlen(from[i])) == 0) {
            xml_put(x, "<>&\"'"[i]);
            xml_step(x, strlen(from[i]));
            return true;
        }
    }
    return false;
}

static xml_event xml_close(xml *x)
{
    while (x->text_n && strchr(" \t\r\n", x->text[x->text_n - 1]))
        x->text[--x->text_n] = 0;
    return XML_CLOSE;
}

/* Behind "<".  An element that is empty at once is given back as closed only. */
static xml_event xml_tag(xml *x)
{
    bool   closing = *x->at == '/';
    char   name[64];
    size_t n;
    xml_step(x, closing);
    n = strcspn(x->at, " \t\r\n/><");
    if (n == 0 || n >= sizeof(name))
        return XML_BAD;
    memcpy(name, x->at, n);
    name[n] = 0;
    xml_step(x, n);
    while (x->at < x->end && *x->at != '>' && *x->at != '/' && *x->at != '<') {
        bool quoted = *x->at == '"' || *x->at == '\'';
        char quote[2] = {*x->at, 0};
        xml_step(x, 1);
        if (quoted && !xml_skip_past(x, quote))
            return XML_BAD;
    }
    bool empty = *x->at == '/';
    xml_step(x, empty);
    if (*x->at != '>' || (closing && empty))
        return XML_BAD;
    xml_step(x, 1);
    if (closing) {
        if (x->depth == 0 || strcmp(x->name[x->depth - 1], name) != 0)
            return XML_BAD;
        x->depth--;
        return xml_close(x);
    }
    if (x->depth == DEPTH_MAX)
        return XML_BAD;
    memcpy(x->name[x->depth], name, n + 1);
    x->text_n = 0;
    x->text[0] = 0;
    if (empty)
        return XML_CLOSE;
    x->depth++;
    return XML_OPEN;
}

static xml_event xml_next(xml *x)
{
    while (x->at < x->end) {
        if (*x->at == '&') {
            if (!xml_entity(x))
                return XML_BAD;
        } else if (*x->at != '<') {
            xml_put(x, *x->at);
            xml_step(x, 1);
        } else if (strncmp(x->at, "<!--", 4) == 0) {
            if (!xml_skip_past(x, "-->"))
                return XML_BAD;
        } else if (x->at[1] == '?' || x->at[1] == '!') {
            if (!xml_skip_past(x, ">"))
                return XML_BAD;
        } else {
            xml_step(x, 1);
            return xml_tag(x);
        }
    }
    return x->depth == 0 ? XML_END : XML_BAD;
}

/* ---- annotations ---- */

typedef struct voc_object {
    char   name[TEXT_MAX];
    double side[4]; /* xmin, ymin, xmax, ymax */
    bool   seen[4], difficult;
} voc_object;

typedef struct reader {
    const char  *folder;
    oc_coco_set *set;
    size_t       categories_cap;
    oc_error    *err;
} reader;

static oc_status category_of(reader *r, const char *name, int64_t *out)
{
    oc_coco_set *s = r->set;
    for (size_t k = 0; k < s->n_categories; k++) {
        if (strcmp(s->categories[k].name, name) == 0) {
            *out = s->categories[k].id;
            return OC_OK;
        }
    }
    if (s->n_categories == r->categories_cap) {
        size_t            cap = r->categories_cap * 2 + 32;
        oc_coco_category *p = reallocarray(s->categories, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(r->err, OC_NOMEM, "%zu classes", cap);
        s->categories = p;
        r->categories_cap = cap;
    }
    *out = (int64_t)s->n_categories + 1;
    s->categories[s->n_categories] =
        (oc_coco_category){*out, oc_arena_strndup(&s->mem, name, strlen(name))};
    return s->categories[s->n_categories].name ? (s->n_categories++, OC_OK)
                                               : OC_FAIL(r->err, OC_NOMEM, "classes");
}

static bool number_of(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == 0 && isfinite(*out);
}

/* An element was closed: annotation > object > name, difficult or bndbox > xmin ...  Elements of
 * parts (VOC's person layout) lie one deeper. */
static bool take_element(const xml *x, voc_object *o)
{
    static const char *const sides[] = {"xmin", "ymin", "xmax", "ymax"};
    const char              *name = x->name[x->depth];
    double                   v;
    if (x->depth == 2 && strcmp(name, "name") == 0) {
        memcpy(o->name, x->text, x->text_n + 1);
    } else if (x->depth == 2 && strcmp(name, "difficult") == 0) {
        if (!number_of(x->text, &v))
            return false;
        o->difficult = v != 0;
    } else if (x->depth == 3 && strcmp(x->name[2], "bndbox") == 0) {
        for (size_t i = 0; i < 4; i++) {
            if (strcmp(name, sides[i]) != 0)
                continue;
            if (!number_of(x->text, &o->side[i]))
                return false;
            o->seen[i] = true;
        }
    }
    return true;
}

static oc_status keep(reader *r, const voc_object *o, int64_t image)
{
    const double  *s = o->side;
    oc_coco_object out = {.id = (int64_t)r->set->n_objects + 1,
                          .image = image,
                          .ignore = o->difficult,
                          .box = {s[0], s[1], s[2] - s[0] + 1, s[3] - s[1] + 1}};
    if (!o->name[0] || !o->seen[0] || !o->seen[1] || !o->seen[2] || !o->seen[3])
        return OC_FAIL(r->err, OC_FORMAT, "an object without name or bndbox");
    if (s[2] < s[0] || s[3] < s[1])
        return OC_FAIL(r->err, OC_FORMAT, "an object's box is %g,%g to %g,%g", s[0], s[1], s[2],
                       s[3]);
    out.area = out.box[2] * out.box[3];
    oc_status st = category_of(r, o->name, &out.category);
    return st == OC_OK ? oc_coco_set_add(r->set, &out, r->err) : st;
}

static oc_status read_annotation(reader *r, const char *text, int64_t image, size_t *line)
{
    xml        x = {.at = text, .end = text + strlen(text), .line = 1};
    voc_object o = {.difficult = false};
    bool       any = false;
    oc_status  st = OC_OK;
    for (xml_event e; st == OC_OK && (e = xml_next(&x)) != XML_END;) {
        *line = x.line;
        if (e == XML_BAD)
            return OC_FAIL(r->err, OC_FORMAT, "not well-formed XML");
        if (strcmp(x.name[0], "annotation") != 0)
            return OC_FAIL(r->err, OC_FORMAT, "not a VOC annotation");
        any = true;
        bool object = strcmp(x.name[1], "object") == 0;
        if (e == XML_OPEN && object && x.depth == 2)
            o = (voc_object){.difficult = false};
        else if (e == XML_CLOSE && object && x.depth == 1)
            st = keep(r, &o, image);
        else if (e == XML_CLOSE && object && x.depth > 1 && !take_element(&x, &o))
            return OC_FAIL(r->err, OC_FORMAT, "'%.40s' is not a number", x.text);
    }
    return st != OC_OK || any ? st : OC_FAIL(r->err, OC_FORMAT, "not a VOC annotation");
}

/* Ids from the names' digits: 2007_000027 is 2007000027. */
static int64_t digits_of(const char *name)
{
    int64_t v = 0;
    for (; *name; name++)
        if (*name >= '0' && *name <= '9' && v < INT64_MAX / 10 - 10)
            v = v * 10 + (*name - '0');
    return v;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static oc_status list_images(reader *r, const eval_folder *f)
{
    int64_t *id = calloc(f->n, sizeof(*id));
    bool     distinct = true;
    r->set->images = calloc(f->n, sizeof(*r->set->images));
    if (!id || !r->set->images) {
        free(id);
        return OC_FAIL(r->err, OC_NOMEM, "%zu images", f->n);
    }
    for (size_t i = 0; i < f->n; i++)
        id[i] = digits_of(f->name[i]);
    qsort(id, f->n, sizeof(*id), by_number);
    for (size_t i = 1; i < f->n; i++)
        distinct = distinct && id[i] != id[i - 1];
    free(id);
    for (size_t i = 0; i < f->n; i++) {
        oc_coco_image *image = &r->set->images[i];
        image->id = distinct ? digits_of(f->name[i]) : (int64_t)i + 1;
        image->file = oc_arena_strndup(&r->set->mem, f->name[i], strlen(f->name[i]));
        if (!image->file)
            return OC_FAIL(r->err, OC_NOMEM, "%zu images", f->n);
    }
    r->set->n_images = f->n;
    return OC_OK;
}

static int by_text(const void *a, const void *b)
{
    const oc_coco_category *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Categories in the order of their names, whichever image showed them first. */
static oc_status order_categories(oc_coco_set *s, oc_error *err)
{
    int64_t *now = calloc(s->n_categories + 1, sizeof(*now));
    if (!now)
        return OC_FAIL(err, OC_NOMEM, "%zu classes", s->n_categories);
    if (s->n_categories)
        qsort(s->categories, s->n_categories, sizeof(*s->categories), by_text);
    for (size_t k = 0; k < s->n_categories; k++) {
        now[s->categories[k].id] = (int64_t)k + 1;
        s->categories[k].id = (int64_t)k + 1;
    }
    for (size_t i = 0; i < s->n_objects; i++)
        s->objects[i].category = now[s->objects[i].category];
    free(now);
    return oc_coco_set_sort(s, err);
}

oc_status oc_voc_read_truth(const char *folder, oc_coco_set *out, oc_error *err)
{
    oc_coco_set set = {0};
    eval_folder f = {0};
    reader      r = {.folder = folder, .set = &set, .err = err};
    oc_status   st = eval_folder_list(folder, ".xml", &f, err);
    if (st == OC_OK)
        st = list_images(&r, &f);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        char  *text = NULL;
        size_t line = 1;
        if ((st = eval_text_read(folder, f.name[i], ".xml", &text, err)) == OC_OK &&
            (st = read_annotation(&r, text, set.images[i].id, &line)) != OC_OK)
            oc_error_prefix(err, "%s/%s.xml: line %zu", folder, f.name[i], line);
        free(text);
    }
    if (st == OC_OK)
        st = order_categories(&set, err);
    eval_folder_finish(&f);
    if (st == OC_OK)
        *out = set;
    else
        oc_coco_set_finish(&set);
    return st;
}

/* ---- results ---- */

typedef struct named {
    const char *name;
    int64_t     id;
} named;

static int by_named(const void *a, const void *b)
{
    const named *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static oc_status read_result(reader *r, char *line, const named *image, size_t n_images,
                             int64_t category)
{
    double v[5];
    char  *name = eval_text_word(&line), *word;
    size_t n = 0;
    while ((word = eval_text_word(&line)))
        if (n == 5 || !number_of(word, &v[n++]))
            return OC_FAIL(r->err, OC_FORMAT, "not image score xmin ymin xmax ymax");
    if (n != 5)
        return OC_FAIL(r->err, OC_FORMAT, "not image score xmin ymin xmax ymax");
    named        key = {.name = name};
    const named *found = bsearch(&key, image, n_images, sizeof(key), by_named);
    if (!found)
        return OC_FAIL(r->err, OC_FORMAT, "image '%.80s', which the truth has not", name);
    oc_coco_object o = {.id = (int64_t)r->set->n_objects + 1,
                        .image = found->id,
                        .category = category,
                        .score = v[0],
                        .box = {v[1], v[2], v[3] - v[1] + 1, v[4] - v[2] + 1}};
    return oc_coco_set_add(r->set, &o, r->err);
}

static oc_status read_class(reader *r, const char *file, const named *image, size_t n_images,
                            int64_t category)
{
    char     *text = NULL, *line;
    size_t    number = 0;
    oc_status st = eval_text_read(r->folder, file, ".txt", &text, r->err);
    for (char *at = text; st == OC_OK && (line = eval_text_line(&at));) {
        number++;
        if (*line && (st = read_result(r, line, image, n_images, category)) != OC_OK)
            oc_error_prefix(r->err, "%s/%s.txt: line %zu", r->folder, file, number);
    }
    free(text);
    return st;
}

/* The class a file is of: where names end alike, the longest.  NULL: none. */
static const oc_coco_category *class_of(const oc_coco_set *truth, const char *file)
{
    const oc_coco_category *best = NULL;
    size_t                  n = strlen(file), most = 0;
    for (size_t k = 0; k < truth->n_categories; k++) {
        size_t m = strlen(truth->categories[k].name);
        if (n >= m && m > most && strcmp(file + n - m, truth->categories[k].name) == 0 &&
            (n == m || file[n - m - 1] == '_')) {
            best = &truth->categories[k];
            most = m;
        }
    }
    return best;
}

oc_status oc_voc_read_results(const char *folder, const oc_coco_set *truth, oc_coco_set *out,
                              oc_error *err)
{
    oc_coco_set set = {0};
    eval_folder f = {0};
    reader      r = {.folder = folder, .set = &set, .err = err};
    size_t      files = 0;
    named      *image = calloc(truth->n_images + 1, sizeof(*image));
    oc_status   st = image ? eval_folder_list(folder, ".txt", &f, err)
                           : OC_FAIL(err, OC_NOMEM, "%zu images", truth->n_images);
    for (size_t i = 0; st == OC_OK && i < truth->n_images; i++)
        image[i] = (named){truth->images[i].file ? truth->images[i].file : "", truth->images[i].id};
    if (st == OC_OK && truth->n_images)
        qsort(image, truth->n_images, sizeof(*image), by_named);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        const oc_coco_category *c = class_of(truth, f.name[i]);
        if (!c)
            continue;
        files++;
        st = read_class(&r, f.name[i], image, truth->n_images, c->id);
    }
    if (st == OC_OK && files == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no file there is of a class of the truth", folder);
    if (st == OC_OK)
        st = oc_coco_set_sort(&set, err);
    free(image);
    eval_folder_finish(&f);
    if (st == OC_OK)
        *out = set;
    else
        oc_coco_set_finish(&set);
    return st;
}
