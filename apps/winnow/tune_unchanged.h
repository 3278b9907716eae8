/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow tune --unchanged-from`: within how many grey levels the frames of a clip may differ and
 * count as unchanged.
 */
#ifndef TUNE_UNCHANGED_H
#define TUNE_UNCHANGED_H

#include "options.h"

/* Prints what levels would do with the clip, and the largest at which at most the fraction
 * `max_disagreement` of the frames has another answer than its own.  Returns an exit status. */
int tune_unchanged(const Options *options, const char *clip, double max_disagreement, bool as_json);

#endif
