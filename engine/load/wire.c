/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See wire.h.
 */
#include "load/wire.h"

#include <stddef.h>

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
  *value = 0;
  for (int shift = 0; shift < 64 && *at < end; shift += 7) {
    uint8_t byte = *(*at)++;
    *value |= (uint64_t)(byte & 0x7F) << shift;
    if (!(byte & 0x80)) return true;
  }
  return false;
}

bool wni_wire_read(const uint8_t **at, const uint8_t *end, WniField *field) {
  uint64_t tag, length;
  field->begin = *at;
  if (!read_varint(at, end, &tag)) return false;
  field->number = tag >> 3;
  field->wire = (int)(tag & 7);
  field->payload = *at;
  switch (field->wire) {
  case WNI_WIRE_VARINT:
    if (!read_varint(at, end, &length)) return false;
    field->end = *at;
    return true;
  case WNI_WIRE_BYTES:
    if (!read_varint(at, end, &length)) return false;
    field->payload = *at;
    break;
  case WNI_WIRE_64_BITS:
    length = 8;
    break;
  case WNI_WIRE_32_BITS:
    length = 4;
    break;
  default:
    return false;
  }
  if (length > (size_t)(end - *at)) return false;
  *at = field->end = field->payload + length;
  return true;
}
