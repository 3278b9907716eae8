/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is made of a model file, for use_model.h.
 */
#include <winnow/adopt.h>
#include <winnow/join.h>
#include <winnow/quantize.h>
#include <winnow/tune.h>

#include <stdio.h>
#include <stdlib.h>

#include "use_model.h"

static const char *model_path, *made_path;

/* Whatever a frame may take elsewhere: two networks take twice as much. */
static void must_open(void) {
  const WnModelOptions options = {.max_work = 10000000000000};
  WnModel *model = NULL;
  WnError error = {0};
  if (wn_model_open(made_path, &options, &model, &error) != WN_OK) {
    fprintf(stderr, "what was written does not open: %s\n", error.message);
    abort();
  }
  wn_model_unref(model);
}

/* `status` of what should have written made.onnx. */
static void judge(WnStatus status, const WnError *error) {
  if (status == WN_OK)
    must_open();
  else
    must_say(error);
}

static void quantize(void) {
  static float input[USE_MAX_ELEMENTS];
  WnQuantizerOptions options = {.threads = 1, .ranges = WN_RANGES_PERCENTILE};
  if (decide(16) == 0) options.ranges = WN_RANGES_MSE; /* takes its time */
  WnQuantizer *quantizer = NULL;
  WnModel *model = NULL;
  WnError error = {0};
  size_t n = 0;
  if (wn_model_open(model_path, NULL, &model, &error) == WN_OK)
    n = wn_model_info(model)->inputs[0].n_elements;
  wn_model_unref(model);
  WnStatus status = wn_quantizer_new(model_path, &options, &quantizer, &error);
  for (int i = 0; i < 2 && status == WN_OK; i++) {
    for (size_t k = 0; k < USE_MAX_ELEMENTS && k < n; k++) input[k] = (float)decide(9) / 3 - 1;
    status = wn_quantizer_add(quantizer, input, n, &error);
  }
  if (status == WN_OK) status = wn_quantizer_write(quantizer, made_path, &error);
  judge(status, &error);
  wn_quantizer_free(quantizer);
}

static void tune(void) {
  WnTunerOptions options = {.threads = 1, .without_exits = decide(2) != 0};
  WnTuneRequest request = {.method = (WnTuneMethod)decide(WN_TUNE_METHOD_COUNT),
                           .strategy = (WnStrategy)decide(WN_STRATEGY_COUNT),
                           .max_drop = decide(3) * 0.2,
                           .max_rejected = decide(3) * 0.3,
                           .watch = decide(4) ? NULL : "a"};
  WnTuner *tuner = NULL;
  WnTuning tuning;
  WnError error = {0};
  WnStatus status = wn_tuner_new(model_path, &options, &tuner, &error);
  for (int i = 0; i < 8 && status == WN_OK; i++) {
    WnFrame frame = make_frame();
    uint32_t kind = decide(6);
    int32_t class_index = (int32_t)decide((uint32_t)wn_tuner_model(tuner)->n_classes);
    status = kind == 0   ? wn_tuner_add_nothing(tuner, &frame, NULL, &error)
             : kind == 1 ? wn_tuner_add_unlabelled(tuner, &frame, NULL, &error)
                         : wn_tuner_add(tuner, &frame, NULL, class_index, &error);
  }
  if (status == WN_OK) status = wn_tuner_search(tuner, &request, &tuning, &error);
  if (status == WN_OK) status = wn_tuner_write(tuner, made_path, &error);
  judge(status, &error);
  wn_tuner_free(tuner);
}

static void adopt(void) {
  static const WnMeaning meanings[] = {{0},
                                       {.preset = "torchvision"},
                                       {.mean = "0.5", .std = "0.2", .resize = "letterbox"},
                                       {.channels = "bgr", .range = "0..255", .scores = "sigmoid"}};
  WnModelOptions options = {.meaning = &DECIDE(meanings)};
  WnError error = {0};
  judge(wn_adopt(model_path, &options, made_path, &error), &error);
}

static void join(void) {
  WnJoinOptions options = {.groups = decide(3) ? NULL : "animal: a; rest: b, c"};
  WnError error = {0};
  judge(wn_join((const char *const[]){model_path, model_path}, 2, &options, made_path, &error),
        &error);
}

void use_make(const char *path, const char *made) {
  static void (*const makers[])(void) = {quantize, tune, tune, adopt, adopt, join, join, NULL};
  void (*make)(void) = DECIDE(makers);
  model_path = path;
  made_path = made;
  if (make) make();
}
