/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opening, closing, and the engine's errors as GStreamer's.
 */
#include "classify/engine.h"

#include "model_path.h"

/* The whole network on the zeroed input; 0 when it cannot be known.  The first run also
 * brings the weights in and starts threads. */
static GstClockTime measure(const GstWinnowEngine *engine) {
  gboolean heads = wn_session_strategy(engine->session) != WN_STRATEGY_NONE;
  gint64 duration = 0;
  for (gint run = 0; run < 2; run++) {
    gint64 begin = g_get_monotonic_time();
    wn_session_run(engine->session, heads, NULL);
    duration = g_get_monotonic_time() - begin;
  }
  return (GstClockTime)duration * GST_USECOND;
}

/* A model without a path may be an installed one. */
static WnStatus open_model(const gchar *name, const WnModelOptions *options, WnModel **model,
                           WnError *error) {
  gchar *problem = NULL;
  gchar *path = model_path_find(name, &problem);
  if (path == NULL) {
    error->status = WN_ERROR_IO;
    g_strlcpy(error->message, g_strdelimit(problem, "\r\n", ' '), sizeof error->message);
    g_free(problem);
    return WN_ERROR_IO;
  }
  WnStatus status = wn_model_open(path, options, model, error);
  g_free(path);
  return status;
}

static bool is_flushing(void *user) {
  GstPad *sink = user;
  GST_OBJECT_LOCK(sink);
  bool flushing = GST_PAD_IS_FLUSHING(sink);
  GST_OBJECT_UNLOCK(sink);
  return flushing;
}

WnStatus gst_winnow_engine_open(GstWinnowEngine *engine, GstPad *sink,
                                const GstWinnowSettings *settings, GstClockTime *full_duration,
                                WnError *error) {
  const WnModelOptions model_options = {
      .precision = (WnPrecision)settings->precision,
      .labels_file = settings->labels_file,
      .meaning = &settings->meaning,
  };
  WnStatus status = open_model(settings->model_file, &model_options, &engine->model, error);
  if (status != WN_OK) goto fail;
  const WnSessionOptions session_options = {
      .threads = settings->threads,
      .policy = gst_winnow_settings_policy(settings),
      .cancelled = is_flushing,
      .cancelled_user = sink,
  };
  status = wn_session_new(engine->model, &session_options, &engine->session, error);
  if (status != WN_OK) goto fail;
  *full_duration = measure(engine);
  return WN_OK;
fail:
  gst_winnow_engine_close(engine);
  return status;
}

void gst_winnow_engine_close(GstWinnowEngine *engine) {
  wn_session_free(engine->session);
  wn_model_unref(engine->model);
  *engine = (GstWinnowEngine){0};
}

void gst_winnow_engine_post(GstElement *element, GstMessageType type, const WnError *error) {
  GQuark domain = GST_LIBRARY_ERROR;
  gint code = GST_LIBRARY_ERROR_INIT;
  switch (error->status) {
  case WN_ERROR_IO:
    domain = GST_RESOURCE_ERROR;
    code = GST_RESOURCE_ERROR_NOT_FOUND;
    break;
  case WN_ERROR_ARGUMENT:
    domain = GST_RESOURCE_ERROR;
    code = GST_RESOURCE_ERROR_SETTINGS;
    break;
  case WN_ERROR_NUMERIC:
    domain = GST_STREAM_ERROR;
    code = GST_STREAM_ERROR_FAILED;
    break;
  default:
    break; /* the model: LIBRARY/INIT */
  }
  gst_element_message_full(element, type, domain, code, g_strdup(error->message), NULL, __FILE__,
                           GST_FUNCTION, __LINE__);
}

/* NULL: there is nothing to say. */
static void warn(GstElement *element, const char *warning) {
  if (warning == NULL) return;
  gst_element_message_full(element, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
                           GST_RESOURCE_ERROR_SETTINGS, g_strdup(warning), NULL, __FILE__,
                           GST_FUNCTION, __LINE__);
}

void gst_winnow_engine_warn_model(GstElement *element, const GstWinnowEngine *engine) {
  warn(element, wn_model_info(engine->model)->warning);
}

void gst_winnow_engine_warn(GstElement *element, const GstWinnowEngine *engine) {
  warn(element, wn_session_watch_warning(engine->session));
}

void gst_winnow_engine_log(GstElement *element, const GstWinnowEngine *engine,
                           GstClockTime full_duration) {
  const WnModelInfo *info = wn_model_info(engine->model);
  GST_INFO_OBJECT(element,
                  "%s: %s, %d classes, %d exits, %d threads, %" GST_TIME_FORMAT " for all stages",
                  info->id, wn_precision_name(info->precision), info->n_classes, info->n_exits,
                  wn_session_threads(engine->session), GST_TIME_ARGS(full_duration));
  for (gint32 stage = 0; stage < info->n_stages; stage++)
    for (gint32 k = 0; k < info->stages[stage].n_kernels; k++)
      GST_DEBUG_OBJECT(element, "stage %d runs %s", stage, info->stages[stage].kernels[k]);
}
