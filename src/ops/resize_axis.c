#include "ops/resize_axis.h"

#include <math.h>
#include <string.h>

static oc_status pick(const oc_node *node, const char *attr, const char *fallback,
                      const char *const *names, int n, int *out, oc_error *err)
{
    const char *text = oc_node_string(node, attr, fallback);
    for (int i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return OC_OK;
        }
    return OC_FAIL(err, OC_UNSUPPORTED, "%s '%s'", attr, text);
}

static oc_status read_rule(const oc_node *node, oc_resize_rule *r, oc_error *err)
{
    static const char *const modes[] = {"nearest", "linear", "cubic", "bilinear"};
    static const char *const coords[] = {
        "half_pixel",         "pytorch_half_pixel",   "align_corners",       "asymmetric",
        "tf_crop_and_resize", "half_pixel_symmetric", "tf_half_pixel_for_nn"};
    static const char *const nearests[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                           "ceil"};
    int                      mode = 0, coord = 0, nearest = 0;
    bool                     old = node->opset < 11 || strcmp(node->op_type, "Upsample") == 0;
    oc_status                st;
    if ((st = pick(node, "mode", "nearest", modes, 4, &mode, err)) != OC_OK ||
        (st = pick(node, "coordinate_transformation_mode", "half_pixel", coords, 7, &coord, err)) !=
            OC_OK ||
        (st = pick(node, "nearest_mode", "round_prefer_floor", nearests, 4, &nearest, err)) !=
            OC_OK)
        return st;
    *r = (oc_resize_rule){
        .mode = mode == 3 ? OC_RESIZE_LINEAR : (oc_resize_mode)mode,
        .coord = old ? OC_COORD_ASYMMETRIC : (oc_resize_coord)coord,
        .nearest = old ? OC_NEAREST_SIMPLE : (oc_resize_nearest)nearest,
        .cubic_a = oc_node_float(node, "cubic_coeff_a", -0.75f),
        .exclude_outside = oc_node_int(node, "exclude_outside", 0) != 0,
        .antialias = oc_node_int(node, "antialias", 0) != 0,
        .extrapolation = oc_node_float(node, "extrapolation_value", 0.0f),
    };
    return OC_OK;
}

/* A constant list of floats, empty when the input is left out. */
static oc_status read_floats(const oc_args *a, uint32_t i, const char *what, float *out, size_t max,
                             size_t *n, oc_error *err)
{
    *n = 0;
    if (!oc_args_has(a, i) || (a->in[i]->shape.rank == 1 && a->in[i]->shape.dim[0] == 0))
        return OC_OK;
    if (a->in[i]->dtype != OC_F32 || a->in[i]->shape.rank != 1)
        return OC_FAIL(err, OC_FORMAT, "input %u (%s) must be a list of float32", i, what);
    if (!a->data[i])
        return OC_FAIL(err, OC_DYNAMIC,
                       "input %u (%s) is computed at run time: the result depends on it", i, what);
    *n = (size_t)a->in[i]->shape.dim[0];
    if (*n > max)
        return OC_FAIL(err, OC_FORMAT, "input %u (%s) has %zu elements", i, what, *n);
    memcpy(out, a->data[i], *n * sizeof(*out));
    return OC_OK;
}

static oc_status read_axes(const oc_node *node, uint32_t rank, uint32_t *axes, size_t *n,
                           oc_error *err)
{
    const int64_t *ints = oc_node_ints(node, "axes", n);
    if (*n > rank)
        return OC_FAIL(err, OC_FORMAT, "%zu axes of a tensor of rank %u", *n, rank);
    for (size_t i = 0; ints && i < *n; i++) {
        oc_status st = oc_axis(ints[i], rank, &axes[i], err);
        if (st != OC_OK)
            return st;
    }
    if (!ints) {
        *n = rank;
        for (uint32_t i = 0; i < rank; i++)
            axes[i] = i;
    }
    return OC_OK;
}

static oc_status use_scales(oc_resize_args *r, const oc_shape *in, const uint32_t *axes,
                            const float *scales, size_t n, oc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        double size = floor((double)scales[i] * (double)in->dim[axes[i]]);
        if (!(scales[i] > 0.0f) || !(size < 1e15))
            return OC_FAIL(err, OC_FORMAT, "scale %zu is %g", i, (double)scales[i]);
        r->scale[axes[i]] = scales[i];
        r->length[axes[i]] = scales[i] * (float)in->dim[axes[i]];
        /* in float, as the frameworks that wrote these scales do */
        r->out[axes[i]] = (int64_t)floorf(scales[i] * (float)in->dim[axes[i]]);
    }
    return OC_OK;
}

