/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See fixture.h.  MODEL_FILE comes from the build.
 */
#include "fixture.h"

#include <string.h>

const gchar *const every_format[23] = {
    "NV12", "I420", "YV12", "YUY2",  "UYVY",      "RGB",       "BGR",      "RGBx",
    "BGRx", "RGBA", "BGRA", "GRAY8", "NV21",      "NV16",      "Y42B",     "Y444",
    "xRGB", "xBGR", "ARGB", "ABGR",  "P010_10LE", "I420_10LE", "GRAY16_LE"};

/* ---- Harness -------------------------------------------------------------- */

Fixture fixture_open(const gchar *first_property, ...) {
  Fixture fixture = {.element = gst_element_factory_make("winnowclassify", NULL)};
  fail_unless(fixture.element != NULL, "no winnowclassify: is GST_PLUGIN_PATH set?");
  /* One thread: a test machine is busy, and sums are then exact. */
  g_object_set(fixture.element, "model-file", MODEL_FILE, "threads", 1, NULL);
  va_list args;
  va_start(args, first_property);
  g_object_set_valist(G_OBJECT(fixture.element), first_property, args);
  va_end(args);
  fixture.bus = gst_bus_new();
  gst_element_set_bus(fixture.element, fixture.bus);
  fixture.harness = gst_harness_new_with_element(fixture.element, "sink", "src");
  return fixture;
}

void fixture_close(Fixture *fixture) {
  gst_harness_teardown(fixture->harness);
  gst_element_set_bus(fixture->element, NULL);
  gst_object_unref(fixture->element);
  gst_bus_set_flushing(fixture->bus, TRUE);
  gst_object_unref(fixture->bus);
}

void fixture_caps(Fixture *fixture, const gchar *format, gint width, gint height,
                  const gchar *extra) {
  g_autofree gchar *text =
      g_strdup_printf("video/x-raw,format=%s,width=%d,height=%d,framerate=30/1%s", format, width,
                      height, extra != NULL ? extra : "");
  GstCaps *caps = gst_caps_from_string(text);
  fail_unless(gst_video_info_from_caps(&fixture->info, caps));
  gst_harness_set_src_caps(fixture->harness, caps);
}

GstBuffer *make_picture(const GstVideoInfo *info, guint seed, gint padding) {
  gsize offsets[GST_VIDEO_MAX_PLANES] = {0};
  gint strides[GST_VIDEO_MAX_PLANES] = {0}, rows[GST_VIDEO_MAX_PLANES] = {0};
  gsize size = 0;
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(info); p++) {
    const gint component[GST_VIDEO_MAX_PLANES] = {0, 1, 2, 3};
    rows[p] =
        GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT(info->finfo, component[p], GST_VIDEO_INFO_HEIGHT(info));
    offsets[p] = size;
    strides[p] = GST_VIDEO_INFO_PLANE_STRIDE(info, p) + padding;
    size += (gsize)strides[p] * (gsize)rows[p];
  }
  if (padding == 0) size = GST_VIDEO_INFO_SIZE(info);
  GstBuffer *buffer = gst_buffer_new_allocate(NULL, size, NULL);
  gst_buffer_memset(buffer, 0, 0, size);
  if (padding != 0)
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(info),
                                   (guint)GST_VIDEO_INFO_WIDTH(info),
                                   (guint)GST_VIDEO_INFO_HEIGHT(info),
                                   GST_VIDEO_INFO_N_PLANES(info), offsets, strides);
  GstVideoFrame frame;
  fail_unless(gst_video_frame_map(&frame, info, buffer, GST_MAP_WRITE));
  for (guint p = 0; p < GST_VIDEO_FRAME_N_PLANES(&frame); p++) {
    gint stride = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, p);
    guint8 *data = GST_VIDEO_FRAME_PLANE_DATA(&frame, p);
    gint n_rows = padding != 0 ? rows[p] : GST_VIDEO_FRAME_COMP_HEIGHT(&frame, p);
    gint pixel = MAX(1, GST_VIDEO_FORMAT_INFO_PSTRIDE(info->finfo, p));
    for (gint y = 0; y < n_rows; y++) {
      guint patch_y = (guint)(y * 8 / n_rows);
      for (gint x = 0; x < stride; x++) {
        guint patch_x = (guint)(x / pixel * 8 / MAX(1, stride / pixel));
        guint h = (seed * 73856093u) ^ ((patch_x + 1) * 19349663u) ^ ((patch_y + 1) * 83492791u) ^
                  ((p * 4u + (guint)(x % pixel) + 1u) * 2654435761u);
        h = (h ^ (h >> 13)) * 1274126177u;
        data[(gsize)y * (gsize)stride + (gsize)x] = (guint8)(h >> 24);
      }
    }
  }
  gst_video_frame_unmap(&frame);
  return buffer;
}

