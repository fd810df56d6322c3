/* writer_y4m.h -- Y4M files, written without a plug-in. */
#ifndef OC_MEDIA_WRITER_Y4M_H
#define OC_MEDIA_WRITER_Y4M_H

#include "ocellus/media.h"

extern const oc_media_ops oc_writer_y4m; /* the writer's slots only */

#endif
