/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The two kinds of list that users write, in model metadata, options and
 * properties alike: numbers "0.1, 0.2" and labels "cat, ship".  Blanks around an item do
 * not count; the decimal point is a point in every locale.
 */
#ifndef WNI_BASE_LIST_H
#define WNI_BASE_LIST_H

#include <winnow/winnow.h>

#include "base/labels.h"

/* Parses exactly `count` finite numbers separated by commas from the `length` bytes at `text`.
 * `what` begins the error (ARGUMENT). */
WnStatus wni_list_numbers(const char *text, size_t length, double *out, int count, const char *what,
                          WnError *error);

enum { WNI_NUMBER_BYTES = 32 };

/* Writes a finite number in as few digits as wni_list_numbers() needs to read the same one. */
void wni_number_text(double number, char out[WNI_NUMBER_BYTES]);

/* Parses labels into set[labels->n], true for those listed (set is cleared first).  An item is a
 * label, which stands for every class that has it, or, failing that, a class index.  `what` begins
 * the error: an unknown label or an empty list (ARGUMENT). */
WnStatus wni_list_labels(const char *text, size_t length, const WniLabels *labels, bool *set,
                         const char *what, WnError *error);

/* The next item of the list at *text, up to `separator` or the end, trimmed of blanks: sets *item
 * and *length and moves *text behind the separator.  False: the list is used up. */
bool wni_list_next(const char **text, const char *end, char separator, const char **item,
                   size_t *length);

#endif
