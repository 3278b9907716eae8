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
  uint64_t first_slot;  /* bytes from the beginning of the memory */
  uint64_t slot_bytes;  /* from one slot to the next */
  uint64_t pixels;      /* bytes from the beginning of a slot */
  uint64_t description; /* bytes from the beginning of the memory */
  uint8_t reserved[8];
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
  char format[8]; /* its name, then NULs */
  int32_t width, height;
  uint32_t matrix, range, chroma_site;
  uint32_t reserved;
  uint64_t bytes;     /* of pixels, all planes */
  uint64_t offset[3]; /* of each plane from the pixels */
  uint64_t stride[3];
  int64_t pts_ns, time_ns;
} WniWireFrame;

/* A result's scalars are the rows of result_fields.h: first those of 8 bytes, then those of 4, of
 * which texts are places in `text`. Arrays follow. */
#define WNI_WIRE_8_REAL(member) double member;
#define WNI_WIRE_8_COUNT(member) uint64_t member;
#define WNI_WIRE_8_DURATION(member) int64_t member;
#define WNI_WIRE_8_STAMP(member) int64_t member;
#define WNI_WIRE_8_UTC(member) int64_t member;
#define WNI_WIRE_8_INT(member)
#define WNI_WIRE_8_REASON(member)
#define WNI_WIRE_8_TEXT(member)
#define WNI_WIRE_8_LABEL(member)
#define WNI_WIRE_8_CLASSES(member)
#define WNI_WIRE_8_LABELS(member)
#define WNI_WIRE_8_SCORES(member)
#define WNI_WIRE_8_STAGES(member)

#define WNI_WIRE_4_INT(member) int32_t member;
#define WNI_WIRE_4_REASON(member) int32_t member; /* WnStopReason */
#define WNI_WIRE_4_TEXT(member) uint32_t member;
#define WNI_WIRE_4_LABEL(member) uint32_t member;
#define WNI_WIRE_4_REAL(member)
#define WNI_WIRE_4_COUNT(member)
#define WNI_WIRE_4_DURATION(member)
#define WNI_WIRE_4_STAMP(member)
#define WNI_WIRE_4_UTC(member)
#define WNI_WIRE_4_CLASSES(member)
#define WNI_WIRE_4_LABELS(member)
#define WNI_WIRE_4_SCORES(member)
#define WNI_WIRE_4_STAGES(member)

typedef struct WniWireResult {
#define WN_FIELD(kind, member, name) WNI_WIRE_8_##kind(member)
  WN_RESULT_FIELDS(WN_FIELD)
#undef WN_FIELD
#define WN_FIELD(kind, member, name) WNI_WIRE_4_##kind(member)
  WN_RESULT_FIELDS(WN_FIELD)
#undef WN_FIELD
  uint32_t has_region;
  WnRect region;
  uint32_t region_name; /* like the texts above */
  int32_t n_survivors, n_stages_evaluated;
  uint32_t text_bytes; /* used of text */
  int32_t survivors[WNI_WIRE_SURVIVORS];
  uint32_t survivor_labels[WNI_WIRE_SURVIVORS]; /* where each begins in text */
  int32_t survivors_per_stage[WNI_WIRE_STAGES];
  double survivor_scores[WNI_WIRE_SURVIVORS];
  char text[WNI_WIRE_TEXT]; /* each text ends with a NUL */
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