static oc_status use_sizes(const oc_args *a, oc_resize_args *r, const oc_shape *in,
                           const uint32_t *axes, const int64_t *sizes, size_t n, oc_error *err)
{
    const char *policy = oc_node_string(a->node, "keep_aspect_ratio_policy", "stretch");
    float       all = 0.0f;
    for (size_t i = 0; i < n; i++) {
        int64_t dim = in->dim[axes[i]];
        if (sizes[i] < 1 || dim < 1)
            return OC_FAIL(err, OC_FORMAT, "size %zu: from %lld to %lld", i, (long long)dim,
                           (long long)sizes[i]);
        r->out[axes[i]] = sizes[i];
        r->length[axes[i]] = (float)sizes[i];
        r->scale[axes[i]] = (float)sizes[i] / (float)dim;
        float s = r->scale[axes[i]];
        bool  larger = strcmp(policy, "not_smaller") == 0;
        all = i == 0 || (larger ? s > all : s < all) ? s : all;
    }
    if (strcmp(policy, "stretch") == 0)
        return OC_OK;
    if (strcmp(policy, "not_larger") != 0 && strcmp(policy, "not_smaller") != 0)
        return OC_FAIL(err, OC_UNSUPPORTED, "keep_aspect_ratio_policy '%s'", policy);
    for (size_t i = 0; i < n; i++) {
        r->scale[axes[i]] = all;
        r->out[axes[i]] = (int64_t)floorf(all * (float)in->dim[axes[i]] + 0.5f);
        r->length[axes[i]] = (float)r->out[axes[i]];
    }
    return OC_OK;
}

static oc_status read_roi(const oc_args *a, oc_resize_args *r, const uint32_t *axes, size_t n_axes,
                          oc_error *err)
{
    float     roi[2 * OC_RANK_MAX];
    size_t    n = 0;
    oc_status st = read_floats(a, 1, "roi", roi, 2 * OC_RANK_MAX, &n, err);
    if (st != OC_OK)
        return st;
    if (n != 2 * n_axes)
        return OC_FAIL(err, OC_FORMAT, "roi has %zu elements for %zu axes", n, n_axes);
    for (size_t i = 0; i < n_axes; i++) {
        r->roi_start[axes[i]] = roi[i];
        r->roi_end[axes[i]] = roi[i + n_axes];
    }
    return OC_OK;
}

/* Scales stand in an attribute (Upsample 7), at input 1 (opset 9, 10) or input 2; sizes at input
 * 3. */
static oc_status read_sizes(const oc_args *a, oc_resize_args *r, const uint32_t *axes,
                            size_t n_axes, oc_error *err)
{
    const oc_shape *in = &a->in[0]->shape;
    float           scales[OC_RANK_MAX];
    int64_t         sizes[OC_RANK_MAX];
    size_t          n = 0;
    const float    *attr = oc_node_floats(a->node, "scales", &n);
    bool            old = a->n_in <= 2;
    oc_status       st = OC_OK;
    if (attr && n <= OC_RANK_MAX)
        memcpy(scales, attr, n * sizeof(*scales));
    else
        st = read_floats(a, old ? 1 : 2, "scales", scales, OC_RANK_MAX, &n, err);
    if (st != OC_OK)
        return st;
    if (n) {
        if (n != n_axes)
            return OC_FAIL(err, OC_FORMAT, "%zu scales for %zu axes", n, n_axes);
        return use_scales(r, in, axes, scales, n, err);
    }
    if (old || !oc_args_has(a, 3))
        return OC_FAIL(err, OC_FORMAT, "neither scales nor sizes are given");
    if ((st = oc_args_ints(a, 3, "sizes", sizes, OC_RANK_MAX, &n, err)) != OC_OK)
        return st;
    if (n != n_axes)
        return OC_FAIL(err, OC_FORMAT, "%zu sizes for %zu axes", n, n_axes);
    return use_sizes(a, r, in, axes, sizes, n, err);
}

