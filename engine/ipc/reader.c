/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reading end of a channel: connects, and connects again when the publisher was gone; takes the
 * memory that comes over the socket; copies the newest frame and makes sure that it was whole.
 */
#include <winnow/ipc.h>

#include "base/clock.h"
#include "base/error.h"
#include "ipc/endpoint.h"
#include "ipc/record.h"
#include "ipc/ring.h"
#include "ipc/segment.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { RETRY_MS = 100 }; /* between two looks for a publisher */

/* In one call. A reader that is not run while three frames are published is overtaken; who writes
 * that fast sends another message soon. */
enum { MAX_TORN = 8, MAX_MESSAGES = 256 };

struct WnReader {
  char *path;
  int epoll; /* of the socket while there is one, and of the timer */
  int timer; /* runs while there is none */
  int socket;
  WniSegment segment;
  uint64_t last;       /* number of the newest frame that was read */
  WniWireSlot *viewed; /* what wn_reader_view() gave, until the next call */
  WniWireSlot *copy;   /* without pixels */
  WnResult *results;   /* [WNI_WIRE_RESULTS] that point into `copy` */
  uint8_t *pixels;     /* [n_pixels] copied */
  size_t n_pixels;
  const char **labels; /* [WNI_WIRE_RESULTS][WNI_WIRE_SURVIVORS] */
  /* [WNI_WIRE_DESCRIPTION + 1] what is given out, and where the next one is copied to */
  char *description, *description_next;
  uint64_t described; /* its number; 0: none */
};

/* ---- connection ---- */

static void set_timer(WnReader *r, long interval_ms) {
  struct itimerspec when = {.it_value = {0, interval_ms * 1000000}};
  timerfd_settime(r->timer, 0, &when, NULL);
}

/* The memory stays: its last frame may not have been seen. */
static void hang_up(WnReader *r) {
  if (r->socket >= 0) close(r->socket);
  r->socket = -1;
  set_timer(r, RETRY_MS);
}

/* What was viewed goes with the memory. */
static void unmap(WnReader *r) {
  r->viewed = NULL;
  wni_segment_clear(&r->segment);
}

static void forget(WnReader *r) {
  unmap(r);
  r->last = 0;
  r->described = 0;
  r->description[0] = '\0';
}

static void disconnect(WnReader *r) {
  hang_up(r);
  forget(r);
}

static WnStatus connect_if_possible(WnReader *r, WnError *error) {
  WnStatus status = wni_endpoint_connect(r->path, &r->socket, error);
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};
  if (r->socket >= 0 && epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->socket, &event) != 0) {
    status =
        wni_fail(error, WN_ERROR_IO, "'%s': cannot wait for frames: %s", r->path, strerror(errno));
    close(r->socket);
    r->socket = -1;
  }
  set_timer(r, r->socket >= 0 ? 0 : RETRY_MS);
  if (r->socket >= 0) forget(r);
  return status;
}

static WnStatus refuse(WnReader *r, WnStatus status, const char *what, WnError *error) {
  return wni_fail(error, status, "'%s': %s", r->path, what);
}

/* Says whose data it was that `status` is about. */
static WnStatus name_publisher(WnReader *r, WnStatus status, WnError *error) {
  if (status != WN_ERROR_DATA || !error) return status;
  WnError why = *error;
  return refuse(r, status, why.message, error);
}

