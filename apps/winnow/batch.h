/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many pictures one after another, of which some may be broken: those are told and counted, and the
 * others are worth their figures.
 */
#ifndef BATCH_H
#define BATCH_H

#include <glib.h>

#include "image.h"

/* Takes the picture `index`; a failure is no matter of the picture and ends it all. */
typedef WnStatus BatchTaker(void *user, guint index, const Image *image, WnError *error);

/* Gives `take` the pictures at `paths` (char *); they may come smaller than they are, but as large
 * as `enough`.  One that cannot be read is reported, and added to *n_broken: the exit status has to
 * become STATUS_FAILED in the end.  Returns an exit status: STATUS_FAILED after a report where
 * `take` failed or nothing could be read. */
int batch_take(const GPtrArray *paths, PictureSize enough, BatchTaker *take, void *user,
               guint *n_broken);

#endif
