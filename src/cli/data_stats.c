/* ocellus data stats: a page about a data set, whole in one file: plots and pictures with their boxes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "data/split.h"
#include "media/image.h"
#include "media/shrink.h"
#include "pipeline/page.h"

#define SIDE 320 /* of a sample, at most */
#define BINS 24
#define MAP 32 /* fields a side of the map of centres */

typedef struct job {
    cli_data_source source;
    const char     *out;
    uint64_t        samples, seed;
    oc_data_set     set;
    oc_data_index   index;
} job;

static const char *const colours[] = {"#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4",
                                      "#008080", "#9a6324", "#808000", "#f032e6", "#000075"};
#define COLOURS (sizeof(colours) / sizeof(colours[0]))

/* ---- plots ---- */

static void put_classes(oc_page *page, const oc_data_set *s, const size_t *n)
{
    size_t most = 1;
    for (size_t k = 0; k < s->n_categories; k++)
        most = n[k] > most ? n[k] : most;
    oc_page_printf(page, "<h2>Objects per category</h2><svg width=\"700\" height=\"%zu\">\n",
                   s->n_categories * 20 + 10);
    for (size_t k = 0; k < s->n_categories; k++) {
        oc_page_printf(page, "<text x=\"170\" y=\"%zu\" text-anchor=\"end\">", 20 * k + 15);
        oc_page_text(page, s->categories[k].name);
        oc_page_printf(page,
                       "</text><rect x=\"180\" y=\"%zu\" width=\"%.1f\" height=\"14\" fill=\"%s\"/>"
                       "<text x=\"%.1f\" y=\"%zu\">%zu</text>\n",
                       20 * k + 3, 440.0 * (double)n[k] / (double)most, colours[k % COLOURS],
                       186 + 440.0 * (double)n[k] / (double)most, 20 * k + 15, n[k]);
    }
    oc_page_put(page, "</svg>\n");
}

/* Bars of equal steps of log2(v), from 2^low on. */
static void put_histogram(oc_page *page, const char *title, const double *v, size_t n, double low,
                          double step)
{
    size_t bin[BINS] = {0}, most = 1;
    for (size_t i = 0; i < n; i++) {
        double at = floor((log2(v[i]) - low) / step);
        bin[at < 0 ? 0 : at >= BINS ? BINS - 1 : (size_t)at]++;
    }
    for (size_t k = 0; k < BINS; k++)
        most = bin[k] > most ? bin[k] : most;
    oc_page_printf(page, "<h2>%s</h2><svg width=\"700\" height=\"170\">\n", title);
    for (size_t k = 0; k < BINS; k++) {
        double h = 130.0 * (double)bin[k] / (double)most;
        oc_page_printf(page,
                       "<rect x=\"%zu\" y=\"%.1f\" width=\"24\" height=\"%.1f\" fill=\"#4363d8\">"
                       "<title>%.3g to %.3g: %zu</title></rect>\n",
                       20 + 26 * k, 140 - h, h, exp2(low + step * (double)k),
                       exp2(low + step * (double)(k + 1)), bin[k]);
        if (k % 4 == 0)
            oc_page_printf(page, "<text x=\"%zu\" y=\"158\" text-anchor=\"middle\">%.3g</text>\n",
                           20 + 26 * k, exp2(low + step * (double)k));
    }
    oc_page_put(page, "</svg>\n");
}

static void put_map(oc_page *page, const oc_data_set *s)
{
    size_t map[MAP][MAP] = {{0}}, most = 1;
    for (size_t i = 0; i < s->n_objects; i++) {
        const oc_data_object *o = &s->objects[i];
        const oc_data_image  *im = &s->images[o->image];
        if (!o->has_box || !im->width || !im->height)
            continue;
        double x = (o->box[0] + o->box[2] / 2) / im->width * MAP;
        double y = (o->box[1] + o->box[3] / 2) / im->height * MAP;
        if (x >= 0 && y >= 0 && x < MAP && y < MAP) {
            size_t n = ++map[(int)y][(int)x];
            most = n > most ? n : most;
        }
    }
    oc_page_put(
        page,
        "<h2>Where centres of boxes lie</h2><svg width=\"320\" height=\"240\" style=\"background:#eee\">\n");
    for (int y = 0; y < MAP; y++)
        for (int x = 0; x < MAP; x++)
            if (map[y][x])
                oc_page_printf(
                    page,
                    "<rect x=\"%d\" y=\"%.1f\" width=\"10\" height=\"7.5\" fill=\"#e6194b\" "
                    "fill-opacity=\"%.2f\"/>\n",
                    10 * x, 7.5 * y, .15 + .85 * (double)map[y][x] / (double)most);
    oc_page_put(page, "</svg>\n");
}

