/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The handshake and the slots of a shared-memory channel against bytes that nobody meant. An input
 * is a list of patches to what a good publisher sends, each three bytes of place, one of length and
 * that many bytes; the hello lies behind the memory. The reader may refuse; it must not read beyond
 * what it was given, which AddressSanitizer sees, and everything that it lets through must be safe
 * to look at.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_channel [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include <winnow/ipc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "good_channel.h"
#include "ipc/endpoint.h"

enum { FRAMES = 3 };

static char path[64];
static WniListener listener;
static WniSegment segment;          /* what a good publisher has made, with the patches in it */
static WniWireHello hello;          /* with those, too */
static uint8_t *good;               /* what the memory holds without, then its hello */
static size_t memory_bytes, newest; /* where its slot begins */

static void prepare(void) {
  hello.version = WNI_WIRE_VERSION;
  snprintf(path, sizeof path, "/tmp/winnow-fuzz-%d", (int)getpid());
  if (wni_endpoint_listen(path, 0600, (gid_t)-1, &listener, NULL) != WN_OK ||
      wni_segment_create(GOOD_PIXELS, &segment, NULL) != WN_OK)
    abort();
  for (uint64_t n = 1; n <= FRAMES; n++) good_publish(&segment, n);
  memory_bytes = segment.bytes;
  newest = (size_t)((uint8_t *)wni_segment_slot(&segment, FRAMES) - segment.base);
  memcpy(hello.magic, WNI_WIRE_MAGIC, sizeof hello.magic);
  hello.segment_bytes = memory_bytes;
  good = malloc(memory_bytes + sizeof hello);
  memcpy(good, segment.base, memory_bytes);
  memcpy(good + memory_bytes, &hello, sizeof hello);
}

/* `back`: takes them back, which costs less than all of the memory once more. */
static void patch(const uint8_t *data, size_t size, bool back) {
  size_t total = memory_bytes + sizeof hello;
  while (size >= 4) {
    size_t at = (data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) % total, n = data[3] % 16;
    data += 4;
    size -= 4;
    if (n > size) n = size;
    for (size_t i = 0; i < n && at + i < total; i++) {
      uint8_t *to = at + i < memory_bytes ? segment.base + at + i
                                          : (uint8_t *)&hello + (at + i - memory_bytes);
      *to = back ? good[at + i] : data[i];
    }
    data += n;
    size -= n;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static volatile uint64_t sink;
  WnReader *reader;
  WnSnapshot got;
  if (!good) prepare();
  patch(data, size, false);
  if (wn_reader_new(path, &reader, NULL) != WN_OK) abort();
  wn_reader_read(reader, 0, &got, NULL); /* connects */
  int socket = accept(listener.fd, NULL, NULL);
  if (socket < 0) abort();
  wni_endpoint_send(socket, &hello, sizeof hello, segment.fd);
  if (wn_reader_read(reader, 0, &got, NULL) == WN_OK) sink = sink + good_use(&got);
  if (wn_reader_view(reader, 0, &got, NULL) == WN_OK) sink = sink + good_use(&got);
  sink = sink + strlen(wn_reader_description(reader));
  wn_reader_release(reader);
  wn_reader_free(reader);
  close(socket);
  patch(data, size, true);
  return 0;
}

#ifndef FUZZER

#include "patches.h"

/* A patch at something that matters more often than anywhere: the header, the slots' first bytes,
 * the hello. */
static size_t make_patch(uint8_t *out) {
  size_t at = draw(4) == 0   ? draw((uint32_t)memory_bytes)
              : draw(3) == 0 ? draw(sizeof(WniWireHeader))
              : draw(8) == 0 ? memory_bytes + draw(sizeof(WniWireHello))
              : draw(8) == 0 ? WNI_WIRE_PAGE + draw(16) /* the description's */
              : draw(2) == 0 ? newest + offsetof(WniWireSlot, result[0].label) +
                                   draw(sizeof(WniWireResult) - offsetof(WniWireResult, label))
                             : newest + draw(offsetof(WniWireSlot, result[0].survivors_per_stage));
  return put_patch(out, at, 1U << draw(4));
}

int main(int argc, char **argv) {
  prepare();
  draw_patches(argc, argv, 5000, make_patch, LLVMFuzzerTestOneInput);
  wni_endpoint_close(&listener, path);
  wni_segment_clear(&segment);
  free(good);
  return 0;
}

#endif
