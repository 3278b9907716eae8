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

/* Lists the images under `folder`.  Every folder in it must be named exactly like a label of the
 * model, of one class alone; what is a picture of it says pictures.h, and what else lies there is
 * told in a line.  Files in `folder` itself are notes.  Nothing is decoded.  On failure reports it
 * and returns false; there is nothing to clear then. */
bool dataset_list(const char *folder, const WnModelInfo *model, Dataset *dataset);

/* The paths of the images, which stay the dataset's; to be freed with g_ptr_array_unref(). */
GPtrArray *dataset_paths(const Dataset *dataset);

void dataset_clear(Dataset *dataset);

#endif