static WnStatus take_hello(WnReader *r, const WniWireHello *hello, int memory, WnError *error) {
  WniSegment segment;
  bool is_ours = memcmp(hello->magic, WNI_WIRE_MAGIC, sizeof hello->magic) == 0;
  bool has_memory = is_ours && hello->version == WNI_WIRE_VERSION &&
                    hello->answer == WNI_ANSWER_MEMORY && memory >= 0;
  if (!has_memory && memory >= 0) close(memory);
  if (!is_ours)
    return refuse(r, WN_ERROR_DATA, "what answers there is no publisher of Winnow", error);
  if (hello->version != WNI_WIRE_VERSION)
    return wni_fail(
        error, WN_ERROR_UNSUPPORTED,
        "'%s': the publisher has version %u of the protocol, this reader %u; update the "
        "older one",
        r->path, hello->version, (unsigned)WNI_WIRE_VERSION);
  if (hello->answer == WNI_ANSWER_FULL)
    return refuse(r, WN_ERROR_IO, "the publisher has as many readers as it takes", error);
  if (hello->answer == WNI_ANSWER_FORBIDDEN)
    return refuse(r, WN_ERROR_IO, "the publisher does not let this user read", error);
  if (!has_memory) return refuse(r, WN_ERROR_DATA, "the publisher sent no memory", error);
  WnStatus status = wni_segment_adopt(memory, hello->segment_bytes, &segment, error);
  if (status != WN_OK) return name_publisher(r, status, error);
  unmap(r);
  r->segment = segment;
  r->described = 0;
  return WN_OK;
}

/* All messages that are there; the last memory counts, and ticks have done their work by waking us.
 */
static WnStatus drain(WnReader *r, WnError *error) {
  WnStatus status = WN_OK;
  for (int i = 0; i < MAX_MESSAGES && r->socket >= 0 && status == WN_OK; i++) {
    WniWireHello message;
    int attached;
    ssize_t n = wni_endpoint_receive(r->socket, &message, sizeof message, &attached);
    if (n < 0) return WN_OK;
    if (n == sizeof message) {
      status = take_hello(r, &message, attached, error);
      continue;
    }
    if (attached >= 0) close(attached);
    if (n == 0)
      hang_up(r);
    else if (n != sizeof(WniWireTick))
      status = refuse(r, WN_ERROR_DATA, "the publisher sent a message that is none", error);
  }
  return status;
}

static WnStatus serve(WnReader *r, WnError *error) {
  WnStatus status = WN_OK;
  if (r->socket < 0) status = connect_if_possible(r, error);
  if (status == WN_OK) status = drain(r, error);
  if (status != WN_OK) disconnect(r);
  return status;
}

/* ---- frames ---- */

static bool make_room(WnReader *r, size_t bytes) {
  if (bytes <= r->n_pixels) return true;
  uint8_t *larger = realloc(r->pixels, bytes);
  if (!larger) return false;
  r->pixels = larger;
  r->n_pixels = bytes;
  return true;
}

/* The records of a slot as they are used, into the reader's own. */
static void copy_slot(WnReader *r, const WniWireSlot *slot) {
  WniWireSlot *copy = r->copy;
  copy->published_ns = slot->published_ns;
  copy->parts = slot->parts;
  copy->n_results = slot->n_results;
  copy->frame = slot->frame;
  for (int32_t i = 0; i < copy->n_results && i < WNI_WIRE_RESULTS; i++)
    wni_record_copy(&slot->result[i], &copy->result[i]);
}

static WnStatus get_results(WnReader *r, WnSnapshot *out, WnError *error) {
  WnStatus status = WN_OK;
  if (r->copy->n_results < 0 || r->copy->n_results > WNI_WIRE_RESULTS)
    return refuse(r, WN_ERROR_DATA, "the publisher's number of results is out of range", error);
  for (int32_t i = 0; status == WN_OK && i < r->copy->n_results; i++)
    status = wni_record_get(&r->copy->result[i], r->labels + i * WNI_WIRE_SURVIVORS, &r->results[i],
                            error);
  status = name_publisher(r, status, error);
  out->n_results = r->copy->n_results;
  out->results = r->results;
  return status;
}

static WnStatus copy_frame(WnReader *r, const uint8_t *pixels, WnSnapshot *out, WnError *error) {
  if (!make_room(r, r->copy->frame.bytes)) return wni_fail_memory(error, "a frame");
  memcpy(r->pixels, pixels, r->copy->frame.bytes);
  for (int p = 0; p < wn_pixel_format_planes(out->frame.format); p++)
    out->frame.plane[p] = r->pixels + r->copy->frame.offset[p];
  return WN_OK;
}

