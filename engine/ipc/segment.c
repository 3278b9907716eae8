/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See segment.h.
 */
#include "ipc/segment.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What a publisher can have made at most; a reader maps no more. */
enum { MAX_SLOTS = 64 };
#define MAX_BYTES ((uint64_t)(MAX_SLOTS + 1) * WNI_WIRE_FRAME_MAX)

static void write_header(const WniSegment *s) {
  WniWireHeader *header = wni_segment_header(s);
  memcpy(header->magic, WNI_WIRE_MAGIC, sizeof header->magic);
  header->version = WNI_WIRE_VERSION;
  header->n_slots = (uint32_t)s->n_slots;
  header->segment_bytes = s->bytes;
  header->first_slot = s->first_slot;
  header->slot_bytes = s->slot_bytes;
  header->pixels = s->pixels;
  header->description = s->description;
  header->result_bytes = sizeof(WniWireResult);
}

/* All of it at once: a page that the system lacks later would end the publisher. Signals wait for
 * it: one that interrupts it undoes what was done, so that a program with a timer would not get
 * there. */
static bool allocate(int fd, size_t bytes) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool done = fallocate(fd, 0, 0, (off_t)bytes) == 0;
  int reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = reason;
  return done;
}

/* The writable mapping is made before the seal that forbids any further one. */
static bool map_and_seal(WniSegment *s) {
  void *base;
  if (!allocate(s->fd, s->bytes)) return false;
  base = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
  if (base == MAP_FAILED) return false;
  s->base = base;
  return fcntl(s->fd, F_ADD_SEALS,
               F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0;
}

WnStatus wni_segment_create(size_t pixel_bytes, WniSegment *out, WnError *error) {
  size_t pixels = wni_round_up(sizeof(WniWireSlot), WNI_WIRE_STRIDE);
  *out = (WniSegment){.n_slots = WNI_WIRE_SLOTS, .description = WNI_WIRE_PAGE, .pixels = pixels};
  out->first_slot = wni_round_up(out->description + sizeof(WniWireDescription), WNI_WIRE_PAGE);
  out->slot_bytes = wni_round_up(pixels + pixel_bytes, WNI_WIRE_PAGE);
  out->bytes = out->first_slot + out->n_slots * out->slot_bytes;
  out->fd = memfd_create("winnow", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const WniQuiet quiet = wni_quiet_begin(WNI_QUIET_WRITES); /* memory counts as a file there */
  bool made = out->fd >= 0 && map_and_seal(out);
  wni_quiet_end(&quiet);
  if (made) {
    write_header(out);
    return WN_OK;
  }
  int reason = errno;
  if (out->fd >= 0) close(out->fd);
  if (out->base) munmap(out->base, out->bytes);
  *out = (WniSegment){0};
  return wni_fail(error, reason == ENOMEM || reason == ENOSPC ? WN_ERROR_MEMORY : WN_ERROR_IO,
                  "cannot make %zu bytes of shared memory: %s", pixel_bytes, strerror(reason));
}

/* NULL, or what keeps a descriptor from being mapped. Without the seal, memory could shrink under
 * the reader, which would end it with SIGBUS; so would huge pages that the system has none left of.
 */
static const char *find_fault(int fd, uint64_t bytes) {
  struct stat info;
  struct statfs system;
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & (F_SEAL_SHRINK | F_SEAL_GROW)) != (F_SEAL_SHRINK | F_SEAL_GROW))
    return "its memory is not sealed";
  if (fstat(fd, &info) != 0 || fstatfs(fd, &system) != 0 || system.f_type != TMPFS_MAGIC)
    return "its memory is of another kind";
  if (bytes < sizeof(WniWireHeader) || bytes > MAX_BYTES || (uint64_t)info.st_size != bytes)
    return "its memory has another size than it says";
  return NULL;
}

/* All sizes are at most MAX_BYTES before they are added or multiplied. */
static bool is_consistent(const WniWireHeader *h, uint64_t bytes) {
  return h->segment_bytes == bytes && h->n_slots >= 1 && h->n_slots <= MAX_SLOTS &&
         h->first_slot >= sizeof *h && h->first_slot <= bytes && h->first_slot % 64 == 0 &&
         h->slot_bytes <= bytes && h->slot_bytes % 64 == 0 && h->pixels >= sizeof(WniWireSlot) &&
         h->pixels <= h->slot_bytes && h->pixels % 64 == 0 &&
         h->first_slot + h->n_slots * h->slot_bytes <= bytes && h->description >= sizeof *h &&
         h->description <= bytes && h->description % 64 == 0 &&
         h->description + sizeof(WniWireDescription) <= h->first_slot &&
         h->result_bytes == sizeof(WniWireResult);
}

WnStatus wni_segment_adopt(int fd, uint64_t bytes, WniSegment *out, WnError *error) {
  const char *fault = find_fault(fd, bytes);
  WniWireHeader header;
  *out = (WniSegment){.fd = -1};
  void *base = fault ? MAP_FAILED : mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (fault) return wni_fail(error, WN_ERROR_DATA, "the publisher is refused: %s", fault);
  if (base == MAP_FAILED) return wni_fail_memory(error, "the publisher's frames");
  memcpy(&header, base, sizeof header);
  if (memcmp(header.magic, WNI_WIRE_MAGIC, sizeof header.magic) == 0 &&
      header.version == WNI_WIRE_VERSION && is_consistent(&header, bytes)) {
    *out = (WniSegment){.fd = -1,
                        .base = base,
                        .bytes = bytes,
                        .n_slots = header.n_slots,
                        .first_slot = header.first_slot,
                        .slot_bytes = header.slot_bytes,
                        .pixels = header.pixels,
                        .description = header.description};
    return WN_OK;
  }
  munmap(base, bytes);
  return wni_fail(error, WN_ERROR_DATA,
                  "the publisher is refused: the sizes in its memory are wrong");
}

void wni_segment_clear(WniSegment *segment) {
  if (!segment->base) return;
  munmap(segment->base, segment->bytes);
  if (segment->fd >= 0) close(segment->fd);
  *segment = (WniSegment){.fd = -1};
}
