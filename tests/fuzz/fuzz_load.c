/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Model files that nobody meant: opened, planned, and run once if the network is small.  They may
 * be refused, in one sentence.  Beside the file lies one of weights, `d`, to which it may point,
 * and in the folder above another, which it must not reach.  AddressSanitizer sees reads beyond
 * what was given.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_load FOLDER [INPUTS
 * [SEED]] changes the models of the folder itself.
 */
#include <winnow/winnow.h>

#include "folder.h"

enum { MAX_MACS = 1 << 24, MAX_ELEMENTS = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_once(WnModel *model) {
  const WnModelInfo *info = wn_model_info(model);
  WnSession *session = NULL;
  WnError error = {0};
  if (info->macs_full > MAX_MACS || wn_session_new(model, NULL, &session, &error) != WN_OK) return;
  for (int32_t i = 0; i < info->n_inputs; i++) {
    size_t n = info->inputs[i].n_elements;
    float *values = n <= MAX_ELEMENTS ? calloc(n + 1, sizeof *values) : NULL;
    for (size_t k = 0; values && k < n; k++) values[k] = (float)(k % 7) / 7 - 0.4f;
    if (values) wn_session_set_input(session, i, values, n, &error);
    free(values);
  }
  wn_session_run(session, true, NULL);
  wn_session_free(session);
}

static bool opened; /* the last input was a model */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  WnModel *model = NULL;
  WnError error = {0};
  make_folder();
  if (size > FOLDER_MAX_FILE) return 0;
  put_file("models/model.onnx", data, size);
  const WnModelOptions options = {.precision = WN_PRECISION_AUTO, .any_graph = true};
  opened = wn_model_open(folder_path("models/model.onnx"), &options, &model, &error) == WN_OK;
  if (opened)
    run_once(model);
  else if (!*error.message || strchr(error.message, '\n'))
    abort();
  wn_model_unref(model);
  return 0;
}

#ifndef FUZZER

enum { MAX_SEEDS = 64 };

static Seed seeds[MAX_SEEDS];
static uint32_t n_seeds;
#include "draw.h"

/* A file with bytes changed, now and then cut; often as it was. */
static size_t damage(uint8_t *out) {
  uint32_t seed = draw(n_seeds);
  size_t size = seeds[seed].size;
  if (draw(16) == 0) size = draw((uint32_t)size + 1);
  memcpy(out, seeds[seed].bytes, size);
  change_bytes(out, size, 5);
  return size;
}

int main(int argc, char **argv) {
  static uint8_t input[FOLDER_MAX_FILE];
  unsigned long inputs = argc > 2 ? strtoul(argv[2], NULL, 10) : 3000, n_opened = 0;
  state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
  if (argc < 2) return 2;
  n_seeds = read_seeds(argv[1], seeds, MAX_SEEDS);
  for (unsigned long i = 0; i < inputs; i++) {
    try_input(LLVMFuzzerTestOneInput, input, damage(input));
    n_opened += opened;
  }
  printf("%lu inputs of %u models, %lu opened\n", inputs, n_seeds, n_opened);
  return n_opened < inputs / 50;
}

#endif
