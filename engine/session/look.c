/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The comparison of unchanged.h without a session (winnow/look.h).
 */
#include <winnow/look.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "session/unchanged.h"

#include <stdlib.h>

struct WnLook {
  WniUnchanged unchanged;
};

WnStatus wn_look_new(WnLook **out, WnError *error) {
  *out = calloc(1, sizeof **out);
  return *out ? WN_OK : wni_fail_memory(error, "a look");
}

void wn_look_free(WnLook *look) {
  if (!look) return;
  wni_unchanged_clear(&look->unchanged);
  free(look);
}

WnStatus wn_look_differs(WnLook *look, const WnFrame *frame, const WnRect *region, double level,
                         bool *differs, WnError *error) {
  WNI_FP_SCOPE(mode);
  WnRect part;
  WnStatus status = wn_frame_clip(frame, region, &part, error);
  *differs = false;
  if (status == WN_OK) status = wni_unchanged_check(level, 0, error);
  if (status != WN_OK) return status;
  const WniWindowRect window = {part.x, part.y, part.width, part.height};
  look->unchanged.level = level;
  status = wni_unchanged_look(&look->unchanged, &window, frame, &part, wni_clock_ns(), error);
  *differs = status == WN_OK && !wni_unchanged_holds(&look->unchanged);
  return status;
}

void wn_look_keep(WnLook *look) {
  wni_unchanged_keep(&look->unchanged);
}
