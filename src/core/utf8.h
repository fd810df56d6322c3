/* utf8.h -- text from outside, made fit for those who insist on UTF-8. */
#ifndef OC_CORE_UTF8_H
#define OC_CORE_UTF8_H

#include <stddef.h>

/* The length of the well-formed UTF-8 character at `text` (of n bytes), 0 when there is none: no
 * overlong forms, no surrogates, nothing above U+10FFFF (Unicode 15, table 3-7). */
size_t oc_utf8_length(const char *text, size_t n);

/* Copies text into out (of `bytes`, at least 4, with the final zero), U+FFFD for each byte that is no
 * UTF-8, cut between two characters where it is too long.  Gives back the length. */
size_t oc_utf8_clean(const char *text, char *out, size_t bytes);

#endif
