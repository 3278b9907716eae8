/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opening the model anew while frames flow: the file that was named at first, or the one that the
 * configuration names by now.
 */
#ifndef RELOAD_H
#define RELOAD_H

#include "options.h"

typedef struct Reload {
  const Options *options;      /* as they were given */
  const char *model;           /* file, where `sections` is NULL */
  const char *const *sections; /* of options->config, one of which says the file; else NULL */
} Reload;

/* A session with the model as it is now and the same policy; one that cannot classify is refused.
 * NULL after a report.  For one thread at a time. */
WnSession *reload_model(const Reload *reload);

#endif
