/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What happened to a state, in words and as JSON.
 */
#include <winnow/state.h>

#include "base/fpmode.h"
#include "base/json.h"
#include "result/json.h"

static const char *const names[WN_STATE_EVENT_COUNT] = {"changed", "seen", "gone"};

const char *wn_state_event_name(WnStateEvent event) {
  return (unsigned)event < WN_STATE_EVENT_COUNT ? names[event] : NULL;
}

char *wn_state_change_json(const WnStateChange *change, const WnResult *result) {
  WNI_FP_EXACT_SCOPE(mode);
  json_t *object = wni_result_object(result);
  char *text = NULL;
  if (object &&
      json_object_set_new(object, "event", json_string(wn_state_event_name(change->event))) == 0 &&
      json_object_set_new(object, "state", wni_json_text(change->state)) == 0 &&
      json_object_set_new(object, "since",
                          change->since_ns == WN_PTS_NONE ? json_null()
                                                          : json_integer(change->since_ns)) == 0)
    text = json_dumps(object, JSON_COMPACT);
  json_decref(object);
  return text;
}
