/* The images that came out worst, or changed most, with truth and results drawn. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/compare.h"
#include "eval/report_parts.h"
#include "eval/sheet.h"

#define DRAWN_SCORE 0.3 /* least of a result that is drawn */

typedef struct unit {
    size_t at;
    double score;
} unit;

static int worse(const void *a, const void *b)
{
    const unit *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void put_image(oc_report *r, const oc_coco_set *gt, const oc_coco_set *dt, const unit *u)
{
    const oc_coco_image *image = &gt->images[u->at];
    char                 path[4200], text[600];
    snprintf(text, sizeof(text), "%.500s · %.3f", image->file ? image->file : "no name", u->score);
    snprintf(path, sizeof(path), "%s/%s", r->o->images, image->file ? image->file : "");
    oc_sheet_boxes(&r->page, path, text, gt, dt, image->id, DRAWN_SCORE);
}

/* The images that the comparison names, else the worst; ordered, *n of them. */
static unit *choose(oc_report *r, const oc_compare_run *run, size_t *n)
{
    unit         *u = calloc(run->n_units + 1, sizeof(*u));
    const json_t *changed = oc_report_list(r, r->doc, "", "changed");
    *n = 0;
    for (size_t i = 0; u && changed && i < json_array_size(changed); i++) {
        const char *name = oc_report_text(r, json_array_get(changed, i),
                                          oc_report_item("changed", i).text, "name");
        for (size_t k = 0; k < run->n_units && *n < run->n_units; k++)
            if (strcmp(run->unit[k], name) == 0) {
                u[(*n)++] = (unit){k, run->score[k]};
                break;
            }
    }
    if (!u || changed)
        return u;
    for (size_t k = 0; k < run->n_units; k++)
        if (!isnan(run->score[k]))
            u[(*n)++] = (unit){k, run->score[k]};
    qsort(u, *n, sizeof(*u), worse);
    return u;
}

void oc_report_pictures(oc_report *r)
{
    oc_coco_set    gt = {0}, dt = {0};
    oc_compare_run run = {.n_units = 0};
    unit          *u = NULL;
    size_t         n = 0;
    oc_error      *err = r->page.err;
    oc_status      st = r->page.status;
    if (st != OC_OK || (st = oc_coco_read_truth(r->o->gt, OC_COCO_BBOX, &gt, err)) != OC_OK ||
        (st = oc_coco_read_results(r->o->dt, OC_COCO_BBOX, &gt, &dt, err)) != OC_OK ||
        (st = oc_compare_coco(&gt, &dt, OC_COCO_BBOX, &run, err)) != OC_OK)
        goto out;
    if (!(u = choose(r, &run, &n))) {
        st = OC_FAIL(err, OC_NOMEM, "%zu images", run.n_units);
        goto out;
    }
    oc_report_section(
        r, json_object_get(r->doc, "changed") ? "Images that changed most" : "Worst images",
        "Green lies on a truth, red does not, blue was missed; results from .30. The "
        "number: AP over the image alone.");
    oc_page_put(&r->page, "<div class=\"images\">\n");
    for (size_t i = 0; i < n && i < r->o->shown; i++)
        put_image(r, &gt, &dt, &u[i]);
    oc_page_put(&r->page, "</div>\n");
    oc_report_section_end(r);
    st = r->page.status;
out:
    r->page.status = st;
    free(u);
    oc_compare_run_finish(&run);
    oc_coco_set_finish(&dt);
    oc_coco_set_finish(&gt);
}
