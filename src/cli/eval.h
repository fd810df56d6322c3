/* eval.h -- the kinds of `ocellus eval`: one file each. */
#ifndef OC_CLI_EVAL_H
#define OC_CLI_EVAL_H

int cli_eval_coco(int argc, char **argv);
int cli_eval_mot(int argc, char **argv);

#endif
