/* ocellus eval KIND: how good results are against a truth. */
#include "cli/eval.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
    const char *name, *what;
    int (*run)(int argc, char **argv);
} kinds[] = {
    {"classify", "class scores: top-k, confusion, F1, calibration error", cli_eval_classify},
    {"coco", "boxes, masks and key-points: COCO average precision and recall", cli_eval_coco},
    {"detect", "runs a network over images, then as coco", cli_eval_detect},
    {"embed", "embeddings: ranks, mAP, verification, nearest centroid", cli_eval_embed},
    {"kitti", "boxes of cars, pedestrians, cyclists by KITTI's rules", cli_eval_kitti},
    {"mot", "tracks: HOTA, CLEAR (MOTA, id switches), Identity (IDF1)", cli_eval_mot},
    {"pose", "runs a network over images, then key-points as coco", cli_eval_pose},
    {"text", "reading: character and word errors, words found and read", cli_eval_text},
    {"track", "runs trackers over detections or a pipeline over a video, then as mot",
     cli_eval_track},
    {"voc", "boxes: Pascal VOC average precision", cli_eval_voc},
};

int oc_cmd_eval(int argc, char **argv);

int oc_cmd_eval(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "";
    bool        help = strcmp(kind, "--help") == 0 || strcmp(kind, "-h") == 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kind, kinds[i].name) == 0)
            return kinds[i].run(argc - 1, argv + 1);
    if (!help && *kind)
        return cli_usage("eval", "no such kind: '%s'", kind);
    FILE *to = help ? stdout : stderr;
    fprintf(to, "usage: ocellus eval KIND ...\n\n");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        fprintf(to, "  %-9s %s\n", kinds[i].name, kinds[i].what);
    return help ? CLI_DONE : CLI_USAGE;
}
