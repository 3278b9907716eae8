/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See curve.h: the points, and the table.
 */
#include "curve.h"

#include <string.h>

#include "output.h"
#include "report.h"

/* Accuracy drops allowed, from none to what nobody wants. */
static const double drops[] = {0,    0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015,
                               0.02, 0.025, 0.03,  0.04,  0.05,  0.06,  0.08,   0.1,  0.15};

static void clear_point(gpointer point) {
  g_free(((CurvePoint *)point)->thresholds);
}

static bool add_point(Curve *curve, WnTuner *measured, const WnTuneRequest *request, double drop,
                      const double *thresholds, WnError *error) {
  WnTuning tuning;
  if (wn_tuner_measure(measured, request, thresholds, &tuning, error) != WN_OK) return false;
  CurvePoint point = {tuning.strategy, drop, tuning.accuracy, tuning.macs_mean,
                      g_new(double, curve->n_exits)};
  memcpy(point.thresholds, thresholds, (size_t)curve->n_exits * sizeof *thresholds);
  g_array_append_val(curve->points, point);
  curve->accuracy_full = tuning.accuracy_full;
  return true;
}

/* Thresholds that stop nothing, then those found for each drop. */
static bool add_strategy(Curve *curve, WnTuner *tuner, WnTuner *measured,
                         const WnTuneRequest *request, WnError *error) {
  size_t n = (size_t)curve->n_exits, n_drops = G_N_ELEMENTS(drops);
  double *thresholds = g_new(double, n *n_drops);
  double *never = g_new(double, n);
  for (size_t k = 0; k < n; k++) never[k] = request->strategy == WN_STRATEGY_CONFIDENCE ? 1 : 0;
  bool valid = wn_tuner_curve(tuner, request, drops, n_drops, thresholds, error) == WN_OK &&
               add_point(curve, measured, request, 0, never, error);
  for (size_t i = 0; i < n_drops && valid; i++)
    valid = add_point(curve, measured, request, drops[i], thresholds + i * n, error);
  g_free(never);
  g_free(thresholds);
  return valid;
}

bool curve_make(WnTuner *tuner, WnTuner *measured, const WnTuneRequest *request, Curve *curve,
                WnError *error) {
  static const WnStrategy strategies[] = {WN_STRATEGY_CLASS_EXCLUSION, WN_STRATEGY_CONFIDENCE,
                                          WN_STRATEGY_ENTROPY};
  const WnModelInfo *info = wn_tuner_model(tuner);
  bool valid = true;
  *curve = (Curve){.title = g_strdup(info->id),
                   .n_exits = info->n_exits,
                   .macs_full = info->macs_full,
                   .points = g_array_new(FALSE, FALSE, sizeof(CurvePoint))};
  g_array_set_clear_func(curve->points, clear_point);
  for (size_t i = 0; i < G_N_ELEMENTS(strategies) && valid; i++) {
    WnTuneRequest one = {.strategy = strategies[i], .exit_score = request->exit_score};
    valid = add_strategy(curve, tuner, measured, &one, error);
  }
  if (!valid) curve_clear(curve);
  return valid;
}

void curve_clear(Curve *curve) {
  g_clear_pointer(&curve->title, g_free);
  g_clear_pointer(&curve->points, g_array_unref);
}

bool curve_name_is_valid(const char *path) {
  bool valid = g_str_has_suffix(path, ".csv") || g_str_has_suffix(path, ".png");
  if (!valid) report("--curve %s: the name must end in .csv or .png", path);
  return valid;
}

static void print_number(GString *text, double number) {
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(text, g_ascii_formatd(buffer, sizeof buffer, "%.10g", number));
}

static GString *print_table(const Curve *curve) {
  GString *text =
      g_string_new("strategy,drop-allowed,accuracy,macs-mean,mac-reduction,thresholds\n");
  for (guint i = 0; i < curve->points->len; i++) {
    const CurvePoint *point = &g_array_index(curve->points, CurvePoint, i);
    const double numbers[] = {point->drop_allowed, point->accuracy, point->macs_mean,
                              1 - point->macs_mean / (double)curve->macs_full};
    g_string_append(text, wn_strategy_name(point->strategy));
    for (size_t k = 0; k < G_N_ELEMENTS(numbers); k++) {
      g_string_append_c(text, ',');
      print_number(text, numbers[k]);
    }
    for (int32_t k = 0; k < curve->n_exits; k++) {
      g_string_append(text, k == 0 ? ",\"" : ",");
      print_number(text, point->thresholds[k]);
    }
    g_string_append(text, "\"\n");
  }
  return text;
}

bool curve_write(const Curve *curve, const char *path) {
  GString *content = g_str_has_suffix(path, ".png") ? curve_plot(curve) : print_table(curve);
  bool written = output_write(path, content);
  g_string_free(content, TRUE);
  return written;
}
