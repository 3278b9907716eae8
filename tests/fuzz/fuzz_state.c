/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Steady states of descriptions and results that nobody meant: both come from other processes. An
 * input is a description, a zero byte, and results of eight bytes each: label, group, watched,
 * confidence, kind and three of time. Whatever it is, events must tell one story.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_state [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include <winnow/state.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INPUT = 4096, RESULT_BYTES = 8 };

static const char *const names[] = {"", "cat", "dog", "animal", "other", "unknown", "nothing", "a"};

static WnResult make_result(const uint8_t *bytes) {
  static const double confidences[] = {0, 0.3, 0.5, 0.9, 1, 2, -1, (double)NAN};
  static const int64_t far[] = {WN_PTS_NONE, INT64_MAX, INT64_MIN + 1, -1};
  int64_t time = (bytes[5] | bytes[6] << 8) * INT64_C(1000000);
  WnResult r = {.label = names[bytes[0] % 8],
                .group = names[bytes[1] % 4],
                .watched = bytes[2] % 3 - 1,
                .confidence = confidences[bytes[3] % 8],
                .class_index = bytes[4] & 1 ? -1 : 1,
                .stop_reason = bytes[4] & 2 ? WN_STOP_UNCHANGED : WN_STOP_FINAL,
                .pts_ns = bytes[4] & 4 ? far[bytes[5] % 4] : time,
                .age_ns = bytes[4] & 8 ? far[bytes[6] % 4] : bytes[7] * INT64_C(1000000),
                .model_id = bytes[2] & 64 ? "m@1" : "m@0"};
  return r;
}

/* What is seen goes before something else is seen. */
static void follow(const WnState *state, const WnStateChange *changes, int32_t n, char *seen) {
  if (n < 0 || n > WN_STATE_MAX_CHANGES) abort();
  for (int32_t i = 0; i < n; i++) {
    if (!wn_state_event_name(changes[i].event)) abort();
    if (changes[i].event == WN_STATE_GONE && strcmp(changes[i].state, seen) != 0) abort();
    *seen = 0;
    if (changes[i].event == WN_STATE_SEEN) snprintf(seen, MAX_INPUT, "%s", changes[i].state);
    if (changes[i].event != WN_STATE_GONE && strcmp(changes[i].state, wn_state_name(state)) != 0)
      abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const int64_t stable_ns[] = {0, 1, 500000000, INT64_MAX};
  char description[MAX_INPUT] = {0}, seen[MAX_INPUT] = {0};
  if (size == 0 || size >= MAX_INPUT) return 0;
  memcpy(description, data + 1, size - 1);
  WnStateOptions options = {.stable_time_ns = stable_ns[data[0] % 4],
                            .min_confidence = data[0] / 4 % 4 * 0.3,
                            .max_age_ns = data[0] / 16 % 2 * INT64_C(2000000000)},
                 plain = options;
  WnState *state;
  if (wn_state_new(&plain, &state, NULL) != WN_OK) abort();
  options.description = description;
  wn_state_set_options(state, &options, NULL);
  for (size_t at = strlen(description) + 2; at + RESULT_BYTES <= size; at += RESULT_BYTES) {
    WnStateChange changes[WN_STATE_MAX_CHANGES];
    WnResult r = make_result(data + at);
    if (data[at + 4] & 16)
      follow(state, changes, wn_state_tick(state, data[at + 7] * INT64_C(100000000), changes),
             seen);
    follow(state, changes, wn_state_feed(state, &r, data[at + 7] * INT64_C(100000000), changes),
           seen);
    if (data[at + 4] & 32) follow(state, changes, wn_state_end(state, changes), seen);
    if (!wn_state_leader(state) || !wn_state_answer(state, &r)) abort();
  }
  wn_state_free(state);
  return 0;
}

#ifndef FUZZER

#include "draw.h"

/* One that is good, with bytes changed or cut. */
static size_t make_description(uint8_t *out) {
  static const char *const good[] = {
      "", "{\"watch\":[\"cat\",\"animal\"],\"groups\":{\"animal\":[\"dog\",\"cat\"]}}",
      "{\"watch\":[\"animal\"],\"groups\":{\"animal\":[\"a\",\"\"]},\"labels\":[\"animal\"]}",
      "{\"watch\":[\"other\",\"unknown\",\"nothing\",\"\"]}"};
  const char *text = good[draw(4)];
  size_t size = strlen(text);
  memcpy(out, text, size);
  for (uint32_t n = draw(3); n > 0 && size > 0; n--)
    out[draw((uint32_t)size)] = (uint8_t) "[]{}\",:\\u0a\xFF"[draw(12)];
  return draw(8) == 0 && size > 0 ? draw((uint32_t)size) : size;
}

int main(int argc, char **argv) {
  unsigned long inputs = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
  state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  for (unsigned long i = 0; i < inputs; i++) {
    uint8_t input[MAX_INPUT];
    size_t size = 1;
    input[0] = (uint8_t)draw(256);
    size += make_description(input + size);
    input[size++] = 0;
    bool calm = draw(2);
    for (uint32_t n = draw(60); n > 0; n--)
      for (int k = 0; k < RESULT_BYTES; k++)
        input[size++] = (uint8_t)(calm && k == 4 ? draw(2) : draw(256));
    try_input(LLVMFuzzerTestOneInput, input, size);
  }
  printf("%lu inputs\n", inputs);
  return 0;
}

#endif
