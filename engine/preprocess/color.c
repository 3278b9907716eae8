/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Coefficients from Y Cb Cr to R G B (ITU-R BT.601-7 and BT.709-6, section 3):
 *   R = Y + 2 (1 - Kr) Cr
 *   G = Y - 2 Kb (1 - Kb) / Kg Cb - 2 Kr (1 - Kr) / Kg Cr
 *   B = Y + 2 (1 - Kb) Cb
 * after limited range is expanded: Y by 255 / 219 from 16, chroma by 255 / 224 around 128.
 */
#include "preprocess/preprocess.h"

#include <math.h>

float wni_low_weight(const WniFormatInfo *format) {
  return format->bits > 8 ? (float)exp2(8 - format->bits - format->unused) : 0;
}

WniColor wni_color_make(const WniFormatInfo *format, WnColorMatrix matrix, WnColorRange range) {
  double kr = matrix == WN_MATRIX_BT709 ? 0.2126 : 0.299;
  double kb = matrix == WN_MATRIX_BT709 ? 0.0722 : 0.114;
  double kg = 1 - kr - kb;
  bool limited = range == WN_RANGE_LIMITED;
  /* The largest sample of more than 8 bits is white, too. */
  double full = 255 * exp2(format->bits - 8) / (exp2(format->bits) - 1);
  return (WniColor){
      .yuv = format->yuv,
      .y_scale = (float)(limited ? 255.0 / 219 : full),
      .y_offset = limited ? 16 : 0,
      .c_scale = limited ? (float)(255.0 / 224) : 1,
      .cr_r = (float)(2 * (1 - kr)),
      .cb_g = (float)(-2 * kb * (1 - kb) / kg),
      .cr_g = (float)(-2 * kr * (1 - kr) / kg),
      .cb_b = (float)(2 * (1 - kb)),
      .kr = (float)kr,
      .kg = (float)kg,
      .kb = (float)kb,
  };
}

static void expand_luma(const WniColor *color, size_t n, float *y) {
  for (size_t i = 0; i < n; i++) y[i] = (y[i] - color->y_offset) * color->y_scale;
}

static void to_rgb(const WniColor *color, size_t n, float *restrict red, float *restrict green,
                   float *restrict blue) {
  for (size_t i = 0; i < n; i++) {
    float y = (red[i] - color->y_offset) * color->y_scale;
    float cb = (green[i] - 128) * color->c_scale;
    float cr = (blue[i] - 128) * color->c_scale;
    red[i] = y + color->cr_r * cr;
    green[i] = y + color->cb_g * cb + color->cr_g * cr;
    blue[i] = y + color->cb_b * cb;
  }
}

static void to_luma(const WniColor *color, size_t n, float *restrict red,
                    const float *restrict green, const float *restrict blue) {
  for (size_t i = 0; i < n; i++)
    red[i] = color->kr * red[i] + color->kg * green[i] + color->kb * blue[i];
}

void wni_color_convert(const WniColor *color, int n_components, bool grey, size_t n,
                       float *samples[3]) {
  if (n_components == 1) {
    expand_luma(color, n, samples[0]);
    samples[1] = samples[2] = samples[0];
  } else if (color->yuv) {
    to_rgb(color, n, samples[0], samples[1], samples[2]);
  } else if (grey) {
    to_luma(color, n, samples[0], samples[1], samples[2]);
  }
}
