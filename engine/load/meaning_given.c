/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a user says that the input means (wni_meaning_read_given() in meaning.h): options, and
 * presets, which have a row each.
 */
#include "base/error.h"
#include "base/list.h"
#include "load/meaning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char source[] = "option";

/* Mean and std. */
static const double imagenet[2][3] = {{.485, .456, .406}, {.229, .224, .225}};
static const double halves[2][3] = {{.5, .5, .5}, {.5, .5, .5}};
static const double caffe[2][3] = {{123.68 / 255, 116.779 / 255, 103.939 / 255},
                                   {1. / 255, 1. / 255, 1. / 255}};
static const double unit[2][3] = {{0, 0, 0}, {1, 1, 1}};

/* What the users of a library do to a picture by default. */
static const struct {
  const char *name;
  const double (*numbers)[3];
  bool bgr;
  WniResize resize;
  double crop;
  WniRounding rounding;
  WniInterpolation interpolation;
} presets[] = {
    /* torchvision.transforms: Resize(256), CenterCrop(224), Normalize */
    {"torchvision", imagenet, false, WNI_RESIZE_CROP, .875, WNI_EVEN, WNI_BILINEAR},
    /* timm.data: IMAGENET_DEFAULT_MEAN and _STD, DEFAULT_CROP_PCT and its interpolation */
    {"timm", imagenet, false, WNI_RESIZE_CROP, .875, WNI_EVEN, WNI_BICUBIC},
    /* keras.utils.load_img(target_size=...), preprocess_input(mode="tf") */
    {"keras", halves, false, WNI_RESIZE_STRETCH, 1, WNI_EXACT, WNI_NEAREST},
    /* TF-Slim: central_crop(0.875), resized, to -1..1 */
    {"tensorflow", halves, false, WNI_RESIZE_STRETCH, .875, WNI_FIRST, WNI_LINEAR},
    /* blue, green and red in 0..255 less ImageNet's means */
    {"caffe", caffe, true, WNI_RESIZE_CROP, .875, WNI_EXACT, WNI_AREA},
    {"none", unit, false, WNI_RESIZE_CROP, 1, WNI_EXACT, WNI_AREA},
};

WnStatus wni_meaning_preset(const char *name, const char *from, WniInputMeaning *out,
                            WnError *error) {
  for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
    if (strcmp(name, presets[i].name) != 0) continue;
    *out = (WniInputMeaning){.n_mean = 3,
                             .n_std = 3,
                             .bgr = presets[i].bgr,
                             .resize = presets[i].resize,
                             .crop = presets[i].crop,
                             .rounding = presets[i].rounding,
                             .interpolation = presets[i].interpolation};
    memcpy(out->mean, presets[i].numbers[0], sizeof out->mean);
    memcpy(out->std, presets[i].numbers[1], sizeof out->std);
    for (int a = 0; a < WNI_N_ASPECTS; a++) out->source[a] = a == WNI_SIZE ? NULL : from;
    return WN_OK;
  }
  return wni_fail(error, WN_ERROR_ARGUMENT,
                  "preset: '%.60s' is not torchvision, timm, keras, tensorflow, caffe or none",
                  name);
}

/* "LO..HI" */
static WnStatus parse_range(const char *text, double range[2], WnError *error) {
  const char *dots = strstr(text, "..");
  if (dots && wni_list_numbers(text, (size_t)(dots - text), &range[0], 1, "range", NULL) == WN_OK &&
      wni_list_numbers(dots + 2, strlen(dots + 2), &range[1], 1, "range", NULL) == WN_OK &&
      range[0] < range[1])
    return WN_OK;
  return wni_fail(
      error, WN_ERROR_ARGUMENT,
      "range: '%.60s' is not two numbers, the first the smaller, such as 0..1, -1..1 or "
      "0..255",
      text);
}

/* Mean and std are those of a picture in `range`: ((low + (high - low) p) - mean) / std. */
static void rescale(const double range[2], WniInputMeaning *out) {
  double span = range[1] - range[0];
  if (!out->source[WNI_MEAN]) out->n_mean = 1, out->mean[0] = 0;
  if (!out->source[WNI_STD]) out->n_std = 1, out->std[0] = 1;
  out->source[WNI_MEAN] = out->source[WNI_STD] = source;
  for (int c = 0; c < 3; c++) {
    out->mean[c] = (out->mean[c] - range[0]) / span;
    out->std[c] /= span;
  }
}

/* Who forgets the range gives numbers that no picture in 0..1 has. */
static WnStatus check_mean(const WniInputMeaning *out, WnError *error) {
  for (int c = 0; c < out->n_mean; c++)
    if (out->mean[c] > 1)
      return wni_fail(error, WN_ERROR_ARGUMENT,
                      "mean: %g is above every pixel, which are in 0..1; say range 0..255 too if "
                      "that is what the model takes",
                      out->mean[c]);
  return WN_OK;
}

WnStatus wni_meaning_read_given(const WnMeaning *given, WniInputMeaning *out, WnError *error) {
  const struct {
    WniAspect aspect;
    const char *text, *name;
  } texts[] = {
      {WNI_MEAN, given->mean, "mean"},
      {WNI_STD, given->std, "std"},
      {WNI_CHANNELS, given->channels, "channels"},
      {WNI_RESIZE, given->resize, "resize"},
      {WNI_CROP, given->crop, "crop"},
      {WNI_ROUNDING, given->rounding, "rounding"},
      {WNI_INTERPOLATION, given->interpolation, "interpolation"},
      {WNI_SIZE, given->input_size, "input-size"},
  };
  double range[2];
  WniInputMeaning preset;
  WnStatus status = WNI_RESERVED_CHECK(given, "meaning", error);
  for (size_t i = 0; i < sizeof texts / sizeof *texts && status == WN_OK; i++)
    if (texts[i].text && *texts[i].text)
      status = wni_meaning_set(out, texts[i].aspect, texts[i].text, texts[i].name, source, error);
  if (status == WN_OK && given->range && *given->range) {
    status = parse_range(given->range, range, error);
    if (status == WN_OK) rescale(range, out);
  } else if (status == WN_OK) {
    status = check_mean(out, error);
  }
  if (status == WN_OK && given->preset && *given->preset) {
    status = wni_meaning_preset(given->preset, source, &preset, error);
    if (status == WN_OK) wni_meaning_take(out, &preset);
  }
  return status;
}

char *wni_meaning_text(const WnMeaning *given) {
  static const WnMeaning nothing;
  if (!given) given = &nothing;
  char *text = NULL;
  size_t size;
  FILE *to = open_memstream(&text, &size);
  if (!to) return NULL;
#define PRINT(field, name, argument, what) fprintf(to, "%s\n", given->field ? given->field : "");
  WN_MEANING_FIELDS(PRINT)
#undef PRINT
  if (fclose(to) == 0) return text;
  free(text);
  return NULL;
}
