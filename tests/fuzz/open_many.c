/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens one model after another, and runs those that are taken: standard input has each as the
 * number of its bytes (four, little endian) and the bytes.  Prints a line for each, the status and
 * the error, before it reads the next, so that whoever sends them knows where it ended.
 */
#include <winnow/winnow.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_BYTES = 1 << 20 };

static void open_one(const char *path) {
  const WnModelOptions options = {.any_graph = true};
  const WnSessionOptions one = {.threads = 1};
  WnModel *model = NULL;
  WnSession *session = NULL;
  WnError error = {0};
  WnStatus status = wn_model_open(path, &options, &model, &error);
  if (status == WN_OK) status = wn_session_new(model, &one, &session, &error);
  if (status == WN_OK) wn_session_run(session, true, NULL);
  printf("%d %s\n", (int)status, error.message);
  fflush(stdout);
  wn_session_free(session);
  wn_model_unref(model);
}

int main(void) {
  static unsigned char bytes[MAX_BYTES];
  unsigned char size[4];
  char path[64];
  int fd = memfd_create("model", MFD_CLOEXEC);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  while (fread(size, 1, sizeof size, stdin) == sizeof size) {
    size_t n = size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
    if (fd < 0 || n > sizeof bytes || fread(bytes, 1, n, stdin) != n) return EXIT_FAILURE;
    if (ftruncate(fd, 0) != 0 || pwrite(fd, bytes, n, 0) != (ssize_t)n) return EXIT_FAILURE;
    open_one(path);
  }
  return EXIT_SUCCESS;
}
