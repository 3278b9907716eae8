/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See batch.h.
 */
#include "batch.h"

#include "command.h"
#include "progress.h"
#include "report.h"

typedef struct Batch {
  PictureSize enough;
  BatchTaker *take;
  void *user;
  Progress progress;
  guint n_broken;
} Batch;

static void tell(Batch *batch, char *problem) {
  progress_hide(&batch->progress);
  report("%s", problem);
  g_free(problem);
}

/* False after a report: no picture more will do. */
static bool take_picture(Batch *batch, const char *path, guint index) {
  Image image = {0};
  WnError error = {0};
  char *problem = NULL;
  if (!image_load(path, batch->enough, &image, &problem)) {
    batch->n_broken++;
    tell(batch, problem);
    return true;
  }
  bool taken = batch->take(batch->user, index, &image, &error) == WN_OK;
  if (!taken) tell(batch, g_strdup_printf("%s: %s", path, error.message));
  image_clear(&image);
  return taken;
}

int batch_take(const GPtrArray *paths, PictureSize enough, BatchTaker *take, void *user,
               guint *n_broken) {
  Batch batch = {.enough = enough, .take = take, .user = user};
  bool done = true;
  progress_start(&batch.progress, paths->len);
  for (guint i = 0; i < paths->len && done; i++) {
    progress_update(&batch.progress, i);
    done = take_picture(&batch, paths->pdata[i], i);
  }
  progress_end(&batch.progress);
  *n_broken += batch.n_broken;
  if (!done) return STATUS_FAILED;
  if (batch.n_broken > 0 && paths->len > 1)
    report("%u of %u pictures cannot be read%s", batch.n_broken, paths->len,
           batch.n_broken < paths->len ? "; what follows is of the others" : "");
  return batch.n_broken < paths->len ? STATUS_OK : STATUS_FAILED;
}
