/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See photo_twins.h.  Most files are told from all others by their sizes; only the rest is read.
 */
#include "photo_twins.h"

#include <sys/stat.h>

#include "file.h"
#include "photos.h"
#include "report.h"

enum { MAX_TOLD = 10 };

#define MAX_FILE_BYTES ((size_t)1 << 30)

/* 0: it has none that counts. */
static gint64 size_of(const Photo *photo) {
  struct stat info;
  return stat(photo->path, &info) == 0 && S_ISREG(info.st_mode) ? (gint64)info.st_size : 0;
}

/* How many photos have each size: (gint64 *) to a number. */
static GHashTable *count_sizes(const GArray *photos) {
  GHashTable *counts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  for (guint i = 0; i < photos->len; i++) {
    gint64 size = size_of(&g_array_index(photos, Photo, i));
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, &size));
    g_hash_table_insert(counts, g_memdup2(&size, sizeof size), GUINT_TO_POINTER(n + 1));
  }
  return counts;
}

/* What only equal files have in common; NULL: no other is of this size, or it cannot be read. */
static char *digest_of(const Photo *photo, GHashTable *sizes) {
  gint64 size = size_of(photo);
  size_t n_bytes = 0;
  char *problem = NULL, *digest = NULL;
  if (size == 0 || GPOINTER_TO_UINT(g_hash_table_lookup(sizes, &size)) < 2) return NULL;
  char *data = file_read(photo->path, "picture", MAX_FILE_BYTES, &n_bytes, &problem);
  if (data != NULL)
    digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, n_bytes);
  g_free(problem); /* it will be told when the picture is to be read */
  g_free(data);
  return digest;
}

/* The first photo with this key, which becomes `photo` if there is none: NULL then. */
static const Photo *first_with(GHashTable *photos, char *key, const Photo *photo) {
  const Photo *first = g_hash_table_lookup(photos, key);
  if (first == NULL)
    g_hash_table_insert(photos, key, (gpointer)photo);
  else
    g_free(key);
  return first;
}

static void tell_rest(guint n, const char *what) {
  if (n > MAX_TOLD) report("and %u more %s", n - MAX_TOLD, what);
}

void photo_twins_drop(GArray *photos) {
  GHashTable *sizes = count_sizes(photos);
  /* By digest, and by class and digest; photos stay where they are until all have been looked at.
   */
  GHashTable *anywhere = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GHashTable *in_class = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GArray *twins = g_array_new(FALSE, FALSE, sizeof(guint));
  guint n_mixed = 0;
  for (guint i = 0; i < photos->len; i++) {
    const Photo *photo = &g_array_index(photos, Photo, i);
    char *digest = digest_of(photo, sizes);
    if (digest == NULL) continue;
    char *key = g_strdup_printf("%d %s", photo->class_index, digest);
    const Photo *twin = first_with(in_class, key, photo);
    if (twin != NULL) {
      g_array_append_val(twins, i);
      if (twins->len <= MAX_TOLD)
        report("%s: the same file as %s; counted once", photo->path, twin->path);
      g_free(digest);
      continue;
    }
    twin = first_with(anywhere, digest, photo);
    if (twin != NULL && ++n_mixed <= MAX_TOLD)
      report("%s and %s: the same file in two classes; one of them is wrongly sorted", twin->path,
             photo->path);
  }
  tell_rest(twins->len, "files that their class has twice");
  tell_rest(n_mixed, "files that are in two classes");
  for (guint i = twins->len; i > 0; i--)
    g_array_remove_index(photos, g_array_index(twins, guint, i - 1));
  g_array_unref(twins);
  g_hash_table_unref(in_class);
  g_hash_table_unref(anywhere);
  g_hash_table_unref(sizes);
}
