/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder of pictures that grows: `winnow collect` puts frames into it, each once and none that
 * looks like the one before.
 */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include <stdbool.h>
#include <winnow/winnow.h>

typedef struct Collector Collector;

/* Makes the folder `name` in `folder`, and that one, where they are missing; both may hold pictures
 * already.  Of a scene that stays the same it takes a picture after ten times `every_s` seconds all
 * the same.  NULL: reported. */
Collector *collector_new(const char *folder, const char *name, double every_s);
void collector_free(Collector *collector); /* NULL is ignored */

/* Writes the frame, or the `region` of it (NULL: all), as the JPEG `name`.jpg: whole or not at all,
 * and not where there is such a file or where it looks like the last one that was put.  *is_in: it
 * was written or there already.  False: reported. */
bool collector_put(Collector *collector, const WnFrame *frame, const WnRect *region,
                   const char *name, bool *is_in);

int collector_written(const Collector *collector);

/* Prints how many pictures were written, and how many were not and why. */
void collector_tell(const Collector *collector);

#endif
