/* Greedy suppression, as in every detector's paper, with a fixed order among equals. */
#include "vision/nms.h"

#include <math.h>

static float area(const oc_box *b)
{
    float w = b->x1 - b->x0, h = b->y1 - b->y0;
    return w > 0 && h > 0 ? w * h : 0;
}

float oc_box_iou(const oc_box *a, const oc_box *b)
{
    oc_box both = {fmaxf(a->x0, b->x0), fmaxf(a->y0, b->y0), fminf(a->x1, b->x1),
                   fminf(a->y1, b->y1)};
    float  inside = area(&both);
    float  all = area(a) + area(b) - inside;
    return all > 0 ? inside / all : 0;
}

/* True when item i comes before item j. */
static bool before(const oc_detection *items, uint32_t i, uint32_t j)
{
    if (items[i].score > items[j].score)
        return true;
    if (items[i].score < items[j].score)
        return false;
    if (items[i].label != items[j].label)
        return items[i].label < items[j].label;
    return i < j;
}

static void sift(const oc_detection *items, uint32_t *heap, size_t at, size_t n)
{
    uint32_t moving = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && before(items, heap[child], heap[child + 1]))
            child++;
        if (!before(items, moving, heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

/* Heap sort: qsort of the C library may allocate, and has no context argument. */
void oc_detections_sort(const oc_detection *items, size_t n, uint32_t *order)
{
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = n / 2; i-- > 0;)
        sift(items, order, i, n);
    for (size_t end = n; end-- > 1;) {
        uint32_t last = order[0];
        order[0] = order[end];
        order[end] = last;
        sift(items, order, 0, end);
    }
}

size_t oc_nms(const oc_detection *items, size_t n, const oc_nms_options *options, uint32_t *order)
{
    oc_detections_sort(items, n, order);
    if (options->top_k && n > options->top_k)
        n = options->top_k;
    size_t kept = 0;
    for (size_t i = 0; i < n && kept < options->keep_max; i++) {
        const oc_detection *item = &items[order[i]];
        bool                free = true;
        for (size_t k = 0; k < kept && free; k++) {
            const oc_detection *better = &items[order[k]];
            if (options->agnostic || better->label == item->label)
                free = oc_box_iou(&better->box, &item->box) <= options->iou;
        }
        if (free)
            order[kept++] = order[i];
    }
    return kept;
}
