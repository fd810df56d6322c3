/* picture.h -- what can be told of a picture without a network: light and sharpness. */
#ifndef OC_OBSERVE_PICTURE_H
#define OC_OBSERVE_PICTURE_H

#include "ocellus/media.h"

typedef struct oc_picture_facts {
    double brightness; /* mean luma (green of RGB), 0 .. 255 */
    double contrast;   /* its standard deviation */
    double sharpness;  /* log2(1 + variance of the Laplacian): falls with blur */
} oc_picture_facts;

/* Looks at some ten thousand places of the frame, whatever its size. NaN for a frame of less than 3
 * by 3 pixels. */
oc_picture_facts oc_picture_look(const oc_frame *frame);

#endif