/* Copies frame `number`, its pixels only with `copy_pixels`. *whole is false, and `out` of no use,
 * if the publisher wrote in between; only of what was whole is it an error when it makes no sense.
 */
static WnStatus take(WnReader *r, uint64_t number, bool copy_pixels, WnSnapshot *out, bool *whole,
                     WnError *error) {
  WniWireSlot *slot = wni_segment_slot(&r->segment, number);
  const uint8_t *pixels = wni_segment_pixels(&r->segment, slot);
  WnStatus status = WN_OK;
  *whole = wni_ring_enter(&slot->sequence) == number;
  if (!*whole) return WN_OK;
  copy_slot(r, slot);
  *out = (WnSnapshot){.number = number,
                      .published_ns = r->copy->published_ns,
                      .has_frame = r->copy->parts & WNI_WIRE_HAS_FRAME};
  if (!wni_record_is_time(out->published_ns))
    status = refuse(r, WN_ERROR_DATA, "the publisher's clock is out of range", error);
  if (status == WN_OK && out->has_frame)
    status = name_publisher(r,
                            wni_record_get_frame(&r->copy->frame, wni_segment_capacity(&r->segment),
                                                 pixels, &out->frame, error),
                            error);
  if (status == WN_OK && out->has_frame && copy_pixels) {
    status = copy_frame(r, pixels, out, error);
    if (status != WN_OK) return status;
  }
  *whole = wni_ring_leave(&slot->sequence, number);
  if (!*whole) return WN_OK;
  if (status == WN_OK) status = get_results(r, out, error);
  r->viewed = slot;
  return status;
}

/* Takes the description if it is another one than the reader has; one that is being written is
 * taken the next time. */
static void take_description(WnReader *r) {
  if (!r->segment.base) return;
  const WniWireDescription *from = wni_segment_description(&r->segment);
  uint64_t number = wni_ring_enter(&from->sequence);
  if (number == 0 || number == r->described) return;
  uint32_t bytes = from->bytes;
  if (bytes > WNI_WIRE_DESCRIPTION) return;
  memcpy(r->description_next, from->text, bytes);
  if (!wni_ring_leave(&from->sequence, number)) return;
  r->description_next[bytes] = '\0';
  char *before = r->description;
  r->description = r->description_next;
  r->description_next = before;
  r->described = number;
}

/* *found: something newer than the last time. */
static WnStatus look(WnReader *r, bool copy_pixels, WnSnapshot *out, bool *found, WnError *error) {
  *found = false;
  for (int torn = 0; torn < MAX_TORN && r->segment.base; torn++) {
    uint64_t latest = wni_ring_latest(wni_segment_header(&r->segment));
    if (latest == 0 || latest == r->last) return WN_OK; /* 0: memory that has just been made */
    if (latest < r->last || latest > UINT64_MAX / 4)
      return refuse(r, WN_ERROR_DATA, "the publisher's frame numbers run backwards", error);
    WnStatus status = take(r, latest, copy_pixels, out, found, error);
    if (status != WN_OK) return status;
    if (!*found) continue;
    out->skipped = r->last ? latest - r->last - 1 : 0;
    r->last = latest;
    return WN_OK;
  }
  return WN_OK;
}

static WnStatus give_up(const WnReader *r, WnError *error) {
  return wni_fail(error, WN_ERROR_TIMEOUT,
                  r->socket >= 0 ? "'%s': no new frame in time" : "'%s': nobody publishes there",
                  r->path);
}