GstBuffer *fixture_push_buffer(Fixture *fixture, GstBuffer *buffer) {
  GST_BUFFER_PTS(buffer) = fixture->n_pushed++ * FRAME_DURATION;
  GST_BUFFER_DURATION(buffer) = FRAME_DURATION;
  GstBuffer *out = gst_harness_push_and_pull(fixture->harness, buffer);
  fail_unless(out != NULL, "no frame came out");
  return out;
}

GstBuffer *fixture_push(Fixture *fixture, guint seed, gint padding) {
  return fixture_push_buffer(fixture, make_picture(&fixture->info, seed, padding));
}

GstWinnowResult *result_on(GstBuffer *buffer) {
  GstWinnowResult *result = gst_winnow_result_from_buffer(buffer);
  fail_unless(result != NULL, "the frame has no result");
  return result;
}

GstMessage *fixture_message(Fixture *fixture, GstMessageType type) {
  GstMessage *message = gst_bus_timed_pop_filtered(fixture->bus, 5 * GST_SECOND, type);
  fail_unless(message != NULL, "no %s message came", gst_message_type_get_name(type));
  return message;
}

guint fixture_count_messages(Fixture *fixture) {
  guint n = 0;
  GstMessage *message;
  while ((message = gst_bus_pop_filtered(fixture->bus, GST_MESSAGE_ELEMENT)) != NULL) {
    n++;
    gst_message_unref(message);
  }
  return n;
}

void fail_unless_start_fails(GstElement *element, GstResourceError code, const gchar *says) {
  GstBus *bus = gst_bus_new();
  g_autoptr(GError) error = NULL;
  gst_element_set_bus(element, bus);
  fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                         GST_STATE_CHANGE_FAILURE);
  GstMessage *message = gst_bus_timed_pop_filtered(bus, 5 * GST_SECOND, GST_MESSAGE_ERROR);
  fail_unless(message != NULL);
  gst_message_parse_error(message, &error, NULL);
  fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, (gint)code));
  fail_unless(strstr(error->message, says) != NULL, "%s", error->message);
  gst_message_unref(message);
  gst_element_set_state(element, GST_STATE_NULL);
  gst_bus_set_flushing(bus, TRUE); /* its messages hold the element, which holds the bus */
  gst_object_unref(element);
  gst_object_unref(bus);
}

void fail_unless_close(gdouble got, gdouble wanted, gdouble delta) {
  fail_unless(ABS(got - wanted) <= delta, "%.17g is not %.17g", got, wanted);
}

guint64 fixture_stat(Fixture *fixture, const gchar *name) {
  GstStructure *stats = NULL;
  guint64 value = G_MAXUINT64;
  g_object_get(fixture->element, "stats", &stats, NULL);
  fail_unless(gst_structure_get_uint64(stats, name, &value), "stats lack %s", name);
  gst_structure_free(stats);
  return value;
}

/* ---- Reference ---------------------------------------------------------------- */

static Reference open_reference(const WnModelOptions *how, const WnPolicy *policy) {
  Reference reference = {0};
  WnError error = {0};
  WnSessionOptions options = {.threads = 1};
  if (policy != NULL) options.policy = *policy;
  fail_unless(wn_model_open(MODEL_FILE, how, &reference.model, &error) == WN_OK, "%s",
              error.message);
  fail_unless(wn_session_new(reference.model, &options, &reference.session, &error) == WN_OK, "%s",
              error.message);
  return reference;
}

Reference reference_open(const WnPolicy *policy) {
  return open_reference(&(WnModelOptions){0}, policy);
}

Reference reference_open_meaning(const WnMeaning *meaning) {
  return open_reference(&(WnModelOptions){.meaning = meaning}, NULL);
}

void reference_close(Reference *reference) {
  wn_session_free(reference->session);
  wn_model_unref(reference->model);
}

