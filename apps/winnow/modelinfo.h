/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a model's tensors are, for GStreamer's own inference elements: a file MODEL.modelinfo
 * (GStreamer 1.28, GstAnalyticsModelInfo).
 */
#ifndef MODELINFO_H
#define MODELINFO_H

#include <glib.h>
#include <stdbool.h>
#include <winnow/winnow.h>

/* The file's text; NULL: the model cannot be described in it: it takes several pictures, its
 * classes do not exclude each other, or a tensor has a name that no group of such a file may have.
 */
GString *modelinfo_text(const WnModel *model);

#endif
