/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Networks that nobody meant, used for all that they can be used for: opened, asked by every policy
 * with frames of every format, run, and then quantized, tuned, adopted or joined.  What an input is
 * used for follows from its bytes.  What is written must open again.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, whose inputs are changed as networks (mutate.h). Else:
 * fuzz_network FOLDER [INPUTS [SEED]] changes the models of the folder so itself.
 */
#include <winnow/adopt.h>
#include <winnow/join.h>
#include <winnow/quantize.h>
#include <winnow/tune.h>

#include "folder.h"

#include <math.h>

#include "mutate.h"

enum {
  SIDE = 24, /* of frames */
  MAX_MACS = 1 << 22,
  MAX_BYTES = 1 << 22, /* that the layers read and write */
  MAX_ELEMENTS = 1 << 16,
  MAX_CLASSES = 1000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

static unsigned long n_inputs, n_classifiers;

/* ---- decisions: the bits of a number that belongs to the input ---- */

static uint64_t decisions;

static uint32_t decide(uint32_t n) {
  decisions = decisions * 6364136223846793005 + 1442695040888963407;
  return (uint32_t)(decisions >> 33) % n;
}

static void decide_by(const uint8_t *data, size_t size) {
  decisions = 14695981039346656037U;
  for (size_t i = 0; i < size; i++) decisions = (decisions ^ data[i]) * 1099511628211U;
}

#define DECIDE(list) ((list)[decide(sizeof(list) / sizeof *(list))])

/* ---- what is asked ---- */

static void must_say(const WnError *error) {
  if (!*error->message || strchr(error->message, '\n')) abort();
}

static int64_t tick(void *user) {
  int64_t *now = user;
  return *now += 1000;
}

static WnFrame make_frame(void) {
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

static void classify(WnModel *model) {
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

static void run(WnModel *model) {
  const WnModelInfo *info = wn_model_info(model);
  WnSession *session = NULL;
  WnError error = {0};
  if (wn_session_new(model, &(WnSessionOptions){.threads = 1}, &session, &error) != WN_OK) return;
  for (int32_t i = 0; i < info->n_inputs; i++) {
    size_t n = info->inputs[i].n_elements;
    float *values = n <= MAX_ELEMENTS ? calloc(n + 1, sizeof *values) : NULL;
    for (size_t k = 0; values && k < n; k++) values[k] = (float)decide(15) / 7 - 1;
    if (values) wn_session_set_input(session, i, values, n, &error);
    free(values);
  }
  wn_session_run(session, true, NULL);
  for (int32_t i = 0; i < wn_model_n_outputs(model); i++) {
    size_t n = wn_model_output(model, i)->n_elements;
    float *values = n <= MAX_ELEMENTS ? malloc((n + 1) * sizeof *values) : NULL;
    if (values && wn_session_output(session, i, values, n, &error) != WN_OK) abort();
    free(values);
  }
  wn_session_free(session);
}

/* ---- what is made of it ---- */

static const char *model_path(void) {
  return folder_path("models/model.onnx");
}

static const char *made_path(void) {
  return folder_path("models/made.onnx");
}

static void must_open(void) {
  WnModel *model = NULL;
  WnError error = {0};
  if (wn_model_open(made_path(), NULL, &model, &error) != WN_OK) {
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
  static float input[MAX_ELEMENTS];
  WnQuantizerOptions options = {.threads = 1, .ranges = WN_RANGES_PERCENTILE};
  if (decide(16) == 0) options.ranges = WN_RANGES_MSE; /* takes its time */
  WnQuantizer *quantizer = NULL;
  WnModel *model = NULL;
  WnError error = {0};
  size_t n = 0;
  if (wn_model_open(model_path(), NULL, &model, &error) == WN_OK)
    n = wn_model_info(model)->inputs[0].n_elements;
  wn_model_unref(model);
  WnStatus status = wn_quantizer_new(model_path(), &options, &quantizer, &error);
  for (int i = 0; i < 2 && status == WN_OK; i++) {
    for (size_t k = 0; k < MAX_ELEMENTS && k < n; k++) input[k] = (float)decide(9) / 3 - 1;
    status = wn_quantizer_add(quantizer, input, n, &error);
  }
  if (status == WN_OK) status = wn_quantizer_write(quantizer, made_path(), &error);
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
  WnStatus status = wn_tuner_new(model_path(), &options, &tuner, &error);
  for (int i = 0; i < 8 && status == WN_OK; i++) {
    WnFrame frame = make_frame();
    uint32_t kind = decide(6);
    int32_t class_index = (int32_t)decide((uint32_t)wn_tuner_model(tuner)->n_classes);
    status = kind == 0   ? wn_tuner_add_nothing(tuner, &frame, NULL, &error)
             : kind == 1 ? wn_tuner_add_unlabelled(tuner, &frame, NULL, &error)
                         : wn_tuner_add(tuner, &frame, NULL, class_index, &error);
  }
  if (status == WN_OK) status = wn_tuner_search(tuner, &request, &tuning, &error);
  if (status == WN_OK) status = wn_tuner_write(tuner, made_path(), &error);
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
  judge(wn_adopt(model_path(), &options, made_path(), &error), &error);
}

static void join(void) {
  char path[PATH_MAX];
  WnJoinOptions options = {.groups = decide(3) ? NULL : "animal: a; rest: b, c"};
  WnError error = {0};
  snprintf(path, sizeof path, "%s", model_path());
  judge(wn_join((const char *const[]){path, path}, 2, &options, made_path(), &error), &error);
}

/* ---- the target ---- */

static bool is_small(const WnModelInfo *info) {
  uint64_t bytes = 0;
  for (int32_t i = 0; i < info->n_layers; i++) bytes += info->layers[i].bytes;
  return info->macs_full <= MAX_MACS && bytes <= MAX_BYTES && info->n_classes <= MAX_CLASSES &&
         info->inputs[0].n_elements <= MAX_ELEMENTS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const makers[])(void) = {quantize, tune, tune, adopt, adopt, join, join, NULL};
  WnModel *model = NULL;
  WnError error = {0};
  make_folder();
  if (size > FOLDER_MAX_FILE) return 0;
  decide_by(data, size);
  put_file("models/model.onnx", data, size);
  WnModelOptions options = {.any_graph = decide(8) == 0};
  if (decide(4) == 0) options.precision = (WnPrecision)decide(WN_PRECISION_COUNT);
  n_inputs++;
  if (wn_model_open(model_path(), &options, &model, &error) != WN_OK) {
    must_say(&error);
    return 0;
  }
  bool small = is_small(wn_model_info(model)), classifier = !options.any_graph;
  n_classifiers += classifier;
  if (small && classifier) classify(model);
  if (small) run(model);
  wn_model_unref(model);
  void (*make)(void) = DECIDE(makers);
  if (small && classifier && make) make();
  return 0;
}

#ifdef FUZZER

static void tell(void) {
  fprintf(stderr, "%lu inputs, %lu opened as a classifier\n", n_inputs, n_classifiers);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed) {
  static bool told;
  if (!told) told = atexit(tell) == 0;
  size_t changed = seed % 8 ? mutate_model(data, size, most, seed) : 0;
  return changed ? changed : LLVMFuzzerMutate(data, size, most);
}

#else

enum { MAX_SEEDS = 64 };

int main(int argc, char **argv) {
  static Seed seeds[MAX_SEEDS];
  static uint8_t input[FOLDER_MAX_FILE];
  unsigned long inputs = argc > 2 ? strtoul(argv[2], NULL, 10) : 1500;
  uint32_t seed = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1;
  if (argc < 2) return 2;
  uint32_t n_seeds = read_seeds(argv[1], seeds, MAX_SEEDS);
  for (uint32_t i = 0; i < inputs; i++) {
    const Seed *from = &seeds[i % n_seeds];
    size_t size = from->size;
    memcpy(input, from->bytes, size);
    if (i >= n_seeds) size = mutate_model(input, size, sizeof input, seed * 1000003 + i);
    LLVMFuzzerTestOneInput(input, size);
  }
  printf("%lu inputs of %u models, %lu opened as a classifier\n", inputs, n_seeds, n_classifiers);
  return n_classifiers < inputs / 4;
}

#endif
