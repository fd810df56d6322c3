/* font.h -- a small fixed-width font of our own, ' ' to '~'. */
#ifndef OC_MEDIA_FONT_H
#define OC_MEDIA_FONT_H

#include <stdint.h>

#define OC_FONT_WIDTH 6 /* cell, with the gaps */
#define OC_FONT_HEIGHT 10
#define OC_FONT_COLUMNS 5 /* pixels that letters use */
#define OC_FONT_ROWS 9

extern const uint8_t oc_font[95][OC_FONT_ROWS];

#endif
