/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where on the frame a result's region lies, whatever has become of the frame since.
 *
 * The meta with the results has no tags, so that converters, scalers, croppers and encoders of all
 * versions keep it; but only metas that say that they depend on the picture's size are told how it
 * was scaled.  So a result with a region is preceded by a small meta that does say so, and takes
 * its region from there whenever it is copied.
 */
#ifndef GST_WINNOW_PLACE_H
#define GST_WINNOW_PLACE_H

#include <gst/gst.h>

/* Adds the place that the fields of a result name, if they name one. */
void place_add(GstBuffer *buffer, const GstStructure *fields);

typedef enum {
  PLACE_NONE,  /* the result has none, or came without */
  PLACE_KNOWN, /* and is in the fields now */
  PLACE_LOST,  /* it was cropped away, or nobody said where it is now */
} PlaceState;

/* `fields` are those of `meta` on the buffer `from`, of which `to` is a copy so far: puts the place
 * there into them. */
PlaceState place_follow(GstBuffer *to, GstBuffer *from, const GstMeta *meta, GstStructure *fields);

/* Takes the place out of the fields. */
void place_forget(GstStructure *fields);

#endif
