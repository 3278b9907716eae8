/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See list.h.
 */
#include "list.h"

#include <stdio.h>
#include <string.h>

#include "controls.h"
#include "device.h"
#include "formats.h"
#include "modes.h"
#include "report.h"
#include "text.h"

static const char *reading(const Mode *mode) {
  const CameraFormat *format = format_find(mode->fourcc);
  if (mode->is_raw) return "raw: needs libcamera";
  if (format == NULL) return "cannot be read";
  return format->converted_to != 0 ? "converted" : "read as it is";
}

static void print_rates(const Mode *mode) {
  if (mode->n_rates == 0) {
    printf("any rate of the camera");
    return;
  }
  if (mode->min_rate > 0) printf("%.4g to ", mode->min_rate);
  for (int32_t i = 0; i < mode->n_rates; i++) printf("%s%.4g", i > 0 ? ", " : "", mode->rates[i]);
  printf(" frames/s");
}

static void print_size(const Mode *mode) {
  char text[64];
  if (mode->min_width == mode->max_width && mode->min_height == mode->max_height)
    snprintf(text, sizeof text, "%dx%d", mode->width, mode->height);
  else
    snprintf(text, sizeof text, "%dx%d to %dx%d", mode->min_width, mode->min_height,
             mode->max_width, mode->max_height);
  printf("      %-12s  ", text);
  print_rates(mode);
  putchar('\n');
}

static void print_modes(int descriptor) {
  GArray *modes = modes_list(descriptor, &(Wish){0});
  for (guint i = 0; i < modes->len; i++) {
    const Mode *mode = &g_array_index(modes, Mode, i);
    if (i == 0 || mode->fourcc != mode[-1].fourcc) {
      char name[FOURCC_NAME], *description = text_clean(mode->description);
      format_name(mode->fourcc, name);
      printf("    %-4s  %-32s  %s\n", name, description, reading(mode));
      g_free(description);
    }
    print_size(mode);
  }
  modes_free(modes);
}

static bool print_device(const char *path, char **problem) {
  struct v4l2_capability capability = {0};
  int descriptor = device_open(path, &capability, problem);
  if (descriptor < 0) return false;
  char *card = g_strndup((const char *)capability.card, sizeof capability.card);
  char *bus = g_strndup((const char *)capability.bus_info, sizeof capability.bus_info);
  char *clean_card = text_clean(card), *clean_bus = text_clean(bus);
  printf("%s  %s (%s)\n  formats\n", path, clean_card, clean_bus);
  print_modes(descriptor);
  printf("  controls\n");
  controls_print(descriptor);
  g_free(clean_bus);
  g_free(clean_card);
  g_free(bus);
  g_free(card);
  device_close(descriptor);
  return true;
}

bool list_cameras(const char *path, char **problem) {
  if (path != NULL) return print_device(path, problem);
  char **paths = device_list();
  int n_printed = 0;
  if (paths[0] == NULL) *problem = g_strdup("there is no camera: no /dev/video* captures frames");
  for (char **one = paths; *one != NULL; one++) {
    char *why = NULL;
    if (print_device(*one, &why))
      n_printed++;
    else
      report("%s", why);
    g_free(why);
  }
  if (paths[0] != NULL && n_printed == 0) *problem = g_strdup("none of the cameras can be opened");
  g_strfreev(paths);
  return *problem == NULL;
}
