/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Everything that the library does, with each call of the C library failing in turn, alone and with
 * all later ones of its name.  What fails says why in a line; no memory and no descriptor is lost,
 * nothing half written is left, and the same thing works again afterwards.
 *
 * usage: faults CLASSIFIERS [EVERY]: the folder of tests/fuzz; every how-manyth call (1).
 * Prints how many calls failed, and in how many kinds of function.
 */
#include <winnow/adopt.h>
#include <winnow/ipc.h>
#include <winnow/join.h>
#include <winnow/quantize.h>
#include <winnow/state.h>
#include <winnow/teach.h>
#include <winnow/tune.h>

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"

enum { SIDE = 16, MOST_NAMES = 64 };

static char folder[] = "/tmp/winnow-faults-XXXXXX";
static const char *classifiers;
static WnError error;

static const char *made(const char *name) {
  static char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static const char *given(const char *name) {
  static char paths[2][PATH_MAX];
  static int turn;
  turn = 1 - turn;
  snprintf(paths[turn], PATH_MAX, "%s/%s", classifiers, name);
  return paths[turn];
}

static WnFrame make_frame(int number) {
  static uint8_t pixels[3][SIDE * SIDE * 3];
  uint8_t *at = pixels[number % 3];
  for (size_t i = 0; i < sizeof pixels[0]; i++) at[i] = (uint8_t)(i * (size_t)(7 + number));
  return (WnFrame){.format = WN_PIXEL_RGB,
                   .width = SIDE,
                   .height = SIDE,
                   .plane = {at},
                   .stride_bytes = {SIDE * 3},
                   .pts_ns = (int64_t)number * 40000000};
}

/* ---- what the library does ---- */

static WnStatus classify_with(const char *name, int threads) {
  WnModel *model = NULL;
  WnSession *session = NULL;
  WnSessionOptions options = {
      .threads = threads,
      .policy = {.watch = "animal", .region = "door:1,1,9,9", .ignore = "2,2,3,3", .unchanged = 2}};
  WnStatus status = wn_model_open(given(name), NULL, &model, &error);
  if (status == WN_OK) status = wn_session_new(model, &options, &session, &error);
  for (int i = 0; i < 3 && status == WN_OK; i++) {
    WnFrame frame = make_frame(i);
    const WnResult *result;
    const float *scores;
    status = wn_session_classify(session, &frame, NULL, &result, &error);
    if (status == WN_OK) status = wn_session_complete(session, &frame, &scores, &error);
  }
  if (status == WN_OK) {
    char *description = wn_session_describe(session, 1 << 16);
    if (!description) snprintf(error.message, sizeof error.message, "no description");
    if (!description) status = WN_ERROR_MEMORY;
    free(description);
  }
  wn_session_free(session);
  wn_model_unref(model);
  return status;
}

static WnStatus classify_plain(void) {
  return classify_with("nothing.onnx", 2);
}

static WnStatus classify_mobile(void) {
  return classify_with("mobile.onnx", 1);
}

static WnStatus classify_attention(void) {
  return classify_with("attention.onnx", 1);
}

static WnStatus classify_quantized(void) {
  return classify_with("quantized.onnx", 1);
}

static WnStatus classify_exporters(void) {
  return classify_with("exporters.onnx", 1);
}

static WnStatus classify_cascade(void) {
  WnModel *model = NULL;
  WnSession *session = NULL;
  WnFrame frame = make_frame(1);
  const WnResult *result;
  WnStatus status = wn_model_open(given("joined.onnx"), NULL, &model, &error);
  if (status == WN_OK)
    status = wn_session_new(model, &(WnSessionOptions){.threads = 1}, &session, &error);
  if (status == WN_OK) status = wn_session_classify(session, &frame, NULL, &result, &error);
  wn_session_free(session);
  wn_model_unref(model);
  return status;
}

static WnStatus adopt(void) {
  WnMeaning meaning = {.mean = "0.5"};
  WnModelOptions options = {.meaning = &meaning};
  return wn_adopt(given("foreign.onnx"), &options, made("made.onnx"), &error);
}

static WnStatus join(void) {
  const char *paths[] = {given("small.onnx"), given("small.onnx")};
  return wn_join(paths, 2, NULL, made("made.onnx"), &error);
}

static WnStatus quantize(void) {
  static float input[3 * 8 * 8];
  WnQuantizerOptions options = {.threads = 1, .ranges = WN_RANGES_PERCENTILE};
  WnQuantizer *quantizer = NULL;
  for (size_t i = 0; i < sizeof input / sizeof *input; i++) input[i] = (float)(i % 17) / 8 - 1;
  WnStatus status = wn_quantizer_new(given("mobile.onnx"), &options, &quantizer, &error);
  if (status == WN_OK)
    status = wn_quantizer_add(quantizer, input, sizeof input / sizeof *input, &error);
  if (status == WN_OK) status = wn_quantizer_write(quantizer, made("made.onnx"), &error);
  wn_quantizer_free(quantizer);
  return status;
}

static WnStatus tune(void) {
  WnTunerOptions options = {.threads = 1};
  WnTuneRequest request = {.max_drop = 0.5};
  WnTuner *tuner = NULL;
  WnTuning tuning;
  WnStatus status = wn_tuner_new(given("plain.onnx"), &options, &tuner, &error);
  for (int i = 0; i < 6 && status == WN_OK; i++) {
    WnFrame frame = make_frame(i);
    status = wn_tuner_add(tuner, &frame, NULL, i % 4, &error);
  }
  if (status == WN_OK) status = wn_tuner_search(tuner, &request, &tuning, &error);
  if (status == WN_OK) status = wn_tuner_write(tuner, made("made.onnx"), &error);
  wn_tuner_free(tuner);
  return status;
}

static WnStatus watch_state(void) {
  WnState *state = NULL;
  WnStateOptions options = {.stable_time_ns = 1};
  WnStatus status = wn_state_new(&options, &state, &error);
  wn_state_free(state);
  return status;
}

static WnStatus publish(void) {
  WnPublisher *publisher = NULL;
  WnReader *reader = NULL;
  WnSnapshot snapshot;
  WnFrame frame = make_frame(2);
  WnStatus status = wn_publisher_new(made("socket"), NULL, &publisher, &error);
  if (status == WN_OK) status = wn_reader_new(made("socket"), &reader, &error);
  if (status == WN_OK) status = wn_publisher_describe(publisher, "{\"model-id\": \"a\"}", &error);
  if (status == WN_OK) wn_reader_read(reader, 0, &snapshot, NULL); /* connects */
  for (int i = 0; i < 2 && status == WN_OK; i++)
    status = wn_publisher_publish(publisher, &frame, NULL, 0, &error);
  for (int i = 0; i < 3 && status == WN_OK; i++) {
    wn_publisher_serve(publisher);
    status = wn_reader_view(reader, 20, &snapshot, &error);
    wn_reader_release(reader);
    if (status == WN_OK) break;
    if (i < 2) status = WN_OK; /* not there yet */
    if (i < 2) wn_publisher_publish(publisher, &frame, NULL, 0, NULL);
  }
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  return status;
}

static const struct {
  const char *name;
  WnStatus (*run)(void);
  bool threads; /* the C library keeps memory of theirs */
} scenarios[] = {
    {"classify", classify_plain, true},
    {"classify, a mobile block", classify_mobile, false},
    {"classify, attention", classify_attention, false},
    {"classify, int8", classify_quantized, false},
    {"classify, computed shapes", classify_exporters, false},
    {"classify, a cascade", classify_cascade, false},
    {"adopt", adopt, false},
    {"join", join, false},
    {"quantize", quantize, false},
    {"tune", tune, false},
    {"state", watch_state, false},
    {"publish and read", publish, false},
};

/* ---- what must hold ---- */

static int count_entries(const char *path) {
  int n = 0;
  DIR *dir = opendir(path);
  if (!dir) abort();
  while (readdir(dir)) n++;
  closedir(dir);
  return n;
}

static const char *names[MOST_NAMES];
static size_t n_names, n_failed, n_faults;

static void note_name(const char *name) {
  for (size_t i = 0; i < n_names; i++)
    if (strcmp(names[i], name) == 0) return;
  if (n_names < MOST_NAMES) names[n_names++] = name;
}

static void fault(const char *scenario, size_t call, const char *what) {
  n_faults++;
  fprintf(stderr, "%s, call %zu (%s) fails: %s; '%s'\n", scenario, call,
          fail_name() ? fail_name() : "none", what, error.message);
}

/* False: there was no such call. */
static bool try_call(size_t s, size_t call, bool all) {
  const char *name = scenarios[s].name;
  size_t blocks = fail_blocks();
  int descriptors = count_entries("/proc/self/fd"), files = count_entries(folder);
  memset(&error, 0, sizeof error);
  fail_from_here(call, all);
  WnStatus status = scenarios[s].run();
  fail_end();
  if (!fail_name()) {
    unlink(made("made.onnx"));
    return false;
  }
  n_failed++;
  note_name(fail_name());
  if (status != WN_OK && (!*error.message || strchr(error.message, '\n')))
    fault(name, call, "it does not say so in a line");
  if (fail_blocks() != blocks && !scenarios[s].threads) fault(name, call, "memory is lost");
  if (count_entries("/proc/self/fd") != descriptors) fault(name, call, "descriptors are lost");
  bool is_made = access(made("made.onnx"), F_OK) == 0;
  if (is_made && status != WN_OK) fault(name, call, "something is written all the same");
  if (is_made) unlink(made("made.onnx"));
  if (count_entries(folder) != files) fault(name, call, "a file is left");
  return true;
}

int main(int argc, char **argv) {
  size_t every = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
  if (argc < 2 || every == 0 || !mkdtemp(folder)) return 2;
  classifiers = argv[1];
  for (size_t s = 0; s < sizeof scenarios / sizeof *scenarios; s++) {
    for (int i = 0; i < 2; i++) /* the first time some things are made that stay */
      if (scenarios[s].run() != WN_OK) {
        fprintf(stderr, "%s: %s\n", scenarios[s].name, error.message);
        return 1;
      }
    unlink(made("made.onnx"));
    for (int all = 0; all < 2; all++)
      for (size_t call = 1; try_call(s, call, all); call += every) continue;
    if (scenarios[s].run() != WN_OK) fault(scenarios[s].name, 0, "it does not work afterwards");
    unlink(made("made.onnx"));
  }
  rmdir(folder);
  printf("%zu calls failed, of %zu functions; %zu faults\n", n_failed, n_names, n_faults);
  return n_faults > 0;
}
