/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Networks that nobody meant, used for all that they can be used for: opened, asked by every policy
 * with frames of every format, run, and then quantized, tuned, adopted or joined.  What an input is
 * used for follows from its bytes.  What is written must open again.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, whose inputs are changed as networks (mutate.h). Else:
 * fuzz_network FOLDER [INPUTS [SEED]] changes the models of the folder so itself.
 */
#include "mutated.h"
#include "use_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  WnModel *model = NULL;
  WnError error = {0};
  make_folder();
  if (size > FOLDER_MAX_FILE) return 0;
  decide_by(data, size);
  put_file("models/model.onnx", data, size);
  WnModelOptions options = {.any_graph = decide(8) == 0};
  if (decide(4) == 0) options.precision = (WnPrecision)decide(WN_PRECISION_COUNT);
  n_networks++;
  if (wn_model_open(model_path(), &options, &model, &error) != WN_OK) {
    must_say(&error);
    return 0;
  }
  bool small = is_small(wn_model_info(model)), classifier = !options.any_graph;
  n_used += classifier;
  if (small && classifier) use_classify(model);
  if (small) use_run(model);
  wn_model_unref(model);
  if (small && classifier) use_make(model_path(), made_path());
  return 0;
}

#ifndef FUZZER

int main(int argc, char **argv) {
  return draw_networks(argc, argv, 1500, 4);
}

#endif
