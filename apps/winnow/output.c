/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See output.h.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/winnow.h>

#include "report.h"

static bool refuse(const char *path, const char *why) {
  report("%s: cannot write there: %s", path, why);
  return false;
}

static bool is_standard_output(const struct stat *info) {
  struct stat own;
  return fstat(STDOUT_FILENO, &own) == 0 && own.st_ino == info->st_ino &&
         own.st_dev == info->st_dev && own.st_rdev == info->st_rdev;
}

/* What is written goes where standard output went, what is printed to standard error. */
static bool take_standard_output(char **path) {
  int descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (descriptor < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    return refuse(*path, g_strerror(errno));
  g_free(*path);
  *path = g_strdup_printf("/dev/fd/%d", descriptor);
  return true;
}

static bool folder_is_writable(const char *path) {
  char *folder = g_path_get_dirname(path);
  bool writable = access(folder, W_OK) == 0;
  g_free(folder);
  return writable || refuse(path, g_strerror(errno));
}

bool output_is_possible(char **path) {
  struct stat info;
  if (stat(*path, &info) != 0) return folder_is_writable(*path);
  if (S_ISDIR(info.st_mode)) {
    report("%s: is a folder; give the file to write", *path);
    return false;
  }
  if (!S_ISREG(info.st_mode) && access(*path, W_OK) != 0) return refuse(*path, g_strerror(errno));
  bool is_device = g_str_has_prefix(*path, "/dev/") || g_str_has_prefix(*path, "/proc/");
  if (is_device && strcmp(*path, "/dev/null") != 0 && is_standard_output(&info))
    return take_standard_output(path);
  if (!S_ISREG(info.st_mode) || is_device) return true;
  char *real = realpath(*path, NULL); /* the folder of what a link leads to */
  bool writable = folder_is_writable(real != NULL ? real : *path);
  free(real);
  return writable;
}

bool output_write(const char *path, const GString *content) {
  WnError error;
  if (wn_file_write(path, content->str, content->len, &error) == WN_OK) return true;
  report_error(&error);
  return false;
}