/* ---- samples ---- */

static void put_boxes(oc_page *page, const job *j, uint32_t image)
{
    for (uint32_t k = j->index.first[image]; k < j->index.first[image + 1]; k++) {
        const oc_data_object *o = &j->set.objects[j->index.order[k]];
        const char           *colour = colours[o->category % COLOURS];
        for (size_t r = 0; r < o->n_rings; r++) {
            oc_page_printf(page, "<polygon fill=\"%s\" fill-opacity=\".3\" points=\"", colour);
            for (size_t i = 0; i < o->ring[r].n; i++)
                oc_page_printf(page, "%.1f,%.1f ", o->ring[r].xy[2 * i], o->ring[r].xy[2 * i + 1]);
            oc_page_put(page, "\"/>");
        }
        if (o->has_box) {
            oc_page_printf(
                page,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
                "stroke=\"%s\" stroke-width=\"2\" vector-effect=\"non-scaling-stroke\"><title>",
                o->box[0], o->box[1], fmax(0, o->box[2]), fmax(0, o->box[3]), colour);
            oc_page_text(page, j->set.categories[o->category].name);
            oc_page_put(page, "</title></rect>\n");
        }
        for (size_t i = 0; i < o->n_points; i++)
            if (o->point[3 * i + 2] > 0)
                oc_page_printf(page, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1%%\" fill=\"%s\"/>",
                               o->point[3 * i], o->point[3 * i + 1], colour);
    }
}

/* A picture that cannot be read is told instead of shown. */
static void put_sample(oc_page *page, const job *j, uint32_t image)
{
    char      path[OC_DATA_PATH_MAX];
    oc_error  err = {0};
    oc_frame *frame = NULL, *small = NULL;
    uint8_t  *jpeg = NULL;
    size_t    n = 0;
    oc_page_put(page, "<figure>");
    if (cli_data_picture(&j->source, &j->set, image, path, &err) != OC_OK ||
        oc_image_load(path, &frame, &err) != OC_OK ||
        oc_frame_shrink(frame, SIDE, &small, &err) != OC_OK ||
        oc_image_encode_jpeg(small, 82, &jpeg, &n, &err) != OC_OK) {
        oc_page_put(page, "<p>");
        oc_page_text(page, err.message);
        oc_page_put(page, "</p>");
    } else {
        oc_page_printf(page,
                       "<svg width=\"%d\" viewBox=\"0 0 %d %d\"><image width=\"%d\" height=\"%d\" "
                       "href=\"data:image/jpeg;base64,",
                       SIDE, frame->width, frame->height, frame->width, frame->height);
        oc_page_base64(page, jpeg, n);
        oc_page_put(page, "\"/>\n");
        put_boxes(page, j, image);
        oc_page_put(page, "</svg>");
    }
    oc_page_put(page, "<figcaption>");
    oc_page_text(page, j->set.images[image].file);
    oc_page_put(page, "</figcaption></figure>\n");
    free(jpeg);
    oc_frame_unref(frame);
    oc_frame_unref(small);
}

/* n of the images that have objects, the same for the same seed. */
static void put_samples(oc_page *page, const job *j)
{
    uint64_t state = j->seed, seen = 0, wanted = j->samples;
    size_t   with = 0;
    for (size_t i = 0; i < j->set.n_images; i++)
        with += j->index.first[i] < j->index.first[i + 1];
    oc_page_put(page, "<h2>Samples</h2><div class=\"sheet\">\n");
    for (uint32_t i = 0; i < j->set.n_images && wanted; i++) {
        if (j->index.first[i] == j->index.first[i + 1])
            continue;
        if (oc_data_random(&state) % (with - seen++) < wanted) {
            put_sample(page, j, i);
            wanted--;
        }
    }
    oc_page_put(page, "</div>\n");
}

