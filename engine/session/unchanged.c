/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See unchanged.h.  The caller's thread does it alone: waking a team costs more than it would save,
 * and on a frame that has not changed nobody else has to wake at all.
 */
#include "session/unchanged.h"

#include "base/error.h"

#include <math.h>

int64_t wni_look_age(const WniLook *from, const WniLook *to) {
  bool stamped = from->pts_ns != WN_PTS_NONE && to->pts_ns != WN_PTS_NONE;
  int64_t a = stamped ? from->pts_ns : from->clock_ns, b = stamped ? to->pts_ns : to->clock_ns;
  int64_t age;
  return __builtin_sub_overflow(b, a, &age) ? (b < a ? INT64_MIN : INT64_MAX) : age;
}

bool wni_look_repeats(const WniLook *reference, const WniLook *now, double level,
                      int64_t max_age_ns) {
  int64_t age = wni_look_age(reference, now);
  if (age < 0 || (max_age_ns > 0 && age >= max_age_ns)) return false;
  for (int i = 0; i < WNI_LOOK_SIZE; i++)
    if (!(fabsf(now->mean[i] - reference->mean[i]) <= (float)level)) return false;
  return true;
}

WnStatus wni_unchanged_check(double level, int64_t max_age_ns, WnError *error) {
  if (!(level >= 0 && level <= 255))
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "unchanged: %g is not a number of grey levels, 0..255", level);
  if (max_age_ns < 0)
    return wni_fail(error, WN_ERROR_ARGUMENT, "max-age: %lld ns is negative",
                    (long long)max_age_ns);
  return WN_OK;
}

WnStatus wni_unchanged_look(WniUnchanged *unchanged, const WniWindowRect *window,
                            const WnFrame *frame, const WnRect *region, int64_t clock_ns,
                            WnError *error) {
  const WniImageTarget target = {.channels = 3,
                                 .height = WNI_LOOK_SIDE,
                                 .width = WNI_LOOK_SIDE,
                                 .channel_stride = 1,
                                 .row_stride = 3 * WNI_LOOK_SIDE,
                                 .column_stride = 3,
                                 .window = window,
                                 /* grey levels, not fractions of 255 */
                                 .std = {1 / 255.0, 1 / 255.0, 1 / 255.0}};
  WnStatus status = wni_recipe_update(&unchanged->recipe, frame, region, &target, 1, error);
  if (status != WN_OK) return status;
  wni_recipe_run(&unchanged->recipe, frame, &target, unchanged->look.mean, (WniThread){.count = 1});
  unchanged->look.pts_ns = frame->pts_ns;
  unchanged->look.clock_ns = clock_ns;
  return WN_OK;
}

bool wni_unchanged_holds(const WniUnchanged *unchanged) {
  return unchanged->has_reference && unchanged->reference_made == unchanged->recipe.n_made &&
         wni_look_repeats(&unchanged->reference, &unchanged->look, unchanged->level,
                          unchanged->max_age_ns);
}

void wni_unchanged_keep(WniUnchanged *unchanged) {
  unchanged->reference = unchanged->look;
  unchanged->reference_made = unchanged->recipe.n_made;
  unchanged->has_reference = true;
}

void wni_unchanged_forget(WniUnchanged *unchanged) {
  unchanged->has_reference = false;
}

void wni_unchanged_clear(WniUnchanged *unchanged) {
  wni_recipe_clear(&unchanged->recipe);
  *unchanged = (WniUnchanged){0};
}
