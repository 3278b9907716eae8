/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The results of a frame, one for all of it or one for each region, and how they get onto a buffer.
 */
#ifndef GST_WINNOW_ATTACH_H
#define GST_WINNOW_ATTACH_H

#include <gst/gst.h>
#include <winnow/result.h>

/* A result, and how it is attached; never changed once made, so threads share it. */
typedef struct {
  WnResult *result;
  GstStructure *fields;
} GstWinnowResultEntry;

/* The results of a frame; references to it are shared among threads. */
typedef GPtrArray GstWinnowResultList; /* of GstWinnowResultEntry */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GstWinnowResultList, g_ptr_array_unref)

/* A new list that frees its entries. */
GstWinnowResultList *gst_winnow_result_list_new(void);

/* Copies `result` into a new entry at the end of `results`.  `element` is the name of the element
 * that made it; NULL: it came from another process. */
void gst_winnow_result_list_add(GstWinnowResultList *results, const WnResult *result,
                                const gchar *element);

/* The age that the results had when they were made, ns: above 0 where an answer was repeated. */
gint64 gst_winnow_result_list_age(const GstWinnowResultList *results);

/* Whether it is one result, of an inference that needed all stages. */
gboolean gst_winnow_result_list_is_whole(const GstWinnowResultList *results);

/* The entry that is about `rect`, or about what was there a few frames ago; NULL: none is. */
const GstWinnowResultEntry *gst_winnow_result_list_find(const GstWinnowResultList *results,
                                                        const WnRect *rect);

/* Where results go. */
typedef struct {
  /* The part of the frame whose regions and detections the entries are about; empty: they are about
   * none of them. */
  WnRect bounds;
  /* The frame, where each result is to be a detection too, however it was come by; empty: none. */
  WnRect detections;
} GstWinnowPlaces;

/* Adds one meta per entry to `buffer`, which is writable, and a parameter to each of its
 * regions of interest, a class to each of its detections that an entry is about.  `age_ns` is the
 * time that has passed since the frame that the results were made for. */
void gst_winnow_result_list_attach(GstWinnowResultList *results, GstBuffer *buffer,
                                   const GstWinnowPlaces *places, gint64 age_ns);

#endif
