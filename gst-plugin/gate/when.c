/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See when.h.  The description may come from another process: it may be anything.
 */
#include "gate/when.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/state.h>

void gst_winnow_when_clear(GstWinnowWhen *when) {
  g_free(when->description);
  *when = (GstWinnowWhen){0};
}

/* The text of label i; NULL: there is no such label. */
static const gchar *label_at(json_t *labels, gsize i) {
  return json_string_value(json_array_get(labels, i));
}

static gboolean is_label(json_t *labels, const gchar *name) {
  for (gsize i = 0; i < json_array_size(labels); i++)
    if (g_strcmp0(label_at(labels, i), name) == 0) return TRUE;
  return FALSE;
}

/* As in a watch list a number stands for the label of that class, where no label is called so. */
static const gchar *label_of_index(json_t *labels, const gchar *name) {
  guint64 i;
  if (!g_ascii_string_to_unsigned(name, 10, 0, G_MAXINT32, &i, NULL)) return NULL;
  return label_at(labels, i);
}

static gchar *first_names(json_t *description) {
  json_t *labels = json_object_get(description, "labels");
  GString *text = g_string_new("its labels are ");
  for (gsize i = 0; i < json_array_size(labels) && i < 3; i++)
    g_string_append_printf(text, "%s%.60s", i > 0 ? ", " : "", label_at(labels, i));
  g_string_append(text, "...");
  json_t *groups = json_object_get(description, "groups");
  const gchar *name;
  json_t *value;
  guint n = 0;
  json_object_foreach(groups, name, value) {
    if (n++ == 3) break;
    g_string_append_printf(text, "%s%.60s", n == 1 ? "; its groups are " : ", ", name);
  }
  return g_string_free(text, FALSE);
}

/* Adds what the item stands for.  FALSE: it is nothing of the model. */
static gboolean take(const gchar *item, json_t *description, json_t *watch, GstWinnowWhen *out) {
  json_t *labels = json_object_get(description, "labels");
  gboolean known = json_array_size(labels) > 0;
  gboolean named =
      is_label(labels, item) || json_object_get(json_object_get(description, "groups"), item);
  const gchar *name = named ? item : label_of_index(labels, item);
  const gboolean unknown = !named && name == NULL;
  if (unknown && strcmp(item, WN_STATE_NOTHING) == 0) return out->nothing = TRUE;
  if (unknown && strcmp(item, WN_STATE_UNKNOWN) == 0) return out->unknown = TRUE;
  if (unknown && known) return FALSE;
  json_array_append_new(watch, json_string(name != NULL ? name : item));
  return TRUE;
}

static gboolean take_all(const gchar *text, json_t *description, json_t *watch, GstWinnowWhen *out,
                         gchar **problem) {
  g_auto(GStrv) items = g_strsplit(text, ",", -1);
  for (guint i = 0; items[i] != NULL; i++) {
    const gchar *item = g_strstrip(items[i]);
    if (item[0] != '\0' && g_utf8_validate(item, -1, NULL) && take(item, description, watch, out))
      continue;
    if (item[0] == '\0') {
      *problem =
          g_strdup_printf("when: '%.200s' has an empty item; name labels, groups, nothing or "
                          "unknown, separated by commas",
                          text);
    } else {
      g_autofree gchar *names = first_names(description);
      *problem = g_strdup_printf("when: '%.60s' is not a label or group of the model, nor nothing "
                                 "or unknown; %s; 'winnow inspect' lists them",
                                 item, names);
    }
    return FALSE;
  }
  if (items[0] != NULL) return TRUE;
  *problem = g_strdup("when: the list is empty; name labels, groups, nothing or unknown, or leave "
                      "it out to wait for what the classifier watches");
  return FALSE;
}

gboolean gst_winnow_when_parse(const gchar *text, const gchar *description, GstWinnowWhen *out,
                               gchar **problem) {
  *out = (GstWinnowWhen){0};
  if (text == NULL) {
    out->entries = TRUE;
    out->description = g_strdup(description);
    return TRUE;
  }
  json_t *json = description != NULL ? json_loads(description, 0, NULL) : NULL;
  if (!json_is_object(json)) {
    json_decref(json);
    json = json_object();
  }
  json_t *watch = json_array();
  gboolean ok = take_all(text, json, watch, out, problem);
  out->entries = json_array_size(watch) > 0;
  json_object_set_new(json, "watch", watch);
  char *made = ok ? json_dumps(json, JSON_COMPACT) : NULL;
  out->description = g_strdup(made);
  free(made);
  json_decref(json);
  if (!ok) gst_winnow_when_clear(out);
  return ok;
}
