/* folder.h -- the files of a folder with a given ending, and their lines. */
#ifndef OC_EVAL_FOLDER_H
#define OC_EVAL_FOLDER_H

#include <stddef.h>

#include "ocellus/status.h"

typedef struct eval_folder { /* a zeroed one is empty */
    char **name;             /* without the ending, ascending */
    size_t n, cap;
} eval_folder;

/* OC_IO; OC_NOT_FOUND: no such file there.  ending: ".xml". */
OC_MUST_CHECK oc_status eval_folder_list(const char *path, const char *ending, eval_folder *out,
                                         oc_error *err);
void                    eval_folder_finish(eval_folder *f);

/* The whole file as a text that ends with 0, for free().  OC_IO; OC_FORMAT: it holds a 0. */
OC_MUST_CHECK oc_status eval_text_read(const char *folder, const char *name, const char *ending,
                                       char **out, oc_error *err);

/* Cuts the next line off the front of *at: blanks at its ends are dropped.  NULL at the end. */
char *eval_text_line(char **at);
/* Cuts the next word off the front of *at.  NULL at the end. */
char *eval_text_word(char **at);
/* One field of a table's line off the front of *at, unquoted in place; *at is NULL behind the last.
 * NULL: a quote that never closes, or something behind it. */
char *eval_text_field(char **at);

#endif
