/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of QuantizeLinear that no node before it could take over, and of DequantizeLinear of
 * constants.
 */
#include "plan/lower.h"

WnStatus wni_lower_quantize(WniLowering *lowering) {
  const WniValue *value = &lowering->graph->values[lowering->node->out[0]];
  WniTensor x, y;
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status != WN_OK) return status;
  if (x.type == WNI_U8 && x.quant.scale == value->quant.scale &&
      x.quant.zero == value->quant.zero) { /* a view of quantized numbers */
    wni_lower_place(lowering, 0, &x);
    return WN_OK;
  }
  status = wni_lower_typed_output(lowering, &y);
  return status == WN_OK ? wni_lower_copy(lowering, &x, &y) : status;
}

/* Of constants: weights are read from in front of it (weights.c), and who needs the numbers
 * gets them from wni_lower_value(). */
WnStatus wni_lower_dequantize(WniLowering *lowering) {
  (void)lowering;
  return WN_OK;
}
