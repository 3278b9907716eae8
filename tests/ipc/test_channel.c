/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Publisher and readers of a channel that behave: what is published arrives, the newest first; they
 * come and go in any order; nobody waits for anybody.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/endpoint.h"
#include "ipc/wire.h"

/* A reader that has connected: a publisher lets it in when it publishes or serves. */
static WnReader *connected_reader(WnPublisher *publisher) {
  WnReader *reader = fixture_reader();
  WnSnapshot snapshot;
  while (!wn_reader_connected(reader)) {
    wn_reader_read(reader, 0, &snapshot, NULL);
    wn_publisher_serve(publisher);
  }
  return reader;
}

START_TEST(frames_and_results_arrive) {
  static const int32_t sizes[][2] = {{1, 1}, {7, 5}, {64, 48}, {33, 2}};
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *reader = connected_reader(publisher);
  uint64_t number = 0;
  for (int format = 0; format < WN_PIXEL_FORMAT_COUNT; format++)
    for (int s = 0; s < 4; s++) {
      WnSnapshot got;
      number++;
      WnFrame frame =
          fixture_frame((WnPixelFormat)format, sizes[s][0], sizes[s][1], s * 13, number);
      fixture_publish(publisher, &frame, fixture_result(4, number));
      fixture_read(reader, &got);
      ck_assert_uint_eq(got.number, number);
      ck_assert_uint_eq(got.skipped, 0);
      ck_assert(got.has_frame && got.n_results == 1);
      ck_assert_int_eq(got.frame.format, format);
      ck_assert_int_eq(got.frame.width, sizes[s][0]);
      ck_assert_int_eq(got.frame.height, sizes[s][1]);
      ck_assert_int_eq(got.frame.matrix, WN_MATRIX_BT709);
      ck_assert_int_eq(got.frame.range, WN_RANGE_FULL);
      ck_assert_int_eq(got.frame.chroma_site, WN_CHROMA_CENTRED);
      ck_assert(fixture_frame_is(&got.frame, number));
      fixture_check_result(&got.results[0], 4, number);
      fixture_free_frame(&frame);
    }
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(either_part_may_be_missing) {
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *reader = connected_reader(publisher);
  WnFrame frame = fixture_frame(WN_PIXEL_RGB, 8, 8, 0, 1);
  WnSnapshot got;
  fixture_publish(publisher, &frame, NULL);
  fixture_read(reader, &got);
  ck_assert(got.has_frame && got.n_results == 0);
  fixture_publish(publisher, NULL, fixture_result(1, 2));
  fixture_read(reader, &got);
  ck_assert(!got.has_frame && got.n_results == 1);
  fixture_check_result(&got.results[0], 1, 2);
  fixture_publish(publisher, NULL, NULL);
  fixture_read(reader, &got);
  ck_assert(!got.has_frame && got.n_results == 0);
  ck_assert_uint_eq(got.number, 3);
  fixture_free_frame(&frame);
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(the_newest_wins) {
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *early = connected_reader(publisher), *late;
  WnSnapshot got;
  for (uint64_t n = 1; n <= 25; n++) {
    WnFrame frame = fixture_frame(WN_PIXEL_NV12, 16, 16, 0, n);
    fixture_publish(publisher, &frame, NULL);
    fixture_free_frame(&frame);
    if (n == 3) {
      fixture_read(early, &got);
      ck_assert_uint_eq(got.number, 3);
    }
  }
  fixture_read(early, &got);
  ck_assert_uint_eq(got.number, 25);
  ck_assert_uint_eq(got.skipped, 21);
  ck_assert(fixture_frame_is(&got.frame, 25));
  fixture_read_fails(early, WN_ERROR_TIMEOUT, "no new frame");
  late = fixture_reader(); /* sees what is there, and has missed nothing of its own */
  while (wn_reader_read(late, 10, &got, NULL) == WN_ERROR_TIMEOUT) wn_publisher_serve(publisher);
  ck_assert_uint_eq(got.number, 25);
  ck_assert_uint_eq(got.skipped, 0);
  wn_reader_free(early);
  wn_reader_free(late);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(larger_frames_get_larger_memory) {
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *reader = connected_reader(publisher);
  uint64_t number = 0;
  for (int32_t side = 8; side <= 1024; side *= 4)
    for (int i = 0; i < 3; i++) {
      WnSnapshot got;
      WnFrame frame = fixture_frame(WN_PIXEL_RGBA, side, side, 0, ++number);
      fixture_publish(publisher, &frame, NULL);
      fixture_read(reader, &got);
      ck_assert_uint_eq(got.number, number);
      ck_assert_int_eq(got.frame.width, side);
      ck_assert(fixture_frame_is(&got.frame, number));
      fixture_free_frame(&frame);
    }
  ck_assert_int_eq(wn_publisher_readers(publisher), 1); /* on the same connection */
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(a_view_says_whether_it_was_whole) {
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *reader = connected_reader(publisher);
  WnFrame frame = fixture_frame(WN_PIXEL_GRAY8, 40, 30, 0, 1);
  WnSnapshot got;
  fixture_publish(publisher, &frame, NULL);
  ck_assert_int_eq(wn_reader_view(reader, 5000, &got, NULL), WN_OK);
  ck_assert(fixture_frame_is(&got.frame, 1));
  ck_assert(wn_reader_release(reader));
  ck_assert(!wn_reader_release(reader)); /* nothing is viewed now */
  fixture_publish(publisher, &frame, NULL);
  ck_assert_int_eq(wn_reader_view(reader, 5000, &got, NULL), WN_OK);
  for (int i = 0; i < WNI_WIRE_SLOTS - 1; i++) fixture_publish(publisher, &frame, NULL);
  ck_assert(wn_reader_release(reader)); /* the other slots come first */
  ck_assert_int_eq(wn_reader_view(reader, 5000, &got, NULL), WN_OK);
  for (int i = 0; i < WNI_WIRE_SLOTS; i++) fixture_publish(publisher, &frame, NULL);
  ck_assert(!wn_reader_release(reader));
  fixture_free_frame(&frame);
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(many_survivors_are_cut_to_the_best) {
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *reader = connected_reader(publisher);
  WnSnapshot got;
  fixture_publish(publisher, NULL, fixture_result(200, 1));
  fixture_read(reader, &got);
  ck_assert_int_eq(got.results[0].n_survivors, WNI_WIRE_SURVIVORS);
  ck_assert_int_eq(got.results[0].survivors[0], 199);
  ck_assert_str_eq(got.results[0].survivor_labels[99], "class 99");
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(readers_wait_for_a_publisher_and_find_the_next_one) {
  WnReader *reader = fixture_reader();
  WnSnapshot got;
  fixture_read_fails(reader, WN_ERROR_TIMEOUT, "nobody publishes");
  for (uint64_t round = 1; round <= 3; round++) {
    WnPublisher *publisher = fixture_publisher(NULL);
    WnFrame frame = fixture_frame(WN_PIXEL_RGB, 20, 10, 0, 1);
    WnError error;
    WnStatus status;
    do { /* the reader looks for a publisher from time to time */
      fixture_publish(publisher, &frame, NULL);
      status = wn_reader_read(reader, 20, &got, &error);
    } while (status == WN_ERROR_TIMEOUT);
    ck_assert_msg(status == WN_OK, "%s", error.message);
    ck_assert(fixture_frame_is(&got.frame, 1));
    ck_assert(wn_reader_connected(reader));
    fixture_free_frame(&frame);
    wn_publisher_free(publisher);
    fixture_read_fails(reader, WN_ERROR_TIMEOUT, "nobody publishes");
    ck_assert(!wn_reader_connected(reader));
  }
  wn_reader_free(reader);
  fixture_clean();
}
END_TEST

START_TEST(the_last_frame_is_not_lost) {
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *reader = connected_reader(publisher);
  WnSnapshot got;
  fixture_publish(publisher, NULL, fixture_result(1, 1));
  fixture_publish(publisher, NULL, fixture_result(2, 2));
  wn_publisher_free(publisher);
  fixture_read(reader, &got); /* of a publisher that has gone */
  ck_assert_uint_eq(got.number, 2);
  fixture_check_result(&got.results[0], 2, 2);
  fixture_read_fails(reader, WN_ERROR_TIMEOUT, "nobody publishes");
  publisher = fixture_publisher(NULL);
  fixture_publish(publisher, NULL, fixture_result(1, 1));
  while (wn_reader_read(reader, 10, &got, NULL) == WN_ERROR_TIMEOUT) wn_publisher_serve(publisher);
  ck_assert_uint_eq(got.number, 1); /* of the next one, and counted anew */
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(a_live_socket_is_not_taken_and_a_dead_one_is) {
  WnPublisher *first = fixture_publisher(NULL), *second;
  WnError error;
  struct stat info;
  ck_assert_int_eq(wn_publisher_new(fixture_path(), NULL, &second, &error), WN_ERROR_IO);
  ck_assert_ptr_null(second);
  ck_assert(strstr(error.message, "another program serves") != NULL);
  wn_publisher_free(first);
  ck_assert_int_ne(stat(fixture_path(), &info), 0);
  pid_t child = fork();
  if (child == 0) {
    wn_publisher_new(fixture_path(), NULL, &first, NULL);
    raise(SIGKILL);
  }
  waitpid(child, NULL, 0);
  ck_assert_int_eq(stat(fixture_path(), &info), 0); /* what the killed one left */
  second = fixture_publisher(NULL);
  /* One that has lost its path does not remove that of another. */
  unlink(fixture_path());
  first = fixture_publisher(NULL);
  wn_publisher_free(second);
  ck_assert_int_eq(stat(fixture_path(), &info), 0);
  wn_publisher_free(first);
  fixture_clean();
}
END_TEST

START_TEST(what_is_no_socket_stays) {
  WnPublisher *publisher;
  WnReader *reader;
  WnError error;
  int fd = open(fixture_path(), O_CREAT | O_WRONLY, 0600);
  ck_assert_int_eq(write(fd, "mine", 4), 4);
  close(fd);
  ck_assert_int_eq(wn_publisher_new(fixture_path(), NULL, &publisher, &error), WN_ERROR_IO);
  ck_assert(strstr(error.message, "no socket") != NULL);
  struct stat info;
  ck_assert_int_eq(stat(fixture_path(), &info), 0);
  ck_assert_int_eq(info.st_size, 4);
  fixture_clean();
  ck_assert_int_eq(wn_publisher_new("/nowhere/at/all", NULL, &publisher, &error), WN_ERROR_IO);
  ck_assert(strstr(error.message, "/nowhere/at/all") != NULL);
  char longer[200];
  memset(longer, 'x', sizeof longer);
  longer[199] = '\0';
  ck_assert_int_eq(wn_publisher_new(longer, NULL, &publisher, &error), WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wn_reader_new(longer, &reader, &error), WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wn_reader_new("", &reader, &error), WN_ERROR_ARGUMENT);
}
END_TEST

START_TEST(options_are_checked_and_used) {
  static const WnPublisherOptions wrong[] = {
      {.max_readers = -1}, {.max_readers = 257}, {.mode = 01000}, {.group = "no such group"}};
  WnPublisher *publisher;
  WnError error;
  struct stat info;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    ck_assert_int_eq(wn_publisher_new(fixture_path(), &wrong[i], &publisher, &error),
                     WN_ERROR_ARGUMENT);
  publisher = fixture_publisher(NULL);
  ck_assert_int_eq(stat(fixture_path(), &info), 0);
  ck_assert_int_eq(info.st_mode & 0777, 0600);
  wn_publisher_free(publisher);
  publisher = fixture_publisher(&(WnPublisherOptions){.mode = 0660});
  ck_assert_int_eq(stat(fixture_path(), &info), 0);
  ck_assert_int_eq(info.st_mode & 0777, 0660);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(only_so_many_readers_and_only_these_users) {
  uint32_t me = getuid(), other = getuid() + 1;
  WnPublisher *publisher =
      fixture_publisher(&(WnPublisherOptions){.max_readers = 2, .uids = &me, .n_uids = 1});
  WnReader *a = connected_reader(publisher), *b = connected_reader(publisher),
           *c = fixture_reader();
  WnSnapshot got;
  ck_assert_int_eq(wn_publisher_readers(publisher), 2);
  wn_reader_read(c, 0, &got, NULL);
  wn_publisher_serve(publisher);
  fixture_read_fails(c, WN_ERROR_IO, "as many readers");
  wn_reader_free(a);
  fixture_publish(publisher, NULL, fixture_result(1, 1)); /* sees that one has gone */
  while (!wn_reader_connected(c)) {
    wn_reader_read(c, 10, &got, NULL);
    wn_publisher_serve(publisher);
  }
  wn_reader_free(b);
  wn_reader_free(c);
  wn_publisher_free(publisher);
  publisher = fixture_publisher(&(WnPublisherOptions){.uids = &other, .n_uids = 1});
  a = fixture_reader();
  wn_reader_read(a, 0, &got, NULL);
  wn_publisher_serve(publisher);
  fixture_read_fails(a, WN_ERROR_IO, "does not let this user");
  ck_assert_int_eq(wn_publisher_readers(publisher), 0);
  wn_reader_free(a);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(bad_frames_are_not_published) {
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *reader = connected_reader(publisher);
  WnFrame good = fixture_frame(WN_PIXEL_NV12, 8, 8, 0, 1), bad[5] = {good, good, good, good, good};
  WnError error;
  bad[0].format = WN_PIXEL_FORMAT_COUNT;
  bad[1].width = 0;
  bad[2].height = 16385;
  bad[3].plane[1] = NULL;
  bad[4].stride_bytes[0] = 7;
  for (int i = 0; i < 5; i++)
    ck_assert_int_eq(wn_publisher_publish(publisher, &bad[i], NULL, 0, &error), WN_ERROR_ARGUMENT);
  fixture_read_fails(reader, WN_ERROR_TIMEOUT, "no new frame");
  fixture_free_frame(&good);
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

/* A connection of our own, and the memory that comes over it. */
static int raw_client(WnPublisher *publisher, int *memory) {
  WniWireHello hello;
  int fd = -1;
  ck_assert_int_eq(wni_endpoint_connect(fixture_path(), &fd, NULL), WN_OK);
  ck_assert_int_ge(fd, 0);
  wn_publisher_serve(publisher);
  ck_assert_int_eq(wni_endpoint_receive(fd, &hello, sizeof hello, memory), sizeof hello);
  ck_assert_int_ge(*memory, 0);
  return fd;
}

START_TEST(readers_cannot_write) {
  WnPublisher *publisher = fixture_publisher(NULL);
  int memory, fd = raw_client(publisher, &memory);
  ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0), MAP_FAILED);
  ck_assert_int_eq(pwrite(memory, "x", 1, 0), -1);
  ck_assert_int_eq(ftruncate(memory, 0), -1);
  ck_assert_int_eq(ftruncate(memory, 1 << 30), -1);
  ck_assert_int_eq(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE), -1);
  void *readable = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memory, 0);
  ck_assert_ptr_ne(readable, MAP_FAILED);
  ck_assert_int_eq(mprotect(readable, 4096, PROT_READ | PROT_WRITE), -1);
  munmap(readable, 4096);
  close(memory);
  close(fd);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(clients_that_misbehave_harm_nobody) {
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *reader = connected_reader(publisher);
  int memory, silent = raw_client(publisher, &memory), chatty, flood[40];
  WnSnapshot got;
  close(memory);
  chatty = raw_client(publisher, &memory);
  close(memory);
  ck_assert_int_eq(wn_publisher_readers(publisher), 3);
  ck_assert_int_eq(send(chatty, "let me in", 9, 0), 9);
  for (size_t i = 0; i < 40; i++) wni_endpoint_connect(fixture_path(), &flood[i], NULL);
  /* The silent one never reads; the frames go on for everybody else. */
  for (uint64_t n = 1; n <= 2000; n++) {
    fixture_publish(publisher, NULL, fixture_result(1, n));
    if (n % 100) continue;
    fixture_read(reader, &got);
    ck_assert_uint_eq(got.number, n);
  }
  ck_assert_int_le(wn_publisher_readers(publisher), 32);
  char byte;
  ck_assert(recv(chatty, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET); /* thrown out */
  for (size_t i = 0; i < 40; i++)
    if (flood[i] >= 0) close(flood[i]);
  close(silent);
  close(chatty);
  for (int i = 0; i < 20; i++) wn_publisher_serve(publisher);
  ck_assert_int_eq(wn_publisher_readers(publisher), 1);
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

SUITE_MAIN("channel", frames_and_results_arrive, either_part_may_be_missing, the_newest_wins,
           larger_frames_get_larger_memory, a_view_says_whether_it_was_whole,
           many_survivors_are_cut_to_the_best, readers_wait_for_a_publisher_and_find_the_next_one,
           the_last_frame_is_not_lost, a_live_socket_is_not_taken_and_a_dead_one_is,
           what_is_no_socket_stays, options_are_checked_and_used,
           only_so_many_readers_and_only_these_users, bad_frames_are_not_published,
           readers_cannot_write, clients_that_misbehave_harm_nobody)
