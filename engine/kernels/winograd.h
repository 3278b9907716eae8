/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Winograd's minimal filtering F(m x m, 3 x 3): m x m outputs of a 3x3 convolution
 * from t x t products, t = m + 2, instead of 9 m m (Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", arXiv 1509.09308):
 *
 *   Y = At [ (G g Gt) * (Bt d B) ] A      g 3x3 filter, d t x t inputs, Y m x m outputs
 *
 * m = 2 interpolates at 0, 1, -1 and infinity.  m = 4 at 0, a, -a, b, -b and infinity; a = 3/4 and
 * b = 3/2 instead of the usual 1 and 2 make its rounding errors three times smaller, and their
 * powers are exact in float32.
 *
 * With integers m is 2 and G doubled: 2 G (and Bt and At anyway) are integers, so that
 * At [ (2 G g 2 Gt) * (Bt d B) ] A is four times the convolution without any rounding.  Of uint8 d
 * and int8 g, Bt d B and 2 G g 2 Gt fit int16.
 */
#ifndef WNI_KERNELS_WINOGRAD_H
#define WNI_KERNELS_WINOGRAD_H

#include "kernels/kernels.h"

enum { WNI_WINOGRAD_MAX = 4 }; /* m */

/* Channels whose four-fold sums of integers stay within an int32. */
enum { WNI_WINOGRAD_MAX_INTEGERS = 1800 };

#define WNI_WINOGRAD_A 0.75f
#define WNI_WINOGRAD_B 1.5f

/* The three matrices of one m; rows and columns behind t are 0. */
typedef struct WniWinogradMatrices {
  int m;
  double in[WNI_WINOGRAD_MAX + 2][WNI_WINOGRAD_MAX + 2]; /* Bt [t][t] */
  double filter[WNI_WINOGRAD_MAX + 2][3];                /* G [t][3] */
  double out[WNI_WINOGRAD_MAX][WNI_WINOGRAD_MAX + 2];    /* At [m][t] */
} WniWinogradMatrices;

/* m is 2 or 4. */
const WniWinogradMatrices *wni_winograd_matrices(int m);

#endif
