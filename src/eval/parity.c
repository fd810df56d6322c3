#include "eval/parity.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/npy.h"
#include "eval/parity_boxes.h"
#include "eval/tensor_diff.h"
#include "media/frame.h"
#include "media/image.h"

#define PATH_BYTES 4096
#define OUTPUTS_MAX 64

typedef struct parity {
    oc_net                    *net;
    const char                *folder, *picture;
    const oc_parity_tolerance *tolerance;
    oc_parity                 *out;
} parity;

const char *oc_parity_stage_name(oc_parity_stage stage)
{
    static const char *const names[] = {"decode", "resize", "tensor", "outputs", "boxes", "all"};
    return names[stage];
}

void oc_parity_finish(oc_parity *p)
{
    free(p->line);
    *p = (oc_parity){0};
}

static oc_status note(const parity *p, oc_parity_stage stage, const char *what, double worst,
                      bool agrees, const char *detail, oc_error *err)
{
    oc_parity *o = p->out;
    if (o->n == o->cap) {
        size_t          cap = o->cap ? 2 * o->cap : 64;
        oc_parity_line *more = realloc(o->line, cap * sizeof(*more));
        if (!more)
            return OC_FAIL(err, OC_NOMEM, "%zu comparisons", cap);
        o->line = more;
        o->cap = cap;
    }
    oc_parity_line *l = &o->line[o->n++];
    *l = (oc_parity_line){.stage = stage, .worst = worst, .agrees = agrees};
    snprintf(l->picture, sizeof(l->picture), "%.90s", p->picture);
    snprintf(l->what, sizeof(l->what), "%.90s", what);
    snprintf(l->detail, sizeof(l->detail), "%.150s", detail);
    o->differing += !agrees;
    return OC_OK;
}

/* "outputs/a_b.npy" of the picture; false: it is not there. */
static bool find(const parity *p, const char *part, const char *name, const char *ending,
                 char path[PATH_BYTES])
{
    int n = snprintf(path, PATH_BYTES, "%s/%s/%s%s%s", p->folder, p->picture, part, name, ending);
    if (n < 0 || n >= PATH_BYTES)
        return false;
    for (char *c = path + n - (int)strlen(ending) - (int)strlen(name); *c; c++)
        if (*c == '/' || *c == ':')
            *c = '_';
    return access(path, F_OK) == 0;
}

static oc_status load(const parity *p, const char *name, oc_tensor_view *out, bool *there,
                      oc_error *err)
{
    char path[PATH_BYTES];
    *there = find(p, "", name, ".npy", path);
    return *there ? oc_npy_load(path, out, err) : OC_OK;
}

/* ---- pictures ---- */

static bool is_picture(const oc_tensor_view *v, oc_dtype dtype)
{
    const oc_shape *s = &v->info.shape;
    return v->info.dtype == dtype && s->rank == 3 && s->dim[2] == 3 && s->dim[0] > 0 &&
           s->dim[1] > 0 && s->dim[0] <= OC_FRAME_SIDE_MAX && s->dim[1] <= OC_FRAME_SIDE_MAX;
}

/* The reference's pixels as a frame. */
static oc_status frame_of(const oc_tensor_view *v, oc_frame **out, oc_error *err)
{
    if (!is_picture(v, OC_U8))
        return OC_FAIL(err, OC_FORMAT, "decoded.npy is not uint8 [height, width, 3]");
    const int32_t height = (int32_t)v->info.shape.dim[0], width = (int32_t)v->info.shape.dim[1];
    oc_status     st = oc_frame_create(OC_PIXEL_RGB24, width, height, out, err);
    if (st != OC_OK)
        return st;
    for (int32_t y = 0; y < height; y++)
        memcpy((*out)->plane[0] + (ptrdiff_t)y * (*out)->stride[0],
               (const uint8_t *)v->data + (size_t)y * (size_t)width * 3, (size_t)width * 3);
    return OC_OK;
}

