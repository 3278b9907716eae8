/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pictures in a folder and its subfolders, by name, in place of a camera: each once.
 */
#include <unistd.h>

#include "image.h"
#include "pace.h"
#include "pictures.h"
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
  if (!pace_take(source->descriptor, source->name, problem))
    return *problem != NULL ? SOURCE_END : SOURCE_NOTHING;
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

Source *folder_open(const char *path, double fps, char **problem) {
  Folder *self = g_new0(Folder, 1);
  int64_t period_ns = (int64_t)(1e9 / (fps > 0 ? fps : SOURCE_USUAL_FPS));
  self->source = (Source){.class = &class,
                          .descriptor = pace_open(period_ns),
                          .period_ns = period_ns,
                          .name = g_strdup(path)};
  self->paths = pictures_in(path, problem);
  self->source.description = g_strdup_printf("%u pictures", self->paths->len);
  if (*problem == NULL && self->source.descriptor < 0)
    *problem = g_strdup_printf("%s: no timer", path);
  if (*problem == NULL) return &self->source;
  free_folder(&self->source);
  return NULL;
}
