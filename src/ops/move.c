#include "ops/move.h"

#include <assert.h>

#include "ops/args.h"

#define UNIT_BYTES ((size_t)16 * 1024)
#define GRAIN_BYTES ((size_t)128 * 1024) /* some 20 us of copying */

oc_status oc_moves_init(oc_moves *list, const oc_prepare *p, size_t cap, oc_error *err)
{
    *list = (oc_moves){.cap = cap, .kernel = oc_k_x_move(p->isa)};
    list->items = oc_arena_alloc(p->mem, cap ? cap : 1, sizeof(*list->items));
    return list->items ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu copies", cap);
}

oc_move *oc_moves_add(oc_moves *list, uint32_t in, uint32_t out, size_t elem)
{
    assert(list->n < list->cap);
    oc_move *m = &list->items[list->n++];
    *m = (oc_move){.in = in, .out = out, .elem = elem};
    return m;
}

void oc_move_loop(oc_move *m, size_t n, ptrdiff_t src, ptrdiff_t dst)
{
    assert(m->rank < OC_MOVE_DIMS);
    m->dim[m->rank] = n;
    m->src[m->rank] = src;
    m->dst[m->rank++] = dst;
}

static void drop_loop(oc_move *m, uint32_t i)
{
    m->rank--;
    for (; i < m->rank; i++) {
        m->dim[i] = m->dim[i + 1];
        m->src[i] = m->src[i + 1];
        m->dst[i] = m->dst[i + 1];
    }
}

/* Loops of one turn go; neighbours that step alike become one; a short contiguous run at the end
 * becomes a larger element. */
static void simplify(oc_move *m)
{
    for (uint32_t i = m->rank; i-- > 0;)
        if (m->dim[i] == 1)
            drop_loop(m, i);
    for (uint32_t i = m->rank; i-- > 1;) {
        ptrdiff_t n = (ptrdiff_t)m->dim[i];
        if (m->src[i - 1] != m->src[i] * n || m->dst[i - 1] != m->dst[i] * n)
            continue;
        m->dim[i] *= m->dim[i - 1];
        drop_loop(m, i - 1);
    }
    while (m->rank) {
        uint32_t  last = m->rank - 1;
        ptrdiff_t elem = (ptrdiff_t)m->elem;
        size_t    bytes = m->dim[last] * m->elem;
        if (m->src[last] != elem || m->dst[last] != elem || !bytes || bytes > 32 ||
            (bytes & (bytes - 1)))
            break;
        m->elem = bytes;
        m->rank--;
    }
}

/* The last loop runs along the tile's columns.  Its rows are the loop that walks the source
 * element by element, where there is one (a transposition), else the loop before the last. */
static void make_tile(oc_move *m)
{
    oc_k_tile *t = &m->tile;
    ptrdiff_t  elem = (ptrdiff_t)m->elem;
    *t = (oc_k_tile){.rows = 1, .cols = 1, .src_col = elem, .dst_col = elem};
    if (m->rank) {
        uint32_t last = --m->rank;
        t->cols = m->dim[last];
        t->src_col = m->src[last];
        t->dst_col = m->dst[last];
    }
    bool transposed = false;
    if (m->rank) {
        uint32_t row = m->rank - 1;
        for (uint32_t i = 0; i < m->rank && t->src_col != elem; i++)
            if (m->src[i] == elem) {
                row = i;
                transposed = true;
            }
        t->rows = m->dim[row];
        t->src_row = m->src[row];
        t->dst_row = m->dst[row];
        drop_loop(m, row);
    }
    size_t wide = transposed ? 128 : UNIT_BYTES / m->elem;
    m->col_step = t->cols < wide ? t->cols : wide;
    size_t tall = UNIT_BYTES / (m->elem * (m->col_step ? m->col_step : 1));
    tall = transposed && tall < 16 ? 16 : tall ? tall : 1;
    m->row_step = t->rows < tall ? t->rows : tall;
}

static size_t outer_turns(const oc_move *m)
{
    size_t n = 1;
    for (uint32_t i = 0; i < m->rank; i++)
        n *= m->dim[i];
    return n;
}

void oc_moves_finish(oc_moves *list, const oc_prepare *p)
{
    size_t units = 0, bytes = 0;
    for (size_t i = 0; i < list->n; i++) {
        oc_move *m = &list->items[i];
        simplify(m);
        make_tile(m);
        size_t outer = outer_turns(m), each = m->tile.rows * m->tile.cols;
        if (outer && each) {
            m->n_row = (m->tile.rows + m->row_step - 1) / m->row_step;
            m->n_col = (m->tile.cols + m->col_step - 1) / m->col_step;
            units += outer * m->n_row * m->n_col;
            bytes += outer * each * m->elem;
        }
        m->end = units;
    }
    size_t unit_bytes = units ? bytes / units : 1;
    p->work->n_phases = 1;
    p->work->phase[0].units = units;
    p->work->phase[0].grain = GRAIN_BYTES / (unit_bytes ? unit_bytes : 1) + 1;
}

static void run_unit(const oc_moves *list, const oc_move *m, size_t unit, const oc_op_run *r)
{
    oc_k_tile   t = m->tile;
    const char *src = m->constant ? m->constant : r->in[m->in].data;
    char       *dst = r->out[m->out].data;
    src += m->src_at;
    dst += m->dst_at;
    size_t col = unit % m->n_col * m->col_step;
    unit /= m->n_col;
    size_t row = unit % m->n_row * m->row_step;
    unit /= m->n_row;
    src += (ptrdiff_t)row * t.src_row + (ptrdiff_t)col * t.src_col;
    dst += (ptrdiff_t)row * t.dst_row + (ptrdiff_t)col * t.dst_col;
    for (uint32_t i = m->rank; i-- > 0;) {
        ptrdiff_t k = (ptrdiff_t)(unit % m->dim[i]);
        unit /= m->dim[i];
        src += k * m->src[i];
        dst += k * m->dst[i];
    }
    t.rows = t.rows - row < m->row_step ? t.rows - row : m->row_step;
    t.cols = t.cols - col < m->col_step ? t.cols - col : m->col_step;
    list->kernel(m->elem, &t, src, dst);
}

void oc_moves_run(const oc_op_run *r)
{
    const oc_moves *list = r->state;
    size_t          i = 0;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        while (unit >= list->items[i].end)
            i++;
        run_unit(list, &list->items[i], unit - (i ? list->items[i - 1].end : 0), r);
    }
}

oc_status oc_moves_prepare_copy(const oc_prepare *p, oc_error *err)
{
    oc_moves *list = p->state;
    oc_status st = oc_moves_init(list, p, 1, err);
    if (st != OC_OK)
        return st;
    size_t   elem = oc_dtype_bytes(p->in[0].info.dtype);
    oc_move *m = oc_moves_add(list, 0, 0, elem);
    oc_move_loop(m, oc_elements(&p->in[0].info), (ptrdiff_t)elem, (ptrdiff_t)elem);
    oc_moves_finish(list, p);
    return OC_OK;
}