oc_status oc_resize_read(const oc_args *a, oc_resize_args *r, oc_error *err)
{
    uint32_t  axes[OC_RANK_MAX];
    size_t    n_axes = 0;
    oc_status st = oc_shape_known(a->in[0], "the input", err);
    *r = (oc_resize_args){0};
    if (st != OC_OK || (st = read_rule(a->node, &r->rule, err)) != OC_OK ||
        (st = read_axes(a->node, a->in[0]->shape.rank, axes, &n_axes, err)) != OC_OK)
        return st;
    for (uint32_t i = 0; i < a->in[0]->shape.rank; i++) {
        r->scale[i] = r->roi_end[i] = 1.0f;
        r->out[i] = a->in[0]->shape.dim[i];
        r->length[i] = (float)r->out[i];
    }
    if ((st = read_sizes(a, r, axes, n_axes, err)) != OC_OK)
        return st;
    if (r->rule.coord == OC_COORD_CROP && (st = read_roi(a, r, axes, n_axes, err)) != OC_OK)
        return st;
    return OC_OK;
}

bool oc_resize_same(const oc_resize_args *r, const oc_shape *in, uint32_t axis)
{
    return r->scale[axis] == 1.0f && r->out[axis] == in->dim[axis] &&
           (r->rule.coord != OC_COORD_CROP ||
            (r->roi_start[axis] == 0.0f && r->roi_end[axis] == 1.0f));
}

/* In float like the reference runtimes: which side of .5 a point falls on is part of the result. */
static float source_of(const oc_resize_args *r, const oc_shape *in, uint32_t axis, float x)
{
    float scale = r->scale[axis], from = (float)in->dim[axis], to = (float)r->out[axis];
    float a = r->roi_start[axis], b = r->roi_end[axis];
    switch (r->rule.coord) {
    case OC_COORD_HALF_PIXEL: return (x + 0.5f) / scale - 0.5f;
    case OC_COORD_PYTORCH: return to > 1.0f ? (x + 0.5f) / scale - 0.5f : 0.0f;
    /* ONNX's reference divides by scale * from - 1 with the product not rounded (0.6 of 4 points are
     * 0 and 2.14); ONNX Runtime and PyTorch by the whole number of points less one (0 and 3).  Given
     * sizes, or a product that is whole, all agree. */
    case OC_COORD_ALIGN:
        return r->length[axis] == 1.0f ? 0.0f : x * (from - 1.0f) / (r->length[axis] - 1.0f);
    case OC_COORD_ASYMMETRIC: return x / scale;
    case OC_COORD_TF_NEAREST: return (x + 0.5f) / scale;
    case OC_COORD_CROP:
        return to > 1.0f ? a * (from - 1.0f) + x * (b - a) * (from - 1.0f) / (to - 1.0f)
                         : 0.5f * (a + b) * (from - 1.0f);
    case OC_COORD_SYMMETRIC:
        return from / 2.0f * (1.0f - to / (scale * from)) + (x + 0.5f) / scale - 0.5f;
    }
    return x;
}

static float nearest_of(oc_resize_nearest rule, float x, float scale)
{
    switch (rule) {
    case OC_NEAREST_PREFER_FLOOR: return ceilf(x - 0.5f);
    case OC_NEAREST_PREFER_CEIL: return floorf(x + 0.5f);
    case OC_NEAREST_FLOOR: return floorf(x);
    case OC_NEAREST_CEIL: return ceilf(x);
    case OC_NEAREST_SIMPLE: return scale < 1.0f ? ceilf(x) : floorf(x);
    }
    return x;
}

static int32_t clamp_index(float x, int64_t dim)
{
    return x <= 0.0f ? 0 : x >= (float)(dim - 1) ? (int32_t)(dim - 1) : (int32_t)x;
}

static void linear_taps(float x, int64_t dim, int32_t *index, float *w)
{
    x = x < 0.0f ? 0.0f : x > (float)(dim - 1) ? (float)(dim - 1) : x;
    index[0] = (int32_t)x;
    index[1] = index[0] + 1 < dim ? index[0] + 1 : index[0];
    w[1] = x - (float)index[0];
    w[0] = 1.0f - w[1];
}

static void cubic_taps(const oc_resize_rule *rule, float x, int64_t dim, int32_t *index, float *w)
{
    float a = rule->cubic_a, base = floorf(x), s = x - base, sum = 0.0f;
    w[0] = ((a * (s + 1) - 5 * a) * (s + 1) + 8 * a) * (s + 1) - 4 * a;
    w[1] = ((a + 2) * s - (a + 3)) * s * s + 1;
    w[2] = ((a + 2) * (1 - s) - (a + 3)) * (1 - s) * (1 - s) + 1;
    w[3] = ((a * (2 - s) - 5 * a) * (2 - s) + 8 * a) * (2 - s) - 4 * a;
    for (int k = 0; k < 4; k++) {
        float at = base + (float)(k - 1);
        index[k] = clamp_index(at, dim);
        if (rule->exclude_outside && (at < 0.0f || at >= (float)dim))
            w[k] = 0.0f;
        sum += w[k];
    }
    for (int k = 0; rule->exclude_outside && k < 4; k++)
        w[k] /= sum;
}

