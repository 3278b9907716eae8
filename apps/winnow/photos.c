/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See photos.h.
 */
#include "photos.h"

#include <string.h>

#include <winnow/teach.h>

#include "photo_twins.h"
#include "pictures.h"
#include "report.h"

static void clear_photo(gpointer photo) {
  g_free(((Photo *)photo)->path);
}

static int by_bytes(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- Classes -------------------------------------------------------------- */

/* Why a folder is no class; NULL: it is one. */
static const char *find_reason(const char *name) {
  if (name[0] == '.') return "begins with a dot";
  if (pictures_is_hidden(name)) return "is a system's own";
  if (strcmp(name, PHOTOS_UNSORTED) == 0) return "waits to be sorted into the classes";
  return NULL;
}

static bool is_text(const char *name) {
  if (!g_utf8_validate(name, -1, NULL)) return false;
  for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at))
    if (g_unichar_iscntrl(g_utf8_get_char(at))) return false;
  return true;
}

/* Labels stand one a line in the model file, where JSON and byte order marks are refused.  False
 * after a report. */
static bool is_label(const char *folder, const char *name) {
  static const char mark[] = "\xef\xbb\xbf";
  const char *reason = NULL;
  if (!is_text(name))
    reason = "it is not UTF-8 on one line";
  else if (strcmp(name, "nothing") == 0 || strcmp(name, "unknown") == 0)
    reason = "answers say it of what is no class; what shows nothing belongs into 'background'";
  else if (strspn(name, " ") == strlen(name))
    reason = "it is blank";
  else if (name[0] == '[' || name[0] == '{' || g_str_has_prefix(name, mark))
    reason = "it begins with a bracket or a byte order mark";
  if (reason != NULL)
    report("%s/%s: this name cannot be a label: %s; rename the folder", folder, name, reason);
  return reason == NULL;
}

/* All names in `folder`, sorted; NULL after a report. */
static GPtrArray *list_names(const char *folder) {
  GError *error = NULL;
  GDir *dir = g_dir_open(folder, 0, &error);
  const char *name;
  if (dir == NULL) {
    report("%s", error->message);
    g_error_free(error);
    return NULL;
  }
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  while ((name = g_dir_read_name(dir)) != NULL) g_ptr_array_add(names, g_strdup(name));
  g_dir_close(dir);
  g_ptr_array_sort(names, by_bytes);
  return names;
}

/* Whether `name` in `folder` is a class; false in *valid after a report of why it cannot be one. */
static bool is_class(const char *folder, const char *name, bool *valid) {
  char *path = g_build_filename(folder, name, NULL);
  bool is_folder = g_file_test(path, G_FILE_TEST_IS_DIR); /* others are notes beside them */
  const char *reason = is_folder ? find_reason(name) : NULL;
  if (reason != NULL) report("%s: %s; left out", path, reason);
  g_free(path);
  if (!is_folder || reason != NULL) return false;
  *valid = is_label(folder, name);
  return *valid;
}

/* The names of the class folders, sorted; NULL after a report. */
static GPtrArray *list_classes(const char *folder) {
  GPtrArray *names = list_names(folder);
  if (names == NULL) return NULL;
  GPtrArray *labels = g_ptr_array_new_with_free_func(g_free);
  bool valid = true;
  for (guint i = 0; i < names->len && valid; i++)
    if (is_class(folder, names->pdata[i], &valid))
      g_ptr_array_add(labels, g_strdup(names->pdata[i]));
  g_ptr_array_unref(names);
  if (!valid) g_clear_pointer(&labels, g_ptr_array_unref);
  return labels;
}

static bool classes_suffice(const char *folder, const GPtrArray *labels) {
  if (labels->len == 0)
    report("%s: no class in it; make a folder for each class, called like it, with its pictures",
           folder);
  else if (labels->len == 1)
    report("%s: one class alone, '%s', cannot be told from anything; add a folder for another, or "
           "'" PHOTOS_BACKGROUND "' with pictures of nothing of interest",
           folder, (const char *)labels->pdata[0]);
  else if (labels->len > WN_TEACH_MAX_CLASSES)
    report("%s: %u classes are too many; the limit is %d", folder, labels->len,
           WN_TEACH_MAX_CLASSES);
  else
    return true;
  return false;
}

/* ---- Photos --------------------------------------------------------------- */

/* False after a report: what is in the class's folder cannot be read. */
static bool list_class(const char *folder, int32_t class_index, Photos *photos, guint *n_others) {
  char *path = g_build_filename(folder, photos->labels->pdata[class_index], NULL);
  GPtrArray *pictures = pictures_below(path, n_others);
  g_free(path);
  if (pictures == NULL) return false;
  for (guint i = 0; i < pictures->len; i++) {
    Photo photo = {g_strdup(pictures->pdata[i]), class_index};
    g_array_append_val(photos->photos, photo);
  }
  g_ptr_array_unref(pictures);
  return true;
}

static bool photos_suffice(const char *folder, const Photos *photos) {
  if (photos->photos->len == 0) {
    report("%s: no pictures in its folders (" PICTURE_ENDINGS ")", folder);
    return false;
  }
  guint *counts = photos_count(photos), i = 0;
  while (i < photos->labels->len && counts[i] >= WN_TEACH_FEWEST_PHOTOS) i++;
  if (i < photos->labels->len)
    report("%s/%s: %u photo%s; every class needs at least %d", folder,
           (const char *)photos->labels->pdata[i], counts[i], counts[i] == 1 ? "" : "s",
           WN_TEACH_FEWEST_PHOTOS);
  bool suffice = i == photos->labels->len;
  g_free(counts);
  return suffice;
}

bool photos_list(const char *folder, Photos *photos) {
  *photos = (Photos){.labels = list_classes(folder)};
  if (photos->labels == NULL) return false;
  photos->photos = g_array_new(FALSE, FALSE, sizeof(Photo));
  g_array_set_clear_func(photos->photos, clear_photo);
  bool valid = classes_suffice(folder, photos->labels);
  guint n_others = 0;
  for (guint i = 0; i < photos->labels->len && valid; i++)
    valid = list_class(folder, (int32_t)i, photos, &n_others);
  if (valid) pictures_report_others(folder, n_others);
  if (valid) photo_twins_drop(photos->photos);
  valid = valid && photos_suffice(folder, photos);
  if (!valid) photos_clear(photos);
  return valid;
}

void photos_clear(Photos *photos) {
  g_clear_pointer(&photos->labels, g_ptr_array_unref);
  g_clear_pointer(&photos->photos, g_array_unref);
}

guint *photos_count(const Photos *photos) {
  guint *counts = g_new0(guint, photos->labels->len);
  for (guint i = 0; i < photos->photos->len; i++)
    counts[g_array_index(photos->photos, Photo, i).class_index]++;
  return counts;
}

int32_t photos_background(const Photos *photos) {
  guint at;
  return g_ptr_array_find_with_equal_func(photos->labels, PHOTOS_BACKGROUND, g_str_equal, &at)
             ? (int32_t)at
             : -1;
}
