/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A reader and publishers that lie: each row of the tables spoils one number of what a good one
 * would send. The reader must say so in one sentence, and read from a good one afterwards.
 */
#include "fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/endpoint.h"
#include "ipc/record.h"
#include "ipc/ring.h"
#include "ipc/segment.h"

enum { PIXELS = 32 * 8 };

/* A publisher whose every byte the test decides. */
typedef struct Liar {
  WniListener listener;
  WniSegment segment;
  WniWireHello hello;
  WnReader *reader;
  int socket;
} Liar;

static void liar_open(Liar *liar) {
  WnFrame frame = fixture_frame(WN_PIXEL_GRAY8, 32, 8, 0, 1);
  *liar = (Liar){.reader = fixture_reader(), .socket = -1};
  ck_assert_int_eq(wni_endpoint_listen(fixture_path(), 0600, (gid_t)-1, &liar->listener, NULL),
                   WN_OK);
  ck_assert_int_eq(wni_segment_create(PIXELS * 4, &liar->segment, NULL), WN_OK);
  liar->hello = (WniWireHello){.version = WNI_WIRE_VERSION, .segment_bytes = liar->segment.bytes};
  memcpy(liar->hello.magic, WNI_WIRE_MAGIC, sizeof liar->hello.magic);
  /* Frame 1, good in all parts. */
  WniWireSlot *slot = wni_segment_slot(&liar->segment, 1);
  wni_ring_begin(&slot->sequence, 1);
  slot->number = 1;
  slot->parts = WNI_WIRE_HAS_FRAME;
  slot->n_results = 1;
  wni_record_put(fixture_result(4, 1), &slot->result[0]);
  ck_assert_int_eq(wni_record_lay_out(&frame, &slot->frame, NULL), WN_OK);
  wni_record_copy_pixels(&frame, wni_segment_pixels(&liar->segment, slot));
  wni_ring_end(&slot->sequence, 1);
  wni_ring_set_latest(wni_segment_header(&liar->segment), 1);
  fixture_free_frame(&frame);
}

/* Lets the reader connect. */
static void liar_accept(Liar *liar) {
  WnSnapshot got;
  wn_reader_read(liar->reader, 0, &got, NULL);
  liar->socket = accept4(liar->listener.fd, NULL, NULL, SOCK_CLOEXEC);
  ck_assert_int_ge(liar->socket, 0);
}

static void liar_say(Liar *liar, const void *message, size_t bytes, int memory) {
  ck_assert_int_eq(wni_endpoint_send(liar->socket, message, bytes, memory), WNI_SENT);
}

static void liar_greet(Liar *liar) {
  liar_accept(liar);
  liar_say(liar, &liar->hello, sizeof liar->hello, liar->segment.fd);
}

static void liar_close(Liar *liar) {
  if (liar->socket >= 0) close(liar->socket);
  wni_endpoint_close(&liar->listener, fixture_path());
  wni_segment_clear(&liar->segment);
  /* The same reader and a good publisher. */
  WnPublisher *publisher = fixture_publisher(NULL);
  WnSnapshot got;
  WnStatus status;
  do {
    fixture_publish(publisher, NULL, fixture_result(2, 9));
    status = wn_reader_read(liar->reader, 20, &got, NULL);
  } while (status == WN_ERROR_TIMEOUT);
  ck_assert_int_eq(status, WN_OK);
  fixture_check_result(&got.results[0], 2, 9);
  wn_publisher_free(publisher);
  wn_reader_free(liar->reader);
  fixture_clean();
}

START_TEST(a_truthful_liar_is_believed) {
  Liar liar;
  WnSnapshot got;
  liar_open(&liar);
  liar_greet(&liar);
  fixture_read(liar.reader, &got);
  ck_assert(fixture_frame_is(&got.frame, 1));
  fixture_check_result(&got.results[0], 4, 1);
  liar_close(&liar);
}
END_TEST

