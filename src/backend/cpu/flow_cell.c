/* Values of a flow: blocks of memory used again, sequences, cutting and joining. */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/flow.h"

#define BLOCK_SLACK 4096 /* a free block may be this much, or four times, too large */

static void block_free(flow_block *b)
{
    oc_free64(b->data);
    free(b);
}

static void free_all(flow_block *b)
{
    for (flow_block *next; b; b = next) {
        next = b->next;
        block_free(b);
    }
}

void flow_world_finish(flow_world *world)
{
    free_all(world->free);
    free_all(world->kept);
    oc_free64(world->scratch);
    *world = (flow_world){0};
}

static oc_status block_make(flow_world *world, size_t bytes, flow_block **out, oc_error *err)
{
    if (world->bytes_max && world->bytes + bytes > world->bytes_max)
        return OC_FAIL(
            err, OC_NOMEM, "needs more than %llu bytes for what the data decide, %llu are allowed",
            (unsigned long long)(world->bytes + bytes), (unsigned long long)world->bytes_max);
    flow_block *b = calloc(1, sizeof(*b));
    if (!b || !(b->data = oc_alloc64(bytes + 64, 1))) {
        free(b);
        return OC_FAIL(err, OC_NOMEM, "%zu bytes", bytes);
    }
    b->bytes = bytes;
    world->bytes += bytes;
    *out = b;
    return OC_OK;
}

static oc_status block_take(flow_world *world, size_t bytes, flow_block **out, oc_error *err)
{
    flow_block **best = NULL;
    for (flow_block **at = &world->free; *at; at = &(*at)->next)
        if ((*at)->bytes >= bytes && (*at)->bytes / 4 <= bytes + BLOCK_SLACK &&
            (!best || (*at)->bytes < (*best)->bytes))
            best = at;
    if (!best)
        return block_make(world, (bytes + 255) / 256 * 256, out, err);
    *out = *best;
    *best = (*best)->next;
    return OC_OK;
}

/* Sizes that are nearly the same share blocks. */
static size_t size_class(size_t bytes)
{
    size_t step = 256;
    while (bytes / step > 16)
        step *= 2;
    return bytes ? (bytes + step - 1) / step * step : step;
}

/* By its class alone, so that what a rehearsal took is enough whatever the data are. */
static oc_status block_kept(flow_world *world, size_t bytes, flow_block **out, oc_error *err)
{
    const size_t size = size_class(bytes);
    oc_status    st;
    for (flow_block **at = &world->kept; *at; at = &(*at)->next)
        if ((*at)->bytes == size) {
            *out = *at;
            *at = (*at)->next;
            return OC_OK;
        }
    if ((st = block_make(world, size, out, err)) == OC_OK)
        (*out)->kept = true;
    return st;
}

flow_cell flow_cell_keep(const flow_cell *cell)
{
    if (cell->block)
        cell->block->refs++;
    if (cell->list)
        cell->list->refs++;
    return *cell;
}

void flow_cell_drop(flow_world *world, flow_cell *cell)
{
    if (cell->block && --cell->block->refs == 0) {
        flow_block **list = cell->block->kept ? &world->kept : &world->free;
        cell->block->next = *list;
        *list = cell->block;
    }
    if (cell->list && --cell->list->refs == 0) {
        for (size_t i = 0; i < cell->list->n; i++)
            flow_cell_drop(world, &cell->list->item[i]);
        free(cell->list->item);
        free(cell->list);
    }
    *cell = (flow_cell){0};
}

static oc_status cell_take(flow_world *world, const oc_tensor_info *info, size_t bytes, bool kept,
                           flow_cell *out, oc_error *err)
{
    flow_block *b = NULL;
    oc_status   st = kept ? block_kept(world, bytes, &b, err) : block_take(world, bytes, &b, err);
    if (st != OC_OK)
        return st;
    b->refs = 1;
    *out = (flow_cell){.view = {.info = *info, .data = b->data}, .block = b};
    return OC_OK;
}

oc_status flow_cell_reserve(flow_world *world, const oc_most *most, flow_cell *out, oc_error *err)
{
    return cell_take(world, &most->info, most->bytes, true, out, err);
}

oc_status flow_cell_make(flow_world *world, const oc_tensor_info *info, const oc_most *most,
                         flow_cell *out, oc_error *err)
{
    size_t bytes;
    char   text[96];
    if (info->dtype == OC_DTYPE_NONE || info->shape.rank > OC_RANK_MAX ||
        !oc_tensor_bytes(info, &bytes) || bytes > (size_t)1 << 40)
        return OC_FAIL(err, OC_FORMAT, "a result of %s %s", oc_dtype_name(info->dtype),
                       oc_shape_text(&info->shape, text, sizeof(text)));
    bool kept = most && bytes <= most->bytes;
    return cell_take(world, info, kept ? most->bytes : bytes, kept, out, err);
}

oc_status flow_cell_scalar(flow_world *world, oc_dtype dtype, int64_t value, flow_cell *out,
                           oc_error *err)
{
    const oc_most most = {.info = {.dtype = dtype}, .bytes = sizeof(int64_t)};
    oc_status     st = flow_cell_make(world, &most.info, &most, out, err);
    if (st != OC_OK)
        return st;
    if (dtype == OC_BOOL)
        *(unsigned char *)out->view.data = value != 0;
    else
        *(int64_t *)out->view.data = value;
    return OC_OK;
}

