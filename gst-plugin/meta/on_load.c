/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A buffer from another process (unixfdsrc) has only the metas that are registered when it arrives,
 * and a program that links this library asks for the first result after that.  So the meta is
 * registered without being asked.  That takes an initialised GStreamer, which tells nobody that it
 * is; but then comes a pipeline, and with its class an interface, and of those GObject tells.
 */
#include "gstwinnow.h"

static void on_interface(gpointer data, gpointer interface) {
  if (gst_is_initialized()) gst_winnow_meta_register();
}

__attribute__((constructor)) static void on_load(void) {
  g_type_add_interface_check(NULL, on_interface);
}
