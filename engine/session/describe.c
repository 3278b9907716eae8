/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What readers of a channel are told about the session behind it (winnow/ipc.h): JSON that
 * winnow-camera and winnowclassify hand to a publisher.
 */
#include "session/session.h"

#include "base/fpmode.h"
#include "base/json.h"
#include "base/utf8.h"
#include "load/watch.h"

#include <stdlib.h>
#include <string.h>

static json_t *json_of_labels(const WniMetadata *metadata) {
  json_t *array = json_array();
  for (int c = 0; c < metadata->n_classes; c++)
    json_array_append_new(array, wni_json_text(metadata->labels[c]));
  return array;
}

/* Each class goes to its group: groups times classes would be many. */
static json_t *json_of_groups(const WniMetadata *metadata) {
  json_t *groups = json_object();
  json_t **of = calloc((size_t)metadata->n_groups + 1, sizeof(json_t *));
  for (int g = 0; of && g < metadata->n_groups; g++) {
    char *name = wni_utf8_mend(metadata->groups[g]);
    of[g] = json_array();
    if (name) json_object_set(groups, name, of[g]); /* of one name the last one */
    free(name);
  }
  for (int c = 0; of && c < metadata->n_classes; c++)
    if (metadata->group_of[c] >= 0)
      json_array_append_new(of[metadata->group_of[c]], wni_json_text(metadata->labels[c]));
  for (int g = 0; of && g < metadata->n_groups; g++) json_decref(of[g]);
  free(of);
  return groups;
}

/* The entries of the list as they are written. */
static json_t *json_of_watch(const WnSession *session) {
  const char *text = session->watch, *end = text + strlen(text);
  json_t *array = json_array();
  WniWatchItem item;
  while (session->rule.watching &&
         wni_watch_next(&session->model->metadata, &text, end, &item, NULL)) {
    char *name = strndup(item.name, item.length);
    if (name) json_array_append_new(array, wni_json_text(name));
    free(name);
  }
  return array;
}

static json_t *json_of_window(const WniWindowRect *window) {
  return json_pack("{s:f, s:f, s:f, s:f}", "x", window->x, "y", window->y, "w", window->width, "h",
                   window->height);
}

/* The one there is, once it is known in pixels. */
static json_t *json_of_regions(const WniView *view) {
  json_t *array = json_array();
  const WnRect *r = &view->region_rect;
  if (view->has_region && view->width > 0)
    json_array_append_new(array, json_pack("{s:s, s:i, s:i, s:i, s:i}", "name", view->region.name,
                                           "x", (int)r->x, "y", (int)r->y, "w", (int)r->width, "h",
                                           (int)r->height));
  return array;
}

/* The lists of a model with very many classes may be more than a channel has room for. */
char *wn_session_describe(const WnSession *session, size_t max_bytes) {
  WNI_FP_EXACT_SCOPE(mode);
  static const char *const can_go[] = {"labels", "groups", "watch"};
  const WniMetadata *metadata = &session->model->metadata;
  json_t *json = json_object();
  json_object_set_new(json, "model-id", wni_json_text(session->model->id));
  json_object_set_new(json, "labels", json_of_labels(metadata));
  json_object_set_new(json, "groups", json_of_groups(metadata));
  json_object_set_new(json, "watch", json_of_watch(session));
  json_object_set_new(json, "regions", json_of_regions(&session->view));
  if (session->recipes[0].valid)
    json_object_set_new(json, "window", json_of_window(&session->recipes[0].window));
  char *text = json_dumps(json, JSON_COMPACT);
  for (size_t i = 0; text && strlen(text) > max_bytes && i < 3; i++) {
    free(text);
    json_object_del(json, can_go[i]);
    text = json_dumps(json, JSON_COMPACT);
  }
  json_decref(json);
  return text;
}
