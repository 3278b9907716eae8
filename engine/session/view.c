/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What of its frames a session looks at: WnPolicy.region and ignore.
 */
#include "session/session.h"

#include "base/error.h"

static bool given(const char *text) {
  return text && *text;
}

WnStatus wni_view_parse(const WnPolicy *policy, WniView *out, WnError *error) {
  WnStatus status = WN_OK;
  *out = (WniView){.has_region = given(policy->region)};
  if (out->has_region) status = wn_region_parse(policy->region, &out->region, error);
  if (status == WN_OK && given(policy->ignore))
    status = wn_region_parse_list(policy->ignore, out->ignored, &out->n_ignored, error);
  return status;
}

static WnStatus place_all(WniView *view, int32_t width, int32_t height, WnError *error) {
  WnStatus status = WN_OK;
  view->width = 0;
  view->region_rect = (WnRect){0, 0, width, height};
  view->ignored_rects = (WniIgnored){.n = (int)view->n_ignored};
  if (view->has_region)
    status = wn_region_place(&view->region, width, height, &view->region_rect, error);
  for (size_t i = 0; i < view->n_ignored && status == WN_OK; i++)
    status =
        wn_region_place(&view->ignored[i], width, height, &view->ignored_rects.rects[i], error);
  if (status != WN_OK) return status;
  view->width = width;
  view->height = height;
  return WN_OK;
}

static int32_t larger(int32_t a, int32_t b) {
  return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b) {
  return a < b ? a : b;
}

WnStatus wni_view_place(WniView *view, const WnFrame *frame, const WnRect *region, WnRect *part,
                        WnError *error) {
  const WnRect *r = &view->region_rect;
  if (view->width != frame->width || view->height != frame->height) {
    WnStatus status = place_all(view, frame->width, frame->height, error);
    if (status != WN_OK) return status;
  }
  *part = wni_frame_clip(frame, region);
  int32_t x0 = larger(part->x, r->x), x1 = smaller(part->x + part->width, r->x + r->width);
  int32_t y0 = larger(part->y, r->y), y1 = smaller(part->y + part->height, r->y + r->height);
  if (x0 >= x1 || y0 >= y1)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "region: %d x %d at (%d, %d) lies outside the policy's, %d x %d at (%d, %d)",
                    part->width, part->height, part->x, part->y, r->width, r->height, r->x, r->y);
  *part = (WnRect){x0, y0, x1 - x0, y1 - y0};
  return WN_OK;
}
