/* ocellus data redact: faces and given boxes made unrecognisable, metadata left behind.
 *
 * A box is pixelated: cut into few large fields of one colour each, their mean, so that nothing finer
 * is left in the file (a smooth blur can be undone in part).  Pictures are decoded and encoded anew, so
 * no EXIF, GPS or thumbnail goes along; one that EXIF says to turn is turned. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/data.h"
#include "core/bytes.h"
#include "data/exif.h"
#include "media/image.h"
#include "vision/net.h"

#define FIELDS 5 /* along the shorter side of a box */
#define QUALITY 92

typedef struct job {
    const char     *src, *dst, *card, *model;
    cli_data_source boxes;
    cli_texts       categories;
    double          grow, score;
    bool            no_faces;
    oc_net         *net;
    oc_data_set     set;
    oc_data_index   index;
    size_t          n_faces, n_boxes, n_pictures, n_turned;
} job;

static void cover(oc_frame *rgb, double x0, double y0, double x1, double y1)
{
    int32_t left = (int32_t)fmax(0, floor(x0)), top = (int32_t)fmax(0, floor(y0));
    int32_t right = (int32_t)fmin(rgb->width, ceil(x1)),
            bottom = (int32_t)fmin(rgb->height, ceil(y1));
    int32_t w = right - left, h = bottom - top, field = (w < h ? w : h) / FIELDS;
    field = field < 4 ? 4 : field;
    for (int32_t v = top; v < bottom; v += field) {
        for (int32_t u = left; u < right; u += field) {
            int32_t ue = u + field < right ? u + field : right,
                    ve = v + field < bottom ? v + field : bottom;
            uint64_t sum[3] = {0, 0, 0}, n = (uint64_t)(ue - u) * (uint64_t)(ve - v);
            for (int32_t y = v; y < ve; y++)
                for (int32_t x = u; x < ue; x++)
                    for (int c = 0; c < 3; c++)
                        sum[c] += rgb->plane[0][(ptrdiff_t)y * rgb->stride[0] + 3 * x + c];
            for (int32_t y = v; y < ve; y++)
                for (int32_t x = u; x < ue; x++)
                    for (int c = 0; c < 3; c++)
                        rgb->plane[0][(ptrdiff_t)y * rgb->stride[0] + 3 * x + c] =
                            (uint8_t)(sum[c] / n);
        }
    }
}

static void cover_grown(const job *j, oc_frame *rgb, double x, double y, double w, double h)
{
    cover(rgb, x - w * j->grow, y - h * j->grow, x + w * (1 + j->grow), y + h * (1 + j->grow));
}

static oc_status cover_faces(job *j, const oc_frame *frame, oc_frame *rgb, oc_error *err)
{
    oc_result r = {.n_classes = 0};
    oc_status st = oc_net_run(j->net, frame, NULL, &r, err);
    for (size_t i = 0; i < r.detections.n && st == OC_OK; i++) {
        oc_box b = r.detections.items[i].box;
        cover_grown(j, rgb, b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0);
        j->n_faces++;
    }
    return st;
}

static bool wanted(const job *j, const char *category)
{
    for (size_t i = 0; i < j->categories.n; i++)
        if (strcmp(j->categories.item[i], category) == 0)
            return true;
    return j->categories.n == 0;
}

/* Do the labels tell the sides of the picture as it is meant, not as it is stored? */
static bool told_turned(const job *j, const char *name, const oc_frame *rgb)
{
    uint32_t i;
    return j->boxes.path && oc_data_find_image(&j->set, name, &i) && rgb->width != rgb->height &&
           j->set.images[i].width == (int32_t)rgb->height &&
           j->set.images[i].height == (int32_t)rgb->width;
}

static void cover_boxes(job *j, const char *name, oc_frame *rgb)
{
    uint32_t image;
    if (!j->boxes.path || !oc_data_find_image(&j->set, name, &image))
        return;
    for (uint32_t k = j->index.first[image]; k < j->index.first[image + 1]; k++) {
        const oc_data_object *o = &j->set.objects[j->index.order[k]];
        if (!o->has_box || !wanted(j, j->set.categories[o->category].name))
            continue;
        cover_grown(j, rgb, o->box[0], o->box[1], o->box[2], o->box[3]);
        j->n_boxes++;
    }
}

/* The picture as EXIF says to hold it. */
static oc_status turn(const oc_frame *rgb, int orientation, oc_frame **out, oc_error *err)
{
    bool      swapped = orientation > 4;
    oc_status st = oc_frame_create(OC_PIXEL_RGB24, swapped ? rgb->height : rgb->width,
                                   swapped ? rgb->width : rgb->height, out, err);
    if (st != OC_OK)
        return st;
    for (int32_t y = 0; y < (int32_t)(*out)->height; y++) {
        uint8_t *to = (*out)->plane[0] + (ptrdiff_t)y * (*out)->stride[0];
        for (int32_t x = 0; x < (int32_t)(*out)->width; x++) {
            int32_t u, v;
            oc_exif_from(orientation, (int32_t)rgb->width, (int32_t)rgb->height, x, y, &u, &v);
            memcpy(to + 3 * x, rgb->plane[0] + (ptrdiff_t)v * rgb->stride[0] + 3 * u, 3);
        }
    }
    return OC_OK;
}

