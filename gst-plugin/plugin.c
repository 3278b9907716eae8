/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The plugin `winnow`: registers its elements and, so that results arrive from other
 * processes too, their meta.
 */
#include "gstwinnow.h"
#include "classify/gstwinnowclassify.h"
#include "gate/gstwinnowgate.h"
#include "overlay/gstwinnowoverlay.h"
#include "channel/gstwinnowpublish.h"
#include "channel/gstwinnowshmsink.h"
#include "channel/gstwinnowshmsrc.h"

static gboolean plugin_init(GstPlugin *plugin) {
  gst_winnow_meta_register();
  gboolean ok = GST_ELEMENT_REGISTER(winnowclassify, plugin);
  ok = GST_ELEMENT_REGISTER(winnowgate, plugin) && ok;
  ok = GST_ELEMENT_REGISTER(winnowoverlay, plugin) && ok;
  ok = GST_ELEMENT_REGISTER(winnowpublish, plugin) && ok;
  ok = GST_ELEMENT_REGISTER(winnowshmsink, plugin) && ok;
  return GST_ELEMENT_REGISTER(winnowshmsrc, plugin) && ok;
}

#define PACKAGE "winnow"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, winnow,
                  "Early-exit image classification that rules classes out as it goes", plugin_init,
                  PACKAGE_VERSION, "LGPL", PACKAGE, "winnow")
