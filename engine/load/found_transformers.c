/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * preprocessor_config.json of Hugging Face's transformers (found.h), as its image processors
 * compute it:
 *
 *   resize, from `size`      {height, width}: stretched; {shortest_edge}: that of the shorter side;
 *                            to whole pixels, `resample` as Pillow counts its filters
 *   centre crop              if do_center_crop, what is left over halved and rounded down
 *   x = x rescale_factor     unless do_rescale is false; less 1 with rescale_offset
 *   x = (x - mean) / std     if do_normalize: where it is not there, no
 *   x = x / std              EfficientNet, unless include_top is false
 *   blue first               if do_flip_channel_order
 */
#include "load/found.h"

#include <math.h>
#include <string.h>

static const char source[] = "preprocessor_config.json";

/* What a processor does differently. */
typedef struct Processor {
  const char *prefix; /* of its class's name */
  bool shortest;      /* a size that is one number is that of the shorter side */
  double crop_pct;    /* of the resized picture that is left, where the file does not say it; 0: as
                         large as crop_size */
  double whole_from;  /* sides from here on are stretched to and not cut; 0: never */
  bool twice;         /* EfficientNet */
} Processor;

static const Processor processors[] = {
    {.prefix = "ConvNext", .shortest = true, .crop_pct = 224.0 / 256, .whole_from = 384},
    {.prefix = "PoolFormer", .shortest = true, .crop_pct = 0.9},
    {.prefix = "Levit", .shortest = true, .crop_pct = 224.0 / 256},
    {.prefix = "EfficientNet", .twice = true},
    {.prefix = "MobileNetV1", .shortest = true},
    {.prefix = "MobileNetV2", .shortest = true},
    {.prefix = "MobileViT", .shortest = true},
    {.prefix = "Bit", .shortest = true},
    {.prefix = "CLIP", .shortest = true},
    {.prefix = "ViTHybrid", .shortest = true},
    {.prefix = ""}, /* all others */
};

static const Processor *find_processor(const json_t *json) {
  const char *name = json_string_value(json_object_get(json, "image_processor_type"));
  if (!name) name = json_string_value(json_object_get(json, "feature_extractor_type"));
  const Processor *processor = processors;
  while (strncmp(name ? name : "", processor->prefix, strlen(processor->prefix)) != 0) processor++;
  return processor;
}

/* ---- pixels ---- */

/* From the processor's a x + b for x in 0..255 to mean and std for pixels in 0..1. */
static void read_pixels(const json_t *json, const Processor *processor, WniInputMeaning *out) {
  double mean[3] = {0}, std[3] = {1, 1, 1}, a = 1, b = 0;
  bool rescale = wni_json_flag(json, "do_rescale", true);
  bool normalise = wni_json_flag(json, "do_normalize", false);
  bool again = processor->twice && wni_json_flag(json, "include_top", true);
  int n_mean = wni_json_channels(json, "image_mean", mean);
  int n_std = wni_json_channels(json, "image_std", std);
  if (rescale) a = wni_json_number(json, "rescale_factor", 1.0 / 255);
  if (rescale && wni_json_flag(json, "rescale_offset", false)) b = -1;
  out->n_mean = out->n_std = 3;
  for (int c = 0; c < 3; c++) {
    double m = mean[n_mean == 1 ? 0 : c], s = std[n_std == 1 ? 0 : c], scale = a, shift = b;
    if (normalise) scale /= s, shift = (shift - m) / s;
    if (again) scale /= s, shift /= s;
    out->std[c] = 1 / (255 * scale);
    out->mean[c] = -shift * out->std[c];
    if (!(isfinite(out->mean[c]) && isfinite(out->std[c]) && out->std[c] > 0)) return;
  }
  out->source[WNI_MEAN] = out->source[WNI_STD] = source;
}

/* ---- size ---- */

typedef struct Size {
  double height, width, edge; /* 0: not said */
} Size;

