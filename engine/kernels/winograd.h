/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Winograd's minimal filtering F(m x m, r x r): m x m outputs of an r x r convolution
 * from t x t products, t = m + r - 1, instead of r r m m (Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", arXiv 1509.09308):
 *
 *   Y = At [ (G g Gt) * (Bt d B) ] A      g r x r filter, d t x t inputs, Y m x m outputs
 *
 * F(2, 3) interpolates at 0, 1, -1 and infinity; F(4, 3) and F(2, 5) at 0, a, -a, b, -b and
 * infinity, so that they share Bt.  a = 3/4 and b = 3/2 instead of the usual 1 and 2 make the
 * rounding errors three times smaller, and their powers are exact in float32.
 *
 * With integers it is F(2, 3) and G doubled: 2 G (and Bt and At anyway) are integers, so that
 * At [ (2 G g 2 Gt) * (Bt d B) ] A is four times the convolution without any rounding.  Of uint8 d
 * and int8 g, Bt d B and 2 G g 2 Gt fit int16.
 */
#ifndef WNI_KERNELS_WINOGRAD_H
#define WNI_KERNELS_WINOGRAD_H

#include "kernels/kernels.h"

enum { WNI_WINOGRAD_MAX_M = 4, WNI_WINOGRAD_MAX_R = 5, WNI_WINOGRAD_MAX_T = 6 };

/* Channels whose four-fold sums of integers stay within an int32. */
enum { WNI_WINOGRAD_MAX_INTEGERS = 1800 };

#define WNI_WINOGRAD_A 0.75f
#define WNI_WINOGRAD_B 1.5f

/* The three matrices; rows and columns behind t are 0. */
typedef struct WniWinogradMatrices {
  int m, r;
  double in[WNI_WINOGRAD_MAX_T][WNI_WINOGRAD_MAX_T];     /* Bt [t][t] */
  double filter[WNI_WINOGRAD_MAX_T][WNI_WINOGRAD_MAX_R]; /* G [t][r] */
  double out[WNI_WINOGRAD_MAX_M][WNI_WINOGRAD_MAX_T];    /* At [m][t] */
} WniWinogradMatrices;

/* Of F(2, 3), F(4, 3) or F(2, 5). */
const WniWinogradMatrices *wni_winograd_matrices(int m, int r);

#endif
