/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Weights that stay where the file was read.  protobuf-c copies every byte it parses; nearly all of
 * an ONNX file are the raw bytes of its initialisers.  So the file is parsed without them,
 * and the initialisers then point into it.
 */
#ifndef WNI_LOAD_BORROW_H
#define WNI_LOAD_BORROW_H

#include "load/onnx.pb-c.h"

#include <stdbool.h>

/* An ONNX file without the long raw_data of its initialisers. */
typedef struct WniLightModel {
  uint8_t *data; /* the message that is left */
  size_t size, capacity;
  ProtobufCBinaryData *raw; /* [n_raw] one for each initialiser; data NULL: not left out */
  size_t n_raw, raw_capacity;
} WniLightModel;

/* False: no memory, or the file is not the usual kind; it has to be parsed whole. */
bool wni_light_make(const uint8_t *data, size_t size, WniLightModel *out);
void wni_light_clear(WniLightModel *light);

/* Gives the initialisers of the parsed light model their raw_data: pointers into the file, whose
 * bytes are moved down by up to 3 so that floats are aligned.  False: they do not match. */
bool wni_light_lend(const WniLightModel *light, Onnx__ModelProto *proto);

/* Takes back what points into file[0..size), before protobuf-c frees the rest. */
void wni_light_take_back(const uint8_t *file, size_t size, Onnx__ModelProto *proto);

#endif
