/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See reload.h.
 */
#include "reload.h"

#include <string.h>

#include "config.h"
#include "report.h"
#include "try_model.h"

/* The file to be opened, to be freed; NULL after a report. */
static char *find_model(const Reload *reload) {
  char *path = NULL;
  if (reload->sections == NULL) return g_strdup(reload->model);
  if (!config_read_value(reload->options->config, reload->sections, "model", &path)) return NULL;
  if (path != NULL && *path != '\0') return path;
  report("--config %s: it names no model any more; the present one stays", reload->options->config);
  g_free(path);
  return NULL;
}

static WnStatus open_session(const Options *options, const char *path, WnSession **out,
                             WnError *error) {
  WnModel *model;
  WnStatus status = options_open(options, path, &model, out, error);
  if (status == WN_OK) status = try_model(model, error);
  if (status == WN_OK) {
    wn_session_run(*out, false, NULL); /* which brings its memory in */
    report("%s: the model is now %s", path, wn_model_info(model)->id);
    options_warn(model);
    if (wn_session_watch_warning(*out) != NULL) report("%s", wn_session_watch_warning(*out));
  } else {
    wn_session_free(*out);
    *out = NULL;
  }
  wn_model_unref(model);
  return status;
}

WnSession *reload_model(const Reload *reload) {
  WnError error = {0};
  WnSession *session = NULL;
  char *path = find_model(reload);
  if (path == NULL) return NULL;
  if (open_session(reload->options, path, &session, &error) != WN_OK) {
    bool is_named = strstr(error.message, path) != NULL;
    report("%s%s%s; the present model stays", is_named ? "" : path, is_named ? "" : ": ",
           error.message);
  }
  g_free(path);
  return session;
}
