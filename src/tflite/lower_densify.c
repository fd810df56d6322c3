/* DENSIFY: a constant whose zeros the file leaves out.
 *
 * Source: the comments of SparsityParameters in schema.fbs.  The levels of a tree stand for the
 * tensor's dimensions in `traversal_order`, then for those of the blocks its elements come in; a
 * dense level has dense_size children everywhere, a sparse one those that its index list names
 * between two of its segments.  Leaves count through the values. */
#include <string.h>

#include "tflite/lower.h"
#include "tflite/lowerings.h"

#define LEVELS_MAX (2 * OC_RANK_MAX)

typedef struct level {
    uint32_t    dim;   /* of the tensor */
    bool        inner; /* of a block */
    bool        sparse;
    int64_t     size; /* of a dense one */
    flat_vector segments, indices;
    int64_t     next; /* segments follow each other, so that nothing is visited twice */
} level;

typedef struct tree {
    const tfl_tensor *t;
    level             level[LEVELS_MAX];
    uint32_t          n_levels;
    int64_t           block[OC_RANK_MAX];
    int64_t           at[OC_RANK_MAX], within[OC_RANK_MAX];
    size_t            size; /* bytes an element */
    unsigned char    *to;
} tree;

/* A vector of int32, uint16 or uint8: a union, its type one field before. */
static flat_vector index_vector(const flat_table *t, unsigned field)
{
    int64_t    type = flat_i8(t, field - 1, 0);
    flat_table v = flat_sub(t, field);
    return flat_vec(&v, 0, type == 1 ? 4 : type == 2 ? 2 : 1);
}

static int64_t index_at(const flat_vector *v, int64_t i)
{
    int64_t x = flat_vec_int(v, (uint32_t)i);
    return v->width == 1 ? (uint8_t)x : v->width == 2 ? (uint16_t)x : x;
}

static bool read_level(tfl_op *o, tree *w, const flat_table *m, uint32_t i, int64_t which,
                       const flat_vector *map)
{
    level   *l = &w->level[i];
    uint32_t rank = w->t->shape.rank;
    l->inner = which >= rank;
    l->dim = (uint32_t)(l->inner ? flat_vec_int(map, (uint32_t)(which - rank)) : which);
    l->sparse = flat_i8(m, 0, 0) == 1;
    l->size = flat_i32(m, 1, 0);
    l->segments = index_vector(m, 3);
    l->indices = index_vector(m, 5);
    bool fits = which >= 0 && l->dim < rank && (!l->inner || !l->sparse) &&
                (l->sparse || l->size > 0) && (l->inner == (i >= rank));
    if (fits && l->inner)
        w->block[l->dim] = l->size;
    if (!fits)
        tfl_fail(o, OC_FORMAT, "level %u of the sparse tensor '%.80s'", i, w->t->name);
    return fits;
}

static bool read_tree(tfl_op *o, tree *w)
{
    flat_vector order = flat_vec(&w->t->sparse, 0, 4), map = flat_vec(&w->t->sparse, 1, 4);
    flat_vector meta = flat_vec(&w->t->sparse, 2, 4);
    uint32_t    rank = w->t->shape.rank;
    if (order.n > LEVELS_MAX || order.n < rank || meta.n != order.n || map.n != order.n - rank) {
        tfl_fail(o, OC_FORMAT, "the sparse tensor '%.80s' has %u levels", w->t->name, order.n);
        return false;
    }
    w->n_levels = order.n;
    for (uint32_t i = 0; i < rank; i++)
        w->block[i] = 1;
    for (uint32_t i = 0; i < order.n; i++) {
        flat_table m = flat_vec_table(&meta, i);
        if (!read_level(o, w, &m, i, flat_vec_int(&order, i), &map))
            return false;
    }
    return tfl_ok(o);
}

static bool put_leaf(tree *w, int64_t index)
{
    const oc_shape *s = &w->t->shape;
    size_t          to = 0;
    if (index < 0 || (size_t)index >= w->t->packed.n / w->size)
        return false;
    for (uint32_t d = 0; d < s->rank; d++) {
        int64_t at = w->at[d] * w->block[d] + w->within[d];
        if (at < 0 || at >= s->dim[d])
            return false;
        to = to * (size_t)s->dim[d] + (size_t)at;
    }
    memcpy(w->to + to * w->size, flat_vec_bytes(&w->t->packed) + (size_t)index * w->size, w->size);
    return true;
}

/* As deep as there are levels. */
static bool visit(tree *w, uint32_t depth, int64_t parent)
{
    if (depth == w->n_levels)
        return put_leaf(w, parent);
    level   *l = &w->level[depth];
    int64_t *at = l->inner ? &w->within[l->dim] : &w->at[l->dim];
    if (!l->sparse) {
        for (int64_t i = 0; i < l->size; i++) {
            *at = i;
            if (!visit(w, depth + 1, parent * l->size + i))
                return false;
        }
        return true;
    }
    if (parent < 0 || parent + 1 >= l->segments.n)
        return false;
    int64_t begin = index_at(&l->segments, parent), end = index_at(&l->segments, parent + 1);
    if (begin != l->next || end < begin || end > l->indices.n)
        return false;
    l->next = end;
    for (int64_t i = begin; i < end; i++) {
        *at = index_at(&l->indices, i);
        if (!visit(w, depth + 1, i))
            return false;
    }
    return true;
}

void tfl_lower_densify(tfl_op *o)
{
    const tfl_tensor *x = tfl_in(o, 0);
    tfl_tensor       *y = tfl_out(o, 0);
    tree              w = {.t = x, .size = oc_dtype_bytes(x->dtype)};
    size_t            n;
    if (!x->sparse.at || x->dtype != y->dtype || !oc_shape_equal(&x->shape, &y->shape) || y->made ||
        y->data || !oc_shape_elements(&x->shape, &n)) {
        tfl_fail(o, OC_FORMAT, "'%.80s' is no sparse constant of the output's shape", x->name);
        return;
    }
    if (!read_tree(o, &w) || !(w.to = tfl_memory(o, n, w.size)))
        return;
    if (!visit(&w, 0, 0)) {
        tfl_fail(o, OC_FORMAT, "the indices of the sparse tensor '%.80s' leave it", x->name);
        return;
    }
    y->data = w.to;
    y->stored = x->stored;
    y->scale = x->scale;
    y->zero = x->zero;
    y->axis = x->axis;
}
