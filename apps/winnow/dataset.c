/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See dataset.h.  Names are sorted by bytes, so that the order of the images
 * is the same on every file system.
 */
#include "dataset.h"

#include <string.h>

#include "photos.h"
#include "pictures.h"
#include "report.h"

static void clear_image(gpointer image) {
  g_free(((DatasetImage *)image)->path);
}

static int compare_names(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The visible names in `folder`, sorted; NULL after a report. */
static GPtrArray *list_names(const char *folder) {
  GError *error = NULL;
  GDir *dir = g_dir_open(folder, 0, &error);
  if (dir == NULL) {
    report("%s", error->message);
    g_error_free(error);
    return NULL;
  }
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  const char *name;
  while ((name = g_dir_read_name(dir)) != NULL)
    if (!pictures_is_hidden(name)) g_ptr_array_add(names, g_strdup(name));
  g_dir_close(dir);
  g_ptr_array_sort(names, compare_names);
  return names;
}

static bool list_class(const char *folder, int32_t class_index, GArray *images, guint *n_others) {
  GPtrArray *paths = pictures_below(folder, n_others);
  if (paths == NULL) return false;
  for (guint i = 0; i < paths->len; i++) {
    DatasetImage image = {g_strdup(paths->pdata[i]), class_index};
    g_array_append_val(images, image);
  }
  g_ptr_array_unref(paths);
  return true;
}

static int32_t find_label(const WnModelInfo *model, const char *label, int32_t from) {
  for (int32_t i = from; i < model->n_classes; i++)
    if (strcmp(model->labels[i], label) == 0) return i;
  return -1;
}

/* The class that a folder of images is named after; -1 after a report. */
static int32_t find_class(const WnModelInfo *model, const char *path, const char *name) {
  int32_t first = find_label(model, name, 0);
  if (first < 0) {
    report("%s: '%s' is not a label of %s; name each folder exactly like a label "
           "('winnow inspect' lists them)",
           path, name, model->id);
    return -1;
  }
  int32_t second = find_label(model, name, first + 1);
  if (second >= 0) {
    report("%s: classes %d and %d of %s are both called '%s'; give each a name of its own in a "
           "label file (--labels) and name the folders after those",
           path, first, second, model->id, name);
    return -1;
  }
  return first;
}

/* What `winnow collect --unsure` fills is no class, unless it is one. */
static bool is_unsorted(const WnModelInfo *model, const char *name) {
  return strcmp(name, PHOTOS_UNSORTED) == 0 && find_label(model, name, 0) < 0;
}

bool dataset_list(const char *folder, const WnModelInfo *model, Dataset *dataset) {
  GPtrArray *names = list_names(folder);
  if (names == NULL) return false;
  GArray *images = g_array_new(FALSE, FALSE, sizeof(DatasetImage));
  g_array_set_clear_func(images, clear_image);
  guint n_others = 0;
  bool valid = true;
  for (guint i = 0; i < names->len && valid; i++) {
    char *path = g_build_filename(folder, names->pdata[i], NULL);
    if (is_unsorted(model, names->pdata[i])) {
      report("%s: waits to be sorted into the classes; left out", path);
    } else if (g_file_test(path,
                           G_FILE_TEST_IS_DIR)) { /* others are notes beside the class folders */
      int32_t class_index = find_class(model, path, names->pdata[i]);
      valid = class_index >= 0 && list_class(path, class_index, images, &n_others);
    }
    g_free(path);
  }
  g_ptr_array_unref(names);
  if (valid && images->len == 0) {
    report("%s: no images; a dataset is a folder of class-named folders of images", folder);
    valid = false;
  }
  if (valid) pictures_report_others(folder, n_others);
  if (!valid) {
    g_array_unref(images);
    return false;
  }
  dataset->images = images;
  return true;
}

GPtrArray *dataset_paths(const Dataset *dataset) {
  GPtrArray *paths = g_ptr_array_new();
  for (guint i = 0; i < dataset->images->len; i++)
    g_ptr_array_add(paths, g_array_index(dataset->images, DatasetImage, i).path);
  return paths;
}

void dataset_clear(Dataset *dataset) {
  g_clear_pointer(&dataset->images, g_array_unref);
}
