/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See nesting.h.  The parser calls itself for every message in a message; this walks only the
 * messages that lead to graphs, and stops at a depth that any stack has room for.
 */
#include "load/nesting.h"

#include "load/wire.h"

typedef enum Message { MODEL, GRAPH, FUNCTION, NODE, ATTRIBUTE } Message;

typedef struct Edge {
  Message from;
  uint64_t number;
  Message to;
} Edge;

static const Edge edges[] = {
    {MODEL, 7, GRAPH},    {MODEL, 25, FUNCTION}, {GRAPH, 1, NODE},          {FUNCTION, 7, NODE},
    {NODE, 5, ATTRIBUTE}, {ATTRIBUTE, 6, GRAPH}, {FUNCTION, 11, ATTRIBUTE},
};

static bool is_bounded(Message message, const uint8_t *at, const uint8_t *end, int depth) {
  WniField field;
  if (message == GRAPH && ++depth > WNI_MAX_NESTING) return false;
  while (at < end && wni_wire_read(&at, end, &field)) {
    if (field.wire != WNI_WIRE_BYTES) continue;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
      if (edges[i].from == message && edges[i].number == field.number &&
          !is_bounded(edges[i].to, field.payload, field.end, depth))
        return false;
  }
  return true;
}

bool wni_nesting_is_bounded(const uint8_t *data, size_t size) {
  return is_bounded(MODEL, data, data + size, 0);
}
