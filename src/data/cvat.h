/* cvat.h -- what CVAT's reader and writer share. */
#ifndef OC_DATA_CVAT_H
#define OC_DATA_CVAT_H

/* Attributes that CVAT writes into the tag of a shape, with the value that says nothing. */
static const char *const cvat_tags[][2] = {
    {"source", "manual"}, {"z_order", "0"}, {"rotation", "0"}, {"group_id", ""}, {"keyframe", "1"}};
#define CVAT_TAGS (sizeof(cvat_tags) / sizeof(cvat_tags[0]))

#endif
