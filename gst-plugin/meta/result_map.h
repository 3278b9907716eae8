/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A result as the meta carries it to the engine's structure.  Called by winnowshmsink; the way
 * back is meta/result_write.h.
 */
#ifndef GST_WINNOW_RESULT_MAP_H
#define GST_WINNOW_RESULT_MAP_H

#include <winnow/result.h>
#include "gstwinnow.h"

/* `out` points into `result` and lives as long.  FALSE: its stop reason is none of the engine's. */
gboolean gst_winnow_result_map(const GstWinnowResult *result, WnResult *out);

#endif
