/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The writing end of a channel. It has no thread: a frame is copied into the next slot, and each
 * reader gets a message of eight bytes that never waits. One whose messages pile up is readable
 * anyway, and finds the newest frame when it looks. Readers come and go in wn_publisher_serve().
 */
#include <winnow/ipc.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "ipc/endpoint.h"
#include "ipc/record.h"
#include "ipc/ring.h"
#include "ipc/segment.h"

#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_READERS = 32, MAX_READERS = 256, DEFAULT_MODE = 0600, GROUP_MODE = 0660 };
enum {
  EVENTS = 16,
  ACCEPTS = 8
}; /* handled at a time: a flood of connections delays no frame for long */
enum { QUEUE_BYTES = 4096 }; /* the least the system allows: a few messages */

typedef struct Reader {
  int socket;
  uid_t uid;
} Reader;

struct WnPublisher {
  char *path;
  WniListener listener;
  int epoll; /* of the listener and the readers */
  WniSegment segment;
  uint64_t number;      /* of the newest frame */
  char *description;    /* NULL: none */
  uint64_t n_described; /* how often it was written */
  Reader *readers;      /* [max_readers] */
  int32_t n_readers, max_readers;
  uint32_t *uids; /* [n_uids] */
  size_t n_uids;
  bool any_uid;
  bool in_line; /* somebody is, for whom there was no descriptor */
};

/* ---- readers ---- */

/* The listener tells once: while no descriptor can be had for whoever waits, one that is always
 * readable would keep the caller busy. */
static bool watch_listener(const WnPublisher *p, int operation) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = p->listener.fd};
  return epoll_ctl(p->epoll, operation, p->listener.fd, &event) == 0;
}

/* Those who stand in line are told of again. */
static void ask_again(WnPublisher *p) {
  if (watch_listener(p, EPOLL_CTL_MOD)) p->in_line = false;
}

static void drop_reader(WnPublisher *p, int32_t r) {
  close(p->readers[r].socket); /* which takes it out of the epoll set */
  p->readers[r] = p->readers[--p->n_readers];
  if (p->in_line) ask_again(p);
}

static bool is_allowed(const WnPublisher *p, uid_t uid) {
  if (p->any_uid) return true;
  for (size_t i = 0; i < p->n_uids; i++)
    if (p->uids[i] == uid) return true;
  return false;
}

/* Whom nobody takes a place from. */
static bool is_trusted(uid_t uid) {
  return uid == 0 || uid == geteuid();
}

static int32_t count_readers(const WnPublisher *p, uid_t uid) {
  int32_t n = 0;
  for (int32_t r = 0; r < p->n_readers; r++) n += p->readers[r].uid == uid;
  return n;
}

/* Where all places are taken, one for a user who has fewer of them: that of a reader of the user
 * who has the most, so that no user can keep the others out. Among users who have as many each, or
 * one more, all stays as it is. False: none can be made. */
static bool make_place(WnPublisher *p, uid_t uid) {
  int32_t most = is_trusted(uid) ? 0 : count_readers(p, uid) + 1, loser = -1;
  if (p->n_readers < p->max_readers) return true;
  for (int32_t r = 0; r < p->n_readers; r++) {
    if (is_trusted(p->readers[r].uid)) continue;
    int32_t n = count_readers(p, p->readers[r].uid);
    if (n <= most) continue;
    most = n;
    loser = r;
  }
  if (loser >= 0) drop_reader(p, loser);
  return loser >= 0;
}

static WniSent greet(const WnPublisher *p, int fd, WniAnswer answer) {
  bool has_memory = answer == WNI_ANSWER_MEMORY;
  WniWireHello hello = {.version = WNI_WIRE_VERSION,
                        .answer = answer,
                        .segment_bytes = has_memory ? p->segment.bytes : 0};
  memcpy(hello.magic, WNI_WIRE_MAGIC, sizeof hello.magic);
  return wni_endpoint_send(fd, &hello, sizeof hello, has_memory ? p->segment.fd : -1);
}

static WniAnswer answer_to(WnPublisher *p, int fd, uid_t *uid) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return WNI_ANSWER_FORBIDDEN;
  *uid = peer.uid;
  if (!is_allowed(p, peer.uid)) return WNI_ANSWER_FORBIDDEN;
  return make_place(p, peer.uid) ? WNI_ANSWER_MEMORY : WNI_ANSWER_FULL;
}

