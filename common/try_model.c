/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See try_model.h.
 */
#include "try_model.h"

enum { SIDE = 16 };

/* Without a strategy no stage is left out, and for a deadline, however late, each head is looked
 * at. */
static const WnSessionOptions whole = {
    .threads = 1, .policy = {.strategy = WN_STRATEGY_NONE, .deadline_ns = INT64_MAX / 4}};

WnStatus try_model(WnModel *model, WnError *error) {
  uint8_t pixels[SIDE * SIDE];
  for (int i = 0; i < SIDE * SIDE; i++) pixels[i] = (uint8_t)i;
  const WnFrame frame = {.format = WN_PIXEL_GRAY8,
                         .width = SIDE,
                         .height = SIDE,
                         .plane = {pixels},
                         .stride_bytes = {SIDE},
                         .pts_ns = WN_PTS_NONE};
  const WnResult *result;
  WnSession *session;
  WnStatus status = wn_session_new(model, &whole, &session, error);
  if (status == WN_OK) status = wn_session_classify(session, &frame, NULL, &result, error);
  wn_session_free(session);
  return status;
}
