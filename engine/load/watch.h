/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Watch lists "cat, vehicle": labels and groups of a model, in policies, requests to tune and
 * winnow.watch-thresholds alike.  An item is the label of every class that has it, failing that a
 * group, which stands for its classes, failing that a class index.
 */
#ifndef WNI_LOAD_WATCH_H
#define WNI_LOAD_WATCH_H

#include "load/metadata.h"

typedef enum WniWatchKind { WNI_WATCH_LABEL, WNI_WATCH_GROUP, WNI_WATCH_INDEX } WniWatchKind;

/* One item of a list. */
typedef struct WniWatchItem {
  WniWatchKind kind;
  int group;        /* kind GROUP: which; else a group of the same name, -1: none */
  const char *name; /* as it is written; of an index, the label */
  size_t length;    /* bytes of it */
} WniWatchItem;

/* Parses the `length` bytes at `text` into set [n_classes].  `what` begins the error: an item that
 * is nothing of the model, or an empty list (ARGUMENT). */
WnStatus wni_watch_parse(const WniMetadata *metadata, const char *text, size_t length, bool *set,
                         const char *what, WnError *error);

/* The next item of the list at *text, which wni_watch_parse() took; moves *text behind it and adds
 * its classes to set [n_classes], which may be NULL.  False: the list is used up. */
bool wni_watch_next(const WniMetadata *metadata, const char **text, const char *end,
                    WniWatchItem *item, bool *set);

/* One line into warning [size] about the first item that is a label and a group of other classes:
 * the label counts.  False: there is none, and the warning is "". */
bool wni_watch_warn(const WniMetadata *metadata, const char *text, char *warning, size_t size);

#endif
