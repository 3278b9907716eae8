/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `winnow tune` found, and its two ways to print it.
 */
#ifndef TUNE_REPORT_H
#define TUNE_REPORT_H

#include <winnow/tune.h>

void tune_print_json(const WnModelInfo *info, const WnTuneRequest *request, const WnTuning *tuning);
void tune_print_text(const WnModelInfo *info, const WnTuneRequest *request, const WnTuning *tuning);

#endif
