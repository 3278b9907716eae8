/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the network itself shows of the meaning of its input, and what to tell where nobody knows.
 */
#ifndef WNI_SESSION_MEANING_H
#define WNI_SESSION_MEANING_H

#include "load/metadata.h"
#include "graph/graph.h"

enum { WNI_WARNING_BYTES = sizeof((WnError *)0)->message };

/* Adds what the type of the input, the network's first arithmetic or its first QuantizeLinear say.
 * Where the file is Winnow's `own` nothing is missing. */
void wni_meaning_settle(const WniShape *shape, int element_type, const WniFront *front, bool own,
                        WniInputMeaning *meaning);

/* One line about what is assumed or wrong; "": nothing. */
void wni_meaning_warn(const WniMetadata *metadata, const char *path,
                      char warning[WNI_WARNING_BYTES]);

#endif
