/* Rectangular assignment by shortest augmenting paths.
 *
 * Each row has, beside the real columns, a private column of cost `alone`.  Nobody else can reach
 * it, so it needs no price and never stands inside a path: it can only end one. */
#include <assert.h>
#include <stdlib.h>

#include "core/arena.h"
#include "track/assign.h"

struct oc_assign {
    oc_arena arena;
    size_t   rows_max, cols_max;
    double  *u;          /* [rows] price of a row */
    double  *v;          /* [cols] price of a column */
    double  *dist;       /* [cols] shortest reduced way to a column */
    int32_t *via;        /* [cols] row before the column on that way */
    int32_t *col_to_row; /* [cols] -1 = free */
    uint8_t *done;       /* [cols] way is final */
    int32_t *reached;    /* [rows] rows on the tree, in order */
};

oc_status oc_assign_create(size_t rows_max, size_t cols_max, oc_assign **out, oc_error *err)
{
    oc_assign *a = calloc(1, sizeof(*a));
    if (!a)
        return OC_FAIL(err, OC_NOMEM, "assignment: out of memory");
    if (rows_max > INT32_MAX || cols_max > INT32_MAX) {
        free(a);
        return OC_FAIL(err, OC_INVALID, "assignment of %zu x %zu is too large", rows_max, cols_max);
    }
    size_t rows = rows_max ? rows_max : 1, cols = cols_max ? cols_max : 1;
    a->rows_max = rows_max;
    a->cols_max = cols_max;
    a->u = oc_arena_alloc(&a->arena, rows, sizeof(*a->u));
    a->v = oc_arena_alloc(&a->arena, cols, sizeof(*a->v));
    a->dist = oc_arena_alloc(&a->arena, cols, sizeof(*a->dist));
    a->via = oc_arena_alloc(&a->arena, cols, sizeof(*a->via));
    a->col_to_row = oc_arena_alloc(&a->arena, cols, sizeof(*a->col_to_row));
    a->done = oc_arena_alloc(&a->arena, cols, sizeof(*a->done));
    a->reached = oc_arena_alloc(&a->arena, rows, sizeof(*a->reached));
    if (!a->u || !a->v || !a->dist || !a->via || !a->col_to_row || !a->done || !a->reached) {
        oc_assign_destroy(a);
        return OC_FAIL(err, OC_NOMEM, "assignment of %zu x %zu: out of memory", rows_max, cols_max);
    }
    *out = a;
    return OC_OK;
}

void oc_assign_destroy(oc_assign *a)
{
    if (!a)
        return;
    oc_arena_finish(&a->arena);
    free(a);
}

/* One of the two is set. */
typedef struct costs {
    const float  *f32;
    const double *f64;
} costs;

static inline double cost_at(costs c, size_t i)
{
    return c.f32 ? (double)c.f32[i] : c.f64[i];
}

typedef struct path_end {
    int32_t col; /* free column where the way ends, or -1: */
    int32_t row; /* ... in the private column of this row */
    double  dist;
} path_end;

/* Shortens the ways to columns by going over `row`, whose own way is `base` long. */
static void relax(oc_assign *a, costs cost, size_t cols, int32_t row, double base)
{
    for (size_t j = 0; j < cols; j++) {
        const double c = cost_at(cost, (size_t)row * cols + j);
        if (a->done[j] || !isfinite(c))
            continue;
        double d = base + c - a->u[row] - a->v[j];
        if (d < a->dist[j]) {
            a->dist[j] = d;
            a->via[j] = row;
        }
    }
}

static int32_t nearest(const oc_assign *a, size_t cols)
{
    int32_t best = -1;
    double  d = INFINITY;
    for (size_t j = 0; j < cols; j++)
        if (!a->done[j] && a->dist[j] < d) {
            d = a->dist[j];
            best = (int32_t)j;
        }
    return best;
}

/* Dijkstra from `start` to the nearest free column or private column. */
static path_end shortest(oc_assign *a, costs cost, size_t cols, double alone, int32_t start,
                         size_t *n_reached)
{
    path_end end = {.col = -1, .row = start, .dist = INFINITY};
    int32_t  row = start;
    double   base = 0.0;

    for (size_t j = 0; j < cols; j++) {
        a->dist[j] = INFINITY;
        a->done[j] = 0;
    }
    *n_reached = 0;
    for (;;) {
        a->reached[(*n_reached)++] = row;
        double own = base + alone - a->u[row];
        if (own < end.dist)
            end = (path_end){.col = -1, .row = row, .dist = own};
        relax(a, cost, cols, row, base);
        int32_t j = nearest(a, cols);
        if (j < 0 || a->dist[j] > end.dist)
            return end;
        if (a->col_to_row[j] < 0)
            return (path_end){.col = j, .row = -1, .dist = a->dist[j]};
        a->done[j] = 1;
        base = a->dist[j];
        row = a->col_to_row[j];
    }
}

/* Moves the prices so that every edge on the tree is tight again. */
static void reprice(oc_assign *a, size_t cols, const path_end *end, int32_t start,
                    const int32_t *row_to_col, size_t n_reached)
{
    for (size_t i = 0; i < n_reached; i++) {
        int32_t row = a->reached[i];
        double  at = row == start ? 0.0 : a->dist[row_to_col[row]];
        a->u[row] += end->dist - at;
    }
    for (size_t j = 0; j < cols; j++)
        if (a->done[j])
            a->v[j] -= end->dist - a->dist[j];
}

static void augment(oc_assign *a, const path_end *end, int32_t start, int32_t *row_to_col)
{
    int32_t col = end->col;
    if (col < 0) { /* the row that stays alone gives its column to the way */
        col = row_to_col[end->row];
        row_to_col[end->row] = -1;
        if (end->row == start)
            return;
    }
    for (;;) {
        int32_t row = a->via[col], before = row_to_col[row];
        a->col_to_row[col] = row;
        row_to_col[row] = col;
        if (row == start)
            return;
        col = before;
    }
}

static void run(oc_assign *a, costs cost, size_t rows, size_t cols, double alone,
                int32_t *row_to_col)
{
    assert(rows <= a->rows_max && cols <= a->cols_max && isfinite(alone));
    for (size_t i = 0; i < rows; i++) {
        row_to_col[i] = -1;
        a->u[i] = 0.0;
    }
    for (size_t j = 0; j < cols; j++) {
        a->v[j] = 0.0;
        a->col_to_row[j] = -1;
    }
    if (cols == 0)
        return;
    for (size_t i = 0; i < rows; i++) {
        /* A start price under all of the row's edges keeps reduced costs from going negative. */
        double low = alone;
        for (size_t j = 0; j < cols; j++) {
            const double c = cost_at(cost, i * cols + j);
            if (isfinite(c) && c - a->v[j] < low)
                low = c - a->v[j];
        }
        a->u[i] = low;
        size_t   n = 0;
        path_end end = shortest(a, cost, cols, alone, (int32_t)i, &n);
        reprice(a, cols, &end, (int32_t)i, row_to_col, n);
        augment(a, &end, (int32_t)i, row_to_col);
    }
}

void oc_assign_run(oc_assign *a, const float *cost, size_t rows, size_t cols, double alone,
                   int32_t *row_to_col)
{
    run(a, (costs){.f32 = cost}, rows, cols, alone, row_to_col);
}

void oc_assign_run_f64(oc_assign *a, const double *cost, size_t rows, size_t cols, double alone,
                       int32_t *row_to_col)
{
    run(a, (costs){.f64 = cost}, rows, cols, alone, row_to_col);
}
