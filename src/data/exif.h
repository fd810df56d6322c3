/* exif.h -- how a picture is meant to be held. */
#ifndef OC_DATA_EXIF_H
#define OC_DATA_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* The orientation 1..8 that a JPEG's EXIF tells; 1 (as stored) where it tells none, or nonsense. */
int oc_exif_orientation(const uint8_t *jpeg, size_t n);

/* Where the pixel (x, y) of the picture as it is meant comes from in one stored as width x height.
 * Orientations above 4 swap the sides. */
void oc_exif_from(int orientation, int32_t width, int32_t height, int32_t x, int32_t y,
                  int32_t *from_x, int32_t *from_y);

#endif
