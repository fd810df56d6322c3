/* config.h -- a pipeline as its YAML file describes it (docs/pipelines.md).
 *
 * Only what the file alone can tell is checked here: kinds, ranges, unknown keys, names that refer
 * to nothing within the file.  Networks and their labels are looked at by oc_pipeline_create. */
#ifndef OC_PIPELINE_CONFIG_H
#define OC_PIPELINE_CONFIG_H

#include "config/yaml.h"
#include "media/draw.h"
#include "pipeline/objective.h"
#include "sched/sched.h"
#include "track/tracker.h"

#define OC_RECOGNISERS_MAX 4
#define OC_LINES_MAX 16
#define OC_ZONES_MAX 16
#define OC_CORNERS_MAX 32
#define OC_LABELS_MAX 32

#define OC_QUEUE_MAX 64
#define OC_LADDER_MAX 8 /* steps */

typedef struct oc_label_list { /* names of labels; n 0 = all */
    const char         *name[OC_LABELS_MAX];
    const oc_yaml_node *node[OC_LABELS_MAX];
    size_t              n;
} oc_label_list;

typedef struct oc_batch_config { /* pictures in one run of a network (pipeline/batch.h) */
    const oc_yaml_node *at;      /* NULL: the file says nothing */
    uint32_t            most;    /* 0, 1 = one */
    double              wait_s;  /* for others to come */
} oc_batch_config;

typedef struct oc_detect_config {
    const oc_yaml_node *network_at;
    const char         *network; /* card */
    const char         *model;   /* file instead of the card's, or NULL */
    oc_sched_class      cls;
    uint32_t            every;      /* look at each n-th frame */
    bool                adaptive;   /* ... or as often as the tracks need it */
    uint32_t            every_max;  /* then at each n-th at least */
    float               score;      /* least that goes to the tracker; 0 = the card's */
    float               min_height; /* of a box, as part of the frame's height */
    oc_label_list       labels;
    bool                allow_dynamic; /* as in oc_session_options */
    oc_batch_config     batch;
} oc_detect_config;

typedef enum oc_recognise_kind {
    OC_RECOGNISE_POSTURE,
    OC_RECOGNISE_TEXT,
    OC_RECOGNISE_CLASS,
    OC_RECOGNISE_GALLERY,
} oc_recognise_kind;

typedef struct oc_recognise_config {
    const oc_yaml_node *at, *network_at;
    const char         *name;
    oc_recognise_kind   kind;
    const char         *network, *model;
    oc_sched_class      cls;
    bool                allow_dynamic; /* as in oc_session_options */
    oc_label_list       labels;
    double              refresh_s;   /* look again after this time */
    double              enlarged;    /* ... or when the box grew by this factor in area */
    double              sharper;     /* ... or the picture by this factor in sharpness */
    double              memory_s;    /* half-life of evidence; 0 = all of it counts for ever */
    uint32_t            per_frame;   /* looks at most in one frame */
    float               min_height;  /* of a box, as part of the frame's height */
    float               confidence;  /* of the fused value, least to be told */
    float               point_score; /* posture: least of a key-point that is used */
    float               similarity;  /* gallery: least of an entry that counts */
    const char         *gallery;     /* file */
    oc_batch_config     batch;
} oc_recognise_config;

typedef enum oc_anchor { OC_ANCHOR_BOTTOM, OC_ANCHOR_CENTER } oc_anchor;

/* Coordinates of lines and zones are parts of the frame's width and height, 0 .. 1. */
typedef struct oc_line_config {
    const char   *name;
    oc_xy         from, to;
    const char   *directions[2]; /* to the right as seen from `from` towards `to`; to the left */
    oc_anchor     anchor;
    oc_label_list labels;
} oc_line_config;

typedef struct oc_zone_config {
    const char   *name;
    oc_xy         corner[OC_CORNERS_MAX];
    size_t        n_corners;
    oc_anchor     anchor;
    double        settle_s; /* a change must last this long to count */
    oc_label_list labels;
} oc_zone_config;

/* Which frame goes when the queue before the work is full. */
typedef enum oc_queue_drop {
    OC_QUEUE_NONE,     /* none: capturing waits */
    OC_QUEUE_OLDEST,   /* the newest wins */
    OC_QUEUE_NEWEST,   /* those that wait go first */
    OC_QUEUE_DEADLINE, /* those that cannot be in time any more, then the oldest */
} oc_queue_drop;

typedef struct oc_queue_config {
    bool          given;
    oc_queue_drop drop;
    uint32_t      length; /* 0 = 1, or 4 where nothing is dropped */
} oc_queue_config;

