/* head_test.h -- binds a head by a piece of card and runs it on tensors made by hand. */
#ifndef OC_TESTS_HEAD_TEST_H
#define OC_TESTS_HEAD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vision/head.h"

typedef struct head_test {
    oc_yaml           *doc;
    oc_arena           arena;
    const oc_head_ops *ops;
    void              *params;
    void              *state;
    oc_port            ports[16];
    oc_tensor_view     views[16];
    size_t             n;
    oc_error           err;
} head_test;

/* Adds an output of the given shape; gives back its zeroed elements. */
static inline float *head_output(head_test *t, const char *name, uint32_t rank, const int64_t *dims)
{
    oc_port *port = &t->ports[t->n];
    size_t   elements;
    *port = (oc_port){.name = name, .info = {.dtype = OC_F32, .shape = {.rank = rank}}};
    memcpy(port->info.shape.dim, dims, rank * sizeof(*dims));
    assert_true(oc_shape_elements(&port->info.shape, &elements));
    float *data = oc_arena_alloc(&t->arena, elements, sizeof(float));
    assert_non_null(data);
    t->views[t->n] = (oc_tensor_view){.info = port->info, .data = data};
    t->n++;
    return data;
}
#define DIMS(...)                                                               \
    (uint32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]) \
    {                                                                           \
        __VA_ARGS__                                                             \
    }

static inline oc_status head_bind(head_test *t, const char *section, int32_t width, int32_t height,
                                  const char *const *labels, size_t n_labels)
{
    oc_yaml_map map;
    oc_yaml_destroy(t->doc);
    t->doc = NULL;
    if (oc_yaml_load_memory("head", section, strlen(section), &t->doc, &t->err) != OC_OK)
        return t->err.status;
    oc_yaml_begin(&map, oc_yaml_root(t->doc), &t->err);
    t->ops = oc_head_find(oc_yaml_text(&map, "type"));
    assert_non_null(t->ops);
    t->params = oc_arena_alloc(&t->arena, 1, t->ops->params_bytes);
    assert_non_null(t->params);
    t->ops->parse(&map, &t->arena, t->params);
    oc_status st = oc_yaml_end(&map);
    if (st != OC_OK)
        return st;
    oc_head_bind bind = {.params = t->params,
                         .width = width,
                         .height = height,
                         .outputs = t->ports,
                         .n_outputs = t->n,
                         .labels = labels,
                         .n_labels = n_labels,
                         .arena = &t->arena};
    return t->ops->bind(&bind, &t->state, &t->err);
}

static inline oc_result head_decode(head_test *t, oc_to_tensor_map map)
{
    oc_result result = {0};
    t->ops->decode(t->state, t->views, &map, &result);
    return result;
}

static inline void head_finish(head_test *t)
{
    oc_yaml_destroy(t->doc);
    oc_arena_finish(&t->arena);
    memset(t, 0, sizeof(*t));
}

static inline void same_box(oc_box got, float x0, float y0, float x1, float y1)
{
    assert_float_equal(got.x0, x0, 1e-3);
    assert_float_equal(got.y0, y0, 1e-3);
    assert_float_equal(got.x1, x1, 1e-3);
    assert_float_equal(got.y1, y1, 1e-3);
}

#endif