/* Antialias: where the picture becomes smaller the filter becomes as much wider. */
static bool is_wide(const oc_resize_args *r, uint32_t axis)
{
    return r->rule.antialias && r->rule.mode != OC_RESIZE_NEAREST && r->scale[axis] < 1.0f;
}

static float filter_at(const oc_resize_rule *rule, float x)
{
    const float a = rule->cubic_a, d = fabsf(x);
    if (rule->mode == OC_RESIZE_LINEAR)
        return d < 1 ? 1 - d : 0;
    if (d <= 1)
        return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static float half_width(const oc_resize_args *r, uint32_t axis)
{
    return (r->rule.mode == OC_RESIZE_LINEAR ? 1.0f : 2.0f) / r->scale[axis];
}

/* Points before the first and behind the last count as those do, or not at all. */
static void wide_taps(const oc_resize_args *r, uint32_t axis, float x, int64_t dim, size_t taps,
                      int32_t *index, float *w)
{
    const float half = half_width(r, axis), first = floorf(x - half + 1.0f);
    float       sum = 0.0f;
    for (size_t k = 0; k < taps; k++) {
        const float at = first + (float)k;
        const bool  out = at < 0.0f || at >= (float)dim;
        index[k] = clamp_index(at, dim);
        w[k] =
            out && r->rule.exclude_outside ? 0.0f : filter_at(&r->rule, (at - x) * r->scale[axis]);
        sum += w[k];
    }
    for (size_t k = 0; k < taps && sum != 0.0f; k++)
        w[k] /= sum;
}

oc_status oc_resize_axis_make(const oc_resize_args *r, const oc_shape *in, uint32_t axis,
                              oc_arena *mem, oc_resize_axis *out, oc_error *err)
{
    static const size_t taps[] = {1, 2, 4};
    size_t              n = (size_t)r->out[axis];
    int64_t             dim = in->dim[axis];
    for (uint32_t i = 0; i < in->rank; i++)
        n = r->out[i] ? n : 0; /* nothing to make: a long axis needs no table */
    *out = (oc_resize_axis){.n = n, .taps = taps[r->rule.mode]};
    if (dim > INT32_MAX || r->out[axis] > INT32_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "axis %u of %lld elements", axis, (long long)dim);
    if (n && is_wide(r, axis)) {
        const float half = half_width(r, axis);
        if (!(half < OC_RESIZE_HALF_MAX))
            return OC_FAIL(err, OC_UNSUPPORTED, "antialias with scale %g", (double)r->scale[axis]);
        out->taps = 2 * (size_t)ceilf(half) + 1;
    }
    out->index = oc_arena_alloc(mem, n * out->taps + 1, sizeof(*out->index));
    out->w = oc_arena_alloc(mem, n * out->taps + 1, sizeof(*out->w));
    if (!out->index || !out->w)
        return OC_FAIL(err, OC_NOMEM, "tables of %zu points", n);
    for (size_t i = 0; i < n; i++) {
        int32_t *index = out->index + i * out->taps;
        float   *w = out->w + i * out->taps;
        float    x = source_of(r, in, axis, (float)i);
        if (r->rule.coord == OC_COORD_CROP && (x < 0.0f || x > (float)(dim - 1))) {
            if (!out->outside && !(out->outside = oc_arena_alloc(mem, n, sizeof(bool))))
                return OC_FAIL(err, OC_NOMEM, "tables of %zu points", n);
            out->outside[i] = true;
        }
        if (r->rule.mode == OC_RESIZE_NEAREST) {
            index[0] = clamp_index(nearest_of(r->rule.nearest, x, r->scale[axis]), dim);
            w[0] = 1.0f;
        } else if (is_wide(r, axis)) {
            wide_taps(r, axis, x, dim, out->taps, index, w);
        } else if (r->rule.mode == OC_RESIZE_LINEAR) {
            linear_taps(x, dim, index, w);
        } else {
            cubic_taps(&r->rule, x, dim, index, w);
        }
    }
    return OC_OK;
}
