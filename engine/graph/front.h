/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a network itself does with the pixels of an image input before anything looks at them:
 * Sub, Mul, Div, Add and BatchNormalization by constants, also behind nodes that only move or
 * convert values.  Whoever knows nothing else can tell from it what the input should hold.
 */
#ifndef WNI_GRAPH_FRONT_H
#define WNI_GRAPH_FRONT_H

#include <stdbool.h>

typedef struct WniFront {
  bool computes;             /* there is such arithmetic: */
  double scale[3], shift[3]; /* what is looked at is scale x + shift, per channel of the input */
  bool quantizes;            /* the first that happens is QuantizeLinear, which can hold: */
  double lowest, highest;
} WniFront;

#endif
