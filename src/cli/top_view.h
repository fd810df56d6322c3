/* top_view.h -- what `ocellus top` shows, as lines of text. */
#ifndef OC_CLI_TOP_VIEW_H
#define OC_CLI_TOP_VIEW_H

#include "core/strbuf.h"
#include "observe/samples.h"

typedef struct cli_top {
    const char       *address;
    const oc_samples *now, *before; /* before: NULL at first */
    double            seconds;      /* between the two */
    double            clock;        /* Unix time of `now` */
    bool              color;
} cli_top;

/* Appends lines; wider ones than the terminal are for the caller to cut. */
void cli_top_view(const cli_top *t, oc_strbuf *out);

#endif
