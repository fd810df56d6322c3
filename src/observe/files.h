/* files.h -- the small text files of /proc and /sys, below a root that tests can move. */
#ifndef OC_OBSERVE_FILES_H
#define OC_OBSERVE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OC_TREE_PATH 512

typedef struct oc_tree {
    const char *root; /* "" = the machine itself */
} oc_tree;

/* Reads at most bytes - 1 of root/path (a printf format), ends them with zero.  False: it is not
 * there or cannot be read; text is empty then. */
bool oc_tree_read(const oc_tree *t, char *text, size_t bytes, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A file that holds one number; base 0 takes 0x, too. */
bool oc_tree_number(const oc_tree *t, double *out, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Names in folder root/path that begin with `prefix`, in no order; false where there is none. */

typedef void oc_tree_name_fn(void *ctx, const char *name);
bool oc_tree_list(const oc_tree *t, const char *path, const char *prefix, oc_tree_name_fn *fn,
                  void *ctx);

/* The number behind "key" at the beginning of a line, skipping blanks and ':'; false: none. */
bool oc_line_field(const char *text, const char *key, double *out);

/* The line after the one `at` is in; NULL at the end. */
const char *oc_next_line(const char *at);

#endif
