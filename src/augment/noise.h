/* noise.h -- normal deviates by table. */
#ifndef OC_AUGMENT_NOISE_H
#define OC_AUGMENT_NOISE_H

#include <stdint.h>

#define AUG_NORMALS 4096
#define AUG_NORMAL_ONE 1024 /* a standard deviation */

/* The middles of AUG_NORMALS equally likely classes. */
void aug_normals(int16_t *out);

#endif
