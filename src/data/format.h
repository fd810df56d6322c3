/* format.h -- the formats of data sets: one table, a file or two each.  docs/data.md says what each
 * looks like on disk. */
#ifndef OC_DATA_FORMAT_H
#define OC_DATA_FORMAT_H

#include "data/set.h"

/* What a set may hold and a format may have no place for: name, text. */
#define OC_DATA_PART_MAP(X)                              \
    X(BOX, "boxes without an outline")                   \
    X(OUTLINE, "objects without a box")                  \
    X(OWN_BOX, "boxes that differ from their outline's") \
    X(POLYGON, "polygons")                               \
    X(POLYGONS, "outlines of several polygons (joined)") \
    X(MASK, "masks")                                     \
    X(POINTS, "key-points")                              \
    X(TRACK, "track ids")                                \
    X(SCORE, "scores")                                   \
    X(ATTRIBUTE, "attributes")                           \
    X(CROWD, "crowd marks")                              \
    X(AREA, "areas that differ from the outline's")      \
    X(OBJECT_ID, "ids of objects")                       \
    X(IMAGE_ID, "ids of images")                         \
    X(CATEGORY_ID, "ids of categories")                  \
    X(PARENT, "super-categories")                        \
    X(SKELETON, "names of key-points and skeletons")     \
    X(NAME, "blanks in names of categories (become _)")  \
    X(IDLE_CATEGORY, "categories without objects")       \
    X(CATEGORY_ORDER, "order of categories")             \
    X(EMPTY_IMAGE, "images without objects")             \
    X(SIZE, "sizes of images")                           \
    X(FILE, "names of image files")                      \
    X(SEQUENCE, "sequences and frame numbers")           \
    X(SPLIT, "splits")                                   \
    X(EXTRA, "members of another format")

typedef enum oc_data_part {
#define X(name, text) OC_DATA_PART_##name,
    OC_DATA_PART_MAP(X)
#undef X
        OC_DATA_PARTS
} oc_data_part;

#define OC_DATA_HAS(name) (1u << OC_DATA_PART_##name)

typedef struct oc_data_reading { /* zeroed: as the format says */
    const char        *images;   /* folder of pictures, for sizes the labels do not tell */
    const oc_data_set *truth;    /* COCO results: whose images and categories they speak of */
} oc_data_reading;

typedef struct oc_data_format {
    const char *name, *what;
    uint32_t    carries; /* OC_DATA_HAS() of parts */
    const char *attrs;   /* attributes with a place of their own: " occluded truncated " */
    const char *suffix;  /* of pictures, where labels have their stem only; NULL: names are kept */
    oc_status (*read)(const char *path, const oc_data_reading *how, oc_data_set *out,
                      oc_error *err);
    oc_status (*write)(const oc_data_set *set, const oc_data_index *index, const char *path,
                       oc_error *err);
    /* Where the picture of image i belongs below `path`, as this format lays it out. */
    bool (*place)(const oc_data_set *set, uint32_t image, char *out, size_t bytes);
} oc_data_format;

extern const oc_data_format *const oc_data_formats[];
extern const size_t                oc_data_n_formats;

const oc_data_format *oc_data_format_of(const char *name); /* NULL: none */
/* By what lies there.  OC_NOT_FOUND: nothing that one of the formats would write. */
OC_MUST_CHECK oc_status oc_data_guess(const char *path, const oc_data_format **out, oc_error *err);

/* *out is untouched on failure; the message names file, place and reason. */
OC_MUST_CHECK oc_status oc_data_read(const oc_data_format *format, const char *path,
                                     const oc_data_reading *how, oc_data_set *out, oc_error *err);
OC_MUST_CHECK oc_status oc_data_write(const oc_data_format *format, const oc_data_set *set,
                                      const char *path, oc_error *err);

/* What writing in a format would lose: called once for each loss, in the set's order.  where:
 * "a.jpg", "a.jpg: 3rd object" as text in the caller's hands for the call. */
typedef void oc_data_loss_fn(void *ctx, oc_data_part part, const char *where, const char *what);
void         oc_data_losses(const oc_data_set *set, const oc_data_format *to, oc_data_loss_fn *fn,
                            void *ctx);
const char  *oc_data_part_text(oc_data_part part);

/* The picture of image i of the labels at `path`: below how->images, where the format's layout has
 * it, or beside the labels.  OC_NOT_FOUND: nowhere there. */
OC_MUST_CHECK oc_status oc_data_find_picture(const oc_data_set *set, uint32_t image,
                                             const char *path, const oc_data_reading *how,
                                             char *out, size_t bytes, oc_error *err);
/* Where pictures lie as a rule, "" or "images/", one after the other; NULL behind the last. */
const char *oc_data_picture_folder(size_t i);

#endif
