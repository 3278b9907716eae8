/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The watch set of a description (wn_session_describe()), which may come from another process: its
 * entries as they are written, and which of them a result counts for.
 */
#ifndef WNI_STATE_ENTRIES_H
#define WNI_STATE_ENTRIES_H

#include <winnow/winnow.h>

#include <jansson.h>

typedef struct WniEntries {
  json_t *watch;  /* array of names, NULL: no set */
  json_t *labels; /* [size of watch] null: the entry is a label; else the group's labels */
} WniEntries;

/* `description` NULL or "": no set.  Errors: DATA, MEMORY; `out` is empty then. */
WnStatus wni_entries_read(const char *description, WniEntries *out, WnError *error);
void wni_entries_clear(WniEntries *entries);

bool wni_entries_equal(const WniEntries *a, const WniEntries *b);

/* The name of the entry that stands for the result: the group that ended the network, else the
 * entry of its label, else the first group with that label; NULL: none does. */
const char *wni_entries_find(const WniEntries *entries, const WnResult *result);

#endif
