/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Mirror of a whole frame's result for the elements of gst-plugins-bad that read
 * GstAnalyticsRelationMeta.  Does nothing before GStreamer 1.24.
 */
#ifndef GST_WINNOW_ANALYTICS_H
#define GST_WINNOW_ANALYTICS_H

#include <gst/gst.h>
#include <winnow/result.h>

/* Adds a GstAnalyticsClsMtd with the survivors of `result`, best first. */
void gst_winnow_analytics_attach(const WnResult *result, GstBuffer *buffer);

#endif