/* False: nobody waits, or descriptors have run out and they stay in line. */
static bool let_in(WnPublisher *p) {
  int queue = QUEUE_BYTES;
  Reader reader = {.socket = accept4(p->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (reader.socket < 0) {
    if (errno == EINTR || errno == ECONNABORTED) return true;
    p->in_line = errno != EAGAIN;
    return false;
  }
  WniAnswer answer = answer_to(p, reader.socket, &reader.uid);
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = reader.socket};
  setsockopt(reader.socket, SOL_SOCKET, SO_SNDBUF, &queue, sizeof queue);
  if (greet(p, reader.socket, answer) != WNI_SENT || answer != WNI_ANSWER_MEMORY ||
      epoll_ctl(p->epoll, EPOLL_CTL_ADD, reader.socket, &event) != 0) {
    close(reader.socket);
    return true;
  }
  p->readers[p->n_readers++] = reader;
  return true;
}

/* Readers have nothing to say: a message ends the connection as a hang-up does. They go before new
 * ones come, which may get their descriptors. */
void wn_publisher_serve(WnPublisher *p) {
  struct epoll_event events[EVENTS];
  int n = epoll_wait(p->epoll, events, EVENTS, 0);
  bool wants_in = false;
  for (int i = 0; i < n; i++) {
    wants_in |= events[i].data.fd == p->listener.fd;
    for (int32_t r = 0; r < p->n_readers; r++)
      if (p->readers[r].socket == events[i].data.fd) drop_reader(p, r--);
  }
  for (int i = 0; wants_in && i < ACCEPTS; i++) wants_in = let_in(p);
  if (wants_in) ask_again(p);
}

int wn_publisher_descriptor(const WnPublisher *p) {
  return p->epoll;
}

int32_t wn_publisher_readers(const WnPublisher *p) {
  return p->n_readers;
}

/* ---- the description ---- */

static void write_description(WnPublisher *p) {
  WniWireDescription *out = wni_segment_description(&p->segment);
  uint64_t number = ++p->n_described;
  wni_ring_begin(&out->sequence, number);
  out->bytes = (uint32_t)strlen(p->description);
  memcpy(out->text, p->description, out->bytes);
  wni_ring_end(&out->sequence, number);
}

static void tell_readers(WnPublisher *p) {
  WniWireTick tick = {p->number};
  for (int32_t r = 0; r < p->n_readers; r++)
    if (wni_endpoint_send(p->readers[r].socket, &tick, sizeof tick, -1) == WNI_SENT_GONE)
      drop_reader(p, r--);
  if (p->in_line) ask_again(p);
}

/* The text with the socket's name if it has none; NULL: it is no JSON object. */
static char *complete_description(const WnPublisher *p, const char *text) {
  json_t *json = text ? json_loads(text, 0, NULL) : NULL;
  const char *slash = strrchr(p->path, '/');
  char *complete = NULL;
  if (json_is_object(json)) {
    json_t *members = json_pack("{s:o}", "name", wni_json_text(slash ? slash + 1 : p->path));
    json_object_update_new(members, json_incref(json));
    complete = json_dumps(members, JSON_COMPACT);
    json_decref(members);
  }
  json_decref(json);
  return complete;
}

WnStatus wn_publisher_describe(WnPublisher *p, const char *json, WnError *error) {
  char *text = complete_description(p, json);
  if (!text || strlen(text) > WNI_WIRE_DESCRIPTION) {
    free(text);
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "description: it must be a JSON object of at most %d bytes",
                    WNI_WIRE_DESCRIPTION);
  }
  free(p->description);
  p->description = text;
  write_description(p);
  tell_readers(p);
  return WN_OK;
}

/* ---- frames ---- */

/* Readers get the larger memory on the sockets they have; one that has not read its messages comes
 * again by itself. */
static WnStatus grow(WnPublisher *p, uint64_t pixel_bytes, WnError *error) {
  WniSegment larger;
  WnStatus status = wni_segment_create(pixel_bytes, &larger, error);
  if (status != WN_OK) return status;
  wni_segment_clear(&p->segment);
  p->segment = larger;
  if (p->description) write_description(p);
  for (int32_t r = 0; r < p->n_readers; r++)
    if (greet(p, p->readers[r].socket, WNI_ANSWER_MEMORY) != WNI_SENT) drop_reader(p, r--);
  return WN_OK;
}

/* A result that readers would refuse leaves the slot as one that is being written. */
static WnStatus write_slot(WnPublisher *p, uint64_t number, const WnFrame *frame,
                           const WniWireFrame *laid_out, const WnResult *results, int32_t n_results,
                           WnError *error) {
  WniWireSlot *slot = wni_segment_slot(&p->segment, number);
  wni_ring_begin(&slot->sequence, number);
  slot->number = number;
  slot->published_ns = wni_clock_ns();
  slot->parts = frame ? WNI_WIRE_HAS_FRAME : 0;
  slot->n_results = n_results < WNI_WIRE_RESULTS ? n_results : WNI_WIRE_RESULTS;
  for (int32_t i = 0; i < slot->n_results; i++) {
    wni_record_put(&results[i], &slot->result[i]);
    const char *fault = wni_record_find_fault(&slot->result[i]);
    if (fault)
      return wni_fail(error, WN_ERROR_ARGUMENT, "result %d contradicts itself: its %s", i, fault);
  }
  if (frame) {
    slot->frame = *laid_out;
    wni_record_copy_pixels(frame, wni_segment_pixels(&p->segment, slot));
  }
  wni_ring_end(&slot->sequence, number);
  wni_ring_set_latest(wni_segment_header(&p->segment), number);
  return WN_OK;
}

