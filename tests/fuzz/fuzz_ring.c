/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A reader while its publisher rewrites the memory: each look of the reader may find other bytes
 * than the one before. An input is a list of patches as in fuzz_channel.c, to the memory alone; a
 * second thread makes them and takes them back, over and over, and publishes new frames meanwhile.
 * Whatever the reader lets through must be safe to look at, and what it has copied must stay as it
 * is.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_ring [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "patches.h"
#include "good_channel.h"
#include "ipc/endpoint.h"

enum { FRAMES = 3, LOOKS = 40 };

static char path[64];
static WniListener listener;
static WniSegment segment;
static uint8_t *good; /* [segment.bytes] what a good publisher has in it */

static void prepare(void) {
  snprintf(path, sizeof path, "/tmp/winnow-fuzz-ring-%d", (int)getpid());
  if (wni_endpoint_listen(path, 0600, (gid_t)-1, &listener, NULL) != WN_OK ||
      wni_segment_create(GOOD_PIXELS, &segment, NULL) != WN_OK)
    abort();
  for (uint64_t n = 1; n <= FRAMES; n++) good_publish(&segment, n);
  good = malloc(segment.bytes);
  memcpy(good, segment.base, segment.bytes);
}

typedef struct Writer {
  const uint8_t *data;
  size_t size;
  uint64_t number; /* of the newest frame */
  _Atomic bool ended;
} Writer;

/* The bytes of one patch, or of what was there before. */
static size_t patch(const uint8_t *data, size_t size, bool back) {
  size_t at = (data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) % segment.bytes;
  size_t n = data[3] % 16;
  if (n > size - 4) n = size - 4;
  for (size_t i = 0; i < n && at + i < segment.bytes; i++)
    ((volatile uint8_t *)segment.base)[at + i] = back ? good[at + i] : data[4 + i];
  return 4 + n;
}

static void *rewrite(void *argument) {
  Writer *w = argument;
  while (!w->ended)
    for (int back = 0; back < 2; back++) {
      for (size_t at = 0; at + 4 <= w->size;) at += patch(w->data + at, w->size - at, back);
      good_publish(&segment, ++w->number);
    }
  return NULL;
}

/* Lets the reader in that has just connected, if it has; who had an error connects again. */
static void let_in(int *socket) {
  WniWireHello hello = {.version = WNI_WIRE_VERSION, .segment_bytes = segment.bytes};
  int next = accept(listener.fd, NULL, NULL);
  if (next < 0) return;
  if (*socket >= 0) close(*socket);
  *socket = next;
  memcpy(hello.magic, WNI_WIRE_MAGIC, sizeof hello.magic);
  wni_endpoint_send(next, &hello, sizeof hello, segment.fd);
}

/* Twice, in which time the memory changes: what was not viewed but copied does not. */
static uint64_t look(WnReader *reader, bool view) {
  WnSnapshot got;
  WnStatus status =
      view ? wn_reader_view(reader, 0, &got, NULL) : wn_reader_read(reader, 0, &got, NULL);
  if (status != WN_OK) return wn_reader_release(reader);
  uint64_t seen = good_use_results(&got), pixels = good_use(&got);
  for (int i = 0; i < 2; i++) {
    sched_yield();
    if (good_use_results(&got) != seen || (!view && good_use(&got) != pixels)) abort();
  }
  return pixels + strlen(wn_reader_description(reader)) + wn_reader_release(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static volatile uint64_t sink;
  Writer writer = {.data = data, .size = size, .number = FRAMES};
  WnReader *reader;
  pthread_t thread;
  int socket = -1;
  if (!good) prepare();
  memcpy(segment.base, good, segment.bytes);
  if (wn_reader_new(path, &reader, NULL) != WN_OK) abort();
  if (pthread_create(&thread, NULL, rewrite, &writer) != 0) abort();
  for (int i = 0; i < LOOKS; i++) {
    sink = sink + look(reader, i % 2);
    let_in(&socket);
  }
  writer.ended = true;
  pthread_join(thread, NULL);
  wn_reader_free(reader);
  if (socket >= 0) close(socket);
  return 0;
}

#ifndef FUZZER

/* At the header, the description's beginning or a slot's numbers. */
static size_t make_patch(uint8_t *out) {
  size_t slot = segment.first_slot + draw(WNI_WIRE_SLOTS) * segment.slot_bytes;
  size_t at = draw(6) == 0   ? draw(sizeof(WniWireHeader))
              : draw(6) == 0 ? segment.description + draw(16)
              : draw(3) == 0 ? slot + offsetof(WniWireSlot, result[0].label) +
                                   draw(sizeof(WniWireResult) - offsetof(WniWireResult, label))
              : draw(3) == 0 ? slot + offsetof(WniWireSlot, result[0].text) + draw(64)
                             : slot + draw(offsetof(WniWireSlot, result[0].survivors_per_stage));
  return put_patch(out, at, 1U << draw(4));
}

int main(int argc, char **argv) {
  prepare();
  draw_patches(argc, argv, 500, make_patch, LLVMFuzzerTestOneInput);
  wni_endpoint_close(&listener, path);
  wni_segment_clear(&segment);
  free(good);
  return 0;
}

#endif
