/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The descriptors of publishers and readers, for programs that wait: they tell when there is
 * something to do, and only then.
 */
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"

static bool is_readable(int fd, int timeout_ms) {
  struct pollfd wait = {fd, POLLIN, 0};
  return poll(&wait, 1, timeout_ms) == 1;
}

START_TEST(descriptors_tell_when_to_look) {
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *reader = fixture_reader();
  WnSnapshot got;
  ck_assert(is_readable(wn_reader_descriptor(reader), 5000)); /* to connect */
  ck_assert_int_eq(wn_reader_read(reader, 0, &got, NULL), WN_ERROR_TIMEOUT);
  ck_assert(is_readable(wn_publisher_descriptor(publisher), 5000));
  wn_publisher_serve(publisher);
  ck_assert(!is_readable(wn_publisher_descriptor(publisher), 0));
  ck_assert(is_readable(wn_reader_descriptor(reader), 5000)); /* the memory has come */
  ck_assert_int_eq(wn_reader_read(reader, 0, &got, NULL), WN_ERROR_TIMEOUT);
  ck_assert(!is_readable(wn_reader_descriptor(reader), 150));
  fixture_publish(publisher, NULL, fixture_result(1, 1));
  ck_assert(is_readable(wn_reader_descriptor(reader), 5000));
  ck_assert_int_eq(wn_reader_read(reader, 0, &got, NULL), WN_OK);
  ck_assert(!is_readable(wn_reader_descriptor(reader), 0));
  wn_publisher_free(publisher);
  ck_assert(is_readable(wn_reader_descriptor(reader), 5000)); /* it has gone */
  wn_reader_free(reader);
  fixture_clean();
}
END_TEST

/* As many descriptors as the system lets it have, or none more. */
static void allow_descriptors(bool more) {
  struct rlimit limit;
  ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
  int lowest = more ? -1 : dup(STDIN_FILENO);
  if (!more) close(lowest);
  limit.rlim_cur = more ? limit.rlim_max : (rlim_t)lowest;
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Whoever waits for the descriptor would never sleep if it told of them all the time. */
START_TEST(readers_without_a_descriptor_wait_in_silence) {
  WnPublisher *publisher = fixture_publisher(NULL);
  WnReader *reader = fixture_reader();
  WnSnapshot got;
  ck_assert_int_eq(wn_reader_read(reader, 0, &got, NULL), WN_ERROR_TIMEOUT);
  allow_descriptors(false);
  for (int i = 0; i < 3; i++) {
    ck_assert(is_readable(wn_publisher_descriptor(publisher), 5000)); /* a frame tells again */
    wn_publisher_serve(publisher);
    ck_assert_int_eq(wn_publisher_readers(publisher), 0);
    ck_assert(!is_readable(wn_publisher_descriptor(publisher), 0));
    fixture_publish(publisher, NULL, fixture_result(1, 1));
  }
  wn_publisher_serve(publisher);
  allow_descriptors(true);
  fixture_publish(publisher, NULL, fixture_result(1, 2));
  ck_assert(is_readable(wn_publisher_descriptor(publisher), 5000));
  wn_publisher_serve(publisher);
  ck_assert_int_eq(wn_publisher_readers(publisher), 1);
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

SUITE_MAIN("descriptors", descriptors_tell_when_to_look,
           readers_without_a_descriptor_wait_in_silence)
