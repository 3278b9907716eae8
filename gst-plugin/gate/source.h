/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The results of a classifier elsewhere in the pipeline, which winnowgate listens to by a probe.
 * The streaming thread there makes the calls.
 */
#ifndef GST_WINNOW_SOURCE_H
#define GST_WINNOW_SOURCE_H

#include <gst/gst.h>

typedef struct {
  /* A buffer leaves; `display`: an event about how its results are shown, or NULL where there is
   * none or the last call gave it. */
  void (*buffer)(gpointer owner, GstBuffer *buffer, gint64 running_time, GstEvent *display);
  void (*event)(gpointer owner, GstEventType type); /* EOS or FLUSH_STOP */
} GstWinnowSourceCalls;

typedef struct GstWinnowSource GstWinnowSource;

/* The pipeline that an element is in, its topmost bin; a new reference, NULL: it is in none. */
GstElement *gst_winnow_pipeline_of(GstElement *element);

/* Listens at the src pad of the element called `name` in the pipeline of `gate`, which `owner` is
 * for the calls.  NULL: there is none; *problem is a new sentence that says so. */
GstWinnowSource *gst_winnow_source_new(GstElement *gate, const gchar *name,
                                       const GstWinnowSourceCalls *calls, gpointer owner,
                                       gchar **problem);

/* Not by who holds a lock that the calls take; no call is under way afterwards. */
void gst_winnow_source_free(GstWinnowSource *source);

/* The running time of a time stamp in the segment, which may be before it; `otherwise` where there
 * is none. */
gint64 gst_winnow_running_time(const GstSegment *segment, GstClockTime time, gint64 otherwise);

#endif
