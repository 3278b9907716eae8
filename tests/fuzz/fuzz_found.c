/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What lies beside a model, or in its other keys, as nobody meant it: the first byte of an input
 * says which of them the rest is.  Whatever it says may be left out; what is taken is something
 * that a model can mean, labels are lines of UTF-8, and what is told is one line.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_found [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "load/found.h"

enum { N_KINDS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_input(const WniInputMeaning *input) {
  for (int c = 0; c < input->n_std; c++)
    if (input->source[WNI_STD] && !(input->std[c] > 0 && isfinite(input->std[c]))) abort();
  for (int c = 0; c < input->n_mean; c++)
    if (input->source[WNI_MEAN] && !isfinite(input->mean[c])) abort();
  if (!(input->crop >= 0 && input->crop <= 1)) abort();
  if (input->width < 0 || input->width > WN_FRAME_MAX_SIDE || input->height < 0 ||
      input->height > WN_FRAME_MAX_SIDE)
    abort();
  for (int a = 0; a < WNI_N_ASPECTS; a++) {
    char text[WNI_ASPECT_BYTES];
    WniInputMeaning again = {0};
    if (wni_meaning_print(input, (WniAspect)a, text) &&
        wni_meaning_set(&again, (WniAspect)a, text, "", "", NULL) != WN_OK)
      abort();
  }
}

static void check_line(const char *text) {
  for (size_t n; *text; text += n)
    if ((unsigned char)*text < ' ' || !(n = wni_utf8_length((const unsigned char *)text))) abort();
}

static void read_json(const char *text, size_t size, WniFound *found,
                      void (*read)(const json_t *, WniFound *)) {
  json_t *json = json_loadb(text, size, 0, NULL);
  if (json) read(json, found);
  json_decref(json);
}

/* A file that is nothing but one key. */
static void read_key(const char *key, char *text, WniFound *found) {
  Onnx__StringStringEntryProto entries[2] = {
      {.key = (char *)(uintptr_t)key, .value = text},
      {.key = (char *)(uintptr_t) "author", .value = (char *)(uintptr_t) "Ultralytics"}};
  Onnx__StringStringEntryProto *list[] = {&entries[0], &entries[1]};
  Onnx__ModelProto proto = {.metadata_props = list, .n_metadata_props = 2};
  WniOnnx onnx = {.proto = &proto};
  wni_found_image_keys(&onnx, found);
  wni_found_ultralytics(&onnx, found);
}

static void read_kind(int kind, char *text, size_t size, WniFound *found) {
  static const char *const keys[] = {"names", "imgsz", "Image.NominalPixelRange",
                                     "Image.BitmapPixelFormat"};
  switch (kind) {
  case 0:
    wni_found_modelinfo(text, found);
    break;
  case 1:
    wni_found_labels_file(text, found);
    break;
  case 2:
    read_json(text, size, found, wni_found_preprocessor);
    break;
  case 3:
    read_json(text, size, found, wni_found_config);
    break;
  default:
    read_key(keys[kind - 4], text, found);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  WniFound found = {0};
  if (size == 0) return 0;
  char *text = strndup((const char *)data + 1, size - 1);
  read_kind(data[0] % N_KINDS, text, strlen(text), &found);
  check_input(&found.input);
  check_line(found.problem);
  for (int i = 0; i < found.n_labels; i++) check_line(found.labels[i]);
  if (!found.labels_source != (found.n_labels == 0)) abort();
  wni_found_clear(&found);
  free(text);
  return 0;
}

#ifndef FUZZER

#include "draw.h"

/* Pieces of all of them, in no order, and texts that are right with a byte or two changed. */
static size_t make(char *to, size_t room) {
  static const char *const pieces[] = {"{",
                                       "}",
                                       "[",
                                       "]",
                                       ":",
                                       ",",
                                       ";",
                                       "\n",
                                       "=",
                                       " ",
                                       "'",
                                       "\"",
                                       "\\",
                                       "\\x41",
                                       "\\u12",
                                       "0",
                                       "1",
                                       "-1",
                                       "255",
                                       "1e999",
                                       "0.5",
                                       "true",
                                       "null",
                                       "\xC3\xBC",
                                       "\xff",
                                       "\x1b",
                                       "dir=input",
                                       "ranges=0,1",
                                       "\"size\":",
                                       "\"image_mean\":",
                                       "\"id2label\":",
                                       "\"pretrained_cfg\":",
                                       "0 cat"};
  static const char *const whole[] = {
      "[modelinfo]\nversion=1.0\n[x]\ndir=input\nranges=-1.0,1.0;0,255;0,1\n",
      "0 cat\n1 dog\n2 bird\n",
      ("{\"image_processor_type\":\"ConvNextImageProcessor\",\"do_normalize\":true,\"resample\":3,"
       "\"size\":"
       "{\"shortest_edge\":224},\"crop_pct\":0.875,\"image_mean\":[0.5,0.5,0.5],\"image_std\":"
       "[0.2,0.2,0.2],\"do_center_crop\":true,\"crop_size\":{\"height\":200,\"width\":100}}"),
      ("{\"id2label\":{\"0\":\"a\",\"1\":\"b\"},\"image_size\":[3,4],\"pretrained_cfg\":{\"mean\":"
       "[0.1],\"std\":[0.2,0.3,0.4],\"crop_pct\":0.9,\"interpolation\":\"lanczos\",\"input_size\":["
       "3,224,192]}}"),
      "{0: 'cat', 1: \"dog's\", 2: 'caf\\xe9'}",
      "[640, 480]",
      "Normalized_1_1",
      "Bgr8"};
  uint32_t kind = draw(N_KINDS);
  size_t length = 1;
  to[0] = (char)kind;
  if (draw(2)) {
    length += (size_t)snprintf(to + 1, room - 1, "%s", whole[kind]);
    for (uint32_t changes = draw(4); changes > 0; changes--)
      to[1 + draw((uint32_t)length - 1)] = (char)draw(256);
  } else {
    for (uint32_t n = draw(40); n > 0; n--)
      length += (size_t)snprintf(to + length, room - length, "%s",
                                 pieces[draw(sizeof pieces / sizeof *pieces)]);
  }
  return length;
}

int main(int argc, char **argv) {
  return draw_inputs(argc, argv, make, LLVMFuzzerTestOneInput);
}

#endif
