/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether frames come in a pipeline.  They are counted where they enter each winnowclassify, so
 * that what holds them back behind it, such as a gate that waits for an event, does not count as a
 * silent camera; in a pipeline without one, where they enter its sinks.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <gst/gst.h>

typedef struct Frames Frames;

/* Counts from now on; NULL: there is no place where frames could be counted. */
Frames *frames_new(GstBin *pipeline);
void frames_free(Frames *frames);

/* Whether every place has had one. */
gboolean frames_have_come(const Frames *frames);

/* The name of the element that has had none for `timeout_us`, to be asked a few times in that;
 * NULL: there is none. */
const char *frames_silent(Frames *frames, gint64 timeout_us);

#endif
