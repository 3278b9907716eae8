/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Programs with a timer: signals that come all the time, and interrupt whatever can be.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>

#include "fixture.h"

enum { SIDE = 2048, EVERY_US = 50 };

/* Both threads count. */
static atomic_int n_signals;

static void count(int number) {
  (void)number;
  n_signals++;
}

/* Without SA_RESTART, so that no call goes on by itself. */
static void begin(void) {
  struct sigaction action = {.sa_handler = count};
  struct itimerval often = {{0, EVERY_US}, {0, EVERY_US}};
  n_signals = 0;
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
}

static void end(void) {
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
  ck_assert_int_gt(n_signals, 0);
}

/* Sixteen megabytes of memory are made for each, while signals come. */
START_TEST(publishers_get_what_they_ask_for) {
  WnFrame frame = fixture_frame(WN_PIXEL_GRAY8, SIDE, SIDE, 0, 1);
  begin();
  for (int i = suite_rounds(20); i > 0 || n_signals == 0; i--) {
    WnPublisher *publisher = fixture_publisher(NULL);
    fixture_publish(publisher, &frame, fixture_result(3, 1));
    wn_publisher_free(publisher);
  }
  end();
  fixture_free_frame(&frame);
  fixture_clean();
}
END_TEST

static void *read_on(void *argument) {
  WnReader *reader = fixture_reader();
  WnSnapshot got = {0};
  for (uint64_t last = 0; got.number < *(const uint64_t *)argument; last = got.number) {
    fixture_read(reader, &got);
    ck_assert_uint_gt(got.number, last);
    ck_assert(fixture_frame_is(&got.frame, got.number));
  }
  wn_reader_free(reader);
  return NULL;
}

/* Both ends in threads that the signals go to. */
START_TEST(readers_get_every_message) {
  const uint64_t n_frames = (uint64_t)suite_rounds(300);
  WnPublisher *publisher = fixture_publisher(NULL);
  pthread_t thread;
  begin();
  ck_assert_int_eq(pthread_create(&thread, NULL, read_on, (void *)&n_frames), 0);
  while (wn_publisher_readers(publisher) == 0) wn_publisher_serve(publisher);
  for (uint64_t n = 1; n <= n_frames; n++) {
    WnFrame frame = fixture_frame(WN_PIXEL_NV12, 64, 48, 0, n);
    fixture_publish(publisher, &frame, fixture_result(3, n));
    fixture_free_frame(&frame);
    poll(NULL, 0, 1);
  }
  pthread_join(thread, NULL);
  end();
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

SUITE_MAIN("signals", publishers_get_what_they_ask_for, readers_get_every_message)
