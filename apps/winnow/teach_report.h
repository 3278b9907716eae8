/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `winnow teach` learnt, and its two ways to print it.
 */
#ifndef TEACH_REPORT_H
#define TEACH_REPORT_H

#include <stdbool.h>

#include <winnow/teach.h>

typedef struct TeachReport {
  const WnTeaching *found;
  const char *model;         /* the file that was written */
  const char *const *labels; /* [n_classes] */
  const char *const *paths;  /* [photos] in the order in which they were added */
  const int32_t *truth;      /* [photos] the class of each */
  const char *group_by;      /* what was asked for: time, name or none */
  bool as_few_as_possible;   /* the share of rejected photos was left to their number */
  double seconds;            /* from the start of the command */
} TeachReport;

void teach_print_json(const TeachReport *report);
void teach_print_text(const TeachReport *report);

#endif