START_TEST(messages) {
  static const struct {
    WniWireHello change; /* what is not 0 is put in */
    size_t bytes;        /* of the message; 0: as it should be */
    bool no_memory;
    WnStatus status;
    const char *says;
  } rows[] = {
      {.change.magic = "notours", .status = WN_ERROR_DATA, .says = "no publisher of Winnow"},
      {.change.version = 1, .status = WN_ERROR_UNSUPPORTED, .says = "version 1"},
      {.change.answer = 77, .status = WN_ERROR_DATA, .says = "no memory"},
      {.no_memory = true, .status = WN_ERROR_DATA, .says = "no memory"},
      {.bytes = 5, .status = WN_ERROR_DATA, .says = "a message that is none"},
      {.bytes = 23, .status = WN_ERROR_DATA, .says = "a message that is none"},
      {.bytes = 200, .status = WN_ERROR_DATA, .says = "a message that is none"},
      {.bytes = sizeof(WniWireTick), .status = WN_ERROR_TIMEOUT, .says = "no new frame"},
      {.change.segment_bytes = 1, .status = WN_ERROR_DATA, .says = "another size"},
      {.change.segment_bytes = UINT64_MAX, .status = WN_ERROR_DATA, .says = "another size"},
      {.change.segment_bytes = 1 << 30, .status = WN_ERROR_DATA, .says = "another size"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Liar liar;
    uint8_t message[200] = {0};
    liar_open(&liar);
    if (rows[i].change.magic[0]) memcpy(liar.hello.magic, rows[i].change.magic, 8);
    if (rows[i].change.version) liar.hello.version = rows[i].change.version;
    if (rows[i].change.answer) liar.hello.answer = rows[i].change.answer;
    if (rows[i].change.segment_bytes) liar.hello.segment_bytes = rows[i].change.segment_bytes;
    memcpy(message, &liar.hello, sizeof liar.hello);
    liar_accept(&liar);
    liar_say(&liar, message, rows[i].bytes ? rows[i].bytes : sizeof liar.hello,
             rows[i].no_memory ? -1 : liar.segment.fd);
    fixture_read_fails(liar.reader, rows[i].status, rows[i].says);
    liar_close(&liar);
  }
}
END_TEST

static int sealed_memory(size_t bytes, unsigned kind, int seals) {
  int fd = memfd_create("liar", MFD_CLOEXEC | MFD_ALLOW_SEALING | kind);
  if (fd >= 0 && (ftruncate(fd, (off_t)bytes) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0)) {
    close(fd);
    return -1;
  }
  return fd;
}

START_TEST(memory_that_could_end_the_reader) {
  const int good = F_SEAL_SHRINK | F_SEAL_GROW;
  int pipes[2];
  ck_assert_int_eq(pipe(pipes), 0);
  close(pipes[1]);
  struct {
    int fd;
    const char *says;
  } rows[] = {
      {sealed_memory(1 << 20, 0, F_SEAL_GROW), "not sealed"}, /* may shrink: SIGBUS */
      {sealed_memory(1 << 20, 0, F_SEAL_SHRINK), "not sealed"},
      {sealed_memory(1 << 21, MFD_HUGETLB, good), "another kind"}, /* perhaps no page: SIGBUS */
      {open("/dev/zero", O_RDONLY), "not sealed"},
      {open("/proc/self/exe", O_RDONLY), "not sealed"},
      {pipes[0], "not sealed"},
      {sealed_memory(0, 0, good), "another size"},
      {sealed_memory(10, 0, good), "another size"},
      {sealed_memory(1 << 20, 0, good), "sizes in its memory"}, /* all zero */
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Liar liar;
    if (rows[i].fd < 0) continue; /* this system has no huge pages at all */
    off_t bytes = lseek(rows[i].fd, 0, SEEK_END);
    liar_open(&liar);
    liar.hello.segment_bytes = bytes > 0 ? (uint64_t)bytes : 4096;
    liar_accept(&liar);
    liar_say(&liar, &liar.hello, sizeof liar.hello, rows[i].fd);
    close(rows[i].fd);
    fixture_read_fails(liar.reader, WN_ERROR_DATA, rows[i].says);
    liar_close(&liar);
  }
}
END_TEST

/* Rows that put `value` into `bytes` bytes at `offset`. */
typedef struct Spoiled {
  size_t offset, bytes;
  uint64_t value;
  const char *says; /* "" : the frame is only never taken */
} Spoiled;

#define NOT_A_NUMBER 0x7ff8000000000000
#define INFINITE 0x7ff0000000000000
#define AT(structure, member) offsetof(structure, member), sizeof(((structure *)0)->member)

static void spoil(void *base, const Spoiled *row) {
  memcpy((uint8_t *)base + row->offset, &row->value, row->bytes);
}

START_TEST(headers) {
  static const Spoiled rows[] = {
      {AT(WniWireHeader, version), 1, "sizes"},
      {AT(WniWireHeader, n_slots), 0, "sizes"},
      {AT(WniWireHeader, n_slots), 65, "sizes"},
      {AT(WniWireHeader, n_slots), UINT32_MAX, "sizes"},
      {AT(WniWireHeader, segment_bytes), 1, "sizes"},
      {AT(WniWireHeader, first_slot), 8, "sizes"},
      {AT(WniWireHeader, first_slot), 1 << 20, "sizes"},
      {AT(WniWireHeader, first_slot), UINT64_MAX - 63, "sizes"},
      {AT(WniWireHeader, slot_bytes), 0, "sizes"},
      {AT(WniWireHeader, slot_bytes), UINT64_MAX / 4 - 63, "sizes"},
      {AT(WniWireHeader, slot_bytes), 100000, "sizes"},
      {AT(WniWireHeader, result_bytes), 8, "sizes"},
      {AT(WniWireHeader, description), 8, "sizes"},
      {AT(WniWireHeader, description), 1 << 20, "sizes"},
      {AT(WniWireHeader, description), UINT64_MAX - 63, "sizes"},
      {AT(WniWireHeader, pixels), 64, "sizes"},
      {AT(WniWireHeader, pixels), 1 << 30, "sizes"},
      {AT(WniWireHeader, pixels), UINT64_MAX - 63, "sizes"},
      {AT(WniWireHeader, latest), UINT64_MAX, "run backwards"},
      {AT(WniWireHeader, latest), 2, ""}, /* a frame that is not there */
      {AT(WniWireHeader, latest), 0, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Liar liar;
    liar_open(&liar);
    spoil(liar.segment.base, &rows[i]);
    liar_greet(&liar);
    fixture_read_fails(liar.reader, rows[i].says[0] ? WN_ERROR_DATA : WN_ERROR_TIMEOUT,
                       rows[i].says);
    liar_close(&liar);
  }
}
END_TEST

START_TEST(slots) {
  static const Spoiled rows[] = {
      {AT(WniWireSlot, sequence), 1, ""}, /* for ever being written */
      {AT(WniWireSlot, sequence), 4, ""},
      {AT(WniWireSlot, frame.format), 0, "no possible frame"},
      {AT(WniWireSlot, frame.format), UINT64_MAX, "no possible frame"},
      {AT(WniWireSlot, frame.format), 0x30323449 /* "I420" */, "no possible frame"},
      {AT(WniWireSlot, frame.width), 0, "no possible frame"},
      {AT(WniWireSlot, frame.width), (uint32_t)-32, "no possible frame"},
      {AT(WniWireSlot, frame.width), INT32_MAX, "no possible frame"},
      {AT(WniWireSlot, frame.height), 9, "no possible frame"},
      {AT(WniWireSlot, frame.height), INT32_MAX, "no possible frame"},
      {AT(WniWireSlot, frame.matrix), 2, "no possible frame"},
      {AT(WniWireSlot, frame.range), 2, "no possible frame"},
      {AT(WniWireSlot, frame.chroma_site), 4, "no possible frame"},
      {AT(WniWireSlot, frame.bytes), UINT64_MAX, "no possible frame"},
      {AT(WniWireSlot, frame.offset[0]), 4096, "no possible frame"},
      {AT(WniWireSlot, frame.stride[0]), UINT64_MAX, "no possible frame"},
      {AT(WniWireSlot, n_results), 17, "number of results"},
      {AT(WniWireSlot, n_results), UINT32_MAX, "number of results"},
      {AT(WniWireSlot, result[0].survivor_count), 3, "number of survivors"},
      {AT(WniWireSlot, result[0].n_survivors), 0, "class"},
      {AT(WniWireSlot, result[0].n_survivors), 101, "number of survivors"},
      {AT(WniWireSlot, result[0].n_survivors), UINT32_MAX, "number of survivors"},
      {AT(WniWireSlot, result[0].n_stages_evaluated), 257, "stages"},
      {AT(WniWireSlot, result[0].n_stages_evaluated), UINT32_MAX, "stages"},
      {AT(WniWireSlot, result[0].exit_stage), 9, "stages"},
      {AT(WniWireSlot, result[0].exit_stage), (uint64_t)-1, "stages"},
      {AT(WniWireSlot, result[0].stage_count), INT32_MAX, "stages"},
      {AT(WniWireSlot, result[0].stop_reason), WN_STOP_REASON_COUNT, "stop reason"},
      {AT(WniWireSlot, result[0].stop_reason), (uint64_t)-1, "stop reason"},
      {AT(WniWireSlot, result[0].class_index), (uint64_t)-2, "class"},
      {AT(WniWireSlot, result[0].class_index), UINT32_MAX, "numbers"},
      {AT(WniWireSlot, result[0].watched), INT64_MAX, "numbers"},
      {AT(WniWireSlot, result[0].text_bytes), 0, "texts"},
      {AT(WniWireSlot, result[0].text_bytes), 3, "texts"}, /* ends inside a word */
      {AT(WniWireSlot, result[0].text_bytes), WNI_WIRE_TEXT + 1, "texts"},
      {AT(WniWireSlot, result[0].text_bytes), UINT32_MAX, "texts"},
      {AT(WniWireSlot, result[0].label), WNI_WIRE_TEXT, "texts"},
      {AT(WniWireSlot, result[0].group), UINT32_MAX, "texts"},
      {AT(WniWireSlot, result[0].model_id), UINT32_MAX, "texts"},
      {AT(WniWireSlot, result[0].region_name), WNI_WIRE_TEXT, "texts"},
      {AT(WniWireSlot, result[0].survivor_labels[3]), UINT32_MAX, "survivors"},
      {AT(WniWireSlot, result[0].survivors[0]), UINT32_MAX, "survivors"},
      {AT(WniWireSlot, result[0].survivor_scores[3]), NOT_A_NUMBER, "survivors"},
      {AT(WniWireSlot, result[0].survivors_per_stage[2]), UINT32_MAX, "stages"},
      {AT(WniWireSlot, result[0].confidence), NOT_A_NUMBER, "numbers"},
      {AT(WniWireSlot, result[0].confidence), INFINITE, "numbers"},
      {AT(WniWireSlot, result[0].macs), UINT64_MAX, "numbers"},
      {AT(WniWireSlot, result[0].macs_full), (uint64_t)INT64_MAX + 1, "numbers"},
      {AT(WniWireSlot, result[0].latency_ns), (uint64_t)INT64_MIN, "numbers"},
      {AT(WniWireSlot, result[0].latency_ns), INT64_MAX, "numbers"},
      {AT(WniWireSlot, result[0].pts_ns), (uint64_t)INT64_MIN + 1, "numbers"},
      {AT(WniWireSlot, result[0].time_ns), INT64_MAX, "numbers"},
      {AT(WniWireSlot, result[0].age_ns), (uint64_t)INT64_MIN, "numbers"},
      {AT(WniWireSlot, result[0].region.x), INT32_MAX, "region"},
      {AT(WniWireSlot, result[0].region.y), 0x80000000, "region"},
      {AT(WniWireSlot, result[0].region.width), UINT32_MAX, "region"},
      {AT(WniWireSlot, result[0].region.height), INT32_MAX, "region"},
      {AT(WniWireSlot, published_ns), INT64_MAX, "clock"},
      {AT(WniWireSlot, published_ns), (uint64_t)INT64_MIN, "clock"},
      {AT(WniWireSlot, frame.pts_ns), INT64_MAX, "no possible frame"},
      {AT(WniWireSlot, frame.time_ns), (uint64_t)INT64_MIN, "no possible frame"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Liar liar;
    liar_open(&liar);
    spoil(wni_segment_slot(&liar.segment, 1), &rows[i]);
    liar_greet(&liar);
    fixture_read_fails(liar.reader, rows[i].says[0] ? WN_ERROR_DATA : WN_ERROR_TIMEOUT,
                       rows[i].says);
    liar_close(&liar);
  }
}
END_TEST

START_TEST(numbers_that_run_backwards) {
  Liar liar;
  WnSnapshot got;
  liar_open(&liar);
  WniWireHeader *header = wni_segment_header(&liar.segment);
  WniWireSlot *slot = wni_segment_slot(&liar.segment, 5); /* the same slot as that of 1 */
  atomic_store(&slot->sequence, 10);
  atomic_store(&header->latest, 5);
  liar_greet(&liar);
  fixture_read(liar.reader, &got);
  ck_assert_uint_eq(got.number, 5);
  atomic_store(&slot->sequence, 2);
  atomic_store(&header->latest, 1);
  fixture_read_fails(liar.reader, WN_ERROR_DATA, "run backwards");
  liar_close(&liar);
}
END_TEST

/* Whatever a call has come to, the next one may be any. */
START_TEST(releases_after_every_error) {
  static const Spoiled rows[] = {
      {AT(WniWireSlot, result[0].n_survivors), UINT32_MAX, "survivors"},
      {AT(WniWireSlot, frame.width), 0, "no possible frame"},
      {AT(WniWireSlot, n_results), 17, "number of results"},
      {AT(WniWireSlot, sequence), 1, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Liar liar;
    WnSnapshot got;
    liar_open(&liar);
    spoil(wni_segment_slot(&liar.segment, 1), &rows[i]);
    liar_greet(&liar);
    memset(&got, 1, sizeof got);
    ck_assert_int_eq(wn_reader_view(liar.reader, 50, &got, NULL),
                     rows[i].says[0] ? WN_ERROR_DATA : WN_ERROR_TIMEOUT);
    ck_assert(!got.has_frame && got.n_results == 0 && !got.frame.plane[0] && !got.results);
    ck_assert(!wn_reader_release(liar.reader));
    ck_assert(!wn_reader_release(liar.reader));
    ck_assert_str_eq(wn_reader_description(liar.reader), "");
    ck_assert(wn_reader_view(liar.reader, 0, &got, NULL) != WN_OK);
    ck_assert(!wn_reader_release(liar.reader));
    liar_close(&liar);
  }
}
END_TEST

/* What was viewed is history when other memory has come or the publisher has gone. */
START_TEST(releases_after_the_memory_has_gone) {
  Liar liar;
  WnSnapshot got;
  liar_open(&liar);
  liar_greet(&liar);
  ck_assert_int_eq(wn_reader_view(liar.reader, 1000, &got, NULL), WN_OK);
  ck_assert(wn_reader_release(liar.reader));
  liar_say(&liar, "x", 1, -1);
  ck_assert_int_eq(wn_reader_view(liar.reader, 0, &got, NULL), WN_ERROR_DATA);
  ck_assert(!wn_reader_release(liar.reader));
  liar_close(&liar);
}
END_TEST

SUITE_MAIN("hostile", releases_after_every_error, releases_after_the_memory_has_gone,
           a_truthful_liar_is_believed, messages, memory_that_could_end_the_reader, headers, slots,
           numbers_that_run_backwards)
