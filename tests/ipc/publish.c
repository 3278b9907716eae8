/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A publisher for tests of other programs: publish SOCKET FRAMES [PAUSE_US]. Frame n is NV12 of 64
 * x 48 or, every tenth, of 96 x 96, and carries the result of fixture.c with 3 survivors.
 */
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"

int main(int argc, char **argv) {
  WnPublisher *publisher;
  WnError error;
  static const char description[] = "{\"name\": \"test\", \"labels\": [\"a\", \"b\"]}";
  if (argc < 3 || wn_publisher_new(argv[1], NULL, &publisher, &error) != WN_OK ||
      wn_publisher_describe(publisher, description, &error) != WN_OK) {
    fprintf(stderr, "%s\n", argc < 3 ? "usage: publish SOCKET FRAMES [PAUSE_US]" : error.message);
    return 1;
  }
  unsigned long frames = strtoul(argv[2], NULL, 10);
  useconds_t pause = argc > 3 ? (useconds_t)strtoul(argv[3], NULL, 10) : 0;
  for (unsigned long n = 1; n <= frames; n++) {
    bool large = n % 10 == 0;
    WnFrame frame = fixture_frame(WN_PIXEL_NV12, large ? 96 : 64, large ? 96 : 48, 0, n);
    if (wn_publisher_publish(publisher, &frame, fixture_result(3, n), 1, &error) != WN_OK) {
      fprintf(stderr, "%s\n", error.message);
      return 1;
    }
    fixture_free_frame(&frame);
    if (pause) usleep(pause);
  }
  wn_publisher_free(publisher);
  return 0;
}
