/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the input and the scores of a model mean, as text that a user writes: one row per field of
 * WnMeaning (winnow.h says what each may be).  The command line's options and winnowclassify's
 * properties have the same names and expand the same rows:
 *
 *   ROW(field, name, argument, what)
 *     field     of WnMeaning
 *     name      of the option and the property
 *     argument  what the option's value is called in --help
 *     what      one sentence
 */
#ifndef WINNOW_MEANING_FIELDS_H
#define WINNOW_MEANING_FIELDS_H

/* clang-format off */
#define WN_MEANING_FIELDS(ROW)                                                                     \
  ROW(mean, "mean", "R,G,B",                                                                       \
      "What is subtracted from each channel, for pixels in 0..1, or in the range given")           \
  ROW(std, "std", "R,G,B", "What each channel is divided by after that")                           \
  ROW(range, "range", "LO..HI", "What black and white become: 0..1, -1..1 or 0..255")              \
  ROW(channels, "channels", "ORDER", "Order of the channels: rgb or bgr")                          \
  ROW(resize, "resize", "HOW",                                                                     \
      "How a picture becomes as large as the input: crop, letterbox or stretch")                   \
  ROW(crop, "crop", "SHARE", "Share of the picture that is taken, from the centre")                \
  ROW(rounding, "rounding", "HOW",                                                                 \
      "Whether its centre is cut out at whole pixels, and when: exact (no), even, down or first")  \
  ROW(interpolation, "interpolation", "HOW",                                                       \
      "How pixels are made of others: area, linear, nearest, bilinear, bicubic or lanczos")        \
  ROW(input_size, "input-size", "WxH", "Size of the input, where the model takes any size")        \
  ROW(scores, "scores", "KIND", "What the scores are: logits, probabilities or sigmoid")           \
  ROW(scores_output, "scores-output", "NAME", "The output that has the scores")                    \
  ROW(preset, "preset", "NAME",                                                                    \
      "What is not given or known otherwise: torchvision, timm, keras, tensorflow, caffe or none")
/* clang-format on */

#endif
