/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes an int8 model of a float32 one: static post-training quantization, written as standard ONNX
 * with QuantizeLinear and DequantizeLinear nodes (opset 13 or newer; activations uint8 by tensor,
 * weights int8 by output channel, biases int32, scores float32):
 *
 *   wn_quantizer_new    a model
 *   wn_quantizer_add    one calibration image, again and again
 *   wn_quantizer_write  the int8 model
 */
#ifndef WINNOW_QUANTIZE_H
#define WINNOW_QUANTIZE_H

#include <winnow/winnow.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct WnQuantizer WnQuantizer;

/* How the range of a tensor is chosen from the values seen. */
typedef enum WnRanges {
  WN_RANGES_MSE,       /* the least squared error */
  WN_RANGES_PERCENTILE /* leaves out the outermost values */
} WnRanges;

/* Zero-initialise for the defaults. */
typedef struct WnQuantizerOptions {
  WnRanges ranges;
  double percentile; /* over 50, at most 100; 0: 99.99 */
  bool keep_biases;  /* do not take the mean error of the rounded weights off the biases */
  int32_t threads;   /* as in WnSessionOptions */
  /* What the images were made for, as in WnModelOptions: the file that is written says it; only
   * read by wn_quantizer_new(). */
  const WnMeaning *meaning;
  uint64_t reserved[3]; /* must be 0 */
} WnQuantizerOptions;

/* Opens the float32 model at `path`; `options` NULL: the defaults.  On failure *out is NULL.
 * Errors: those of wn_model_open(), and UNSUPPORTED for a model that is quantized already or has
 * nothing to quantize, and for a cascade (winnow/join.h takes quantized networks).  A quantizer is
 * used by one thread at a time. */
WnStatus wn_quantizer_new(const char *path, const WnQuantizerOptions *options, WnQuantizer **out,
                          WnError *error);
void wn_quantizer_free(WnQuantizer *quantizer); /* NULL is ignored */

/* Shows it one calibration image as wn_session_preprocess() makes it, `n_elements` of them.
 * Errors: ARGUMENT (n_elements), NUMERIC (values that are not finite). */
WnStatus wn_quantizer_add(WnQuantizer *quantizer, const float *input, size_t n_elements,
                          WnError *error);

/* Writes the quantized model to `path`, whole or not at all.  Metadata and the names of inputs
 * and outputs are those of the float32 model, and what else is known of its input is added. Errors:
 * ARGUMENT (no image yet), IO, MEMORY. */
WnStatus wn_quantizer_write(WnQuantizer *quantizer, const char *path, WnError *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
