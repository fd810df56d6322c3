#include "data/formats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/layout.h"

#define H OC_DATA_HAS
/* what every format of files per image has */
#define PER_IMAGE (H(BOX) | H(EMPTY_IMAGE) | H(FILE))

static const oc_data_format
    coco = {.name = "coco",
            .what = "one JSON file: boxes, polygons, masks, key-points",
            .carries = UINT32_MAX & ~H(EXTRA),
            .read = data_coco_read,
            .write = data_coco_write},
    voc = {.name = "voc",
           .what = "Annotations/*.xml; pixels counted from 1, both corners inside",
           .carries = PER_IMAGE | H(TRACK) | H(SCORE) | H(ATTRIBUTE) | H(CROWD) | H(SIZE) |
                      H(SPLIT) | H(NAME) | H(IDLE_CATEGORY) | H(CATEGORY_ORDER),
           .read = data_voc_read,
           .write = data_voc_write},
    voc_corners = {.name = "voc-corners",
                   .what =
                       "the same, counted from 0, right and lower edge outside (CVAT, Datumaro)",
                   .carries = PER_IMAGE | H(TRACK) | H(SCORE) | H(ATTRIBUTE) | H(CROWD) | H(SIZE) |
                              H(SPLIT) | H(NAME) | H(IDLE_CATEGORY) | H(CATEGORY_ORDER),
                   .read = data_voc_corners_read,
                   .write = data_voc_corners_write},
    kitti = {.name = "kitti",
             .what = "label_2/*.txt, 15 columns",
             .carries = H(BOX) | H(SCORE) | H(EMPTY_IMAGE),
             .attrs = " truncated occluded alpha dimensions location rotation_y ",
             .suffix = ".png",
             .read = data_kitti_read,
             .write = data_kitti_write},
    yolo = {.name = "yolo",
            .what = "data.yaml, labels/*.txt: boxes",
            .carries = H(BOX) | H(SCORE) | H(EMPTY_IMAGE) | H(SPLIT) | H(SIZE) | H(NAME) |
                       H(IDLE_CATEGORY) | H(CATEGORY_ORDER),
            .suffix = ".jpg",
            .read = data_yolo_read,
            .write = data_yolo_write,
            .place = data_yolo_place},
    yolo_seg = {.name = "yolo-seg",
                .what = "the same: outlines",
                .carries = H(POLYGON) | H(OUTLINE) | H(EMPTY_IMAGE) | H(SPLIT) | H(SIZE) | H(NAME) |
                           H(IDLE_CATEGORY) | H(CATEGORY_ORDER),
                .suffix = ".jpg",
                .read = data_yolo_read,
                .write = data_yolo_seg_write,
                .place = data_yolo_place},
    yolo_pose = {.name = "yolo-pose",
                 .what = "the same: boxes with key-points",
                 .carries = H(BOX) | H(POINTS) | H(EMPTY_IMAGE) | H(SPLIT) | H(SIZE) | H(NAME) |
                            H(IDLE_CATEGORY) | H(CATEGORY_ORDER),
                 .suffix = ".jpg",
                 .read = data_yolo_read,
                 .write = data_yolo_pose_write,
                 .place = data_yolo_place},
    mot = {.name = "mot",
           .what = "SEQUENCE/gt/gt.txt, seqinfo.ini: tracks",
           .carries =
               H(BOX) | H(TRACK) | H(SCORE) | H(EMPTY_IMAGE) | H(SIZE) | H(SEQUENCE) | H(NAME),
           .attrs = " visibility mot_flag world ",
           .read = data_mot_read,
           .write = data_mot_write,
           .place = data_mot_place},
    labelme = {.name = "labelme",
               .what = "a JSON file a picture",
               .carries = PER_IMAGE | H(OUTLINE) | H(OWN_BOX) | H(POLYGON) | H(POLYGONS) |
                          H(POINTS) | H(TRACK) | H(SCORE) | H(ATTRIBUTE) | H(CROWD) | H(AREA) |
                          H(OBJECT_ID) | H(IMAGE_ID) | H(SIZE) | H(SEQUENCE) | H(SPLIT) | H(NAME) |
                          H(IDLE_CATEGORY) | H(CATEGORY_ORDER),
               .read = data_labelme_read,
               .write = data_labelme_write},
    cvat = {.name = "cvat",
            .what = "XML 1.1 of images",
            .carries = PER_IMAGE | H(OUTLINE) | H(POLYGON) | H(MASK) | H(POINTS) | H(TRACK) |
                       H(SCORE) | H(ATTRIBUTE) | H(CROWD) | H(IMAGE_ID) | H(SIZE) | H(SPLIT) |
                       H(NAME) | H(IDLE_CATEGORY) | H(CATEGORY_ORDER),
            .read = data_cvat_read,
            .write = data_cvat_write},
    cvat_video = {.name = "cvat-video",
                  .what = "XML 1.1 of one video: tracks",
                  .carries = H(BOX) | H(OUTLINE) | H(POLYGON) | H(MASK) | H(POINTS) | H(TRACK) |
                             H(SCORE) | H(ATTRIBUTE) | H(CROWD) | H(SIZE) | H(SEQUENCE) | H(NAME) |
                             H(IDLE_CATEGORY) | H(CATEGORY_ORDER),
                  .read = data_cvat_read,
                  .write = data_cvat_video_write},
    openimages = {.name = "openimages",
                  .what = "annotations-bbox.csv, class-descriptions.csv",
                  .carries = H(BOX) | H(SCORE) | H(CROWD) | H(SIZE) | H(NAME) | H(EMPTY_IMAGE) |
                             H(FILE) | H(IDLE_CATEGORY) | H(CATEGORY_ORDER),
                  .attrs = " occluded truncated depiction inside ",
                  .read = data_openimages_read,
                  .write = data_openimages_write};

