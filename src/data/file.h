/* file.h -- what readers and writers of data sets share: texts, folders, numbers, output files. */
#ifndef OC_DATA_FILE_H
#define OC_DATA_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/bytes.h"
#include "ocellus/status.h"

#define OC_DATA_PATH_MAX 4096
#define OC_DATA_NUMBER_MAX 32

/* ---- in ---- */

/* Regular files below a folder at any depth, in the order of their paths, relative to it.  suffixes:
 * ".jpg.jpeg.png" (any case); NULL: all.  Names that begin with a dot are passed over.  A path that
 * is a file gives its name alone, and `folder` is where it lies. */
typedef struct oc_data_files { /* a zeroed one is empty */
    char  *folder;
    char **name;
    size_t n, cap;
} oc_data_files;

OC_MUST_CHECK oc_status oc_data_files_list(const char *path, const char *suffixes,
                                           oc_data_files *out, oc_error *err);
void                    oc_data_files_finish(oc_data_files *files);

#define OC_DATA_PICTURES ".jpg.jpeg.png"
#define OC_DATA_HIDDEN "*" /* as suffixes: all, those that begin with a dot too */

bool        oc_data_is_folder(const char *path);
bool        oc_data_is_file(const char *path);
bool        oc_data_has_suffix(const char *name, const char *suffixes);
const char *oc_data_base(const char *path); /* behind the last '/' */
/* `name` without its suffix, and with another. */
bool oc_data_swap_suffix(const char *name, const char *suffix, char *out, size_t bytes);
OC_MUST_CHECK oc_status oc_data_path(char out[OC_DATA_PATH_MAX], const char *folder,
                                     const char *name, oc_error *err);

/* Width and height from the head of a JPEG or PNG file; nothing is decoded.  OC_FORMAT, OC_IO. */
OC_MUST_CHECK oc_status oc_data_picture_size(const char *path, int32_t *width, int32_t *height,
                                             oc_error *err);
OC_MUST_CHECK oc_status oc_data_picture_head(const oc_bytes *bytes, int32_t *width, int32_t *height,
                                             oc_error *err);

/* Lines of a text file, one after the other, '\r' and '\n' taken away.  OC_FORMAT: a zero byte. */
typedef struct oc_data_lines {
    oc_bytes bytes;
    size_t   at, line; /* line: of the last one, from 1 */
    char    *text;     /* the last line; the caller may change it */
    size_t   cap;
} oc_data_lines;

OC_MUST_CHECK oc_status oc_data_lines_open(const char *path, oc_data_lines *out, oc_error *err);
/* OC_END behind the last one. */
OC_MUST_CHECK oc_status oc_data_lines_next(oc_data_lines *lines, oc_error *err);
void                    oc_data_lines_finish(oc_data_lines *lines);

/* The next field of a line at *at: up to `sep` (' ' stands for any blanks), 0-ended in place; in
 * double quotes for ','.  NULL: no more. */
char *oc_data_field(char **at, char sep);
bool  oc_data_number(const char *text, double *out); /* whole and finite */
bool  oc_data_integer(const char *text, int64_t *out);

/* ---- out ---- */

typedef struct oc_data_out {
    FILE *f;
    char *path, *part;
} oc_data_out;

/* Written as "<path>.part"; the folders above are made. */
OC_MUST_CHECK oc_status oc_data_out_open(const char *path, oc_data_out *out, oc_error *err);
/* st OC_OK: gives the file its name; otherwise removes it.  Gives back st or what failed. */
OC_MUST_CHECK oc_status oc_data_out_close(oc_data_out *out, oc_status st, oc_error *err);

/* The fewest digits that read back as v. */
const char *oc_data_print(char to[OC_DATA_NUMBER_MAX], double v);
/* v / whole with the fewest decimals, six at least, that lead back to v within 3e-10. */
const char *oc_data_print_share(char to[OC_DATA_NUMBER_MAX], double v, double whole);
void        oc_data_put_number(FILE *f, double v);
void        oc_data_put_json(FILE *f, const char *text); /* in quotes */
void        oc_data_put_xml(FILE *f, const char *text);  /* & < > " escaped */
void        oc_data_put_csv(FILE *f, const char *text);  /* in quotes where needed */

OC_MUST_CHECK oc_status oc_data_make_folders(const char *path, oc_error *err);
OC_MUST_CHECK oc_status oc_data_copy(const char *from, const char *to, oc_error *err);

#endif
