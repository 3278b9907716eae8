/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See output.h.
 */
#include "output.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "report.h"

bool output_is_possible(const char *path) {
  if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
    report("%s: is a folder; give the file to write", path);
    return false;
  }
  char *folder = g_path_get_dirname(path);
  bool writable = access(folder, W_OK) == 0;
  if (!writable) report("%s: cannot write there: %s", path, g_strerror(errno));
  g_free(folder);
  return writable;
}

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction before[G_N_ELEMENTS(ending)];
static volatile sig_atomic_t caught;

static void note(int number) {
  caught = number;
}

/* Puts off the signals that end the program, so that a file that is half written is not left;
 * what is ignored stays so. */
static void hold_signals(void) {
  const struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  caught = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(ending); i++)
    if (sigaction(ending[i], NULL, &before[i]) == 0 && before[i].sa_handler == SIG_DFL)
      sigaction(ending[i], &action, NULL);
}

static void release_signals(void) {
  for (size_t i = 0; i < G_N_ELEMENTS(ending); i++) sigaction(ending[i], &before[i], NULL);
  if (caught != 0) raise(caught);
}

bool output_write(const char *path, const GString *content) {
  GError *error = NULL;
  hold_signals();
  bool written = g_file_set_contents(path, content->str, (gssize)content->len, &error);
  release_signals();
  if (written) return true;
  report("%s", error->message);
  g_error_free(error);
  return false;
}
