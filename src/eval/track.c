#include "eval/track.h"
#include "track/interval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eval/folder.h"
#include "pipeline/config.h"

/* folder/name, or folder/inner/name where only that is there. */
static oc_status find_file(const char *folder, const char *inner, const char *name, char *path,
                           size_t bytes, oc_error *err)
{
    int n = snprintf(path, bytes, "%s/%s", folder, name);
    if (n > 0 && (size_t)n < bytes && access(path, R_OK) == 0)
        return OC_OK;
    n = snprintf(path, bytes, "%s/%s/%s", folder, inner, name);
    if (n > 0 && (size_t)n < bytes && access(path, R_OK) == 0)
        return OC_OK;
    return OC_FAIL(err, OC_NOT_FOUND, "%s: neither %s nor %s/%s is there", folder, name, inner,
                   name);
}

static oc_status read_info(const char *folder, oc_track_sequence *s, oc_error *err)
{
    char     *text = NULL, *line, *end;
    oc_status st = eval_text_read(folder, "seqinfo", ".ini", &text, err);
    for (char *at = text; st == OC_OK && (line = eval_text_line(&at));) {
        if (strncmp(line, "frameRate=", 10) == 0)
            s->fps = strtod(line + 10, &end);
        else if (strncmp(line, "seqLength=", 10) == 0)
            s->frames = strtoll(line + 10, &end, 10);
        else
            continue;
        if (*end)
            st = OC_FAIL(err, OC_FORMAT, "%s/seqinfo.ini: '%.60s'", folder, line);
    }
    free(text);
    if (st == OC_OK && !(s->fps > 0 && s->fps <= 1000 && s->frames > 0 && s->frames < 1 << 26))
        st = OC_FAIL(err, OC_FORMAT, "%s/seqinfo.ini: frameRate and seqLength are needed", folder);
    return st;
}

oc_status oc_track_sequence_read(const char *folder, const char *detections,
                                 oc_mot_benchmark benchmark, oc_track_sequence *out, oc_error *err)
{
    oc_track_sequence s = {.fps = 0};
    char              path[4096];
    size_t            n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    size_t begin = n;
    while (begin > 0 && folder[begin - 1] != '/')
        begin--;
    snprintf(s.name, sizeof(s.name), "%.*s", (int)(n - begin), folder + begin);
    oc_status st = read_info(folder, &s, err);
    if (st == OC_OK && (st = find_file(folder, "gt", "gt.txt", path, sizeof(path), err)) == OC_OK)
        st = oc_mot_read_as(path, benchmark, true, &s.truth, err);
    if (st == OC_OK && (st = find_file(folder, "det", detections ? detections : "det.txt", path,
                                       sizeof(path), err)) == OC_OK)
        st = oc_mot_read_detections(path, &s.found, err);
    if (st == OC_OK && (s.found.frames > s.frames || s.truth.frames > s.frames))
        st = OC_FAIL(err, OC_FORMAT, "%s: rows behind the %lld frames of seqinfo.ini", folder,
                     (long long)s.frames);
    if (st == OC_OK)
        *out = s;
    else
        oc_track_sequence_finish(&s);
    return st;
}

void oc_track_sequence_finish(oc_track_sequence *s)
{
    oc_mot_rows_finish(&s->truth);
    oc_mot_rows_finish(&s->found);
    *s = (oc_track_sequence){.fps = 0};
}

/* The line at p: is it one of the detector's? */
static bool of_detector(const char *p)
{
    return strncmp(p, "every:", 6) == 0 || strncmp(p, "every_max:", 10) == 0;
}

/* The lines of one section, each two columns in. */
static size_t put_lines(char *text, const char *lines, bool detector)
{
    size_t n = 0;
    for (const char *p = lines, *next; *p; p = next) {
        const char *end = strchr(p, '\n');
        next = end ? end + 1 : p + strlen(p);
        if (of_detector(p) != detector)
            continue;
        text[n++] = ' ';
        text[n++] = ' ';
        memcpy(text + n, p, (size_t)(next - p));
        n += (size_t)(next - p);
        if (!end)
            text[n++] = '\n';
    }
    return n;
}

oc_status oc_track_setting_read(const char *lines, oc_track_setting *out, oc_error *err)
{
    static const char   head[] = "name: track\ndetect:\n  network: none\n";
    static const char   section[] = "track:\n  max_tracks: 1024\n";
    oc_pipeline_config *config = NULL;
    size_t              room = sizeof(head) + sizeof(section) + 4 * strlen(lines) + 4;
    char               *text = malloc(room);
    if (!text)
        return OC_FAIL(err, OC_NOMEM, "tracker setting");
    size_t at = (size_t)snprintf(text, room, "%s", head);
    at += put_lines(text + at, lines, true);
    at += (size_t)snprintf(text + at, room - at, "%s", section);
    at += put_lines(text + at, lines, false);
    oc_status st = oc_pipeline_config_memory("tracker setting", text, at, &config, err);
    if (st == OC_OK) {
        const oc_detect_config *d = &config->detect;
        *out = (oc_track_setting){config->tracker, config->track,
                                  d->adaptive ? d->every_max : d->every, d->adaptive};
    }
    oc_pipeline_config_destroy(config);
    free(text);
    return st;
}

