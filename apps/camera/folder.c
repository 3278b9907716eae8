/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pictures in a folder and its subfolders, by name, in place of a camera: each once.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "pace.h"
#include "report.h"
#include "source.h"

typedef struct Folder {
  Source source;
  GPtrArray *paths;
  guint next;
  Image image; /* what was taken; without pixels: nothing */
} Folder;

static void release(Source *source) {
  image_clear(&((Folder *)source)->image);
}

static SourceEvent take(Source *source, WnFrame *frame, char **problem) {
  Folder *self = (Folder *)source;
  if (!pace_take(source->descriptor)) return SOURCE_NOTHING;
  *problem = NULL;
  if (self->next == self->paths->len) return SOURCE_END;
  source->image = self->paths->pdata[self->next++];
  char *why = NULL;
  if (!image_load(source->image, (PictureSize){0}, &self->image, &why)) {
    report("%s", why);
    g_free(why);
    source->n_damaged++;
    return SOURCE_NOTHING;
  }
  *frame = self->image.frame;
  return SOURCE_FRAME;
}

static void free_folder(Source *source) {
  Folder *self = (Folder *)source;
  release(source);
  if (source->descriptor >= 0) close(source->descriptor);
  g_ptr_array_unref(self->paths);
  g_free(source->name);
  g_free(source->description);
  g_free(self);
}

static const SourceClass class = {take, release, free_folder};

static bool is_picture(const char *name) {
  static const char *const endings[] = {".png", ".jpg", ".jpeg", ".webp", ".ppm", ".pgm"};
  const char *ending = strrchr(name, '.');
  for (size_t i = 0; ending != NULL && i < G_N_ELEMENTS(endings); i++)
    if (g_ascii_strcasecmp(ending, endings[i]) == 0) return true;
  return false;
}

/* Adds the pictures below `path`; a folder that cannot be read or names that begin with '.' are
 * left out.  Links are followed to files only, so that there are no circles. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the folders are, which PATH_MAX ends */
static void list_pictures(const char *path, GPtrArray *paths) {
  GDir *folder = g_dir_open(path, 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
    char *below = g_build_filename(path, name, NULL);
    bool is_folder =
        g_file_test(below, G_FILE_TEST_IS_DIR) && !g_file_test(below, G_FILE_TEST_IS_SYMLINK);
    if (name[0] != '.' && is_folder) list_pictures(below, paths);
    if (name[0] != '.' && !is_folder && is_picture(name))
      g_ptr_array_add(paths, below);
    else
      g_free(below);
  }
  if (folder != NULL) g_dir_close(folder);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

Source *folder_open(const char *path, double fps, char **problem) {
  Folder *self = g_new0(Folder, 1);
  int64_t period_ns = (int64_t)(1e9 / (fps > 0 ? fps : SOURCE_USUAL_FPS));
  self->source = (Source){.class = &class,
                          .descriptor = pace_open(period_ns),
                          .period_ns = period_ns,
                          .name = g_strdup(path)};
  self->paths = g_ptr_array_new_with_free_func(g_free);
  list_pictures(path, self->paths);
  g_ptr_array_sort(self->paths, by_name);
  self->source.description = g_strdup_printf("%u pictures", self->paths->len);
  if (self->source.descriptor < 0)
    *problem = g_strdup_printf("%s: no timer: %s", path, g_strerror(errno));
  else if (self->paths->len == 0)
    *problem = g_strdup_printf(
        "%s: no pictures in this folder (.png, .jpg, .jpeg, .webp, .ppm, .pgm)", path);
  else
    return &self->source;
  free_folder(&self->source);
  return NULL;
}
