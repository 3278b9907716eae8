/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A result as one line of JSON, with the keys that `winnow classify --json` has.  Called by
 * winnowpublish.
 */
#ifndef GST_WINNOW_RESULT_JSON_H
#define GST_WINNOW_RESULT_JSON_H

#include "gstwinnow.h"

/* A new text with a newline at its end. */
gchar *gst_winnow_result_json(const GstWinnowResult *result);

#endif
