/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What lies in the shared memory and goes over the socket, byte by byte: protocol.md in C. Both
 * ends run on one machine, so numbers have its byte order. Whoever changes a structure changes
 * WNI_WIRE_VERSION with it.
 */
#ifndef WNI_IPC_WIRE_H
#define WNI_IPC_WIRE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define WNI_WIRE_MAGIC "WINNOW\r\n" /* 8 bytes without the NUL */

enum {
  WNI_WIRE_VERSION = 1,
  WNI_WIRE_PAGE = 4096,
  WNI_WIRE_SLOTS = 4, /* one being written, one newest, two that slow readers are still in */
  WNI_WIRE_SURVIVORS = 1024,
  WNI_WIRE_STAGES = 64,
  WNI_WIRE_TEXT = 32768,        /* bytes of labels in a result */
  WNI_WIRE_FRAME_MAX = 1 << 28, /* bytes of pixels */
  WNI_WIRE_STRIDE = 64          /* rows begin at multiples of this */
};

/* Messages, told apart by their length. The first carries the memory's descriptor. */
typedef enum WniAnswer { WNI_ANSWER_MEMORY, WNI_ANSWER_FULL, WNI_ANSWER_FORBIDDEN } WniAnswer;

typedef struct WniWireHello {
  uint8_t magic[8];
  uint32_t version;
  uint32_t answer;        /* WniAnswer; without a descriptor unless MEMORY */
  uint64_t segment_bytes; /* of the memory */
} WniWireHello;

typedef struct WniWireTick {
  uint64_t number; /* of the frame that is there now */
} WniWireTick;

typedef struct WniWireHeader {
  uint8_t magic[8];
  uint32_t version;
  uint32_t n_slots;
  uint64_t segment_bytes;
  uint64_t first_slot; /* bytes from the beginning of the memory */
  uint64_t slot_bytes; /* from one slot to the next */
  uint64_t pixels;     /* bytes from the beginning of a slot */
  uint8_t reserved[16];
  _Atomic uint64_t latest; /* number of the newest whole frame; 0: none yet */
} WniWireHeader;

typedef struct WniWireFrame {
  uint32_t format; /* WnPixelFormat */
  int32_t width, height;
  uint32_t matrix, range, chroma_site;
  uint64_t bytes;     /* of pixels, all planes */
  uint64_t offset[3]; /* of each plane from the pixels */
  uint64_t stride[3];
  int64_t pts_ns;
} WniWireFrame;

typedef struct WniWireResult {
  double confidence;
  uint64_t macs, macs_full;
  int64_t latency_ns, pts_ns;
  int32_t class_index, exit_stage, stage_count, stop_reason;
  int32_t n_survivors, n_stages;
  uint32_t has_region;
  int32_t x, y, width, height;
  uint32_t text_bytes;             /* used of text */
  uint32_t label, group, model_id; /* where they begin in text; each ends with a NUL */
  uint32_t reserved;
  int32_t survivors_per_stage[WNI_WIRE_STAGES];
  int32_t survivor[WNI_WIRE_SURVIVORS];
  uint32_t survivor_label[WNI_WIRE_SURVIVORS]; /* where it begins in text */
  double survivor_score[WNI_WIRE_SURVIVORS];
  char text[WNI_WIRE_TEXT];
} WniWireResult;

enum { WNI_WIRE_HAS_FRAME = 1, WNI_WIRE_HAS_RESULT = 2 };

typedef struct WniWireSlot {
  _Atomic uint64_t sequence; /* 2 n - 1 while frame n is written, 2 n when it is whole */
  uint64_t number;           /* n */
  int64_t published_ns;
  uint32_t parts; /* WNI_WIRE_HAS_... */
  uint32_t reserved;
  WniWireFrame frame;
  WniWireResult result;
} WniWireSlot; /* the pixels follow */

_Static_assert(sizeof(WniWireHello) == 24, "hello");
_Static_assert(sizeof(WniWireTick) == 8, "tick");
_Static_assert(sizeof(WniWireHeader) == 72 && offsetof(WniWireHeader, latest) == 64, "header");
_Static_assert(sizeof(WniWireFrame) == 88 && offsetof(WniWireFrame, offset) == 32, "frame");
_Static_assert(offsetof(WniWireResult, class_index) == 40, "result");
_Static_assert(offsetof(WniWireResult, survivors_per_stage) == 104, "result");
_Static_assert(offsetof(WniWireResult, survivor_score) == 8552, "result");
_Static_assert(sizeof(WniWireResult) == 49512, "result");
_Static_assert(offsetof(WniWireSlot, frame) == 32 && offsetof(WniWireSlot, result) == 120, "slot");
_Static_assert(sizeof(WniWireSlot) == 49632, "slot");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would not be shared");

#endif