static oc_status redact_one(job *j, const char *folder, const char *name, oc_error *err)
{
    char      from[OC_DATA_PATH_MAX], to[OC_DATA_PATH_MAX];
    oc_frame *frame = NULL, *rgb = NULL, *turned = NULL;
    oc_bytes  bytes = {0};
    oc_status st = oc_data_path(from, folder, name, err);
    if (st != OC_OK || (st = oc_data_path(to, j->dst, name, err)) != OC_OK ||
        (st = oc_image_load(from, &frame, err)) != OC_OK ||
        (st = oc_bytes_open(from, &bytes, err)) != OC_OK ||
        (st = oc_frame_create(OC_PIXEL_RGB24, frame->width, frame->height, &rgb, err)) != OC_OK ||
        (st = oc_frame_convert(frame, rgb, err)) != OC_OK)
        goto out;
    int  orientation = oc_exif_orientation(bytes.data, bytes.n);
    bool later = orientation > 4 && told_turned(j, name, rgb);
    if (!later)
        cover_boxes(j, name, rgb);
    if (orientation > 1) {
        if ((st = turn(rgb, orientation, &turned, err)) != OC_OK)
            goto out;
        j->n_turned++;
        oc_frame_unref(rgb);
        rgb = turned;
    }
    if (later)
        cover_boxes(j, name, rgb);
    /* faces are looked for upright; of what stood there when boxes were covered */
    if (j->net && (st = cover_faces(j, orientation > 1 ? rgb : frame, rgb, err)) != OC_OK)
        goto out;
    if ((st = cli_data_save(to, rgb, QUALITY, err)) == OC_OK)
        j->n_pictures++;
out:
    oc_bytes_close(&bytes);
    oc_frame_unref(frame);
    oc_frame_unref(rgb);
    return st;
}

static oc_status redact(job *j, oc_error *err)
{
    const oc_net_options no = {.score = (float)j->score};
    oc_data_files        f = {0};
    oc_status            st = OC_OK;
    if (j->boxes.path && ((st = cli_data_open(&j->boxes, &j->set, NULL, err)) != OC_OK ||
                          (st = oc_data_index_make(&j->set, &j->index, err)) != OC_OK))
        return st;
    if (!j->no_faces && (st = oc_net_create(j->card, j->model, &no, &j->net, err)) != OC_OK)
        return st;
    if ((st = oc_data_files_list(j->src, OC_DATA_PICTURES, &f, err)) == OC_OK && f.n == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no pictures below it", j->src);
    for (size_t i = 0; i < f.n && st == OC_OK; i++)
        st = redact_one(j, f.folder, f.name[i], err);
    oc_data_files_finish(&f);
    if (st == OC_OK)
        printf("%zu pictures, %zu faces and %zu given boxes covered\n", j->n_pictures, j->n_faces,
               j->n_boxes);
    if (st == OC_OK && j->n_turned)
        printf("%zu pictures turned as their EXIF told: labels of stored pixels do not fit them\n",
               j->n_turned);
    return st;
}

int cli_data_redact(int argc, char **argv)
{
    job              j = {.card = "yunet", .grow = .15, .score = .3};
    const char      *pos[2];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--card", 's', &j.card, "CARD", "the detector of what is covered (yunet: faces)"},
        {"--model", 's', &j.model, "M.onnx", "its file (where `models get` put it)"},
        {"--score", 'd', &j.score, "S", "least score: low, for a miss is worse (0.3)"},
        {"--no-detector", 'f', &j.no_faces, NULL, "given boxes only"},
        {"--boxes", 's', &j.boxes.path, "LABELS", "boxes to cover, plates say, in any format"},
        {"--from", 's', &j.boxes.from, "FORMAT", "of the boxes (guessed)"},
        {"--category", 'S', &j.categories, "NAME", "only these of them; several times"},
        {"--grow", 'd', &j.grow, "SHARE", "of a box's sides that it is made larger by (0.15)"},
        {0}};
    const cli_command command = {
        "data redact",
        "SRC DST",
        "Copies pictures with faces and given boxes covered, without metadata.  SRC: a picture or a\n"
        "folder; DST: a folder.",
        options,
        2,
        2};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!(j.score > 0 && j.score < 1) || !(j.grow >= 0 && j.grow <= 10))
        return cli_usage("data redact", "--score is between 0 and 1, --grow from 0 to 10");
    if (j.no_faces && !j.boxes.path)
        return cli_usage("data redact", "--no-detector without --boxes covers nothing");
    j.src = pos[0];
    j.dst = pos[1];
    oc_status st = redact(&j, &err);
    oc_net_destroy(j.net);
    oc_data_index_finish(&j.index);
    oc_data_set_finish(&j.set);
    return st == OC_OK ? CLI_DONE : cli_data_fail("data redact", &err);
}
