/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See tune_unchanged.h.
 */
#include "tune_unchanged.h"

#include <math.h>
#include <stdio.h>

#include <winnow/tune.h>

#include "frames.h"
#include "json.h"
#include "report.h"
#include "text.h"

static const double levels[] = {0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32};

enum { N_LEVELS = G_N_ELEMENTS(levels) };

typedef struct Found {
  const char *model_id;
  uint64_t frames;
  double max_disagreement;
  double unchanged[N_LEVELS], same[N_LEVELS]; /* shares */
  int best;                                   /* -1: no level keeps to the limit */
} Found;

static WnStatus take(void *tuner, const WnFrame *frame, WnError *error) {
  return wn_unchanged_tuner_add(tuner, frame, NULL, error);
}

/* False after a report. */
static bool try_levels(const WnUnchangedTuner *tuner, Found *found) {
  WnError error;
  found->best = -1;
  for (int i = 0; i < N_LEVELS; i++) {
    WnUnchangedTuning tuning;
    if (wn_unchanged_tuner_measure(tuner, levels[i], WN_MAX_AGE_USUAL_NS, &tuning, &error) !=
        WN_OK) {
      report_error(&error);
      return false;
    }
    found->frames = tuning.frames;
    found->unchanged[i] = (double)tuning.unchanged / (double)tuning.frames;
    found->same[i] = (double)tuning.same / (double)tuning.frames;
    double disagreeing = (double)(tuning.frames - tuning.same);
    if (disagreeing <= found->max_disagreement * (double)tuning.frames) found->best = i;
  }
  return true;
}

static void print_levels_json(const Found *found) {
  json_t *json = json_object();
  put_text(json, "model-id", found->model_id);
  put_count(json, "frames", found->frames);
  put_int(json, "max-age", WN_MAX_AGE_USUAL_NS);
  put_real(json, "max-disagreement", found->max_disagreement);
  put_real(json, "unchanged", found->best >= 0 ? levels[found->best] : (double)NAN);
  json_t *array = put_array(json, "levels");
  for (int i = 0; i < N_LEVELS; i++) {
    json_t *level = put_object(array, NULL);
    put_real(level, "level", levels[i]);
    put_real(level, "unchanged", found->unchanged[i]);
    put_real(level, "same", found->same[i]);
  }
  print_json(json);
}

static void print_levels(const Found *found, const char *clip) {
  char *id = text_clean(found->model_id);
  char *name = text_clean(clip);
  char *limit = text_percent(found->max_disagreement);
  printf("%s, %" G_GUINT64_FORMAT " frames of %s\n\n%5s  %9s  %11s\n", id, found->frames, name,
         "level", "unchanged", "same answer");
  for (int i = 0; i < N_LEVELS; i++) {
    char *unchanged = text_percent(found->unchanged[i]);
    char *same = text_percent(found->same[i]);
    printf("%5g  %9s  %11s\n", levels[i], unchanged, same);
    g_free(same);
    g_free(unchanged);
  }
  if (found->best >= 0)
    printf("\nunchanged = %g: at most %s of the frames get an answer other than their own\n",
           levels[found->best], limit);
  else
    printf("\nno level: even the smallest gives more than %s of the frames another answer\n",
           limit);
  g_free(limit);
  g_free(name);
  g_free(id);
}

int tune_unchanged(const Options *options, const char *clip, double max_disagreement,
                   bool as_json) {
  WnTunerOptions how = {.threads = options->threads};
  WnError error = {0};
  WnUnchangedTuner *tuner = NULL;
  if (options_model(options, &how.model, &error) != WN_OK ||
      wn_unchanged_tuner_new(options->arguments[0], &how, &tuner, &error) != WN_OK)
    return report_error(&error);
  Found found = {.model_id = wn_unchanged_tuner_model(tuner)->id,
                 .max_disagreement = max_disagreement};
  int status = frames_take_clip(clip, take, tuner);
  if (status == STATUS_OK && !try_levels(tuner, &found)) status = STATUS_FAILED;
  if (status == STATUS_OK && as_json) print_levels_json(&found);
  if (status == STATUS_OK && !as_json) print_levels(&found, clip);
  wn_unchanged_tuner_free(tuner);
  return status;
}
