/* formats.h -- readers and writers behind the table of format.h. */
#ifndef OC_DATA_FORMATS_H
#define OC_DATA_FORMATS_H

#include "data/format.h"

#define DATA_READER(name)                                                                        \
    oc_status data_##name##_read(const char *path, const oc_data_reading *how, oc_data_set *out, \
                                 oc_error *err)
#define DATA_WRITER(name)                                                             \
    oc_status data_##name##_write(const oc_data_set *set, const oc_data_index *index, \
                                  const char *path, oc_error *err)
DATA_READER(coco);
DATA_WRITER(coco);
DATA_READER(voc);
DATA_READER(voc_corners);
DATA_WRITER(voc);
DATA_WRITER(voc_corners);
DATA_READER(kitti);
DATA_WRITER(kitti);
DATA_READER(yolo);
DATA_WRITER(yolo);
DATA_WRITER(yolo_seg);
DATA_WRITER(yolo_pose);
bool data_yolo_place(const oc_data_set *set, uint32_t image, char *out, size_t bytes);
DATA_READER(mot);
DATA_WRITER(mot);
bool data_mot_place(const oc_data_set *set, uint32_t image, char *out, size_t bytes);
DATA_READER(labelme);
DATA_WRITER(labelme);
DATA_READER(cvat);
DATA_WRITER(cvat);
DATA_WRITER(cvat_video);
DATA_READER(openimages);
DATA_WRITER(openimages);

#endif
