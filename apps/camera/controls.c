/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See controls.h.  Names follow the rule of v4l2-ctl: the driver's words in lower case with '_'
 * between them.
 */
#include "controls.h"

#include <errno.h>
#include <glib.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "text.h"

typedef struct v4l2_query_ext_ctrl Control;

/* What cameras were told before Linux 5.13 renamed these; scripts have them still. */
static const struct {
  const char *name;
  uint32_t id;
} former_names[] = {
    {"exposure_auto", V4L2_CID_EXPOSURE_AUTO},
    {"exposure_absolute", V4L2_CID_EXPOSURE_ABSOLUTE},
    {"exposure_auto_priority", V4L2_CID_EXPOSURE_AUTO_PRIORITY},
    {"white_balance_temperature_auto", V4L2_CID_AUTO_WHITE_BALANCE},
    {"focus_auto", V4L2_CID_FOCUS_AUTO},
};

/* The control after the one in *control; false: there is none. */
static bool next_control(int descriptor, Control *control) {
  *control = (Control){.id = control->id | V4L2_CTRL_FLAG_NEXT_CTRL};
  return device_call(descriptor, VIDIOC_QUERY_EXT_CTRL, control) == 0;
}

static bool is_usable(const Control *control) {
  switch (control->type) {
  case V4L2_CTRL_TYPE_INTEGER:
  case V4L2_CTRL_TYPE_INTEGER64:
  case V4L2_CTRL_TYPE_BOOLEAN:
  case V4L2_CTRL_TYPE_BITMASK:
  case V4L2_CTRL_TYPE_MENU:
  case V4L2_CTRL_TYPE_INTEGER_MENU:
  case V4L2_CTRL_TYPE_BUTTON:
    return !(control->flags & V4L2_CTRL_FLAG_DISABLED);
  default: /* headings, and arrays for codecs */
    return false;
  }
}

static bool is_menu(const Control *control) {
  return control->type == V4L2_CTRL_TYPE_MENU || control->type == V4L2_CTRL_TYPE_INTEGER_MENU;
}

/* To be freed. */
static char *name_of(const Control *control) {
  GString *name = g_string_new(NULL);
  for (const char *c = control->name; *c != '\0' && c < control->name + sizeof control->name; c++) {
    if (g_ascii_isalnum(*c))
      g_string_append_c(name, g_ascii_tolower(*c));
    else if (name->len > 0 && name->str[name->len - 1] != '_')
      g_string_append_c(name, '_');
  }
  if (name->len > 0 && name->str[name->len - 1] == '_') g_string_truncate(name, name->len - 1);
  return g_string_free(name, FALSE);
}

/* An entry of a menu, to be freed; NULL: menus have gaps. */
static char *menu_entry(int descriptor, const Control *control, int64_t index) {
  struct v4l2_querymenu entry = {.id = control->id, .index = (uint32_t)index};
  if (device_call(descriptor, VIDIOC_QUERYMENU, &entry) < 0) return NULL;
  if (control->type == V4L2_CTRL_TYPE_INTEGER_MENU)
    return g_strdup_printf("%lld", (long long)entry.value);
  char *text = g_strndup((const char *)entry.name, sizeof entry.name);
  char *clean = text_clean(text);
  g_free(text);
  return clean;
}

static bool access_value(int descriptor, unsigned long request, const Control *control,
                         int64_t *value) {
  struct v4l2_ext_control one = {.id = control->id};
  struct v4l2_ext_controls all = {.which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1, .controls = &one};
  bool is_long = control->type == V4L2_CTRL_TYPE_INTEGER64;
  if (is_long)
    one.value64 = *value;
  else
    one.value = (int32_t)*value;
  if (device_call(descriptor, request, &all) < 0) return false;
  *value = is_long ? one.value64 : one.value;
  return true;
}

/* What values it takes, in a few words. */
static void print_range(const Control *control) {
  switch (control->type) {
  case V4L2_CTRL_TYPE_BUTTON:
    printf("button");
    break;
  case V4L2_CTRL_TYPE_BOOLEAN:
    printf("0 or 1");
    break;
  case V4L2_CTRL_TYPE_BITMASK:
    printf("bits of %lld", (long long)control->maximum);
    break;
  default:
    printf("%lld to %lld", (long long)control->minimum, (long long)control->maximum);
    if (control->step > 1) printf(" by %llu", (unsigned long long)control->step);
  }
}

