/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The handshake and the slots of a shared-memory channel against bytes that nobody meant. An input
 * is a list of patches to what a good publisher sends, each three bytes of place, one of length and
 * that many bytes; the hello lies behind the memory, and behind that how it is said. The reader may
 * refuse, in one sentence; it must not read beyond what it was given, which AddressSanitizer sees,
 * and everything that it lets through must be safe to look at.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_channel [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include <winnow/ipc.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "good_channel.h"
#include "ipc/endpoint.h"

enum { FRAMES = 3, N_ATTACHED = 5 };

/* What is sent, as it may be patched. */
typedef struct Said {
  WniWireHello hello;
  uint8_t cut;      /* how many of the hello's last bytes are not sent */
  uint8_t attached; /* one of `attached` */
} Said;

static char path[64];
static WniListener listener;
static WniSegment segment;          /* what a good publisher has made, with the patches in it */
static int attached[N_ATTACHED];    /* its memory first, then what is none */
static Said said;                   /* with patches, too */
static uint8_t *good;               /* the memory without them, then what is said */
static size_t memory_bytes, newest; /* where its slot begins */

static int make_memory(size_t bytes, unsigned seals) {
  int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0) abort();
  return fd;
}

static void prepare(void) {
  said.hello.version = WNI_WIRE_VERSION;
  snprintf(path, sizeof path, "/tmp/winnow-fuzz-%d", (int)getpid());
  if (wni_endpoint_listen(path, 0600, (gid_t)-1, &listener, NULL) != WN_OK ||
      wni_segment_create(GOOD_PIXELS, &segment, NULL) != WN_OK)
    abort();
  for (uint64_t n = 1; n <= FRAMES; n++) good_publish(&segment, n);
  memory_bytes = segment.bytes;
  newest = (size_t)((uint8_t *)wni_segment_slot(&segment, FRAMES) - segment.base);
  memcpy(said.hello.magic, WNI_WIRE_MAGIC, sizeof said.hello.magic);
  said.hello.segment_bytes = memory_bytes;
  good = malloc(memory_bytes + sizeof said);
  memcpy(good, segment.base, memory_bytes);
  memcpy(good + memory_bytes, &said, sizeof said);
  attached[0] = segment.fd;
  attached[1] = -1;
  attached[2] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  attached[3] = make_memory(memory_bytes, 0);
  attached[4] = make_memory(memory_bytes / 2, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE);
}

/* `back`: takes them back, which costs less than all of the memory once more. */
static void patch(const uint8_t *data, size_t size, bool back) {
  size_t total = memory_bytes + sizeof said;
  while (size >= 4) {
    size_t at = (data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) % total, n = data[3] % 16;
    data += 4;
    size -= 4;
    if (n > size) n = size;
    for (size_t i = 0; i < n && at + i < total; i++) {
      uint8_t *to = at + i < memory_bytes ? segment.base + at + i
                                          : (uint8_t *)&said + (at + i - memory_bytes);
      *to = back ? good[at + i] : data[i];
    }
    data += n;
    size -= n;
  }
}

/* The newest connection; those before are of readers that have gone, which came back after an
 * error.
 */
static int let_in(void) {
  int socket = -1;
  for (int next; (next = accept(listener.fd, NULL, NULL)) >= 0; socket = next)
    if (socket >= 0) close(socket);
  if (socket < 0) abort();
  return socket;
}

static unsigned long n_inputs, n_seen;

/* Whether there is a snapshot; if not, why not must be said. */
static bool has(WnStatus status, const WnError *error) {
  if (status != WN_OK && (!*error->message || strchr(error->message, '\n'))) abort();
  n_seen += status == WN_OK;
  return status == WN_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static volatile uint64_t sink;
  WnReader *reader;
  WnSnapshot got;
  WnError error = {0};
  if (!good) prepare();
  n_inputs++;
  patch(data, size, false);
  if (wn_reader_new(path, &reader, NULL) != WN_OK) abort();
  wn_reader_read(reader, 0, &got, NULL); /* connects */
  int socket = let_in();
  size_t bytes = sizeof said.hello - said.cut % (sizeof said.hello + 1);
  wni_endpoint_send(socket, &said.hello, bytes, attached[said.attached % N_ATTACHED]);
  WnStatus status =
      size % 2 ? wn_reader_view(reader, 0, &got, &error) : wn_reader_read(reader, 0, &got, &error);
  if (has(status, &error)) sink = sink + good_use(&got);
  sink = sink + strlen(wn_reader_description(reader)) + wn_reader_connected(reader);
  wn_reader_release(reader);
  wn_reader_free(reader);
  close(socket);
  patch(data, size, true);
  return 0;
}

#ifndef FUZZER

#include "patches.h"

/* A patch at something that matters more often than anywhere: the header, the slots' first bytes,
 * what is said. */
static size_t make_patch(uint8_t *out) {
  size_t at = draw(4) == 0   ? draw((uint32_t)memory_bytes)
              : draw(3) == 0 ? draw(sizeof(WniWireHeader))
              : draw(6) == 0 ? memory_bytes + draw(sizeof(Said))
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
  for (int i = 2; i < N_ATTACHED; i++) close(attached[i]);
  free(good);
  printf("%lu frames seen\n", n_seen);
  return n_seen < n_inputs / 4;
}

#endif