/* One step of the degrade ladder; steps add up. */
typedef struct oc_degrade_step {
    const oc_yaml_node *at;
    char                text[64];        /* what it does, for events: "every 4" */
    uint32_t            every;           /* look at each n-th frame at most; 0 = as before */
    const char         *network, *model; /* another detector; NULL = the one before */
    int32_t             width, height;   /* of the detector's input; 0 = the card's */
    uint32_t            per_frame;       /* recognitions a frame at most, each */
    bool                limits;          /* per_frame was given */
    oc_sched_class      off;             /* recognisers of this class and below it rest */
    bool                turns_off;
} oc_degrade_step;

typedef struct oc_degrade_config {
    oc_degrade_step step[OC_LADDER_MAX];
    size_t          n;
    double          climb_s;   /* half of the frames late for so long: a step up */
    double          descend_s; /* all well in time for so long: a step down */
    double          margin;    /* well in time: this part of the deadline */
} oc_degrade_config;

typedef struct oc_outputs_config { /* paths, NULL = not wanted */
    const char *events, *video, *mot, *report, *summary;
} oc_outputs_config;

typedef struct oc_pipeline_config {
    oc_yaml    *doc;   /* owns the texts */
    oc_yaml    *under; /* the document that doc's values came from, where it is our own */
    const char *file, *name, *title;

    const oc_yaml_node *source_at;
    const char         *url; /* "cache:<file>" = data/media.yaml's; NULL = must be given */
    const char         *format;
    double              fps, timeout_s;
    double              retry_s, retry_max_s; /* a lost camera is tried again after these */
    bool                rtsp_udp;

    double            deadline_s; /* from capture to the frame's events; 0 = none */
    double            rate;       /* frames a second at most; 0 = all */
    oc_sched_class    cls;        /* of the stream's networks, where they name none */
    oc_queue_config   queue;
    oc_degrade_config degrade;

    oc_detect_config        detect;
    const oc_tracker_ops   *tracker;
    oc_tracker_options      track;
    oc_recognise_config     recognise[OC_RECOGNISERS_MAX];
    size_t                  n_recognise;
    oc_line_config          line[OC_LINES_MAX];
    size_t                  n_lines;
    oc_zone_config          zone[OC_ZONES_MAX];
    size_t                  n_zones;
    double                  updated_every_s; /* 0 = never */
    oc_outputs_config       outputs;
    oc_objective            objective[OC_OBJECTIVES_MAX];
    size_t                  n_objectives;
    struct oc_sinks_config *sinks; /* NULL = none; the same for all streams of a file */
} oc_pipeline_config;

/* OC_IO, OC_FORMAT: "file:line:column: reason". */
OC_MUST_CHECK oc_status oc_pipeline_config_load(const char *path, oc_pipeline_config **out,
                                                oc_error *err);
OC_MUST_CHECK oc_status oc_pipeline_config_memory(const char *name, const void *text, size_t bytes,
                                                  oc_pipeline_config **out, oc_error *err);
void                    oc_pipeline_config_destroy(oc_pipeline_config *c); /* NULL is fine */

/* A stream of a site: `over`, its own settings, over what all streams have in common.
 *
 *   base  of the site's document, which must outlive the configuration
 *   over  the same, or in *own, which then is moved in (also on failure); own may be NULL */
OC_MUST_CHECK oc_status oc_pipeline_config_layer(const oc_yaml_node *base, const oc_yaml_node *over,
                                                 oc_yaml **own, oc_pipeline_config **out,
                                                 oc_error *err);

const char *oc_recognise_kind_name(oc_recognise_kind kind);

const char *oc_queue_drop_name(oc_queue_drop drop);

/* ---- between config.c and config_rules.c ---- */
void                    oc_config_labels(oc_yaml_map *map, oc_label_list *out);
OC_MUST_CHECK oc_status oc_config_lines(oc_pipeline_config *c, const oc_yaml_node *list,
                                        oc_error *err);
OC_MUST_CHECK oc_status oc_config_queue(oc_pipeline_config *c, const oc_yaml_node *node,
                                        oc_error *err);
OC_MUST_CHECK oc_status oc_config_degrade(oc_pipeline_config *c, const oc_yaml_node *node,
                                          oc_error *err);
oc_sched_class          oc_config_class(oc_yaml_map *map, const char *key, oc_sched_class missing);
OC_MUST_CHECK oc_status oc_config_zones(oc_pipeline_config *c, const oc_yaml_node *list,
                                        oc_error *err);

#endif
