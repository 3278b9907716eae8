/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The life of winnow-camera: a frame comes, is classified, goes to whoever wants it.
 */
#ifndef SERVE_H
#define SERVE_H

#include <winnow/ipc.h>

#include "source.h"
#include "turn.h"

typedef struct Service {
  /* Opens the source, at first and after it was lost; as the functions in source.h. */
  Source *(*open)(void *settings, char **problem);
  /* Opens the model as it is now, for SIGHUP; called in another thread.  NULL after a report. */
  WnSession *(*load)(void *settings);
  void *settings;
  Turner *turner;         /* what is done to each frame first; NULL: nothing */
  WnSession *session;     /* the present model's; the caller's again in the end */
  WnPublisher *publisher; /* NULL: results only */
  bool as_json;           /* results to stdout, a line each */
} Service;

/* Runs until the source ends, SIGINT or SIGTERM comes or the terminal is closed, or something fails
 * that waiting does not mend.  SIGHUP has the model opened anew beside the present one, which it
 * replaces between two frames.  Signals must not reach other threads: serve_block_signals() first.
 * A camera that is lost after it worked is waited for.  Returns an exit status; errors are
 * reported. */
int serve(Service *service);

/* Called before the process has a second thread; what was ignored before stays so. */
void serve_block_signals(void);

#endif
