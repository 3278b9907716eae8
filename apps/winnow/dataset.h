/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder of class-named folders of images, as `winnow eval` reads it.
 */
#ifndef DATASET_H
#define DATASET_H

#include <glib.h>
#include <stdbool.h>
#include <winnow/winnow.h>

typedef struct DatasetImage {
  char *path;
  int32_t class_index;
} DatasetImage;

typedef struct Dataset {
  GArray *images; /* DatasetImage, by folder name, then file name */
} Dataset;

/* Lists the images under `folder`.  Every folder in it must be named exactly
 * like a label of the model, of one class alone, and holds images only; other files in `folder`
 * itself and names that begin with '.' are skipped.  Nothing is decoded.  On failure
 * reports it and returns false; there is nothing to clear then. */
bool dataset_list(const char *folder, const WnModelInfo *model, Dataset *dataset);
void dataset_clear(Dataset *dataset);

#endif
