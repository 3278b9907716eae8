/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A frame's description and a result, to and from their form in memory. What comes from there is
 * copied before it is looked at, and every number is checked before it is used.
 */
#ifndef WNI_IPC_RECORD_H
#define WNI_IPC_RECORD_H

#include <stdbool.h>
#include <winnow/winnow.h>

#include "ipc/wire.h"

/* Whether the difference and the sum of two such numbers are numbers of 64 bits: nanoseconds of 146
 * years, before or after whatever they count from. */
static inline bool wni_record_is_time(int64_t ns) {
  return ns >= -(INT64_MAX / 2) && ns <= INT64_MAX / 2;
}

/* How the pixels of a frame lie in a slot. Errors: ARGUMENT (no frame, or more than
 * WNI_WIRE_FRAME_MAX bytes). */
WnStatus wni_record_lay_out(const WnFrame *frame, WniWireFrame *out, WnError *error);

void wni_record_copy_pixels(const WnFrame *frame, uint8_t *pixels);

/* Keeps the best survivors that there is room for. */
void wni_record_put(const WnResult *result, WniWireResult *out);

/* Copies a record that may be changing, only as much of it as is used. */
void wni_record_copy(const WniWireResult *from, WniWireResult *to);

/* `out` points into `pixels`, of which there are `capacity` bytes. Errors: DATA. */
WnStatus wni_record_get_frame(const WniWireFrame *wire, uint64_t capacity, const uint8_t *pixels,
                              WnFrame *out, WnError *error);

/* NULL, or what of a record that does not change makes no sense. */
const char *wni_record_find_fault(const WniWireResult *wire);

/* `out` points into `wire` and `labels` [WNI_WIRE_SURVIVORS], which it fills. Errors: DATA. */
WnStatus wni_record_get(const WniWireResult *wire, const char **labels, WnResult *out,
                        WnError *error);

#endif