WnStatus wn_publisher_publish(WnPublisher *p, const WnFrame *frame, const WnResult *results,
                              int32_t n_results, WnError *error) {
  WniWireFrame laid_out = {0};
  WnStatus status = frame ? wni_record_lay_out(frame, &laid_out, error) : WN_OK;
  wn_publisher_serve(p);
  if (status == WN_OK && laid_out.bytes > wni_segment_capacity(&p->segment))
    status = grow(p, laid_out.bytes, error);
  if (status == WN_OK)
    status = write_slot(p, p->number + 1, frame, &laid_out, results, n_results, error);
  if (status != WN_OK) return status;
  p->number++;
  tell_readers(p);
  return WN_OK;
}

/* ---- life ---- */

static WnStatus find_group(const char *name, gid_t *out, WnError *error) {
  struct group entry, *found = NULL;
  char room[65536]; /* for the names of its members */
  *out = (gid_t)-1;
  if (!name) return WN_OK;
  getgrnam_r(name, &entry, room, sizeof room, &found);
  if (!found) return wni_fail(error, WN_ERROR_ARGUMENT, "group: there is no group '%.100s'", name);
  *out = found->gr_gid;
  return WN_OK;
}

static WnStatus check_options(const WnPublisherOptions *o, WnError *error) {
  WnStatus status = WNI_RESERVED_CHECK(o, "publisher options", error);
  if (status != WN_OK) return status;
  if (o->max_readers < 0 || o->max_readers > MAX_READERS)
    return wni_fail(error, WN_ERROR_ARGUMENT, "max_readers: %d; it must be 1 to %d", o->max_readers,
                    MAX_READERS);
  if (o->mode & ~0777u)
    return wni_fail(error, WN_ERROR_ARGUMENT, "mode: %#o; it must be 0001 to 0777", o->mode);
  return WN_OK;
}

static WnStatus allocate(WnPublisher *p, const char *path, const WnPublisherOptions *o,
                         WnError *error) {
  p->max_readers = o->max_readers ? o->max_readers : DEFAULT_READERS;
  p->any_uid = o->uids == NULL;
  p->n_uids = o->uids ? o->n_uids : 0;
  p->path = strdup(path);
  p->readers = calloc((size_t)p->max_readers, sizeof *p->readers);
  p->uids = calloc(p->n_uids + 1, sizeof *p->uids);
  if (!p->path || !p->readers || !p->uids) return wni_fail_memory(error, "the publisher");
  if (p->n_uids) memcpy(p->uids, o->uids, p->n_uids * sizeof *p->uids);
  return WN_OK;
}

static WnStatus open_sockets(WnPublisher *p, const WnPublisherOptions *o, WnError *error) {
  gid_t group;
  mode_t mode = o->mode ? o->mode : o->group ? GROUP_MODE : DEFAULT_MODE;
  WnStatus status = find_group(o->group, &group, error);
  if (status == WN_OK) status = wni_endpoint_listen(p->path, mode, group, &p->listener, error);
  if (status != WN_OK) return status;
  p->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (p->epoll < 0 || !watch_listener(p, EPOLL_CTL_ADD))
    return wni_fail(error, WN_ERROR_IO, "'%s': cannot wait for readers: %s", p->path,
                    strerror(errno));
  return WN_OK;
}

WnStatus wn_publisher_new(const char *path, const WnPublisherOptions *options, WnPublisher **out,
                          WnError *error) {
  WnPublisherOptions defaults = {0};
  const WnPublisherOptions *o = options ? options : &defaults;
  WnPublisher *p = NULL;
  *out = NULL;
  WnStatus status = wni_endpoint_check(path, error);
  if (status == WN_OK) status = check_options(o, error);
  if (status != WN_OK) return status;
  p = calloc(1, sizeof *p);
  if (!p) return wni_fail_memory(error, "the publisher");
  p->listener = (WniListener){.fd = -1, .folder = -1};
  p->epoll = -1;
  status = allocate(p, path, o, error);
  if (status == WN_OK) status = wni_segment_create(0, &p->segment, error);
  if (status == WN_OK) status = open_sockets(p, o, error);
  if (status != WN_OK) goto fail;
  *out = p;
  return WN_OK;
fail:
  wn_publisher_free(p);
  return status;
}

void wn_publisher_free(WnPublisher *p) {
  if (!p) return;
  while (p->n_readers > 0) drop_reader(p, 0);
  wni_endpoint_close(&p->listener, p->path);
  if (p->epoll >= 0) close(p->epoll);
  wni_segment_clear(&p->segment);
  free(p->path);
  free(p->description);
  free(p->readers);
  free(p->uids);
  free(p);
}