static WnStatus wait_for_next(WnReader *r, int timeout_ms, bool copy_pixels, WnSnapshot *out,
                              WnError *error) {
  int64_t until = timeout_ms < 0 ? INT64_MAX : wni_clock_ns() / 1000000 + timeout_ms;
  r->viewed = NULL;
  for (;;) {
    bool found;
    WnStatus status = serve(r, error);
    if (status != WN_OK) return status;
    status = look(r, copy_pixels, out, &found, error);
    take_description(r); /* behind the frame: written before it, it is not older */
    if (status != WN_OK) disconnect(r);
    if (status != WN_OK || found) return status;
    if (r->socket < 0) forget(r);
    int64_t left = timeout_ms < 0 ? -1 : until - wni_clock_ns() / 1000000;
    if (timeout_ms >= 0 && left <= 0) return give_up(r, error);
    struct pollfd wait = {r->epoll, POLLIN, 0};
    poll(&wait, 1, (int)left);
  }
}

/* A snapshot that is none points nowhere. */
static WnStatus read_next(WnReader *r, int timeout_ms, bool copy_pixels, WnSnapshot *out,
                          WnError *error) {
  WnStatus status = wait_for_next(r, timeout_ms, copy_pixels, out, error);
  if (status != WN_OK) *out = (WnSnapshot){0};
  return status;
}

WnStatus wn_reader_read(WnReader *reader, int timeout_ms, WnSnapshot *out, WnError *error) {
  return read_next(reader, timeout_ms, true, out, error);
}

WnStatus wn_reader_view(WnReader *reader, int timeout_ms, WnSnapshot *out, WnError *error) {
  return read_next(reader, timeout_ms, false, out, error);
}

bool wn_reader_release(WnReader *r) {
  bool whole = r->viewed && wni_ring_leave(&r->viewed->sequence, r->last);
  r->viewed = NULL;
  return whole;
}

const char *wn_reader_description(const WnReader *r) {
  return r->description;
}

int wn_reader_descriptor(const WnReader *r) {
  return r->epoll;
}

bool wn_reader_connected(const WnReader *r) {
  return r->segment.base != NULL;
}

/* ---- life ---- */

WnStatus wn_reader_new(const char *path, WnReader **out, WnError *error) {
  WnStatus status = wni_endpoint_check(path, error);
  *out = NULL;
  if (status != WN_OK) return status;
  WnReader *r = calloc(1, sizeof *r);
  if (!r) return wni_fail_memory(error, "the reader");
  r->socket = r->segment.fd = -1;
  r->epoll = epoll_create1(EPOLL_CLOEXEC);
  r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  r->path = strdup(path);
  r->copy = calloc(1, sizeof *r->copy);
  r->results = calloc(WNI_WIRE_RESULTS, sizeof *r->results);
  r->labels = calloc(WNI_WIRE_RESULTS * WNI_WIRE_SURVIVORS, sizeof *r->labels);
  r->description = calloc(1, WNI_WIRE_DESCRIPTION + 1);
  r->description_next = calloc(1, WNI_WIRE_DESCRIPTION + 1);
  struct epoll_event event = {.events = EPOLLIN};
  if (!r->path || !r->copy || !r->results || !r->labels || !r->description || !r->description_next)
    status = wni_fail_memory(error, "the reader");
  else if (r->epoll < 0 || r->timer < 0 ||
           epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->timer, &event) != 0)
    status =
        wni_fail(error, WN_ERROR_IO, "'%s': cannot wait for frames: %s", path, strerror(errno));
  if (status != WN_OK) goto fail;
  set_timer(r, 1);
  *out = r;
  return WN_OK;
fail:
  wn_reader_free(r);
  return status;
}

void wn_reader_free(WnReader *r) {
  if (!r) return;
  if (r->socket >= 0) close(r->socket);
  if (r->epoll >= 0) close(r->epoll);
  if (r->timer >= 0) close(r->timer);
  wni_segment_clear(&r->segment);
  free(r->path);
  free(r->copy);
  free(r->pixels);
  free(r->results);
  free(r->labels);
  free(r->description);
  free(r->description_next);
  free(r);
}
