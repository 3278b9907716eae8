/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See output.h.
 */
#include "output.h"

#include <errno.h>
#include <unistd.h>

#include "report.h"

bool output_is_possible(const char *path) {
  char *folder = g_path_get_dirname(path);
  bool writable = access(folder, W_OK) == 0;
  if (!writable) report("%s: cannot write there: %s", path, g_strerror(errno));
  g_free(folder);
  return writable;
}

bool output_write(const char *path, const GString *content) {
  GError *error = NULL;
  if (g_file_set_contents(path, content->str, (gssize)content->len, &error)) return true;
  report("%s", error->message);
  g_error_free(error);
  return false;
}
