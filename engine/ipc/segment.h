/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The shared memory: made by a publisher, sealed, and mapped read-only by readers, who believe
 * nothing that is written in it.
 */
#ifndef WNI_IPC_SEGMENT_H
#define WNI_IPC_SEGMENT_H

#include <winnow/winnow.h>

#include "ipc/wire.h"

/* Zero: none. The sizes are copies: those in the memory may change under a reader. */
typedef struct WniSegment {
  int fd; /* of a publisher; a reader closes it */
  uint8_t *base;
  size_t bytes;
  uint64_t n_slots, first_slot, slot_bytes, pixels, description;
} WniSegment;

/* Memory whose slots hold `pixel_bytes` each. Errors: IO, MEMORY. */
WnStatus wni_segment_create(size_t pixel_bytes, WniSegment *out, WnError *error);

/* Maps what a publisher sent and says has `bytes`; closes `fd` in any case. Errors: DATA (whatever
 * is wrong with it), MEMORY. */
WnStatus wni_segment_adopt(int fd, uint64_t bytes, WniSegment *out, WnError *error);

void wni_segment_clear(WniSegment *segment);

static inline WniWireHeader *wni_segment_header(const WniSegment *segment) {
  return (WniWireHeader *)(void *)segment->base;
}

static inline WniWireDescription *wni_segment_description(const WniSegment *segment) {
  return (WniWireDescription *)(void *)(segment->base + segment->description);
}

/* The slot of frame `number`. */
static inline WniWireSlot *wni_segment_slot(const WniSegment *segment, uint64_t number) {
  return (WniWireSlot *)(void *)(segment->base + segment->first_slot +
                                 number % segment->n_slots * segment->slot_bytes);
}

static inline uint8_t *wni_segment_pixels(const WniSegment *segment, WniWireSlot *slot) {
  return (uint8_t *)slot + segment->pixels;
}

/* Bytes of pixels that a slot holds. */
static inline uint64_t wni_segment_capacity(const WniSegment *segment) {
  return segment->base ? segment->slot_bytes - segment->pixels : 0;
}

#endif