static Size read_size(const json_t *json, const char *key, bool shortest) {
  const json_t *value = json_object_get(json, key);
  Size size = {0};
  if (json_is_number(value)) {
    double side = json_number_value(value);
    if (shortest)
      size.edge = side;
    else
      size.height = size.width = side;
  } else if (json_is_object(value)) {
    size.height = wni_json_number(value, "height", 0);
    size.width = wni_json_number(value, "width", 0);
    size.edge = wni_json_number(value, "shortest_edge", 0);
  }
  return size;
}

/* Pillow's numbers; box averages over what a pixel covers, nearly, and hamming is a bilinear one
 * that is a little sharper. */
static WniInterpolation read_resample(const json_t *json) {
  static const WniInterpolation filters[] = {WNI_NEAREST, WNI_LANCZOS, WNI_BILINEAR,
                                             WNI_BICUBIC, WNI_AREA,    WNI_BILINEAR};
  const int n_filters = sizeof filters / sizeof *filters;
  double number = wni_json_number(json, "resample", 2);
  return number >= 0 && number < n_filters ? filters[(int)number] : WNI_BILINEAR;
}

static void set_window(const json_t *json, WniInputMeaning *out, WniResize resize, double crop) {
  wni_found_set_resize(out, resize, WNI_DOWN, read_resample(json), source);
  out->crop = crop > 0 && crop < 1 ? crop : 1;
  out->source[WNI_CROP] = source;
}

/* The shorter side becomes `edge`, or more where a share of it is cut off. */
static void cut_edge(const json_t *json, const Processor *processor, double edge, const Size *cut,
                     WniInputMeaning *out) {
  double pct = wni_json_number(json, "crop_pct", processor->crop_pct);
  double shorter = pct > 0 && pct <= 1 ? floor(edge / pct) : edge;
  if (processor->whole_from > 0) { /* ConvNext has no crop_size */
    bool whole = edge >= processor->whole_from;
    set_window(json, out, whole ? WNI_RESIZE_STRETCH : WNI_RESIZE_CROP, whole ? 1 : edge / shorter);
    wni_found_set_size(out, edge, edge, source);
    return;
  }
  set_window(json, out, WNI_RESIZE_CROP,
             cut->height > 0 ? fmin(cut->height, cut->width) / shorter : 1);
  wni_found_set_size(out, cut->height, cut->width, source);
}

static void read_window(const json_t *json, const Processor *processor, WniInputMeaning *out) {
  if (!wni_json_flag(json, "do_resize", true)) return;
  Size size = read_size(json, "size", processor->shortest), cut = {0};
  if (wni_json_flag(json, "do_center_crop", false)) cut = read_size(json, "crop_size", false);
  if (cut.edge > 0) cut.height = cut.width = cut.edge;
  if (size.edge > 0) {
    cut_edge(json, processor, size.edge, &cut, out);
  } else if (size.height > 0 && size.width > 0) {
    bool smaller = cut.height > 0;
    set_window(json, out, WNI_RESIZE_STRETCH, smaller ? cut.height / size.height : 1);
    wni_found_set_size(out, smaller ? cut.height : size.height, smaller ? cut.width : size.width,
                       source);
  }
}

void wni_found_preprocessor(const json_t *json, WniFound *found) {
  WniInputMeaning meaning = {0};
  /* Those of sound have neither. */
  if (!json_object_get(json, "size") && !json_object_get(json, "image_mean")) return;
  const Processor *processor = find_processor(json);
  read_pixels(json, processor, &meaning);
  read_window(json, processor, &meaning);
  meaning.bgr = wni_json_flag(json, "do_flip_channel_order", false);
  meaning.source[WNI_CHANNELS] = source;
  if (!meaning.source[WNI_MEAN])
    wni_found_problem(found, "%s: mean or std makes no sense and does not count", source);
  wni_meaning_take(&found->input, &meaning);
}
