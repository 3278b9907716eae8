/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Prints what another process publishes on a shared-memory channel.
 *
 *   cc reader.c $(pkg-config --cflags --libs winnow) -o reader
 *   ./reader /run/winnow/camera/camera
 */
#include <stdio.h>
#include <winnow/ipc.h>

int main(int argc, char **argv) {
  WnReader *reader;
  WnSnapshot got;
  WnError error;
  if (argc != 2 || wn_reader_new(argv[1], &reader, &error) != WN_OK) {
    fprintf(stderr, "%s\n", argc == 2 ? error.message : "usage: reader SOCKET");
    return 1;
  }
  while (wn_reader_read(reader, 10000, &got, &error) == WN_OK) {
    printf("%llu: %d x %d", (unsigned long long)got.number, got.frame.width, got.frame.height);
    for (int i = 0; i < got.n_results; i++)
      printf(", %s (%.1f %%) at exit %d, %d classes left",
             got.results[i].class_index < 0 ? "nothing" : got.results[i].label,
             100 * got.results[i].confidence, got.results[i].exit_stage,
             got.results[i].survivor_count);
    printf("\n");
  }
  fprintf(stderr, "%s\n", error.message);
  wn_reader_free(reader);
  return 0;
}
