/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The life of a pipeline: from its start to its end, a failure, a signal, or until no frame comes.
 */
#ifndef RUN_H
#define RUN_H

#include <gst/gst.h>

#include "frames.h"

/* Runs it until it ends; `name` begins what is reported of it.  Returns an exit status; a pipeline
 * that cannot even be stopped ends the program with it. */
int run_pipeline(GstElement *pipeline, Frames *frames, const char *name, double timeout_s);

#endif
