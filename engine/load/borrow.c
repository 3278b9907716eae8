/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See borrow.h.  Walks the wire format (protobuf.dev/programming-guides/encoding):
 * fields of tag, length and bytes; ModelProto.graph, GraphProto.initializer and
 * TensorProto.raw_data are looked into, everything else is copied as it is.
 */
#include "load/borrow.h"

#include "base/memory.h"
#include "load/wire.h"

#include <stdlib.h>
#include <string.h>

enum { GRAPH = 7, INITIALIZER = 5, RAW_DATA = 9 }; /* field numbers */
enum { MIN_RAW = 1024 };                           /* shorter ones are copied */
enum { LENGTH_BYTES = 5 }; /* how many a length takes that is filled in later */

static bool append(WniLightModel *light, const uint8_t *from, size_t count) {
  if (light->capacity - light->size < count) {
    size_t capacity = (light->size + count) * 2;
    uint8_t *grown = realloc(light->data, capacity);
    if (!grown) return false;
    light->data = grown;
    light->capacity = capacity;
  }
  if (count) memcpy(light->data + light->size, from, count);
  light->size += count;
  return true;
}

/* Begins a field of bytes whose length is not known yet; *length is where it will be. */
static bool open_message(WniLightModel *light, const WniField *field, size_t *length) {
  static const uint8_t zeros[LENGTH_BYTES];
  const uint8_t tag = (uint8_t)(field->number << 3 | WNI_WIRE_BYTES);
  if (!append(light, &tag, 1)) return false;
  *length = light->size;
  return append(light, zeros, LENGTH_BYTES);
}

/* A length may have leading zeros. */
static void close_message(WniLightModel *light, size_t length) {
  size_t count = light->size - length - LENGTH_BYTES;
  for (int i = 0; i < LENGTH_BYTES; i++, count >>= 7)
    light->data[length + (size_t)i] = (uint8_t)((count & 0x7F) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
}

static bool copy_tensor(WniLightModel *light, const WniField *tensor) {
  size_t length;
  if (!wni_grow((void **)&light->raw, light->n_raw, &light->raw_capacity, sizeof *light->raw) ||
      !open_message(light, tensor, &length))
    return false;
  ProtobufCBinaryData *raw = &light->raw[light->n_raw++];
  bool seen = false;
  *raw = (ProtobufCBinaryData){0};
  for (const uint8_t *at = tensor->payload; at < tensor->end;) {
    WniField field;
    if (!wni_wire_read(&at, tensor->end, &field)) return false;
    if (field.number == RAW_DATA) {
      if (seen || field.wire != WNI_WIRE_BYTES) return false;
      seen = true;
      if (field.end - field.payload >= MIN_RAW) {
        raw->data = (uint8_t *)(uintptr_t)field.payload;
        raw->len = (size_t)(field.end - field.payload);
        continue;
      }
    }
    if (!append(light, field.begin, (size_t)(field.end - field.begin))) return false;
  }
  close_message(light, length);
  return true;
}

static bool copy_graph(WniLightModel *light, const WniField *graph) {
  size_t length;
  if (!open_message(light, graph, &length)) return false;
  for (const uint8_t *at = graph->payload; at < graph->end;) {
    WniField field;
    if (!wni_wire_read(&at, graph->end, &field)) return false;
    bool tensor = field.number == INITIALIZER && field.wire == WNI_WIRE_BYTES;
    if (tensor ? !copy_tensor(light, &field)
               : !append(light, field.begin, (size_t)(field.end - field.begin)))
      return false;
  }
  close_message(light, length);
  return true;
}

bool wni_light_make(const uint8_t *data, size_t size, WniLightModel *out) {
  bool seen = false, good = true;
  *out = (WniLightModel){0};
  for (const uint8_t *at = data, *end = data + size; good && at < end;) {
    WniField field;
    good = wni_wire_read(&at, end, &field);
    if (!good) break;
    if (field.number == GRAPH && field.wire == WNI_WIRE_BYTES) {
      good = !seen && copy_graph(out, &field); /* parts of a second one would be merged */
      seen = true;
    } else {
      good = append(out, field.begin, (size_t)(field.end - field.begin));
    }
  }
  if (good && seen) return true;
  wni_light_clear(out);
  return false;
}

void wni_light_clear(WniLightModel *light) {
  free(light->data);
  free(light->raw);
  *light = (WniLightModel){0};
}

bool wni_light_lend(const WniLightModel *light, Onnx__ModelProto *proto) {
  if (!proto->graph || proto->graph->n_initializer != light->n_raw) return false;
  for (size_t i = 0; i < light->n_raw; i++) {
    Onnx__TensorProto *tensor = proto->graph->initializer[i];
    ProtobufCBinaryData raw = light->raw[i];
    if (!raw.data) continue;
    uint8_t *aligned = raw.data - (uintptr_t)raw.data % _Alignof(float);
    if (aligned != raw.data) memmove(aligned, raw.data, raw.len);
    tensor->has_raw_data = 1;
    tensor->raw_data = (ProtobufCBinaryData){.len = raw.len, .data = aligned};
  }
  return true;
}

void wni_light_take_back(const uint8_t *file, size_t size, Onnx__ModelProto *proto) {
  if (!proto->graph) return;
  for (size_t i = 0; i < proto->graph->n_initializer; i++) {
    Onnx__TensorProto *tensor = proto->graph->initializer[i];
    uintptr_t at = (uintptr_t)tensor->raw_data.data;
    if (at < (uintptr_t)file || at >= (uintptr_t)file + size) continue;
    tensor->has_raw_data = 0;
    tensor->raw_data = (ProtobufCBinaryData){0};
  }
}