typedef struct levels {
    double mean, worst;
} levels;

static oc_status note_levels(const parity *p, oc_parity_stage stage, levels d, double most,
                             oc_error *err)
{
    char detail[160];
    snprintf(detail, sizeof(detail), "mean %.3f levels, at most %.3g, largest %.1f", d.mean, most,
             d.worst);
    return note(p, stage, "", d.mean, d.mean <= most, detail, err);
}

static oc_status compare_decoded(const parity *p, const oc_frame *ours, const oc_frame *theirs,
                                 oc_error *err)
{
    oc_frame *rgb = NULL;
    levels    d = {0};
    if (ours->width != theirs->width || ours->height != theirs->height) {
        char detail[160];
        snprintf(detail, sizeof(detail), "%d x %d, the reference has %d x %d", ours->width,
                 ours->height, theirs->width, theirs->height);
        return note(p, OC_PARITY_DECODE, "", (double)INFINITY, false, detail, err);
    }
    oc_status st = oc_frame_create(OC_PIXEL_RGB24, ours->width, ours->height, &rgb, err);
    if (st == OC_OK)
        st = oc_frame_convert(ours, rgb, err);
    for (int32_t y = 0; y < ours->height && st == OC_OK; y++) {
        const uint8_t *a = rgb->plane[0] + (ptrdiff_t)y * rgb->stride[0];
        const uint8_t *b = theirs->plane[0] + (ptrdiff_t)y * theirs->stride[0];
        for (int32_t i = 0; i < ours->width * 3; i++) {
            double e = abs(a[i] - b[i]);
            d.mean += e;
            d.worst = e > d.worst ? e : d.worst;
        }
    }
    oc_frame_unref(rgb);
    d.mean /= 3.0 * ours->width * ours->height;
    return st == OC_OK ? note_levels(p, OC_PARITY_DECODE, d, p->tolerance->decode, err) : st;
}

/* ---- the input ---- */

/* Mean and largest difference of two tensors of one shape, each element times its channel's
 * factor: from the network's units to levels. */
static levels differences(const oc_tensor_view *a, const oc_tensor_view *b,
                          const oc_to_tensor_options *image, size_t n)
{
    const size_t channels = image->gray ? 1 : 3, plane = n / channels;
    levels       d = {0};
    for (size_t i = 0; i < n; i++) {
        const size_t c = image->nhwc ? i % channels : i / (plane ? plane : 1);
        double       e = fabs(oc_tensor_element(a, i) - oc_tensor_element(b, i));
        e /= fabs((double)image->scale[c]);
        e = isnan(e) ? (double)INFINITY : e;
        d.mean += e / (double)n;
        d.worst = e > d.worst ? e : d.worst;
    }
    return d;
}

/* The same resize without colour order, mean and scale. */
static oc_status compare_resized(const parity *p, const oc_frame *frame,
                                 const oc_to_tensor_options *image, const oc_tensor_view *theirs,
                                 oc_error *err)
{
    oc_to_tensor_options plain = *image;
    oc_to_tensor        *t = NULL;
    oc_tensor_view       ours = {.info = {OC_F32, {3, {image->height, image->width, 3}}}};
    const size_t         n = (size_t)image->width * (size_t)image->height * 3;
    plain.bgr = plain.gray = false;
    plain.nhwc = true;
    plain.dtype = OC_F32;
    for (int c = 0; c < 3; c++) {
        plain.mean[c] = 0;
        plain.scale[c] = 1;
    }
    if (!oc_shape_equal(&ours.info.shape, &theirs->info.shape))
        return OC_FAIL(err, OC_FORMAT, "resized.npy is not [%d, %d, 3], the size of the input",
                       image->height, image->width);
    oc_status st = oc_to_tensor_create(&plain, oc_cpu_isa(), 1, &t, err);
    if (st == OC_OK && !(ours.data = calloc(n, sizeof(float))))
        st = OC_FAIL(err, OC_NOMEM, "%zu pixels", n / 3);
    if (st == OC_OK)
        st = oc_to_tensor_run(t, frame, NULL, NULL, ours.data, NULL, err);
    if (st == OC_OK)
        st = note_levels(p, OC_PARITY_RESIZE, differences(&ours, theirs, &plain, n),
                         p->tolerance->resize, err);
    free(ours.data);
    oc_to_tensor_destroy(t);
    return st;
}

