/* parity.h -- a network's way through this library beside a reference's, stage by stage.
 *
 * The reference is a folder with one folder a picture (tools/parity_reference.py makes it, with
 * OpenCV and ONNX Runtime):
 *     picture.jpg or picture.png
 *     decoded.npy          uint8 [height, width, 3], RGB
 *     resized.npy          float32 or uint8 [height, width, 3] of the input, RGB, 0..255, border included
 *     tensor.npy           the network's input
 *     outputs/PORT.npy     '/' and ':' in names are '_'
 *     boxes.json           [{"label": "person", "score": 0.9, "box": [x0, y0, x1, y1]}, ...]
 * Files that are missing leave their stage out.
 *
 * Every stage is fed with what the reference made before it, so that a difference stays where it
 * arose; the last one, `all`, is the whole way from the picture to the boxes. */
#ifndef OC_EVAL_PARITY_H
#define OC_EVAL_PARITY_H

#include "vision/net.h"

typedef enum oc_parity_stage {
    OC_PARITY_DECODE,
    OC_PARITY_RESIZE,
    OC_PARITY_TENSOR,
    OC_PARITY_OUTPUTS,
    OC_PARITY_BOXES,
    OC_PARITY_ALL,
    OC_PARITY_STAGES
} oc_parity_stage;

const char *oc_parity_stage_name(oc_parity_stage stage); /* "decode" */

typedef struct oc_parity_tolerance {
    double
        decode; /* mean difference in levels of 0..255: decoders interpolate colour differently */
    double resize;  /* mean difference in levels */
    double outputs; /* largest difference over the output's largest magnitude */
    double score;   /* of a box, largest difference */
    double overlap; /* of a box with its partner, least intersection over union */
    double found;   /* all: least share of boxes that have a partner, on either side */
} oc_parity_tolerance;

#define OC_PARITY_TOLERANCE_INIT         \
    {                                    \
        1.5, 0.75, 1e-4, 1e-3, 0.99, 0.9 \
    }

typedef struct oc_parity_line {
    char            picture[96], what[96]; /* what: the output's name; "" */
    oc_parity_stage stage;
    double          worst; /* in the terms of the stage's tolerance */
    char            detail[160];
    bool            agrees;
} oc_parity_line;

typedef struct oc_parity { /* a zeroed one is empty */
    oc_parity_line *line;
    size_t          n, cap, pictures, differing;
} oc_parity;

void oc_parity_finish(oc_parity *p);

/* OC_NOT_FOUND: no picture there.  OC_IO, OC_FORMAT, OC_INVALID: a file of the reference. */
OC_MUST_CHECK oc_status oc_parity_run(oc_net *net, const char *folder,
                                      const oc_parity_tolerance *tolerance, oc_parity *out,
                                      oc_error *err);

#endif
