/* flex.h -- numbers of a FlexBuffer's map, by key: how custom operators keep their options.
 *
 * Source: flatbuffers.dev, "FlexBuffers".  Read from the end: the root's width in bytes, its type,
 * the root itself. */
#ifndef OC_TFLITE_FLEX_H
#define OC_TFLITE_FLEX_H

#include <stdbool.h>
#include <stddef.h>

/* False: not there, no number, or the buffer is damaged. */
bool flex_number(const unsigned char *p, size_t n, const char *key, double *value);

#endif
