/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See pictures.h.
 */
#include "pictures.h"

#include <string.h>

#include "report.h"

typedef struct Walk {
  GPtrArray *paths;
  guint n_others;
} Walk;

static bool is_among(const char *name, const char *const *names, size_t n_names) {
  for (size_t i = 0; i < n_names; i++)
    if (g_ascii_strcasecmp(name, names[i]) == 0) return true;
  return false;
}

static bool is_picture(const char *name) {
  static const char *const endings[] = {".png", ".jpg", ".jpeg", ".webp", ".ppm", ".pgm"};
  const char *ending = strrchr(name, '.');
  return ending != NULL && is_among(ending, endings, G_N_ELEMENTS(endings));
}

bool pictures_is_hidden(const char *name) {
  static const char *const kept[] = {"__MACOSX", "@eaDir", "$RECYCLE.BIN",
                                     "System Volume Information", "lost+found"};
  return name[0] == '.' || is_among(name, kept, G_N_ELEMENTS(kept));
}

/* False: there is nothing to tell. */
static bool tell(char *problem) {
  if (problem == NULL) return false;
  report("%s", problem);
  g_free(problem);
  return true;
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
static bool is_folder(const char *path) {
  return g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK);
}

/* NULL, or why the folder cannot be read, to be freed with g_free(); one below it is told and left
 * out. */
/* As deep as the folders are, which PATH_MAX ends. */
static char *list_pictures(const char *path, Walk *walk) {
  GError *error = NULL;
  GDir *folder = g_dir_open(path, 0, &error);
  const char *name;
  guint n_folders = 0, n_others = 0;
  if (folder == NULL) {
    char *problem = g_strdup(error->message);
    g_error_free(error);
    return problem;
  }
  while ((name = g_dir_read_name(folder)) != NULL) {
    if (pictures_is_hidden(name)) continue;
    char *below = g_build_filename(path, name, NULL);
    if (is_folder(below)) {
      n_folders++;
      tell(list_pictures(below, walk));
    } else if (!is_picture(name)) {
      n_others++;
    } else if (!is_special(below)) {
      g_ptr_array_add(walk->paths, g_steal_pointer(&below));
    }
    g_free(below);
  }
  if (n_folders == 0) walk->n_others += n_others; /* else they are notes beside them */
  g_dir_close(folder);
  return NULL;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *pictures_below(const char *folder, guint *n_others) {
  Walk walk = {.paths = g_ptr_array_new_with_free_func(g_free)};
  bool failed = tell(list_pictures(folder, &walk));
  if (failed) g_clear_pointer(&walk.paths, g_ptr_array_unref);
  if (!failed) g_ptr_array_sort(walk.paths, by_name);
  *n_others += walk.n_others;
  return walk.paths;
}

void pictures_report_others(const char *folder, guint n_others) {
  if (n_others > 0)
    report("%s: %u file%s left out: what can be read ends in " PICTURE_ENDINGS, folder, n_others,
           n_others == 1 ? "" : "s");
}

GPtrArray *pictures_in(const char *folder, char **problem) {
  Walk walk = {.paths = g_ptr_array_new_with_free_func(g_free)};
  *problem = list_pictures(folder, &walk);
  if (*problem == NULL && walk.paths->len == 0)
    *problem = g_strdup_printf("%s: no pictures in this folder (" PICTURE_ENDINGS ")", folder);
  if (*problem == NULL) pictures_report_others(folder, walk.n_others);
  g_ptr_array_sort(walk.paths, by_name);
  return walk.paths;
}
