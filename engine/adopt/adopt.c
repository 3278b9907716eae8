/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See winnow/adopt.h.  The file's bytes are copied field by field, so that whatever an exporter put
 * there stays: entries of metadata_props that are written anew are left out, and the new ones
 * follow at the end, where protobuf allows them.
 */
#include <winnow/adopt.h>

#include "base/error.h"
#include "base/file.h"
#include "load/wire.h"
#include "session/model.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METADATA_PROPS = 14, KEY = 1, VALUE = 2, MAX_KEYS = WNI_N_ASPECTS + 4 };

typedef struct Adoption {
  const char *keys[MAX_KEYS];
  char *values[MAX_KEYS]; /* owned */
  int n_keys;
  uint8_t *file;
  size_t file_bytes;
} Adoption;

static bool add(Adoption *adoption, const char *key, const char *value) {
  int n = adoption->n_keys++;
  adoption->keys[n] = key;
  adoption->values[n] = strdup(value);
  return adoption->values[n] != NULL;
}

/* One a line. */
static char *join_labels(const WniMetadata *metadata) {
  char *text = NULL;
  size_t size;
  FILE *to = open_memstream(&text, &size);
  for (int c = 0; to && c < metadata->n_classes; c++)
    fprintf(to, "%s%s", c ? "\n" : "", metadata->labels[c]);
  if (to && fclose(to) == 0) return text;
  free(text);
  return NULL;
}

static WnStatus list_keys(Adoption *adoption, const WniMetadata *metadata, WnError *error) {
#define ROW(aspect, name) "winnow.input." name,
  static const char *const input_keys[WNI_N_ASPECTS] = {WNI_ASPECTS(ROW)};
#undef ROW
  bool enough = add(adoption, "winnow.version", "1");
  for (int a = 0; a < WNI_N_ASPECTS && enough; a++) {
    char value[WNI_ASPECT_BYTES];
    if (wni_meaning_print(&metadata->inputs[0], (WniAspect)a, value))
      enough = add(adoption, input_keys[a], value);
  }
  if (enough && metadata->scores_source)
    enough = add(adoption, "winnow.scores", wn_scores_name(metadata->scores));
  if (enough && metadata->output) enough = add(adoption, "winnow.output", metadata->output);
  if (enough && metadata->has_labels) {
    char *labels = join_labels(metadata);
    enough = labels && add(adoption, "winnow.labels", labels);
    free(labels);
  }
  return enough ? WN_OK : wni_fail_memory(error, "the metadata");
}

/* ---- the file ---- */

static bool is_written_anew(const Adoption *adoption, const WniField *entry) {
  WniField field;
  if (entry->number != METADATA_PROPS || entry->wire != WNI_WIRE_BYTES) return false;
  for (const uint8_t *at = entry->payload; wni_wire_read(&at, entry->end, &field);) {
    size_t length = (size_t)(field.end - field.payload);
    if (field.number != KEY || field.wire != WNI_WIRE_BYTES) continue;
    for (int i = 0; i < adoption->n_keys; i++)
      if (strlen(adoption->keys[i]) == length &&
          memcmp(adoption->keys[i], field.payload, length) == 0)
        return true;
  }
  return false;
}

static int varint_bytes(uint64_t value) {
  int n = 1;
  while (value >>= 7) n++;
  return n;
}

static void put_varint(FILE *to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) putc((int)(value & 0x7F) | 0x80, to);
  putc((int)value, to);
}

static void put_text(FILE *to, int number, const char *text) {
  put_varint(to, (uint64_t)number << 3 | WNI_WIRE_BYTES);
  put_varint(to, strlen(text));
  fputs(text, to);
}

static uint64_t text_bytes(const char *text) {
  return 1 + (uint64_t)varint_bytes(strlen(text)) + strlen(text);
}

static void write_file(FILE *to, const void *data) {
  const Adoption *adoption = data;
  const uint8_t *at = adoption->file, *end = at + adoption->file_bytes;
  WniField field;
  while (wni_wire_read(&at, end, &field))
    if (!is_written_anew(adoption, &field))
      fwrite(field.begin, 1, (size_t)(field.end - field.begin), to);
  for (int i = 0; i < adoption->n_keys; i++) {
    put_varint(to, METADATA_PROPS << 3 | WNI_WIRE_BYTES);
    put_varint(to, text_bytes(adoption->keys[i]) + text_bytes(adoption->values[i]));
    put_text(to, KEY, adoption->keys[i]);
    put_text(to, VALUE, adoption->values[i]);
  }
}

/* ---- what cannot be adopted ---- */

static bool is_same_folder(const char *a, const char *b) {
  const char *paths[2] = {a, b};
  char *folder[2];
  for (int i = 0; i < 2; i++) {
    const char *slash = strrchr(paths[i], '/');
    char *name = slash ? strndup(paths[i], (size_t)(slash - paths[i]) + 1) : strdup(".");
    folder[i] = name ? realpath(name, NULL) : NULL;
    free(name);
  }
  bool same = folder[0] && folder[1] && strcmp(folder[0], folder[1]) == 0;
  free(folder[0]);
  free(folder[1]);
  return same;
}

static bool has_external_data(const WniOnnx *onnx) {
  const Onnx__GraphProto *graph = onnx->proto->graph;
  for (size_t i = 0; i < graph->n_initializer; i++)
    if (graph->initializer[i]->n_external_data) return true;
  return false;
}

static WnStatus check(const char *path, const WnModel *model, const char *out_path,
                      WnError *error) {
  const WniMetadata *metadata = &model->metadata;
  WniOnnx onnx;
  if (metadata->cascade)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "'%.200s' is a cascade, which says what its inputs mean already", path);
  if (!metadata->own && !metadata->inputs[0].source[WNI_MEAN] &&
      !metadata->inputs[0].source[WNI_STD])
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "'%.150s': nobody says what its pixels mean; say it: --preset torchvision, "
                    "timm, keras, tensorflow, caffe or none, or --range, --mean and --std",
                    path);
  if (is_same_folder(path, out_path)) return WN_OK;
  WnStatus status = wni_onnx_load(path, &onnx, error);
  if (status == WN_OK && has_external_data(&onnx))
    status = wni_fail(error, WN_ERROR_ARGUMENT,
                      "'%.150s' has its weights in another file beside it, which stays there; "
                      "write the adopted model into the same folder",
                      path);
  if (status == WN_OK) wni_onnx_clear(&onnx);
  return status;
}

WnStatus wn_adopt(const char *path, const WnModelOptions *options, const char *out_path,
                  WnError *error) {
  Adoption adoption = {0};
  WnModel *model = NULL;
  WnStatus status = wn_model_open(path, options, &model, error);
  if (status != WN_OK) return status;
  status = check(path, model, out_path, error);
  if (status == WN_OK) status = list_keys(&adoption, &model->metadata, error);
  if (status == WN_OK)
    status = wni_file_read(path, INT_MAX, &adoption.file, &adoption.file_bytes, error);
  if (status == WN_OK) status = wni_file_write(out_path, write_file, &adoption, error);
  for (int i = 0; i < adoption.n_keys; i++) free(adoption.values[i]);
  free(adoption.file);
  wn_model_unref(model);
  return status;
}
