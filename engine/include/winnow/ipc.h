/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames and results for other processes, through shared memory.
 *
 *   publisher  owns a channel: a Unix socket at a path, and the memory behind it
 *   reader     any process that may open the socket; sees the newest frame, never a queue
 *
 * Readers cannot write to the memory. A reader that is slow, stopped or killed delays neither the
 * publisher nor other readers, and a reader finds a restarted publisher again by itself. How
 * it looks in memory: engine/ipc/protocol.md.
 *
 * A publisher or reader is used by one thread at a time. No function blocks, but for
 * wn_reader_read() and wn_reader_view() with a time-out.
 */
#ifndef WINNOW_IPC_H
#define WINNOW_IPC_H

#include <winnow/winnow.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- Publisher ---------------------------------------------------------- */

typedef struct WnPublisher WnPublisher;

/* Zero-initialise for the defaults. */
typedef struct WnPublisherOptions {
  int32_t max_readers;  /* at once, 1..256; 0: 32 */
  uint32_t mode;        /* of the socket, like 0660; 0: 0600, or 0660 with a group */
  const char *group;    /* name of the group that the socket is given to; NULL: unchanged */
  const uint32_t *uids; /* [n_uids] the only users who may read; NULL: all whom the mode lets in */
  size_t n_uids;
  uint64_t reserved[4]; /* must be 0 */
} WnPublisherOptions;

/* Opens a channel at `path`, at most 107 bytes. A socket that a publisher left there when it was
 * killed is replaced; one that a publisher serves is not, nor is anything that is no socket. Who
 * may write to the folder can put a socket of their own there, so name one in a folder of yours,
 * such as $XDG_RUNTIME_DIR or /run/winnow. When all places are taken, a reader of a user who has
 * fewer of them takes that of a user who has more; root and the publisher's own user lose none.
 * `options` NULL: the defaults. On failure *out is NULL. Errors: ARGUMENT (path, options), IO (the
 * path is in use or cannot be written), MEMORY. */
WnStatus wn_publisher_new(const char *path, const WnPublisherOptions *options, WnPublisher **out,
                          WnError *error);

/* Removes the socket if it is still the publisher's own; readers see the end. NULL is ignored. */
void wn_publisher_free(WnPublisher *publisher);

/* Of one frame: the whole frame's result and those of its regions. */
#define WN_SNAPSHOT_MAX_RESULTS 16

/* Copies the frame's pixels (once) and the results [n_results], and tells the readers. `frame` may
 * be NULL, `n_results` 0. Of more than WN_SNAPSHOT_MAX_RESULTS results the first are kept, of more
 * than WN_RESULT_MAX_SURVIVORS survivors, 16 kB of their labels or 256 stages the best and first.
 * Errors: ARGUMENT (a frame that is none, or over 256 MB, a result that contradicts itself, times
 * that are 146 years or more, or scores that are no numbers), IO, MEMORY; nothing is published
 * then.
 */
WnStatus wn_publisher_publish(WnPublisher *publisher, const WnFrame *frame, const WnResult *results,
                              int32_t n_results, WnError *error);

#define WN_CHANNEL_MAX_DESCRIPTION 65536 /* bytes */

/* Tells readers, now and those to come, what the channel is about: a JSON object with, as far as
 * they are known, the members name, model-id, labels, groups, watch, regions and window (x, y, w, h
 * of the frame that the first network sees), as wn_session_describe() gives them; a name that is
 * missing becomes that of the socket. Replaces the one before. Errors: ARGUMENT (not UTF-8, no JSON
 * object, or too long). */
WnStatus wn_publisher_describe(WnPublisher *publisher, const char *json, WnError *error);

/* Lets new readers in and gone ones go. wn_publisher_publish() does so too; who publishes seldom
 * calls this when the descriptor, which belongs to the publisher, is readable. */
void wn_publisher_serve(WnPublisher *publisher);
int wn_publisher_descriptor(const WnPublisher *publisher);

int32_t wn_publisher_readers(const WnPublisher *publisher); /* connected at present */

/* ---- Reader ------------------------------------------------------------- */

typedef struct WnReader WnReader;

/* What was published. Everything it points to belongs to the reader and stays valid until its next
 * call; after wn_reader_view() the pixels may be overwritten before that. */
typedef struct WnSnapshot {
  uint64_t number;      /* 1, 2, 3, ... since the publisher began */
  uint64_t skipped;     /* that this reader has not seen in between */
  int64_t published_ns; /* CLOCK_MONOTONIC */
  bool has_frame;
  WnFrame frame;
  int32_t n_results;       /* 0..WN_SNAPSHOT_MAX_RESULTS */
  const WnResult *results; /* [n_results] */
  uint64_t reserved[4];    /* written as 0 */
} WnSnapshot;

/* Prepares a reader of the channel at `path`; whether anybody publishes there shows when it reads.
 * On failure *out is NULL. Errors: ARGUMENT (path), IO, MEMORY. */
WnStatus wn_reader_new(const char *path, WnReader **out, WnError *error);
void wn_reader_free(WnReader *reader); /* NULL is ignored */

/* Waits up to `timeout_ms` (-1: for ever, 0: not at all) for something newer than the last time and
 * copies it. Errors: TIMEOUT (nothing newer, or no publisher: the message says which), IO (the
 * socket cannot be opened, or the publisher refuses), UNSUPPORTED (another version of the
 * protocol), DATA (what the publisher sent contradicts itself, or has numbers that are none),
 * MEMORY. The reader may be used again after any of them. */
WnStatus wn_reader_read(WnReader *reader, int timeout_ms, WnSnapshot *out, WnError *error);

/* The same without a copy of the pixels: they are read where the publisher wrote them, and it may
 * write there again. wn_reader_release() tells whether they were whole until then; who gets false
 * throws away what was made of them. */
WnStatus wn_reader_view(WnReader *reader, int timeout_ms, WnSnapshot *out, WnError *error);
bool wn_reader_release(WnReader *reader);

/* What the channel is about (wn_publisher_describe()), as of the last wn_reader_read() or
 * wn_reader_view(), whatever that returned; "" where nobody has said it. It comes from another
 * process and may be no JSON. It belongs to the reader and stays until such a call brings another
 * one. */
const char *wn_reader_description(const WnReader *reader);

/* Readable when a call may find something newer, or the publisher has gone or come. It belongs to
 * the reader and stays the same. */
int wn_reader_descriptor(const WnReader *reader);

bool wn_reader_connected(const WnReader *reader);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
