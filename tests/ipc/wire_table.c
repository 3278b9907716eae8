/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Prints where a result's fields lie on the wire, "OFFSET TYPE NAME" a line, and the sizes that
 * readers need: what test_protocol.py holds protocol.md and reader.py to.
 */
#include <stdio.h>

#include "ipc/wire.h"

#define WIRE_TEXT "text"
#define WIRE_LABEL "text"
#define WIRE_INT "i64"
#define WIRE_REASON "i64"
#define WIRE_COUNT "u64"
#define WIRE_DURATION "i64"
#define WIRE_STAMP "i64"
#define WIRE_UTC "i64"
#define WIRE_REAL "f64"
#define WIRE_CLASSES "%d x i32", WNI_WIRE_SURVIVORS
#define WIRE_LABELS "%d x text32", WNI_WIRE_SURVIVORS
#define WIRE_SCORES "%d x f64", WNI_WIRE_SURVIVORS
#define WIRE_STAGES "%d x i32", WNI_WIRE_STAGES

#define AT(member) printf("%zu ", offsetof(WniWireResult, member))
#define ROW(member, name, ...) (AT(member), printf(__VA_ARGS__), printf(" " name "\n"))

int main(void) {
#define WN_FIELD(kind, member, name) ROW(member, name, WIRE_##kind);
  WN_RESULT_FIELDS(WN_FIELD)
#undef WN_FIELD
  ROW(region.x, "x", "i32");
  ROW(region.y, "y", "i32");
  ROW(region.width, "w", "i32");
  ROW(region.height, "h", "i32");
  ROW(region_name, "region", "text");
  ROW(has_region, "has-region", "u32");
  ROW(n_survivors, "n-survivors", "i32");
  ROW(n_stages_evaluated, "n-stages", "i32");
  ROW(text_bytes, "text-bytes", "u32");
  ROW(text, "texts", "%d bytes", WNI_WIRE_TEXT);
  printf("%zu bytes result\n", sizeof(WniWireResult));
  printf("%zu offset result\n", offsetof(WniWireSlot, result));
  printf("%zu bytes slot\n", sizeof(WniWireSlot));
  return 0;
}
