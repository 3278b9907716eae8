/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See text.h.  Widths count characters, not bytes, so that columns stay
 * aligned with labels in any script of single-width characters.
 */
#include "text.h"

#include <glib.h>
#include <math.h>
#include <string.h>

char *text_clean(const char *text) {
  char *clean = g_utf8_make_valid(text, -1);
  for (char *at = clean; *at != '\0'; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    if (!g_unichar_iscntrl(c)) continue;
    memset(at, ' ', (size_t)(g_utf8_next_char(at) - at));
  }
  return clean;
}

/* Pads `clean` or cuts it, at its beginning or its end; frees it. */
static char *fit(char *clean, size_t width, bool keep_end) {
  size_t length = (size_t)g_utf8_strlen(clean, -1);
  char *column;
  if (length <= width) {
    column = g_strdup_printf("%s%*s", clean, (int)(width - length), "");
  } else if (keep_end) {
    column = g_strconcat("~", g_utf8_offset_to_pointer(clean, (glong)(length - width + 1)), NULL);
  } else {
    *g_utf8_offset_to_pointer(clean, (glong)width - 1) = '\0';
    column = g_strconcat(clean, "~", NULL);
  }
  g_free(clean);
  return column;
}

char *text_column(const char *text, size_t width) {
  return fit(text_clean(text), MAX(width, 1), false);
}

char *text_path_column(const char *path, size_t width) {
  return fit(text_clean(path), MAX(width, 1), true);
}

size_t text_width(const char *const *texts, int32_t n_texts, size_t limit) {
  size_t widest = 0;
  for (int32_t i = 0; i < n_texts; i++) {
    char *clean = text_clean(texts[i]);
    widest = MAX(widest, (size_t)g_utf8_strlen(clean, -1));
    g_free(clean);
  }
  return MIN(widest, limit);
}

/* Divides by 1000 while the number stays at least 1; `units` names each step. */
static char *scaled(double value, const char *const *units, int n_units) {
  int unit = 0;
  while (unit < n_units - 1 && value >= 999.5) {
    value /= 1000;
    unit++;
  }
  int decimals = unit == 0 ? 0 : value < 99.95 ? 2 : 1;
  return g_strdup_printf("%.*f %s", decimals, value, units[unit]);
}

char *text_count(double count) {
  static const char *const units[] = {"", "k", "M", "G", "T"};
  return g_strchomp(scaled(count, units, G_N_ELEMENTS(units)));
}

char *text_duration(double ns) {
  static const char *const units[] = {"ns", "us", "ms", "s"};
  return scaled(ns, units, G_N_ELEMENTS(units));
}

char *text_bytes(double bytes) {
  static const char *const units[] = {"B", "kB", "MB", "GB"};
  return scaled(bytes, units, G_N_ELEMENTS(units));
}

char *text_percent(double fraction) {
  return isfinite(fraction) ? g_strdup_printf("%.1f %%", 100 * fraction) : g_strdup("-");
}

char *text_shape(const int64_t *shape, int32_t rank) {
  GString *text = g_string_new(rank == 0 ? "scalar" : NULL);
  for (int32_t i = 0; i < rank; i++)
    g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i > 0 ? "x" : "", shape[i]);
  return g_string_free(text, FALSE);
}

char *text_answer(const WnResult *result) {
  return text_clean(result->class_index < 0 ? "nothing" : result->label);
}

char *text_survivors_per_stage(const WnResult *result) {
  GString *text = g_string_new(NULL);
  for (int32_t i = 0; i < result->n_stages_evaluated; i++)
    g_string_append_printf(text, "%s%d", i > 0 ? " > " : "", result->survivors_per_stage[i]);
  return g_string_free(text, FALSE);
}