static oc_status compare_tensor(const parity *p, const oc_net_stage *stage,
                                const oc_tensor_view *theirs, oc_error *err)
{
    const oc_tensor_info *a = &stage->input.info, *b = &theirs->info;
    size_t                n;
    if (a->dtype != b->dtype || !oc_shape_equal(&a->shape, &b->shape) ||
        !oc_shape_elements(&a->shape, &n))
        return note(p, OC_PARITY_TENSOR, "", (double)INFINITY, false,
                    "the reference's tensor has another type or shape", err);
    return note_levels(p, OC_PARITY_TENSOR, differences(&stage->input, theirs, &stage->image, n),
                       p->tolerance->resize, err);
}

/* ---- the network ---- */

static oc_status compare_output(const parity *p, const oc_port *port, const oc_tensor_view *ours,
                                const oc_tensor_view *theirs, oc_error *err)
{
    oc_tensor_diff d;
    oc_error       why = {0};
    char           detail[160];
    if (oc_tensor_compare(ours, theirs, 0, 0, &d, &why) != OC_OK)
        return note(p, OC_PARITY_OUTPUTS, port->name, (double)INFINITY, false, why.message, err);
    double worst = d.largest / (d.largest_expected > 0 ? d.largest_expected : 1);
    snprintf(detail, sizeof(detail),
             "%.3g of the largest magnitude, at most %.3g; element %zu is %g instead of %g", worst,
             p->tolerance->outputs, d.at, d.got, d.expected);
    return note(p, OC_PARITY_OUTPUTS, port->name, worst, worst <= p->tolerance->outputs, detail,
                err);
}

/* Outputs of the reference's tensor; then boxes from the reference's outputs. */
static oc_status compare_network(const parity *p, oc_net_stage *stage, const oc_tensor_view *tensor,
                                 const eval_boxes *boxes, oc_error *err)
{
    oc_tensor_view theirs[OUTPUTS_MAX] = {0};
    oc_result      result;
    char           path[PATH_BYTES];
    size_t         bytes, n = 0;
    oc_status      st = OC_OK;
    if (!oc_tensor_bytes(&tensor->info, &bytes) || stage->n_outputs > OUTPUTS_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "more than %d outputs", OUTPUTS_MAX);
    memcpy(stage->input.data, tensor->data, bytes);
    st = oc_net_infer(p->net, stage, err);
    for (size_t i = 0; i < stage->n_outputs && st == OC_OK; i++) {
        if (!find(p, "outputs/", stage->outputs[i].name, ".npy", path))
            continue;
        if ((st = oc_npy_load(path, &theirs[i], err)) == OC_OK)
            st = compare_output(p, &stage->outputs[i], &stage->output[i], &theirs[i], err);
        n++;
    }
    if (st == OC_OK && n == stage->n_outputs && boxes->there &&
        (st = oc_net_decode(p->net, stage, theirs, &result, err)) == OC_OK) {
        eval_box_match m =
            eval_boxes_match(boxes, &result.detections, oc_net_card(p->net), p->tolerance->overlap);
        st = note(p, OC_PARITY_BOXES, "", m.worst_score,
                  m.lost == 0 && m.extra == 0 && m.worst_score <= p->tolerance->score, m.text, err);
    }
    for (size_t i = 0; i < stage->n_outputs; i++)
        oc_npy_free(&theirs[i]);
    return st;
}

