/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `winnow tune` found, and its two ways to print it.
 */
#ifndef TUNE_REPORT_H
#define TUNE_REPORT_H

#include <winnow/tune.h>

/* `unlabelled`: the images had no labels but the whole network's answers, and what would be an
 * accuracy is agreement with those. */
void tune_print_json(const WnModelInfo *info, const WnTuneRequest *request, bool unlabelled,
                     const WnTuning *tuning);
void tune_print_text(const WnModelInfo *info, const WnTuneRequest *request, bool unlabelled,
                     const WnTuning *tuning);

#endif
