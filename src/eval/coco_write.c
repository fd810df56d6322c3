#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "eval/coco.h"

oc_status oc_coco_write_results(const char *path, const oc_coco_set *results, oc_error *err)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    fputs("[", f);
    for (size_t i = 0; i < results->n_objects; i++) {
        const oc_coco_object *o = &results->objects[i];
        fprintf(f,
                "%s{\"image_id\":%lld,\"category_id\":%lld,\"bbox\":[%.3f,%.3f,%.3f,%.3f],"
                "\"score\":%.9g",
                i ? ",\n" : "\n", (long long)o->image, (long long)o->category, o->box[0], o->box[1],
                o->box[2], o->box[3], o->score);
        for (size_t k = 0; o->labelled && k < 3 * OC_COCO_POINTS; k++)
            fprintf(f, "%s%.3f", k ? "," : ",\"keypoints\":[", o->points[k]);
        fputs(o->labelled ? "]}" : "}", f);
    }
    fputs("\n]\n", f);
    int failed = ferror(f);
    if (fclose(f) != 0 || failed)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    return OC_OK;
}
