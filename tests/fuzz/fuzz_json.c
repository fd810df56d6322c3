/* What evaluation reads: COCO's truth and results as boxes, masks and key-points, and tables of
 * scores.  The first byte chooses. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "eval/classify.h"
#include "eval/coco.h"
#include "fuzz.h"

/* The readers take paths: their files may be larger than memory. */
static int file_of(const void *data, size_t n, char *path, size_t path_bytes)
{
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        abort();
    snprintf(path, path_bytes, "/proc/self/fd/%d", fd);
    return fd;
}

static const char truth[] = "{\"images\":[{\"id\":1,\"width\":8,\"height\":6}],\"annotations\":[],"
                            "\"categories\":[{\"id\":2,\"name\":\"cat\"}]}";

static void read_truth(oc_coco_type type, oc_coco_set *out)
{
    char path[64];
    int  fd = file_of(truth, sizeof(truth) - 1, path, sizeof(path));
    if (oc_coco_read_truth(path, type, out, NULL) != OC_OK)
        abort();
    close(fd);
}

static oc_status read_coco(const char *path, unsigned kind, oc_error *err)
{
    oc_coco_set    gt = {0}, dt = {0};
    oc_coco_scores scores = {0};
    oc_coco_type   type = (oc_coco_type)(kind % 3);
    oc_status      st;
    if (kind < 3) {
        st = oc_coco_read_truth(path, type, &gt, err);
    } else {
        read_truth(type, &gt);
        st = oc_coco_read_results(path, type, &gt, &dt, err);
    }
    if (st == OC_OK)
        st = oc_coco_score(&gt, kind < 3 ? &gt : &dt, type, &scores, err);
    oc_coco_scores_finish(&scores);
    oc_coco_set_finish(&dt);
    oc_coco_set_finish(&gt);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char               path[64];
    oc_error           err = {0};
    oc_classify_scores scores = {.n = 0};
    unsigned           kind = n ? data[0] % 8u : 0; /* '0' is 48, a multiple of 8 */
    int                fd = file_of(n ? data + 1 : data, n ? n - 1 : 0, path, sizeof(path));
    oc_status          st =
        kind < 6 ? read_coco(path, kind, &err) : oc_classify_score(path, kind == 7, &scores, &err);
    close(fd);
    if (st != OC_OK && (!err.message[0] || err.status != st))
        abort(); /* a refusal without a reason */
    if (kind >= 6 && st == OC_OK && scores.n == 0)
        abort(); /* figures of nothing */
    oc_classify_scores_finish(&scores);
    return 0;
}
