/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See pictures.h.
 */
#include "pictures.h"

#include <stdbool.h>
#include <string.h>

#include "report.h"

static bool is_picture(const char *name) {
  static const char *const endings[] = {".png", ".jpg", ".jpeg", ".webp", ".ppm", ".pgm"};
  const char *ending = strrchr(name, '.');
  for (size_t i = 0; ending != NULL && i < G_N_ELEMENTS(endings); i++)
    if (g_ascii_strcasecmp(ending, endings[i]) == 0) return true;
  return false;
}

/* FIFOs, sockets and devices are no pictures, whatever they are called. */
static bool is_special(const char *path) {
  if (!g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_REGULAR) ||
      g_file_test(path, G_FILE_TEST_IS_DIR))
    return false;
  report("%s: is no file and so no picture; left out", path);
  return true;
}

/* Links are followed to files only, so that there are no circles. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the folders are, which PATH_MAX ends */
static void list_pictures(const char *path, GPtrArray *paths, guint *n_others) {
  GDir *folder = g_dir_open(path, 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
    char *below = g_build_filename(path, name, NULL);
    bool is_folder =
        g_file_test(below, G_FILE_TEST_IS_DIR) && !g_file_test(below, G_FILE_TEST_IS_SYMLINK);
    if (name[0] != '.' && is_folder) list_pictures(below, paths, n_others);
    *n_others += name[0] != '.' && !is_folder && !is_picture(name);
    if (name[0] != '.' && !is_folder && is_picture(name) && !is_special(below))
      g_ptr_array_add(paths, below);
    else
      g_free(below);
  }
  if (folder != NULL) g_dir_close(folder);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *pictures_below(const char *folder, guint *n_others) {
  guint others = 0;
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  list_pictures(folder, paths, &others);
  g_ptr_array_sort(paths, by_name);
  if (n_others != NULL) *n_others = others;
  return paths;
}