static oc_status compare_all(const parity *p, const oc_frame *frame, const eval_boxes *boxes,
                             oc_error *err)
{
    oc_result result;
    oc_status st = boxes->there ? oc_net_run(p->net, frame, NULL, &result, err) : OC_OK;
    if (st != OC_OK || !boxes->there)
        return st;
    eval_box_match m = eval_boxes_match(boxes, &result.detections, oc_net_card(p->net), 0.8);
    const size_t   all = m.matched + (m.lost > m.extra ? m.lost : m.extra);
    const double   share = all ? (double)m.matched / (double)all : 1;
    return note(p, OC_PARITY_ALL, "", share, share >= p->tolerance->found, m.text, err);
}

/* ---- one picture, all pictures ---- */

static oc_status compare_stages(const parity *p, const oc_frame *frame, const eval_boxes *boxes,
                                oc_error *err)
{
    oc_tensor_view decoded = {0}, resized = {0}, tensor = {0};
    oc_frame      *theirs = NULL;
    oc_net_stage   stage;
    bool           has_decoded, has_resized = false, has_tensor = false;
    oc_status      st = load(p, "decoded", &decoded, &has_decoded, err);
    if (st == OC_OK && has_decoded && (st = frame_of(&decoded, &theirs, err)) == OC_OK)
        st = compare_decoded(p, frame, theirs, err);
    if (st == OC_OK)
        st = oc_net_prepare(p->net, theirs ? theirs : frame, &stage, err);
    if (st == OC_OK && (st = load(p, "resized", &resized, &has_resized, err)) == OC_OK &&
        has_resized)
        st = compare_resized(p, theirs ? theirs : frame, &stage.image, &resized, err);
    if (st == OC_OK && (st = load(p, "tensor", &tensor, &has_tensor, err)) == OC_OK && has_tensor)
        st = compare_tensor(p, &stage, &tensor, err);
    if (st == OC_OK && has_tensor && p->out->line[p->out->n - 1].worst < (double)INFINITY)
        st = compare_network(p, &stage, &tensor, boxes, err);
    if (st == OC_OK)
        st = compare_all(p, frame, boxes, err);
    oc_frame_unref(theirs);
    oc_npy_free(&decoded);
    oc_npy_free(&resized);
    oc_npy_free(&tensor);
    return st;
}

static oc_status compare_picture(const parity *p, bool *there, oc_error *err)
{
    char       path[PATH_BYTES];
    oc_frame  *frame = NULL;
    eval_boxes boxes = {0};
    oc_status  st = OC_OK;
    *there = find(p, "", "picture", ".jpg", path) || find(p, "", "picture", ".png", path);
    if (!*there)
        return OC_OK;
    st = oc_image_load(path, &frame, err);
    if (st == OC_OK && find(p, "", "boxes", ".json", path))
        st = eval_boxes_read(path, &boxes, err);
    if (st == OC_OK && (st = compare_stages(p, frame, &boxes, err)) != OC_OK)
        oc_error_prefix(err, "%s/%s", p->folder, p->picture);
    eval_boxes_finish(&boxes);
    oc_frame_unref(frame);
    return st;
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

oc_status oc_parity_run(oc_net *net, const char *folder, const oc_parity_tolerance *tolerance,
                        oc_parity *out, oc_error *err)
{
    parity          p = {.net = net, .folder = folder, .tolerance = tolerance, .out = out};
    struct dirent **names = NULL;
    oc_status       st = OC_OK;
    int             n = scandir(folder, &names, is_visible, alphasort);
    if (n < 0)
        return OC_FAIL(err, OC_NOT_FOUND, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < n && st == OC_OK; i++) {
        bool there = false;
        p.picture = names[i]->d_name;
        st = compare_picture(&p, &there, err);
        out->pictures += there;
    }
    if (st == OC_OK && out->pictures == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no folder with a picture.jpg or picture.png in it",
                     folder);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return st;
}
