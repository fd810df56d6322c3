/* eval.h -- the kinds of `ocellus eval`: one file each. */
#ifndef OC_CLI_EVAL_H
#define OC_CLI_EVAL_H

#include "eval/coco.h"
#include "eval/mot.h"

int cli_eval_classify(int argc, char **argv);
int cli_eval_coco(int argc, char **argv);
int cli_eval_detect(int argc, char **argv);
int cli_eval_embed(int argc, char **argv);
int cli_eval_kitti(int argc, char **argv);
int cli_eval_mot(int argc, char **argv);
int cli_eval_pose(int argc, char **argv);
int cli_eval_text(int argc, char **argv);
int cli_eval_track(int argc, char **argv);
int cli_eval_voc(int argc, char **argv);

/* How COCO's figures are told. */
typedef struct cli_coco_form {
    oc_coco_type type;
    bool         json, each; /* each: a line per category too, when not json */
    bool         curves;     /* json: precision over recall of each category */
    const char  *first;      /* members that go before the others, "\"a\":1,"; may be NULL */
    const struct cli_compare *compare; /* NULL: nothing to compare */
    const char               *images;  /* for drawing; may be NULL */
    uint64_t                  threads;
} cli_coco_form;

OC_MUST_CHECK oc_status cli_coco_report(const oc_coco_set *gt, const oc_coco_set *dt,
                                        const cli_coco_form *form, oc_error *err);

/* n sequences and, behind them, all as one. */
void cli_mot_print(const oc_mot_scores *each, size_t n, const char *const *names, bool json);

#endif
