/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes a network with QuantizeLinear and DequantizeLinear nodes in it.
 */
#ifndef WNI_QUANTIZE_QDQ_H
#define WNI_QUANTIZE_QDQ_H

#include "quantize/network.h"
#include "quantize/ranges.h"

/* What calibration found; all by value of the network. */
typedef struct WniCalibration {
  const int *own;        /* see wni_layout() */
  const WniScale *scale; /* of v where own[v] is v */
  /* [channels] of dimension 1: what a value is on average; NULL: unknown, biases stay as they are
   */
  const double *const *mean;
} WniCalibration;

/* Fills `out`, which the caller clears whatever happens.  Errors: NUMERIC (weights
 * that are not finite), MEMORY. */
WnStatus wni_qdq_write(const WniNetwork *network, const WniCalibration *calibration, WniWriter *out,
                       WnError *error);

#endif
