/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See modes.h.
 */
#include "modes.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "formats.h"

/* Networks look at 32 to 224 pixels: more only costs. */
#define USUAL_WIDTH 640
#define USUAL_HEIGHT 480
/* 29.97 frames/s is what 30 means to a camera. */
#define RATE_REACHED 0.9

enum { MAX_LISTED = 1024 }; /* against drivers that never stop listing */

static int32_t fit(int32_t wish, uint32_t min, uint32_t max, uint32_t step) {
  int32_t low = (int32_t)MIN(min, G_MAXINT16), high = (int32_t)MIN(max, G_MAXINT16);
  if (wish <= low || high <= low) return low;
  if (wish >= high) return high;
  int32_t by = (int32_t)CLAMP(step, 1, G_MAXINT16);
  return MIN(low + (wish - low + by / 2) / by * by, high);
}

static double rate_of(const struct v4l2_fract *interval) {
  return interval->numerator > 0 ? (double)interval->denominator / interval->numerator : 0;
}

static int descending(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? 1 : left > right ? -1 : 0;
}

static void list_rates(int descriptor, Mode *mode) {
  GArray *rates = g_array_new(FALSE, FALSE, sizeof(double));
  struct v4l2_frmivalenum interval = {.pixel_format = mode->fourcc,
                                      .width = (uint32_t)mode->width,
                                      .height = (uint32_t)mode->height};
  for (; interval.index < MAX_LISTED &&
         device_call(descriptor, VIDIOC_ENUM_FRAMEINTERVALS, &interval) == 0;
       interval.index++) {
    bool is_range = interval.type != V4L2_FRMIVAL_TYPE_DISCRETE;
    double rate = rate_of(is_range ? &interval.stepwise.min : &interval.discrete);
    if (rate > 0) g_array_append_val(rates, rate);
    if (!is_range) continue;
    mode->min_rate = rate_of(&interval.stepwise.max);
    break;
  }
  g_array_sort(rates, descending);
  mode->n_rates = (int32_t)rates->len;
  mode->rates = (double *)(void *)g_array_free(rates, FALSE);
}

static void set_only_size(Mode *mode, uint32_t width, uint32_t height) {
  mode->width = mode->min_width = mode->max_width = (int32_t)MIN(width, G_MAXINT16);
  mode->height = mode->min_height = mode->max_height = (int32_t)MIN(height, G_MAXINT16);
}

/* Without a list of sizes, as of TV and HDMI inputs: the one that the driver makes of the wish,
 * else the present one. */
static void try_size(int descriptor, Mode *mode, const Wish *wish) {
  struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  if (device_call(descriptor, VIDIOC_G_FMT, &format) < 0) return;
  if (wish->width > 0) {
    format.fmt.pix.width = (uint32_t)wish->width;
    format.fmt.pix.height = (uint32_t)wish->height;
    format.fmt.pix.pixelformat = mode->fourcc;
    format.fmt.pix.bytesperline = 0;
    if (device_call(descriptor, VIDIOC_TRY_FMT, &format) < 0) return;
  }
  set_only_size(mode, format.fmt.pix.width, format.fmt.pix.height);
}

static void list_sizes(int descriptor, const Mode *format, const Wish *wish, GArray *modes) {
  struct v4l2_frmsizeenum size = {.pixel_format = format->fourcc};
  for (; size.index < MAX_LISTED; size.index++) {
    Mode mode = *format;
    bool listed = device_call(descriptor, VIDIOC_ENUM_FRAMESIZES, &size) == 0;
    if (!listed && size.index > 0) return;
    if (!listed) {
      try_size(descriptor, &mode, wish);
    } else if (size.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
      set_only_size(&mode, size.discrete.width, size.discrete.height);
    } else {
      const struct v4l2_frmsize_stepwise *s = &size.stepwise;
      mode.min_width = fit(0, s->min_width, s->max_width, s->step_width);
      mode.min_height = fit(0, s->min_height, s->max_height, s->step_height);
      mode.max_width = fit(G_MAXINT16, s->min_width, s->max_width, s->step_width);
      mode.max_height = fit(G_MAXINT16, s->min_height, s->max_height, s->step_height);
      mode.width = fit(wish->width > 0 ? wish->width : USUAL_WIDTH, s->min_width, s->max_width,
                       s->step_width);
      mode.height = fit(wish->height > 0 ? wish->height : USUAL_HEIGHT, s->min_height,
                        s->max_height, s->step_height);
    }
    list_rates(descriptor, &mode);
    g_array_append_val(modes, mode);
    if (!listed || size.type != V4L2_FRMSIZE_TYPE_DISCRETE) return;
  }
}

GArray *modes_list(int descriptor, const Wish *wish) {
  GArray *modes = g_array_new(FALSE, FALSE, sizeof(Mode));
  struct v4l2_fmtdesc format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  for (; format.index < MAX_LISTED && device_call(descriptor, VIDIOC_ENUM_FMT, &format) == 0;
       format.index++) {
    Mode mode = {.fourcc = format.pixelformat};
    g_strlcpy(mode.description, (const char *)format.description, sizeof mode.description);
    /* The kernel itself writes these descriptions, so that they have one form; there are over
     * forty such formats and new ones every year. */
    mode.is_raw = strcasestr(mode.description, "bayer") != NULL;
    list_sizes(descriptor, &mode, wish, modes);
  }
  return modes;
}

void modes_free(GArray *modes) {
  if (modes == NULL) return;
  for (guint i = 0; i < modes->len; i++) g_free(g_array_index(modes, Mode, i).rates);
  g_array_unref(modes);
}

