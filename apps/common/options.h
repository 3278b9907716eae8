/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The options that several commands share, and how they become a model and a
 * session.  A failure has been reported when a function here returns.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <glib.h>
#include <winnow/winnow.h>

#include "command.h"

/* Which shared options a command takes. */
enum {
  OPTIONS_MODEL = 1 << 0,   /* --labels --precision --cpu-mask */
  OPTIONS_THREADS = 1 << 1, /* --threads */
  OPTIONS_POLICY = 1 << 2,  /* --strategy ... --deadline-ms */
  OPTIONS_CONFIG = 1 << 3,  /* --config */
  OPTIONS_MEANING = 1 << 4, /* --mean ... --preset */
  OPTIONS_SIZE = 1 << 5     /* of those --input-size alone */
};

/* Values as given; zero-initialise, free with options_clear(). */
typedef struct Options {
  char *labels, *precision, *cpu_mask;
  WnMeaning meaning; /* owns its strings */
  int threads;
  char *strategy, *thresholds, *watch;
  double threshold_scale, deadline_ms;
  gboolean group_exit;
  double unchanged, max_age_s; /* of a session that follows a camera; 0: off, any age */
  char *region, *ignore;       /* of such a session; NULL: the whole frame, nothing */
  char *config;
  char **arguments; /* what is no option, NULL-terminated */
  int n_arguments;
} Options;

/* Reads a command line and the file that its --config names, which counts where the command line
 * says nothing: the shared options in `groups` and the command's `own` (ended by
 * G_OPTION_ENTRY_NULL, may be NULL).  Between min_arguments and max_arguments others must follow.
 * --help prints and ends the program.  Returns STATUS_OK or STATUS_USAGE; `options` is to be
 * cleared in both cases. */
int options_parse(const Command *command, unsigned groups, const GOptionEntry *own, int argc,
                  char **argv, int min_arguments, int max_arguments, Options *options);
void options_clear(Options *options);

/* The labels, meaning, precision and processor flags asked for; strings belong to `options`. */
WnStatus options_model(const Options *options, WnModelOptions *how, WnError *error);

/* The file that the user means by `model`, a path or a name (model_path.h), to be freed with
 * g_free().  NULL: *status is the exit status. */
char *options_find_model(const char *model, int *status);

/* Opens the model at `path`, or of that name; the caller holds the reference.  NULL: *status is
 * the exit status. */
WnModel *options_open_model(const Options *options, const char *path, bool any_graph, int *status);

/* Reports what there is to be said about a model that was opened. */
void options_warn(const WnModel *model);

/* A session with the threads and the policy asked for.  NULL: *status is the
 * exit status. */
WnSession *options_new_session(const Options *options, WnModel *model, int *status);

/* Both at once, without a report.  On failure *session is NULL; *model is to be given back in any
 * case and may be NULL. */
WnStatus options_open(const Options *options, const char *path, WnModel **model,
                      WnSession **session, WnError *error);

#endif