typedef struct follower {
    const oc_track_setting  *setting;
    oc_interval              interval;
    oc_tracks                tracks;
    uint64_t                 looks;
    const oc_track_sequence *s;
    oc_tracker              *tracker;
    oc_detection            *items;
    oc_mot_rows              rows;
    size_t                   cap;
    oc_error                *err;
} follower;

static oc_status keep(follower *f, int64_t frame, const oc_track *t)
{
    if (f->rows.n == f->cap) {
        size_t      cap = f->cap ? 2 * f->cap : 4096;
        oc_mot_row *p = reallocarray(f->rows.row, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(f->err, OC_NOMEM, "%zu rows", cap);
        f->rows.row = p;
        f->cap = cap;
    }
    f->rows.row[f->rows.n++] = (oc_mot_row){.frame = frame,
                                            .id = (int64_t)t->id,
                                            .x = (double)t->box.x0,
                                            .y = (double)t->box.y0,
                                            .w = (double)t->box.x1 - (double)t->box.x0,
                                            .h = (double)t->box.y1 - (double)t->box.y0,
                                            .conf = (double)t->score,
                                            .cls = 1};
    return OC_OK;
}

/* Are this frame's detections taken? */
static bool due(follower *f, int64_t frame, double time_s)
{
    if (!f->setting->adaptive)
        return (frame - 1) % f->setting->every == 0;
    return oc_interval_due(&f->interval, &f->tracks, time_s);
}

static oc_status follow(follower *f)
{
    const oc_mot_rows *found = &f->s->found;
    oc_status          st = OC_OK;
    size_t             at = 0;
    for (int64_t frame = 1; frame <= f->s->frames && st == OC_OK; frame++) {
        oc_detections d = {.items = f->items};
        double        time_s = (double)frame / f->s->fps;
        bool          look = due(f, frame, time_s);
        for (; at < found->n && found->row[at].frame == frame; at++) {
            const oc_mot_row *r = &found->row[at];
            f->items[d.n++] = (oc_detection){
                {(float)r->x, (float)r->y, (float)(r->x + r->w), (float)(r->y + r->h)},
                (float)r->conf,
                0};
        }
        d.cap = d.n;
        if (look)
            oc_tracker_update(f->tracker, &d, time_s, &f->tracks);
        else
            oc_tracker_predict(f->tracker, time_s, &f->tracks);
        if (look && f->setting->adaptive)
            oc_interval_looked(&f->interval, &f->tracks);
        f->looks += look;
        for (size_t i = 0; i < f->tracks.n && st == OC_OK; i++) {
            const oc_track *t = &f->tracks.items[i];
            if (t->state == OC_TRACK_CONFIRMED && (t->detection >= 0 || !look))
                st = keep(f, frame, t);
        }
    }
    return st;
}

oc_status oc_track_run(const oc_track_sequence *s, const oc_track_setting *setting,
                       oc_mot_rows *out, uint64_t *looks, oc_error *err)
{
    oc_tracker_options  options = setting->options;
    oc_interval_options interval = OC_INTERVAL_DEFAULTS;
    follower            f = {.s = s, .setting = setting, .err = err};
    size_t              widest = 1, run = 0;
    for (size_t i = 0; i < s->found.n; i++) {
        run = i && s->found.row[i].frame == s->found.row[i - 1].frame ? run + 1 : 1;
        widest = run > widest ? run : widest;
    }
    if (widest > 65536)
        return OC_FAIL(err, OC_UNSUPPORTED, "%zu detections in one frame", widest);
    options.max_detections = (uint32_t)widest;
    interval.most = setting->every;
    oc_interval_init(&f.interval, &interval);
    if (!(f.items = calloc(widest, sizeof(*f.items))))
        return OC_FAIL(err, OC_NOMEM, "%zu detections", widest);
    oc_status st = oc_tracker_create(setting->kind, &options, &f.tracker, err);
    if (st == OC_OK)
        st = follow(&f);
    if (st == OC_OK)
        st = oc_mot_rows_sort(&f.rows, err);
    oc_tracker_destroy(f.tracker);
    free(f.items);
    if (looks)
        *looks = f.looks;
    if (st == OC_OK)
        *out = f.rows;
    else
        oc_mot_rows_finish(&f.rows);
    return st;
}
