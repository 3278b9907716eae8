/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A publisher at full speed and readers in processes of their own: what they get is whole.
 */
#include "fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Made beforehand, so that the publisher does nothing but publish and overtakes its readers. */
enum { FRAMES = 6000, KINDS = 8, WIDTH = 640, HEIGHT = 480 };

/* Exits with 0 if every frame up to the last one was whole; `view`: without a copy. */
static void read_to_the_end(bool view) {
  WnReader *reader;
  WnSnapshot got;
  uint64_t seen = 0;
  if (wn_reader_new(fixture_path(), &reader, NULL) != WN_OK) _exit(2);
  for (;;) {
    WnStatus status = view ? wn_reader_view(reader, 20000, &got, NULL)
                           : wn_reader_read(reader, 20000, &got, NULL);
    if (status != WN_OK) _exit(3);
    bool right =
        fixture_frame_is(&got.frame, got.number % KINDS) && got.results[0].macs == got.number;
    bool whole = !view || wn_reader_release(reader);
    if (whole && !right) _exit(4); /* torn */
    seen += whole;
    if (got.number == FRAMES) break;
  }
  wn_reader_free(reader);
  _exit(seen > 0 ? 0 : 5);
}

START_TEST(nothing_is_torn_at_full_speed) {
  WnPublisher *publisher = fixture_publisher(NULL);
  pid_t children[4];
  WnFrame frames[KINDS];
  for (uint64_t k = 0; k < KINDS; k++) frames[k] = fixture_frame(WN_PIXEL_RGB, WIDTH, HEIGHT, 0, k);
  for (int c = 0; c < 4; c++) {
    children[c] = fork();
    if (children[c] == 0) read_to_the_end(c % 2);
  }
  while (wn_publisher_readers(publisher) < 4) wn_publisher_serve(publisher);
  for (uint64_t n = 1; n <= FRAMES; n++) {
    fixture_publish(publisher, &frames[n % KINDS], fixture_result(3, n));
    if (n == FRAMES / 4) kill(children[0], SIGSTOP); /* which delays nobody */
    if (n == FRAMES / 2) kill(children[0], SIGCONT);
  }
  for (int c = 0; c < 4; c++) {
    int status;
    waitpid(children[c], &status, 0);
    ck_assert_msg(status == 0, "reader %d: %#x", c, status);
  }
  for (int k = 0; k < KINDS; k++) fixture_free_frame(&frames[k]);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

SUITE_MAIN("torn", nothing_is_torn_at_full_speed)