static void print_menu(int descriptor, const Control *control, const int64_t *now) {
  for (int64_t i = control->minimum; i <= control->maximum; i++) {
    char *entry = menu_entry(descriptor, control, i);
    if (entry != NULL)
      printf("      %lld  %s%s\n", (long long)i, entry, now != NULL && i == *now ? "  (now)" : "");
    g_free(entry);
  }
}

static void print_control(int descriptor, const Control *control) {
  char *name = name_of(control);
  int64_t value = 0;
  bool has_value = !(control->flags & V4L2_CTRL_FLAG_WRITE_ONLY) &&
                   access_value(descriptor, VIDIOC_G_EXT_CTRLS, control, &value);
  if (control->type == V4L2_CTRL_TYPE_BITMASK) value = (uint32_t)value;
  printf("    %-30s  ", name);
  print_range(control);
  if (has_value) printf(", now %lld", (long long)value);
  if (control->flags & V4L2_CTRL_FLAG_READ_ONLY) printf(" (read only)");
  if (control->flags & V4L2_CTRL_FLAG_INACTIVE) printf(" (inactive)");
  putchar('\n');
  if (is_menu(control)) print_menu(descriptor, control, has_value ? &value : NULL);
  g_free(name);
}

void controls_print(int descriptor) {
  Control control = {0};
  while (next_control(descriptor, &control))
    if (is_usable(&control)) print_control(descriptor, &control);
}

/* The control called `name`, by its present or its former name. */
static bool find_control(int descriptor, const char *name, Control *control) {
  *control = (Control){0};
  while (next_control(descriptor, control)) {
    char *present = name_of(control);
    bool is_it = is_usable(control) && strcmp(present, name) == 0;
    g_free(present);
    if (is_it) return true;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(former_names); i++) {
    *control = (Control){.id = former_names[i].id};
    if (strcmp(former_names[i].name, name) == 0 &&
        device_call(descriptor, VIDIOC_QUERY_EXT_CTRL, control) == 0)
      return is_usable(control);
  }
  return false;
}

/* The value that `text` means to the control; false: none. */
static bool parse_value(int descriptor, const Control *control, const char *text, int64_t *value) {
  char *end = NULL;
  errno = 0;
  *value = g_ascii_strtoll(text, &end, 0);
  if (end != text && *end == '\0' && errno == 0) return true;
  for (int64_t i = control->minimum; is_menu(control) && i <= control->maximum; i++) {
    char *entry = menu_entry(descriptor, control, i);
    bool is_it = entry != NULL && g_ascii_strcasecmp(entry, text) == 0;
    g_free(entry);
    *value = i;
    if (is_it) return true;
  }
  return false;
}

static bool is_in_range(const Control *control, int64_t value) {
  if (control->type == V4L2_CTRL_TYPE_BUTTON || control->type == V4L2_CTRL_TYPE_BITMASK)
    return true;
  return value >= control->minimum && value <= control->maximum;
}

static bool set_found(int descriptor, const char *path, const Control *control, const char *name,
                      const char *text, char **problem) {
  int64_t value = 0;
  bool is_valid =
      control->type == V4L2_CTRL_TYPE_BUTTON || parse_value(descriptor, control, text, &value);
  if (!is_valid || !is_in_range(control, value)) {
    *problem = g_strdup_printf("%s: --set %s=%s: takes %lld to %lld; see --list", path, name, text,
                               (long long)control->minimum, (long long)control->maximum);
  } else if (control->flags & V4L2_CTRL_FLAG_READ_ONLY) {
    *problem = g_strdup_printf("%s: --set %s: can only be read", path, name);
  } else if (!access_value(descriptor, VIDIOC_S_EXT_CTRLS, control, &value)) {
    *problem = g_strdup_printf(
        "%s: --set %s=%s: the camera refuses: %s%s", path, name, text, g_strerror(errno),
        control->flags & V4L2_CTRL_FLAG_INACTIVE ? " (inactive: an automatic control decides)"
                                                 : "");
  }
  return *problem == NULL;
}

bool controls_set(int descriptor, const char *path, const char *assignment, char **problem) {
  char **parts = g_strsplit(assignment, "=", 2);
  Control control;
  *problem = NULL;
  if (g_strv_length(parts) != 2 || parts[0][0] == '\0')
    *problem = g_strdup_printf("--set %s: must be NAME=VALUE", assignment);
  else if (!find_control(descriptor, parts[0], &control))
    *problem = g_strdup_printf("%s: --set %s: the camera has no such control; --list shows those "
                               "that it has",
                               path, parts[0]);
  else
    set_found(descriptor, path, &control, parts[0], parts[1], problem);
  g_strfreev(parts);
  return *problem == NULL;
}