const WnResult *reference_frame(Reference *reference, const GstVideoInfo *info, GstBuffer *buffer,
                                const WnRect *region, const WnFrame *like) {
  GstVideoFrame video;
  WnFrame frame = like != NULL ? *like : (WnFrame){0};
  WnError error = {0};
  const WnResult *result = NULL;
  fail_unless(gst_video_frame_map(&video, info, buffer, GST_MAP_READ));
  frame.format = WN_PIXEL_FORMAT_COUNT;
  /* Both name formats alike. */
  for (gint f = 0; f < WN_PIXEL_FORMAT_COUNT; f++)
    if (g_str_equal(wn_pixel_format_name((WnPixelFormat)f), GST_VIDEO_INFO_NAME(info)))
      frame.format = (WnPixelFormat)f;
  frame.width = GST_VIDEO_INFO_WIDTH(info);
  frame.height = GST_VIDEO_INFO_HEIGHT(info);
  frame.pts_ns = GST_BUFFER_PTS_IS_VALID(buffer) ? (int64_t)GST_BUFFER_PTS(buffer) : WN_PTS_NONE;
  for (guint p = 0; p < GST_VIDEO_FRAME_N_PLANES(&video); p++) {
    frame.plane[p] = GST_VIDEO_FRAME_PLANE_DATA(&video, p);
    frame.stride_bytes[p] = GST_VIDEO_FRAME_PLANE_STRIDE(&video, p);
  }
  fail_unless(wn_session_classify(reference->session, &frame, region, &result, &error) == WN_OK,
              "%s", error.message);
  gst_video_frame_unmap(&video);
  return result;
}

void reference_equal(const GstWinnowResult *got, const WnResult *wanted) {
  fail_unless_equals_string(gst_winnow_result_get_label(got), wanted->label);
  fail_unless_equals_string(gst_winnow_result_get_group(got), wanted->group);
  fail_unless_equals_string(gst_winnow_result_get_model_id(got), wanted->model_id);
  fail_unless_equals_string(gst_winnow_result_get_stop_reason(got),
                            wn_stop_reason_name(wanted->stop_reason));
  fail_unless_equals_int(gst_winnow_result_get_class_index(got), wanted->class_index);
  fail_unless_equals_int(gst_winnow_result_get_exit_stage(got), wanted->exit_stage);
  fail_unless_equals_int(gst_winnow_result_get_stage_count(got), wanted->stage_count);
  fail_unless_equals_uint64(gst_winnow_result_get_macs(got), wanted->macs);
  fail_unless_equals_uint64(gst_winnow_result_get_macs_full(got), wanted->macs_full);
  /* Threads may add in another order. */
  fail_unless_close(gst_winnow_result_get_confidence(got), wanted->confidence, 1e-4);
  guint64 pts = wanted->pts_ns == WN_PTS_NONE ? GST_CLOCK_TIME_NONE : (guint64)wanted->pts_ns;
  fail_unless_equals_uint64(gst_winnow_result_get_pts(got), pts);
  fail_unless(gst_winnow_result_get_latency_ns(got) >= 0);

  gsize n = 0;
  const gint *survivors = gst_winnow_result_get_survivors(got, &n);
  fail_unless_equals_int((gint)n, wanted->n_survivors);
  const gdouble *scores = gst_winnow_result_get_survivor_scores(got, &n);
  fail_unless_equals_int((gint)n, wanted->n_survivors);
  const gchar *const *labels = gst_winnow_result_get_survivor_labels(got);
  for (gsize i = 0; i < n; i++) {
    fail_unless_equals_int(survivors[i], wanted->survivors[i]);
    fail_unless_equals_string(labels[i], wanted->survivor_labels[i]);
    fail_unless_close(scores[i], wanted->survivor_scores[i], 1e-4);
  }
  fail_unless(labels[n] == NULL);
  const gint *per_stage = gst_winnow_result_get_survivors_per_stage(got, &n);
  fail_unless_equals_int((gint)n, wanted->n_stages_evaluated);
  for (gsize i = 0; i < n; i++)
    fail_unless_equals_int(per_stage[i], wanted->survivors_per_stage[i]);

  gint x, y, w, h;
  fail_unless(gst_winnow_result_get_region(got, &x, &y, &w, &h) == wanted->has_region);
  if (!wanted->has_region) return;
  fail_unless(x == wanted->region.x && y == wanted->region.y && w == wanted->region.width &&
              h == wanted->region.height);
}

void reference_two_seeds(const GstVideoInfo *info, guint seeds[2]) {
  Reference reference = reference_open(NULL);
  gchar *first = NULL;
  for (guint seed = 0; seed < 500; seed++) {
    GstBuffer *buffer = make_picture(info, seed, 0);
    const WnResult *result = reference_frame(&reference, info, buffer, NULL, NULL);
    if (first == NULL) {
      first = g_strdup(result->label);
      seeds[0] = seed;
    }
    seeds[1] = seed;
    gboolean differs = !g_str_equal(first, result->label);
    gst_buffer_unref(buffer);
    if (differs) break;
    fail_unless(seed < 499, "all pictures are %s", first);
  }
  g_free(first);
  reference_close(&reference);
}