/* ---- The choice --------------------------------------------------------- */

static bool reaches(double rate, double wish) {
  return rate >= RATE_REACHED * wish;
}

/* The lowest of the camera's rates that reaches `wish`, else the highest; 0: not known. */
static double rate_for(const Mode *mode, double wish) {
  if (mode->n_rates == 0) return 0;
  if (mode->min_rate > 0) return CLAMP(wish, mode->min_rate, mode->rates[0]);
  double best = mode->rates[0];
  for (int32_t i = 1; i < mode->n_rates && reaches(mode->rates[i], wish); i++)
    best = mode->rates[i];
  return best;
}

typedef struct Cost {
  int32_t size_off; /* pixels a side */
  bool is_slow;
  double format;
  double fps;
} Cost;

static Cost cost_of(const Mode *mode, const Wish *wish) {
  double fps = wish->fps > 0 ? wish->fps : SOURCE_USUAL_FPS, rate = rate_for(mode, fps);
  return (Cost){.size_off = abs(mode->width - (wish->width > 0 ? wish->width : USUAL_WIDTH)) +
                            abs(mode->height - (wish->height > 0 ? wish->height : USUAL_HEIGHT)),
                .is_slow = rate > 0 && !reaches(rate, fps),
                .format = format_find(mode->fourcc)->cost,
                .fps = rate};
}

static bool is_less(Cost a, Cost b) {
  if (a.size_off != b.size_off) return a.size_off < b.size_off;
  if (a.is_slow != b.is_slow) return b.is_slow;
  if (a.is_slow && a.fps != b.fps) return a.fps > b.fps;
  return a.format < b.format;
}

/* Names of the formats, each once, with commas between. */
static char *name_formats(const GArray *modes) {
  GString *names = g_string_new(NULL);
  for (guint i = 0; i < modes->len; i++) {
    char name[FOURCC_NAME];
    const Mode *mode = &g_array_index(modes, Mode, i);
    if (i > 0 && mode->fourcc == mode[-1].fourcc) continue;
    format_name(mode->fourcc, name);
    g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
  }
  return g_string_free(names, FALSE);
}

/* Why no mode can be taken. */
static char *explain(const GArray *modes, const Wish *wish, const char *path) {
  char name[FOURCC_NAME], *names = name_formats(modes), *problem = NULL;
  bool is_offered = false, all_raw = true;
  for (guint i = 0; i < modes->len; i++) {
    is_offered |= g_array_index(modes, Mode, i).fourcc == wish->fourcc;
    all_raw &= g_array_index(modes, Mode, i).is_raw;
  }
  format_name(wish->fourcc, name);
  if (modes->len == 0)
    problem = g_strdup_printf("%s: offers no formats; is a camera behind it?", path);
  else if (wish->fourcc != 0 && !is_offered)
    problem = g_strdup_printf("%s: --format %s is not among what the camera offers: %s", path, name,
                              names);
  else if (wish->fourcc != 0)
    problem = g_strdup_printf("%s: --format %s can be read by neither Winnow nor libv4lconvert; "
                              "the camera offers: %s",
                              path, name, names);
  else if (all_raw)
    problem = g_strdup_printf("%s: a bare sensor, which offers only raw Bayer pixels (%s); let "
                              "libcamera make pictures of them: gst-launch-1.0 libcamerasrc ! "
                              "winnowclassify model-file=MODEL ! winnowshmsink socket-path=SOCKET",
                              path, names);
  else
    problem = g_strdup_printf("%s: offers only formats that neither Winnow nor libv4lconvert can "
                              "read: %s",
                              path, names);
  g_free(names);
  return problem;
}

static char *explain_size(const GArray *modes, const Mode *best, const Wish *wish,
                          const char *path) {
  char name[FOURCC_NAME];
  GString *sizes = g_string_new(NULL);
  for (guint i = 0; i < modes->len; i++) {
    const Mode *mode = &g_array_index(modes, Mode, i);
    if (mode->fourcc != best->fourcc) continue;
    if (sizes->len > 0) g_string_append(sizes, ", ");
    if (mode->min_width != mode->max_width || mode->min_height != mode->max_height)
      g_string_append_printf(sizes, "%dx%d to ", mode->min_width, mode->min_height);
    g_string_append_printf(sizes, "%dx%d", mode->max_width, mode->max_height);
  }
  format_name(best->fourcc, name);
  char *problem = g_strdup_printf("%s: --size %dx%d is not among the camera's sizes (%s: %s)", path,
                                  wish->width, wish->height, name, sizes->str);
  g_string_free(sizes, TRUE);
  return problem;
}

const Mode *modes_choose(const GArray *modes, const Wish *wish, const char *path, double *fps,
                         char **problem) {
  const Mode *best = NULL;
  for (guint i = 0; i < modes->len; i++) {
    const Mode *mode = &g_array_index(modes, Mode, i);
    bool is_wanted = wish->fourcc != 0 ? mode->fourcc == wish->fourcc : !mode->is_raw;
    if (!is_wanted || format_find(mode->fourcc) == NULL) continue;
    if (best == NULL || is_less(cost_of(mode, wish), cost_of(best, wish))) best = mode;
  }
  if (best == NULL) {
    *problem = explain(modes, wish, path);
    return NULL;
  }
  if (wish->width > 0 && (best->width != wish->width || best->height != wish->height)) {
    *problem = explain_size(modes, best, wish, path);
    return NULL;
  }
  *fps = cost_of(best, wish).fps;
  return best;
}
