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
#include <winnow/ipc.h>
#include <winnow/result_fields.h>

#define WNI_WIRE_MAGIC "WINNOW\r\n" /* 8 bytes without the NUL */

enum {
  WNI_WIRE_VERSION = 2,
  WNI_WIRE_PAGE = 4096,
  WNI_WIRE_SLOTS = 4, /* one being written, one newest, two that slow readers are still in */
  WNI_WIRE_RESULTS = WN_SNAPSHOT_MAX_RESULTS,
  WNI_WIRE_SURVIVORS = WN_RESULT_MAX_SURVIVORS,
  WNI_WIRE_STAGES = 256,
  WNI_WIRE_TEXT = 16384, /* bytes of texts in a result */
  WNI_WIRE_DESCRIPTION = WN_CHANNEL_MAX_DESCRIPTION,
  WNI_WIRE_FRAME_MAX = 1 << 28, /* bytes of pixels */
  WNI_WIRE_STRIDE = 64,         /* rows begin at multiples of this */
  WNI_WIRE_FORMAT = 8
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
  uint64_t first_slot;     /* bytes from the beginning of the memory */
  uint64_t slot_bytes;     /* from one slot to the next */
  uint64_t pixels;         /* bytes from the beginning of a slot */
  uint64_t description;    /* bytes from the beginning of the memory */
  uint64_t result_bytes;   /* from one result to the next */
  _Atomic uint64_t latest; /* number of the newest whole frame; 0: none yet */
} WniWireHeader;

/* What the channel is about: a JSON object. */
typedef struct WniWireDescription {
  _Atomic uint64_t sequence; /* 2 n - 1 while the n-th is written, 2 n when it is whole; 0: none */
  uint32_t bytes;            /* used of text */
  uint32_t reserved;
  char text[WNI_WIRE_DESCRIPTION]; /* UTF-8 without a NUL */
} WniWireDescription;

typedef struct WniWireFrame {
  char format[WNI_WIRE_FORMAT]; /* the first characters of its name, then NULs if it is shorter */
  int32_t width, height;
  uint32_t matrix, range, chroma_site;
  uint32_t reserved;
  uint64_t bytes;     /* of pixels, all planes */
  uint64_t offset[3]; /* of each plane from the pixels */
  uint64_t stride[3];
  int64_t pts_ns, time_ns;
} WniWireFrame;

/* Scalars are 8 bytes each, in the order of result_fields.h, and lie at the end: a field that is
 * added there moves none. A text is its place in `text`. */
typedef int64_t WniWireText;
#define WNI_WIRE_TEXT_FIELD(member) WniWireText member;
#define WNI_WIRE_I64_FIELD(member) int64_t member;
#define WNI_WIRE_U64_FIELD(member) uint64_t member;
#define WNI_WIRE_F64_FIELD(member) double member;
#define WNI_WIRE_ARRAY_FIELD(member)

#define WNI_WIRE_OF_TEXT WNI_WIRE_TEXT_FIELD
#define WNI_WIRE_OF_LABEL WNI_WIRE_TEXT_FIELD
#define WNI_WIRE_OF_REASON WNI_WIRE_I64_FIELD /* WnStopReason */
#define WNI_WIRE_OF_INT WNI_WIRE_I64_FIELD
#define WNI_WIRE_OF_COUNT WNI_WIRE_U64_FIELD
#define WNI_WIRE_OF_DURATION WNI_WIRE_I64_FIELD
#define WNI_WIRE_OF_STAMP WNI_WIRE_I64_FIELD
#define WNI_WIRE_OF_UTC WNI_WIRE_I64_FIELD
#define WNI_WIRE_OF_REAL WNI_WIRE_F64_FIELD
#define WNI_WIRE_OF_CLASSES WNI_WIRE_ARRAY_FIELD
#define WNI_WIRE_OF_LABELS WNI_WIRE_ARRAY_FIELD
#define WNI_WIRE_OF_SCORES WNI_WIRE_ARRAY_FIELD
#define WNI_WIRE_OF_STAGES WNI_WIRE_ARRAY_FIELD

typedef struct WniWireResult {
  int32_t n_survivors, n_stages_evaluated;
  uint32_t text_bytes; /* used of text */
  uint32_t has_region;
  WnRect region;
  WniWireText region_name;
  int32_t survivors[WNI_WIRE_SURVIVORS];
  uint32_t survivor_labels[WNI_WIRE_SURVIVORS]; /* where each begins in text */
  int32_t survivors_per_stage[WNI_WIRE_STAGES];
  double survivor_scores[WNI_WIRE_SURVIVORS];
  char text[WNI_WIRE_TEXT]; /* each text ends with a NUL */
#define WN_FIELD(kind, member, name) WNI_WIRE_OF_##kind(member)
  WN_RESULT_FIELDS(WN_FIELD)
#undef WN_FIELD
} WniWireResult;

enum { WNI_WIRE_HAS_FRAME = 1 };

typedef struct WniWireSlot {
  _Atomic uint64_t sequence; /* 2 n - 1 while frame n is written, 2 n when it is whole */
  uint64_t number;           /* n */
  int64_t published_ns;
  uint32_t parts;    /* WNI_WIRE_HAS_FRAME */
  int32_t n_results; /* 0..WNI_WIRE_RESULTS */
  WniWireFrame frame;
  WniWireResult result[WNI_WIRE_RESULTS];
} WniWireSlot; /* the pixels follow */

_Static_assert(sizeof(WniWireHello) == 24, "hello");
_Static_assert(sizeof(WniWireTick) == 8, "tick");
_Static_assert(sizeof(WniWireHeader) == 72 && offsetof(WniWireHeader, latest) == 64, "header");
_Static_assert(sizeof(WniWireDescription) == 16 + WNI_WIRE_DESCRIPTION, "description");
_Static_assert(sizeof(WniWireFrame) == 104 && offsetof(WniWireFrame, offset) == 40, "frame");
_Static_assert(offsetof(WniWireSlot, frame) == 32 && offsetof(WniWireSlot, result) == 136, "slot");
/* The fields of a result: tests/ipc/test_protocol.py holds protocol.md and reader.py to them. */
_Static_assert(sizeof(WniWireResult) % 8 == 0, "result");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would not be shared");

#endif
