/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See use_model.h.
 */
#include "use_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  SIDE = 24, /* of frames */
  MAX_MACS = 1 << 22,
  MAX_BYTES = 1 << 22, /* that the layers read and write */
  MAX_CLASSES = 1000
};

/* ---- decisions: the bits of a number that belongs to the input ---- */

static uint64_t decisions;

uint32_t decide(uint32_t n) {
  decisions = decisions * 6364136223846793005 + 1442695040888963407;
  return (uint32_t)(decisions >> 33) % n;
}

void decide_by(const uint8_t *data, size_t size) {
  decisions = 14695981039346656037U;
  for (size_t i = 0; i < size; i++) decisions = (decisions ^ data[i]) * 1099511628211U;
}

/* ---- what is asked ---- */

bool is_small(const WnModelInfo *info) {
  uint64_t bytes = 0;
  for (int32_t i = 0; i < info->n_layers; i++) bytes += info->layers[i].bytes;
  return info->macs_full <= MAX_MACS && bytes <= MAX_BYTES && info->n_classes <= MAX_CLASSES &&
         info->inputs[0].n_elements <= USE_MAX_ELEMENTS;
}

void must_say(const WnError *error) {
  if (!*error->message || strchr(error->message, '\n')) abort();
}

static int64_t tick(void *user) {
  int64_t *now = user;
  return *now += 1000;
}

WnFrame make_frame(void) {
  static uint8_t pixels[SIDE * SIDE * 8];
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(decide(64) * 4);
  WnFrame frame = {.format = (WnPixelFormat)decide(WN_PIXEL_FORMAT_COUNT),
                   .width = SIDE - (int32_t)decide(3),
                   .height = SIDE - (int32_t)decide(3),
                   .range = (WnColorRange)decide(2),
                   .matrix = (WnColorMatrix)decide(2),
                   .chroma_site = (WnChromaSite)decide(4),
                   .pts_ns = decide(2) ? WN_PTS_NONE : (int64_t)decide(1000) * 1000000};
  for (int p = 0; p < wn_pixel_format_planes(frame.format); p++) {
    frame.plane[p] = pixels;
    frame.stride_bytes[p] = SIDE * 4;
  }
  return frame;
}

static void check_result(const WnResult *result, const WnModelInfo *info) {
  if (!result->label || !result->model_id || result->exit_stage < 0 ||
      result->exit_stage >= info->n_stages || result->n_survivors < 0 ||
      result->n_survivors > info->n_classes || result->class_index >= info->n_classes)
    abort();
  for (int32_t i = 0; i < result->n_survivors; i++)
    if (result->survivors[i] < 0 || result->survivors[i] >= info->n_classes ||
        !result->survivor_labels[i] || isnan(result->survivor_scores[i]))
      abort();
}

static WnPolicy make_policy(void) {
  static const char *const watches[] = {NULL, "a", "a,b", "animal", "0", "cat,animal", "z"};
  static const char *const thresholds[] = {NULL, NULL, "0.1", "0.1,0.2", "0,0.999", "1e-10,1e-300"};
  static const char *const areas[] = {NULL, NULL, "1,1,9,9", "door:0.1,0.1,0.5,0.5", "20,20,400,1"};
  return (WnPolicy){.strategy = (WnStrategy)decide(WN_STRATEGY_COUNT),
                    .thresholds = DECIDE(thresholds),
                    .threshold_scale = decide(3) ? 0 : 0.5,
                    .watch = DECIDE(watches),
                    .group_exit = decide(4) == 0,
                    .deadline_ns = decide(4) ? 0 : 1 + (int64_t)decide(9000),
                    .unchanged = decide(3) ? 0 : 4,
                    .max_age_ns = decide(2) ? 0 : 1000000,
                    .region = DECIDE(areas),
                    .ignore = DECIDE(areas)};
}

void use_classify(WnModel *model) {
  const WnModelInfo *info = wn_model_info(model);
  int64_t now = 0;
  WnSessionOptions options = {.threads = 1, .clock = tick, .clock_user = &now};
  WnSession *session = NULL;
  WnError error = {0};
  if (wn_session_new(model, &options, &session, &error) != WN_OK) {
    must_say(&error);
    return;
  }
  for (int i = 0; i < 3; i++) {
    WnPolicy policy = make_policy();
    WnFrame frame = make_frame();
    WnRect region = {(int32_t)decide(9), (int32_t)decide(9), 1 + (int32_t)decide(30), 6};
    const WnResult *result;
    const float *scores;
    if (wn_session_set_policy(session, &policy, &error) != WN_OK) must_say(&error);
    if (wn_session_classify(session, &frame, decide(3) ? NULL : &region, &result, &error) != WN_OK)
      must_say(&error);
    else
      check_result(result, info);
    if (wn_session_complete(session, &frame, &scores, &error) != WN_OK) must_say(&error);
  }
  free(wn_session_describe(session, decide(2) ? 100000 : 100));
  wn_session_free(session);
}

void use_run(WnModel *model) {
  const WnModelInfo *info = wn_model_info(model);
  WnSession *session = NULL;
  WnError error = {0};
  if (wn_session_new(model, &(WnSessionOptions){.threads = 1}, &session, &error) != WN_OK) return;
  for (int32_t i = 0; i < info->n_inputs; i++) {
    size_t n = info->inputs[i].n_elements;
    float *values = n <= USE_MAX_ELEMENTS ? calloc(n + 1, sizeof *values) : NULL;
    for (size_t k = 0; values && k < n; k++) values[k] = (float)decide(15) / 7 - 1;
    if (values) wn_session_set_input(session, i, values, n, &error);
    free(values);
  }
  wn_session_run(session, true, NULL);
  for (int32_t i = 0; i < wn_model_n_outputs(model); i++) {
    size_t n = wn_model_output(model, i)->n_elements;
    float *values = n <= USE_MAX_ELEMENTS ? malloc((n + 1) * sizeof *values) : NULL;
    if (values && wn_session_output(session, i, values, n, &error) != WN_OK) abort();
    free(values);
  }
  wn_session_free(session);
}
