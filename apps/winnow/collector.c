/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See collector.h.
 */
#include "collector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <winnow/look.h>

#include "output.h"
#include "picture_write.h"
#include "report.h"
#include "text.h"

#define SAME_LEVEL 8.0 /* grey levels, as WnPolicy.unchanged has them */

/* A door that stays shut is to be learnt from, too, in all its light. */
#define STILL_TIMES 10

enum { QUALITY = 92, FOLDER_MODE = 0777 };

struct Collector {
  char *folder;
  WnLook *look;              /* of the last one put */
  int64_t still_ns, last_ns; /* when one is taken of what has not changed; of the last one put */
  int n_written, n_same, n_there;
};

Collector *collector_new(const char *folder, const char *name, double every_s) {
  WnError error;
  Collector *self = g_new0(Collector, 1);
  self->folder = g_build_filename(folder, name, NULL);
  self->still_ns = (int64_t)(STILL_TIMES * every_s * 1e9);
  if (g_mkdir_with_parents(self->folder, FOLDER_MODE) != 0)
    report("%s: cannot make this folder: %s", self->folder, g_strerror(errno));
  else if (wn_look_new(&self->look, &error) != WN_OK)
    report_error(&error);
  else
    return self;
  collector_free(self);
  return NULL;
}

void collector_free(Collector *self) {
  if (self == NULL) return;
  if (self->n_written + self->n_there == 0)
    g_rmdir(self->folder); /* unless somebody else's are there */
  wn_look_free(self->look);
  g_free(self->folder);
  g_free(self);
}

/* The JPEG of a part of the frame; NULL: reported. */
static GString *encode(const WnFrame *frame, const WnRect *part, const char *path) {
  size_t stride = (size_t)part->width * 3, n_bytes;
  Picture picture = {.pixels = g_try_malloc(stride * (size_t)part->height),
                     .width = part->width,
                     .height = part->height};
  PictureProblem why;
  WnError error;
  GString *jpeg = NULL;
  uint8_t *data = NULL;
  if (picture.pixels == NULL)
    report("%s: not enough memory for a picture of %d x %d", path, part->width, part->height);
  else if (wn_frame_to_rgb(frame, part, picture.pixels, (ptrdiff_t)stride, &error) != WN_OK)
    report_error(&error);
  else if (!picture_encode_jpeg(&picture, QUALITY, &data, &n_bytes, &why))
    report("%s: %s", path, why.text);
  else
    jpeg = g_string_new_len((const char *)data, (gssize)n_bytes);
  free(data);
  g_free(picture.pixels);
  return jpeg;
}

static bool write_picture(const WnFrame *frame, const WnRect *part, const char *path) {
  GString *jpeg = encode(frame, part, path);
  bool written = jpeg != NULL && output_write(path, jpeg);
  if (jpeg != NULL) g_string_free(jpeg, TRUE);
  return written;
}

static int64_t time_of(const WnFrame *frame) {
  return frame->time_ns != 0 ? frame->time_ns : frame->pts_ns != WN_PTS_NONE ? frame->pts_ns : 0;
}

static bool is_due(const Collector *self, const WnFrame *frame) {
  return self->still_ns > 0 && time_of(frame) - self->last_ns >= self->still_ns;
}

bool collector_put(Collector *self, const WnFrame *frame, const WnRect *region, const char *name,
                   bool *is_in) {
  WnRect part;
  WnError error;
  bool differs;
  *is_in = false;
  if (wn_frame_clip(frame, region, &part, &error) != WN_OK ||
      wn_look_differs(self->look, frame, &part, SAME_LEVEL, &differs, &error) != WN_OK) {
    report_error(&error);
    return false;
  }
  if (!differs && !is_due(self, frame)) {
    self->n_same++;
    return true;
  }
  char *path = g_strdup_printf("%s/%s.jpg", self->folder, name);
  bool was_there =
      g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_SYMLINK);
  *is_in = was_there || write_picture(frame, &part, path);
  g_free(path);
  if (!*is_in) return false;
  wn_look_keep(self->look);
  self->last_ns = time_of(frame);
  *(was_there ? &self->n_there : &self->n_written) += 1;
  return true;
}

int collector_written(const Collector *self) {
  return self->n_written;
}

void collector_tell(const Collector *self) {
  char *folder = text_clean(self->folder);
  printf("%d picture%s in %s", self->n_written, self->n_written == 1 ? "" : "s", folder);
  if (self->n_same > 0) printf("; %d left out, like the one before", self->n_same);
  if (self->n_there > 0) printf("; %d there already", self->n_there);
  printf("\n");
  g_free(folder);
}
