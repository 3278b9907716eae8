/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Numbers and names as people read them, used by every command's plain output.
 * Each function returns a new string, to be freed with g_free().
 */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <winnow/winnow.h>

/* Valid UTF-8 in which control characters have become spaces. */
char *text_clean(const char *text);

/* Cleaned, padded with spaces on the right to `width` characters, or cut to
 * them with a final "~". */
char *text_column(const char *text, size_t width);

/* The same for a path, which loses its beginning instead of its end. */
char *text_path_column(const char *path, size_t width);

/* The characters that the longest of `texts` takes, at most `limit`. */
size_t text_width(const char *const *texts, int32_t n_texts, size_t limit);

char *text_count(double count);      /* 120.45 M */
char *text_duration(double ns);      /* 3.21 ms */
char *text_bytes(double bytes);      /* 11.2 MB */
char *text_percent(double fraction); /* 55.9 %, or "-" when it is not a number */

/* Dimensions as 1x3x32x32; "scalar" for rank 0. */
char *text_shape(const int64_t *shape, int32_t rank);

/* What the result says, cleaned: its label, or "nothing". */
char *text_answer(const WnResult *result);

/* "12 > 4 > 1": the survivors after each stage. */
char *text_survivors_per_stage(const WnResult *result);

#endif
