/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The wire format of protobuf (protobuf.dev/programming-guides/encoding), field by field: for what
 * has to be known of a file before it is parsed.
 */
#ifndef WNI_LOAD_WIRE_H
#define WNI_LOAD_WIRE_H

#include <stdbool.h>
#include <stdint.h>

enum { WNI_WIRE_VARINT, WNI_WIRE_64_BITS, WNI_WIRE_BYTES, WNI_WIRE_32_BITS = 5 };

typedef struct WniField {
  uint64_t number;
  int wire;
  const uint8_t *begin, *payload, *end;
} WniField;

/* The field at *at, which moves behind it; false: there is no whole one. */
bool wni_wire_read(const uint8_t **at, const uint8_t *end, WniField *field);

#endif
