/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder of class-named folders of photos, as `winnow teach` reads it: the names are the classes,
 * pictures may lie anywhere in a class's folder.
 */
#ifndef PHOTOS_H
#define PHOTOS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define PHOTOS_BACKGROUND "background" /* the class of nothing */
#define PHOTOS_UNSORTED "unsorted"     /* no class, but what nobody has sorted yet */

typedef struct Photo {
  char *path;
  int32_t class_index;
} Photo;

typedef struct Photos {
  GPtrArray *labels; /* [n_classes] (char *), sorted by bytes */
  GArray *photos;    /* Photo, by class, then path */
} Photos;

/* Lists the photos in `folder` without decoding any.  Says, a line each on stderr, what is left
 * out: folders that begin with '.' or are called unsorted, and a file that a class has twice; and
 * which files are in two classes.  False after a report of what makes it no set of photos to learn
 * from; there is nothing to clear then. */
bool photos_list(const char *folder, Photos *photos);
void photos_clear(Photos *photos);

/* How many of each class, [n_classes], to be freed with g_free(). */
guint *photos_count(const Photos *photos);

/* The class of nothing; -1: there is none. */
int32_t photos_background(const Photos *photos);

#endif
