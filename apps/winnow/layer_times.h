/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `winnow bench --layers` shows: where a frame's time goes.
 */
#ifndef LAYER_TIMES_H
#define LAYER_TIMES_H

#include <jansson.h>
#include <winnow/winnow.h>

typedef struct LayerTimes LayerTimes;

/* Of two int64_t, for qsort(). */
int compare_times(const void *a, const void *b);

/* Times every layer over `frames` frames; to be freed with layer_times_free(). */
LayerTimes *layer_times_measure(WnSession *session, const WnModelInfo *info, bool heads,
                                int frames);
void layer_times_free(LayerTimes *times);

void layer_times_print(const LayerTimes *times);
/* As the array `layers` of `json`. */
void layer_times_put(const LayerTimes *times, json_t *json);

#endif