const oc_data_format *const oc_data_formats[] = {&coco,    &voc,      &voc_corners, &kitti,
                                                 &yolo,    &yolo_seg, &yolo_pose,   &mot,
                                                 &labelme, &cvat,     &cvat_video,  &openimages};
const size_t oc_data_n_formats = sizeof(oc_data_formats) / sizeof(oc_data_formats[0]);

const oc_data_format *oc_data_format_of(const char *name)
{
    for (size_t i = 0; i < oc_data_n_formats; i++)
        if (strcmp(oc_data_formats[i]->name, name) == 0)
            return oc_data_formats[i];
    return NULL;
}

/* ---- what lies there ---- */

static bool begins_with_tag(const char *path, const char *tag)
{
    char   head[4096];
    size_t n = 0;
    FILE  *f = fopen(path, "rb");
    if (f) {
        n = fread(head, 1, sizeof(head) - 1, f);
        fclose(f);
    }
    head[n] = 0;
    return strstr(head, tag) != NULL;
}

static bool any_ends(const oc_data_files *f, const char *end)
{
    size_t w = strlen(end);
    for (size_t i = 0; i < f->n; i++) {
        size_t n = strlen(f->name[i]);
        if (n >= w && strcmp(f->name[i] + n - w, end) == 0)
            return true;
    }
    return false;
}

static bool is_there(const char *root, const char *name)
{
    char path[OC_DATA_PATH_MAX];
    return oc_data_path(path, root, name, NULL) == OC_OK &&
           (oc_data_is_file(path) || oc_data_is_folder(path));
}

static const oc_data_format *guess_folder(const char *path, const oc_data_files *f)
{
    if (is_there(path, "data.yaml") || is_there(path, "classes.txt") || is_there(path, "obj.names"))
        return &yolo;
    if (is_there(path, "annotations.xml"))
        return &cvat;
    if (any_ends(f, "gt/gt.txt"))
        return &mot;
    if (is_there(path, "Annotations") || any_ends(f, ".xml"))
        return &voc;
    if (is_there(path, "label_2"))
        return &kitti;
    if (any_ends(f, "bbox.csv"))
        return &openimages;
    return any_ends(f, ".json") ? &labelme : NULL;
}

static const oc_data_format *guess_file(const char *path)
{
    if (oc_data_has_suffix(path, ".xml"))
        return begins_with_tag(path, "<annotations") ? &cvat : &voc;
    if (oc_data_has_suffix(path, ".json"))
        return begins_with_tag(path, "\"shapes\"") ? &labelme : &coco;
    if (oc_data_has_suffix(path, ".csv"))
        return &openimages;
    return strcmp(oc_data_base(path), "gt.txt") == 0 ? &mot : NULL;
}

oc_status oc_data_guess(const char *path, const oc_data_format **out, oc_error *err)
{
    oc_data_files         f = {0};
    const oc_data_format *found;
    oc_status             st = OC_OK;
    if (oc_data_is_folder(path)) {
        if ((st = oc_data_files_list(path, NULL, &f, err)) != OC_OK)
            return st;
        found = guess_folder(path, &f);
        oc_data_files_finish(&f);
    } else if (oc_data_is_file(path)) {
        found = guess_file(path);
    } else {
        return OC_FAIL(err, OC_IO, "%s: no such file or folder", path);
    }
    if (!found)
        return OC_FAIL(err, OC_NOT_FOUND, "%s: none of the formats known here (--from)", path);
    *out = found;
    return OC_OK;
}

oc_status oc_data_read(const oc_data_format *format, const char *path, const oc_data_reading *how,
                       oc_data_set *out, oc_error *err)
{
    oc_data_set set = {0};
    oc_status   st = format->read(path, how, &set, err);
    if (st == OC_OK && !format->suffix)
        st = data_find_sizes(&set, path, how, false, err);
    if (st != OC_OK) {
        if (err && strncmp(err->message, path, strlen(path)) != 0)
            oc_error_prefix(err, "%s", path);
        oc_data_set_finish(&set);
        return st;
    }
    *out = set;
    return OC_OK;
}

oc_status oc_data_write(const oc_data_format *format, const oc_data_set *set, const char *path,
                        oc_error *err)
{
    oc_data_index index = {0};
    oc_status     st = oc_data_index_make(set, &index, err);
    if (st == OC_OK)
        st = format->write(set, &index, path, err);
    if (st != OC_OK && err && strncmp(err->message, path, strlen(path)) != 0)
        oc_error_prefix(err, "%s", path);
    oc_data_index_finish(&index);
    return st;
}