oc_status flow_list_make(flow_cell *out, oc_error *err)
{
    *out = (flow_cell){.list = calloc(1, sizeof(flow_list))};
    if (!out->list)
        return OC_FAIL(err, OC_NOMEM, "sequence");
    out->list->refs = 1;
    return OC_OK;
}

oc_status flow_list_add(flow_cell *list, const flow_cell *item, oc_error *err)
{
    flow_list *l = list->list;
    if (l->n == l->cap) {
        size_t     cap = l->cap ? l->cap * 2 : 8;
        flow_cell *more = reallocarray(l->item, cap, sizeof(*more));
        if (!more)
            return OC_FAIL(err, OC_NOMEM, "sequence of %zu", l->n);
        l->item = more;
        l->cap = cap;
    }
    l->item[l->n++] = flow_cell_keep(item);
    return OC_OK;
}

oc_status flow_cell_int(const flow_cell *cell, const char *what, int64_t *out, oc_error *err)
{
    const oc_tensor_view *v = &cell->view;
    size_t                n;
    if (!v->data || !oc_shape_elements(&v->info.shape, &n) || n != 1)
        return OC_FAIL(err, OC_FORMAT, "%s is not one number", what);
    switch (v->info.dtype) {
    case OC_BOOL: *out = *(const unsigned char *)v->data != 0; return OC_OK;
    case OC_I32: *out = *(const int32_t *)v->data; return OC_OK;
    case OC_I64: *out = *(const int64_t *)v->data; return OC_OK;
    default: return OC_FAIL(err, OC_FORMAT, "%s is %s", what, oc_dtype_name(v->info.dtype));
    }
}

/* Bytes of dim[from..to). */
static size_t bytes_of(const oc_tensor_info *info, uint32_t from, uint32_t to)
{
    size_t n = oc_dtype_bytes(info->dtype);
    for (uint32_t d = from; d < to; d++)
        n *= (size_t)info->shape.dim[d];
    return n;
}

static void drop_axis(oc_shape *s, uint32_t axis)
{
    s->rank--;
    for (uint32_t d = axis; d < s->rank; d++)
        s->dim[d] = s->dim[d + 1];
}

/* rows times `bytes`, each its own distance from the next */
static void copy_rows(char *to, size_t to_step, const char *from, size_t from_step, size_t rows,
                      size_t bytes)
{
    for (size_t r = 0; r < rows && bytes; r++)
        memcpy(to + r * to_step, from + r * from_step, bytes);
}

oc_status flow_slice(flow_world *world, const flow_cell *from, uint32_t axis, int64_t at, int64_t n,
                     bool keep_axis, const oc_most *most, flow_cell *out, oc_error *err)
{
    oc_tensor_info info = from->view.info;
    size_t         rows = bytes_of(&info, 0, axis) / oc_dtype_bytes(info.dtype);
    size_t         inner = bytes_of(&info, axis + 1, info.shape.rank);
    size_t         step = inner * (size_t)info.shape.dim[axis];
    oc_status      st;
    info.shape.dim[axis] = n;
    if (!keep_axis)
        drop_axis(&info.shape, axis);
    if ((st = flow_cell_make(world, &info, most, out, err)) != OC_OK)
        return st;
    copy_rows(out->view.data, inner * (size_t)n, (const char *)from->view.data + inner * (size_t)at,
              step, rows, inner * (size_t)n);
    return OC_OK;
}

static oc_status join_info(const flow_cell *items, size_t n, uint32_t axis, bool new_axis,
                           oc_tensor_info *out, oc_error *err)
{
    int64_t sum = 0;
    char    a[96], b[96];
    *out = items[0].view.info;
    for (size_t i = 0; i < n; i++) {
        const oc_tensor_info *info = &items[i].view.info;
        bool                  same =
            items[i].view.data && info->dtype == out->dtype && info->shape.rank == out->shape.rank;
        for (uint32_t d = 0; same && d < out->shape.rank; d++)
            same = info->shape.dim[d] == out->shape.dim[d] || (d == axis && !new_axis);
        if (!same)
            return OC_FAIL(err, OC_FORMAT, "%s and %s cannot be joined",
                           oc_shape_text(&out->shape, a, sizeof(a)),
                           oc_shape_text(&info->shape, b, sizeof(b)));
        sum += new_axis ? 1 : info->shape.dim[axis];
    }
    if (new_axis) {
        if (out->shape.rank == OC_RANK_MAX)
            return OC_FAIL(err, OC_UNSUPPORTED, "more than %d axes", OC_RANK_MAX);
        for (uint32_t d = out->shape.rank++; d > axis; d--)
            out->shape.dim[d] = out->shape.dim[d - 1];
    }
    out->shape.dim[axis] = sum;
    return OC_OK;
}

oc_status flow_join(flow_world *world, const flow_cell *items, size_t n, uint32_t axis,
                    bool new_axis, flow_cell *out, oc_error *err)
{
    oc_tensor_info info;
    oc_status      st = join_info(items, n, axis, new_axis, &info, err);
    if (st != OC_OK || (st = flow_cell_make(world, &info, NULL, out, err)) != OC_OK)
        return st;
    size_t rows = bytes_of(&info, 0, axis) / oc_dtype_bytes(info.dtype);
    size_t step = bytes_of(&info, axis, info.shape.rank), at = 0;
    for (size_t i = 0; i < n; i++) {
        const oc_tensor_view *v = &items[i].view;
        size_t                part = bytes_of(&v->info, axis, v->info.shape.rank);
        copy_rows((char *)out->view.data + at, step, v->data, part, rows, part);
        at += part;
    }
    return OC_OK;
}