static oc_status put_page(oc_page *page, const job *j, oc_error *err)
{
    const oc_data_set *s = &j->set;
    size_t            *n = calloc(s->n_categories + 1, sizeof(*n)), used = 0;
    double            *size = calloc(s->n_objects + 1, sizeof(*size));
    double            *aspect = calloc(s->n_objects + 1, sizeof(*aspect));
    oc_status          st =
        n && size && aspect ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu objects", s->n_objects);
    for (size_t i = 0; i < s->n_objects && st == OC_OK; i++) {
        const double *b = s->objects[i].box;
        n[s->objects[i].category]++;
        if (!s->objects[i].has_box || !(b[2] > 0) || !(b[3] > 0))
            continue;
        size[used] = sqrt(b[2] * b[3]);
        aspect[used++] = b[2] / b[3];
    }
    if (st == OC_OK) {
        oc_page_put(page, "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
        oc_page_text(page, j->source.path);
        oc_page_put(
            page,
            "</title><style>body{font:14px sans-serif;margin:2em;max-width:1400px}svg text{font-size:12px}"
            ".sheet{display:flex;flex-wrap:wrap;gap:10px}figure{margin:0}figcaption{font-size:11px}"
            "</style></head><body><h1>");
        oc_page_text(page, oc_data_base(j->source.path));
        oc_page_printf(page, "</h1><p>%zu images, %zu objects, %zu categories</p>\n", s->n_images,
                       s->n_objects, s->n_categories);
        put_classes(page, s, n);
        put_histogram(page, "Size: root of a box's area, pixels", size, used, 1, .5);
        put_histogram(page, "Width over height", aspect, used, -3, .25);
        put_map(page, s);
        put_samples(page, j);
        oc_page_put(page, "</body></html>\n");
        st = page->status;
    }
    free(n);
    free(size);
    free(aspect);
    return st;
}

static oc_status open_page(const job *j, oc_page *page, oc_error *err)
{
    size_t    folder = (size_t)(oc_data_base(j->out) - j->out);
    oc_status st = OC_OK;
    *page = (oc_page){.err = err};
    if (folder > 1) {
        char *above = strndup(j->out, folder - 1);
        st = above ? oc_make_folders(above, err) : OC_FAIL(err, OC_NOMEM, "%s", j->out);
        free(above);
    }
    return st == OC_OK ? oc_part_create(j->out, &page->part, err) : st;
}

int cli_data_stats(int argc, char **argv)
{
    job              j = {.samples = 24, .out = "stats.html"};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    oc_page          page;
    const cli_option options[] = {
        CLI_DATA_SOURCE_OPTIONS(j.source),
        {"--out", 's', &j.out, "F.html", "the page (stats.html)"},
        {"--samples", 'u', &j.samples, "N", "pictures with their boxes (24)"},
        {"--seed", 'u', &j.seed, "N", "other pictures (0)"},
        {0}};
    const cli_command command = {
        "data stats",
        "SRC",
        "A page about a data set, whole in one file: plots, samples with boxes.",
        options,
        1,
        1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    j.source.path = pos[0];
    oc_status st = cli_data_open(&j.source, &j.set, NULL, &err);
    if (st == OC_OK && (st = oc_data_index_make(&j.set, &j.index, &err)) == OC_OK &&
        (st = open_page(&j, &page, &err)) == OC_OK) {
        if ((st = put_page(&page, &j, &err)) == OC_OK)
            st = oc_part_finish(page.part, &err);
        else
            oc_part_drop(page.part);
    }
    oc_data_index_finish(&j.index);
    oc_data_set_finish(&j.set);
    return st == OC_OK ? CLI_DONE : cli_data_fail("data stats", &err);
}
