/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Policies as users write them, replaced between frames of one session.  An input is 16 bytes of
 * numbers and four texts with zeros between: thresholds, watch, region, ignore.  A policy that is
 * refused leaves the one before; every result is of the model's classes.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_policy [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include <winnow/winnow.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 16, TEXTS = 4, SIDE = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static WnSession *session;
static const WnModelInfo *info;
static int64_t now;

static int64_t tick(void *user) {
  (void)user;
  return now += 1000;
}

static void open_model(void) {
  WnSessionOptions options = {.threads = 1, .clock = tick};
  WnModel *model; /* its last reference is the process's */
  WnError error;
  if (wn_model_open(FUZZ_CLASSIFIERS "/nothing.onnx", NULL, &model, &error) != WN_OK ||
      wn_session_new(model, &options, &session, &error) != WN_OK) {
    fprintf(stderr, "%s\n", error.message);
    abort();
  }
  info = wn_model_info(model);
}

static double any_double(uint8_t byte) {
  static const double values[] = {0, 1, -1, 0.5, 1e-300, 1e300, INFINITY, NAN, 255, 256, 3, -0.0};
  return values[byte % (sizeof values / sizeof *values)];
}

static int64_t any_time(uint8_t byte) {
  static const int64_t values[] = {0, 1, -1, 1000, 5000, 20000, INT64_MAX, INT64_MIN};
  return values[byte % (sizeof values / sizeof *values)];
}

static void classify(const uint8_t *data) {
  uint8_t pixels[SIDE * SIDE];
  WnFrame frame = {.format = WN_PIXEL_GRAY8,
                   .width = SIDE,
                   .height = SIDE,
                   .plane = {pixels},
                   .stride_bytes = {SIDE},
                   .pts_ns = any_time(data[9])};
  const WnResult *result;
  WnError error = {0};
  memset(pixels, data[10], sizeof pixels);
  pixels[data[11]] = data[12];
  if (wn_session_classify(session, &frame, NULL, &result, &error) != WN_OK) {
    if (!*error.message || strchr(error.message, '\n')) abort();
    return;
  }
  if (!result->label || result->exit_stage < 0 || result->exit_stage >= info->n_stages ||
      result->n_survivors < 0 || result->n_survivors > info->n_classes ||
      !(result->confidence >= 0 && result->confidence <= 1))
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *texts[TEXTS] = {NULL};
  WnError error = {0};
  if (!session) open_model();
  if (size < NUMBERS) return 0;
  const char *at = (const char *)data + NUMBERS, *end = (const char *)data + size;
  for (int i = 0; i < TEXTS && at < end; i++) {
    texts[i] = strndup(at, (size_t)(end - at));
    at += strlen(texts[i]) + 1;
  }
  WnPolicy policy = {.strategy = (WnStrategy)(data[0] % (WN_STRATEGY_COUNT + 1)),
                     .thresholds = texts[0],
                     .threshold_scale = any_double(data[1]),
                     .watch = texts[1],
                     .group_exit = data[2] & 1,
                     .deadline_ns = any_time(data[3]),
                     .unchanged = any_double(data[4]),
                     .max_age_ns = any_time(data[5]),
                     .region = texts[2],
                     .ignore = texts[3]};
  if (wn_session_set_policy(session, &policy, &error) != WN_OK &&
      (!*error.message || strchr(error.message, '\n')))
    abort();
  classify(data);
  if (data[6] & 1) wn_session_forget(session);
  if (data[6] & 2) wn_session_spend(session, any_time(data[7]));
  const char *warning = wn_session_watch_warning(session);
  if (warning && !*warning) abort();
  free(wn_session_describe(session, data[8]));
  for (int i = 0; i < TEXTS; i++) free(texts[i]);
  return 0;
}

#ifndef FUZZER

#include "draw.h"

static size_t make(char *to, size_t room) {
  static const char *const pieces[] = {"a",    "b",     "animal", "rest", ",", "0.1",
                                       "0.9",  "1e-10", "0,0,",   "4,4",  ";", ":",
                                       "door", "\xff",  "3",      "nan"};
  size_t length = NUMBERS;
  for (size_t i = 0; i < NUMBERS; i++) to[i] = (char)draw(256);
  for (int text = 0; text < TEXTS; text++, to[length++] = 0)
    for (uint32_t n = draw(3) ? 0 : draw(5); n > 0; n--)
      length += (size_t)snprintf(to + length, room - length, "%s",
                                 pieces[draw(sizeof pieces / sizeof *pieces)]);
  return length;
}

int main(int argc, char **argv) {
  return draw_inputs(argc, argv, make, LLVMFuzzerTestOneInput);
}

#endif
