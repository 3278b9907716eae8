/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ring.h.
 */
#include "gate/ring.h"

#include <gst/base/gstqueuearray.h>
#include <gst/video/video.h>

struct GstWinnowRing {
  GstQueueArray *items;
  guint64 bytes;
};

GstWinnowRing *gst_winnow_ring_new(void) {
  GstWinnowRing *ring = g_new0(GstWinnowRing, 1);
  ring->items = gst_queue_array_new_for_struct(sizeof(GstWinnowItem), 64);
  return ring;
}

void gst_winnow_ring_free(GstWinnowRing *ring) {
  while (gst_winnow_ring_first(ring) != NULL)
    gst_mini_object_unref(gst_winnow_ring_pop(ring).object);
  gst_queue_array_free(ring->items);
  g_free(ring);
}

void gst_winnow_ring_push(GstWinnowRing *ring, const GstWinnowItem *item) {
  gst_queue_array_push_tail_struct(ring->items, (gpointer)item);
  ring->bytes += item->bytes;
}

static guint length(const GstWinnowRing *ring) {
  return gst_queue_array_get_length(ring->items);
}

static const GstWinnowItem *nth(const GstWinnowRing *ring, guint i) {
  return gst_queue_array_peek_nth_struct(ring->items, i);
}

const GstWinnowItem *gst_winnow_ring_first(const GstWinnowRing *ring) {
  return length(ring) > 0 ? nth(ring, 0) : NULL;
}

GstWinnowItem gst_winnow_ring_pop(GstWinnowRing *ring) {
  GstWinnowItem item = *(GstWinnowItem *)gst_queue_array_pop_head_struct(ring->items);
  ring->bytes -= item.bytes;
  return item;
}

guint gst_winnow_ring_before(const GstWinnowRing *ring, gint64 start) {
  guint n = length(ring), keep = n;
  for (guint i = 0; i < n; i++) {
    const GstWinnowItem *item = nth(ring, i);
    /* Whatever follows is shown later still. */
    if (keep < n && item->at > start) break;
    if (item->key && (keep == n || item->shown <= start)) keep = i;
  }
  return keep;
}

guint gst_winnow_ring_too_many(const GstWinnowRing *ring, guint64 max_bytes) {
  guint n = length(ring);
  guint64 left = ring->bytes;
  if (left <= max_bytes) return 0;
  for (guint i = 0; i < n; i++) {
    const GstWinnowItem *item = nth(ring, i);
    if (item->key && (left <= max_bytes || left == item->bytes)) return i;
    left -= item->bytes;
  }
  return n;
}

/* Whether its memory is plain and of no pool that could be empty. */
static gboolean is_plentiful(GstBuffer *buffer) {
  guint max = 0;
  for (guint i = 0; i < gst_buffer_n_memory(buffer); i++)
    if (!gst_memory_is_type(gst_buffer_peek_memory(buffer, i), GST_ALLOCATOR_SYSMEM)) return FALSE;
  if (buffer->pool == NULL) return TRUE;
  GType type = G_OBJECT_TYPE(buffer->pool);
  if (type != GST_TYPE_BUFFER_POOL && type != GST_TYPE_VIDEO_BUFFER_POOL) return FALSE;
  GstStructure *config = gst_buffer_pool_get_config(buffer->pool);
  gst_buffer_pool_config_get_params(config, NULL, NULL, NULL, &max);
  gst_structure_free(config);
  return max == 0;
}

GstBuffer *gst_winnow_ring_own(GstBuffer *buffer) {
  if (is_plentiful(buffer)) return buffer;
  GstBuffer *copy = gst_buffer_copy_deep(buffer);
  if (copy == NULL) return buffer;
  gst_buffer_unref(buffer);
  return copy;
}
