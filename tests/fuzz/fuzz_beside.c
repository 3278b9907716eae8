/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files beside a model that nobody meant, and files of labels that users give: the first byte of an
 * input says which of them the rest is.  The model opens with what of it counts, or what was given
 * is refused in one sentence; labels are lines.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_beside [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include <winnow/winnow.h>

#include <stdbool.h>

#include "folder.h"

enum { N_FILES = 5 };

/* The last is given, not found. */
static const char *const names[N_FILES] = {"models/config.json", "models/preprocessor_config.json",
                                           "models/labels.txt", "models/model.onnx.modelinfo",
                                           "secret"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long n_tried, n_labelled;

static void put_model(void) {
  static uint8_t bytes[FOLDER_MAX_FILE];
  FILE *file = fopen(FUZZ_CLASSIFIERS "/foreign.onnx", "rb");
  if (!file) abort();
  size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  make_folder();
  put_file("models/model.onnx", bytes, size);
}

static void check_line(const char *text) {
  if (strchr(text, '\n')) abort();
}

static void check_model(const WnModel *model, const char *given) {
  const WnModelInfo *info = wn_model_info(model);
  for (int32_t c = 0; c < info->n_classes; c++) check_line(info->labels[c]);
  if (info->warning) check_line(info->warning);
  if (given && !info->has_labels) abort();
  n_labelled += given || (info->labels_source && (strstr(info->labels_source, "config.json") ||
                                                  strstr(info->labels_source, "labels.txt")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool ready;
  WnModel *model = NULL;
  WnError error = {0};
  if (!ready) put_model();
  ready = true;
  if (size == 0) return 0;
  const char *name = names[data[0] % N_FILES], *given = NULL;
  put_file(name, data + 1, size - 1);
  if (data[0] % N_FILES == N_FILES - 1) given = folder_path(name);
  const WnModelOptions options = {.labels_file = given};
  n_tried++;
  if (wn_model_open(model_path(), &options, &model, &error) == WN_OK)
    check_model(model, given);
  else if (!*error.message || strchr(error.message, '\n'))
    abort();
  wn_model_unref(model);
  if (!given) remove(folder_path(name));
  return 0;
}

#ifndef FUZZER

#include "draw.h"

/* Texts that are right, with a byte or two changed. */
static size_t make(char *to, size_t room) {
  static const char *const whole[N_FILES] = {
      ("{\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\",\"3\":\"d\"},\"image_size\":8,"
       "\"label_names\":[\"a\",\"b\",\"c\",\"d\"],\"label_descriptions\":{\"a\":\"ant\"},"
       "\"pretrained_cfg\":{\"mean\":[0.5],\"std\":[0.2,0.3,0.4],\"crop_mode\":\"squash\"}}"),
      ("{\"do_normalize\":true,\"resample\":3,\"size\":{\"shortest_edge\":8},\"crop_pct\":0.875,"
       "\"image_mean\":[0.5,0.5,0.5],\"image_std\":[0.2,0.2,0.2]}"),
      "0 cat\n1 dog\n2 bird\n3 deer\n",
      "[modelinfo]\nversion=1.0\n[x]\ndir=input\nranges=-1.0,1.0;0,255;0,1\n",
      "cat\ndog\nbird\ndeer\n"};
  uint32_t kind = draw(N_FILES);
  size_t length = 1 + (size_t)snprintf(to + 1, room - 1, "%s", whole[kind]);
  to[0] = (char)kind;
  change_bytes((uint8_t *)to + 1, length - 1, 3);
  return draw(8) ? length : 1 + draw((uint32_t)length);
}

int main(int argc, char **argv) {
  char *few[] = {"", "5000", "1"};
  int status = argc > 1 ? draw_inputs(argc, argv, make, LLVMFuzzerTestOneInput)
                        : draw_inputs(3, few, make, LLVMFuzzerTestOneInput);
  printf("%lu with labels of the file\n", n_labelled);
  return status || n_labelled < n_tried / 20;
}

#endif
