/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From 1.24 on caps of such memory have a format of the kernel's (DRM), before that GStreamer's.
 */
#include "common/dmabuf.h"

#include <gst/allocators/gstdmabuf.h>
#include <string.h>

#define DRM_CAPS GST_CHECK_VERSION(1, 24, 0)

#if DRM_CAPS
/* The kernel's names of the formats; a name without a modifier is of one that lies row by row. */
static void name_formats(GstStructure *structure) {
  const GValue *formats = gst_structure_get_value(structure, "format");
  GValue names = G_VALUE_INIT;
  gst_value_list_init(&names, gst_value_list_get_size(formats));
  for (guint i = 0; i < gst_value_list_get_size(formats); i++) {
    const gchar *format = g_value_get_string(gst_value_list_get_value(formats, i));
    guint32 fourcc = gst_video_dma_drm_fourcc_from_format(gst_video_format_from_string(format));
    GValue name = G_VALUE_INIT;
    if (fourcc == 0) continue; /* the kernel has none */
    g_value_init(&name, G_TYPE_STRING);
    g_value_take_string(&name, gst_video_dma_drm_fourcc_to_string(fourcc, 0));
    gst_value_list_append_and_take_value(&names, &name);
  }
  gst_structure_take_value(structure, "drm-format", &names);
  gst_structure_set(structure, "format", G_TYPE_STRING, "DMA_DRM", NULL);
}
#endif

void gst_winnow_dmabuf_append_caps(GstCaps *caps) {
  GstStructure *structure = gst_structure_copy(gst_caps_get_structure(caps, 0));
#if DRM_CAPS
  name_formats(structure);
#endif
  gst_caps_append_structure_full(caps, structure,
                                 gst_caps_features_new(GST_CAPS_FEATURE_MEMORY_DMABUF, NULL));
}

gboolean gst_winnow_dmabuf_info(GstVideoInfo *info, const GstCaps *caps) {
#if DRM_CAPS
  GstVideoInfoDmaDrm drm;
  if (gst_video_is_dma_drm_caps(caps))
    return gst_video_info_dma_drm_from_caps(&drm, caps) &&
           gst_video_info_dma_drm_to_video_info(&drm, info);
#endif
  return gst_video_info_from_caps(info, caps);
}

gboolean gst_winnow_dmabuf_has(GstBuffer *buffer) {
  return gst_buffer_n_memory(buffer) == 1 &&
         gst_is_dmabuf_memory(gst_buffer_peek_memory(buffer, 0));
}

/* Whether every row of every plane lies in the `size` bytes. */
static gboolean fits(const GstVideoInfo *info, gsize size) {
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(info); p++) {
    gint components[GST_VIDEO_MAX_COMPONENTS];
    gst_video_format_info_component(info->finfo, p, components);
    const gint rows = GST_VIDEO_INFO_COMP_HEIGHT(info, components[0]);
    const gint stride = GST_VIDEO_INFO_PLANE_STRIDE(info, p);
    const gint row = GST_VIDEO_INFO_COMP_WIDTH(info, components[0]) *
                     GST_VIDEO_INFO_COMP_PSTRIDE(info, components[0]);
    const gsize offset = GST_VIDEO_INFO_PLANE_OFFSET(info, p);
    if (stride < row || offset > size ||
        (gsize)(rows - 1) * (gsize)stride + (gsize)row > size - offset)
      return FALSE;
  }
  return TRUE;
}

gboolean gst_winnow_dmabuf_map(GstVideoFrame *frame, const GstVideoInfo *info, GstBuffer *buffer,
                               GstMapFlags flags) {
  const GstVideoMeta *meta = gst_buffer_get_video_meta(buffer);
  memset(frame, 0, sizeof *frame);
  frame->info = *info;
  frame->id = -1;
  if (meta != NULL) {
    if (meta->format != GST_VIDEO_INFO_FORMAT(info) ||
        meta->n_planes != GST_VIDEO_INFO_N_PLANES(info) || meta->width < (guint)info->width ||
        meta->height < (guint)info->height)
      return FALSE;
    frame->info.width = (gint)meta->width;
    frame->info.height = (gint)meta->height;
    for (guint p = 0; p < meta->n_planes; p++) {
      frame->info.offset[p] = meta->offset[p];
      frame->info.stride[p] = meta->stride[p];
    }
  }
  if (!gst_buffer_map(buffer, &frame->map[0], flags)) return FALSE;
  if (!fits(&frame->info, frame->map[0].size)) {
    gst_buffer_unmap(buffer, &frame->map[0]);
    return FALSE;
  }
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(info); p++)
    frame->data[p] = frame->map[0].data + frame->info.offset[p];
  frame->buffer = buffer; /* NO_REF is among the flags */
  return TRUE;
}
