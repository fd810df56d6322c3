/* record.h -- the options of `ocellus run` that have to do with recording, and what they mean. */
#ifndef OC_CLI_RECORD_H
#define OC_CLI_RECORD_H

#include "cli/cli.h"
#include "pipeline/pipeline.h"
#include "pipeline/recording.h"

typedef struct cli_record {
    const char        *folder, *max, *seconds, *over, *every;
    uint64_t           keep;
    oc_recording      *recording; /* NULL: not wanted */
    const oc_observer *observers[OC_OBSERVERS_MAX];
} cli_record;

/* Rows of a command's table of options. */
#define CLI_RECORD_OPTIONS(r)                                                                    \
    {"--record", 's', &(r)->folder, "DIR", "keep the last frames, decisions, times and events"}, \
        {"--record-max", 's', &(r)->max, "SIZE", "most that they take: 500MB, 2GB (2GB)"},       \
        {"--record-seconds", 's', &(r)->seconds, "T", "remove what is older: 90s, 10min, 2h"},   \
        {"--incident-over", 's', &(r)->over, "T",                                                \
         "a frame that takes longer, 150ms say, is an incident: the recording is kept apart"},   \
        {"--incident-every", 's', &(r)->every, "T", "between two incidents, at least (10min)"},  \
    {                                                                                            \
        "--incidents", 'u', &(r)->keep, "N", "incidents kept, the newest (10)"                   \
    }

/* "500MB", "2GB", "64k", "1000": bytes, in powers of 1000.  False: not a size. */
bool cli_bytes(const char *text, uint64_t *out);
/* "150ms", "90s", "10min", "2h", "1.5": seconds.  False: not a length of time. */
bool cli_seconds(const char *text, double *out);

/* -1 to go on, or the exit code.  What records is put behind the observers of `options`; nothing is
 * done where nothing is to be recorded.  streams: that the run has;
 * grows: others may be added. */
int cli_record_open(cli_record *r, const char *command, size_t streams, bool grows,
                    oc_pipeline_options *options);
/* After the pipelines are gone: tells on stderr what was recorded. */
void cli_record_close(cli_record *r, const char *command, bool quiet);

#endif
