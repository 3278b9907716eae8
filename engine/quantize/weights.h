/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Weights as int8 with one scale per output channel (a row here), biases as int32
 * in units of input scale times weight scale.
 */
#ifndef WNI_QUANTIZE_WEIGHTS_H
#define WNI_QUANTIZE_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rounds row[n] to q[n] in -127..127 and returns the scale with the least squared
 * error, not below `min_scale`. */
float wni_row_round(const float *row, size_t n, float min_scale, int8_t *q);

/* What rounding adds to the mean of the row's output, to be taken off its bias: the sum of
 * (scale * q - row) times the mean input that each weight meets, mean[i / taps]. */
double wni_row_shift(const float *row, const int8_t *q, float scale, size_t n, const double *mean,
                     size_t taps);

/* The least scale of a row whose bias fits into int32, in units that float32 can hold. */
float wni_bias_min_scale(double bias, float input_scale);

/* The unit of the bias; false: no float32 is as large. */
bool wni_bias_scale(float input_scale, float row_scale, float *scale);

int32_t wni_bias_round(double bias, float input_scale, float row_scale);

#endif
