/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What levels of WnPolicy.unchanged would have done with a stream (winnow/tune.h): each frame's
 * look and answer stay in memory, and session/unchanged.c decides which of them would have been
 * repeated.
 */
#include <winnow/tune.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "session/session.h"

#include <stdlib.h>

typedef struct Sample {
  WniLook look;
  int32_t answer;
} Sample;

struct WnUnchangedTuner {
  WnModel *model;
  WnSession *session;
  WniUnchanged unchanged; /* takes the looks */
  Sample *samples;        /* [n] */
  size_t n, capacity;
};

WnStatus wn_unchanged_tuner_new(const char *path, const WnTunerOptions *options,
                                WnUnchangedTuner **out, WnError *error) {
  WNI_FP_SCOPE(mode);
  static const WnTunerOptions defaults;
  *out = NULL;
  WnUnchangedTuner *tuner = calloc(1, sizeof *tuner);
  if (!tuner) return wni_fail_memory(error, "the tuner");
  if (!options) options = &defaults;
  const WnSessionOptions how = {.threads = options->threads};
  WnStatus status = WNI_RESERVED_CHECK(options, "tuner options", error);
  if (status == WN_OK) status = wni_model_open_by_rule(path, &options->model, &tuner->model, error);
  if (status == WN_OK) status = wn_session_new(tuner->model, &how, &tuner->session, error);
  if (status != WN_OK) {
    wn_unchanged_tuner_free(tuner);
    return status;
  }
  *out = tuner;
  return WN_OK;
}

void wn_unchanged_tuner_free(WnUnchangedTuner *tuner) {
  if (!tuner) return;
  wni_unchanged_clear(&tuner->unchanged);
  wn_session_free(tuner->session);
  wn_model_unref(tuner->model);
  free(tuner->samples);
  free(tuner);
}

const WnModelInfo *wn_unchanged_tuner_model(const WnUnchangedTuner *tuner) {
  return wn_model_info(tuner->model);
}

static bool make_room(WnUnchangedTuner *tuner) {
  if (tuner->n < tuner->capacity) return true;
  size_t wanted = tuner->capacity ? tuner->capacity * 2 : 256;
  Sample *larger = reallocarray(tuner->samples, wanted, sizeof *larger);
  if (!larger) return false;
  tuner->samples = larger;
  tuner->capacity = wanted;
  return true;
}

WnStatus wn_unchanged_tuner_add(WnUnchangedTuner *tuner, const WnFrame *frame, const WnRect *region,
                                WnError *error) {
  WNI_FP_SCOPE(mode);
  const WnResult *result;
  if (!make_room(tuner)) return wni_fail_memory(error, "the frames' looks");
  WnStatus status = wn_session_classify(tuner->session, frame, region, &result, error);
  if (status == WN_OK)
    status = wni_unchanged_look(&tuner->unchanged, &tuner->session->recipes[0].window, frame,
                                region, wni_clock_ns(), error);
  if (status == WN_OK)
    tuner->samples[tuner->n++] = (Sample){tuner->unchanged.look, result->class_index};
  return status;
}

WnStatus wn_unchanged_tuner_measure(const WnUnchangedTuner *tuner, double level, int64_t max_age_ns,
                                    WnUnchangedTuning *out, WnError *error) {
  WNI_FP_SCOPE(mode);
  const Sample *reference = NULL;
  WnStatus status = wni_unchanged_check(level, max_age_ns, error);
  *out = (WnUnchangedTuning){0};
  if (status != WN_OK) return status;
  for (size_t i = 0; i < tuner->n; i++) {
    const Sample *now = &tuner->samples[i];
    bool repeats =
        reference && level > 0 && wni_look_repeats(&reference->look, &now->look, level, max_age_ns);
    if (!repeats) reference = now;
    out->frames++;
    out->unchanged += repeats;
    out->same += reference->answer == now->answer;
  }
  return WN_OK;
}
