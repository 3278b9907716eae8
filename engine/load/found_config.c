/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * config.json beside a model (found.h): transformers' (id2label, image_size) and timm's
 * (pretrained_cfg, label_names), whose evaluation resizes the shorter side to
 * floor(size / crop_pct) and takes the centre: transforms_imagenet_eval() there.
 */
#include "load/found.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char source[] = "config.json";

/* ---- labels ---- */

/* {"0": NAME, "1": NAME, ...} in any order. */
static bool take_id2label(const json_t *map, WniFound *found) {
  size_t n = json_object_size(map);
  for (size_t i = 0; i < n; i++) {
    char key[24];
    snprintf(key, sizeof key, "%zu", i);
    const json_t *label = json_object_get(map, key);
    if (!json_is_string(label) ||
        !wni_found_add_label(found, json_string_value(label), json_string_length(label)))
      return false;
  }
  return true;
}

/* A list of names, where there are any with what they stand for. */
static bool take_label_names(const json_t *names, const json_t *descriptions, WniFound *found) {
  for (size_t i = 0; i < json_array_size(names); i++) {
    const json_t *name = json_array_get(names, i);
    if (!json_is_string(name)) return false;
    const json_t *longer = json_object_get(descriptions, json_string_value(name));
    if (json_is_string(longer)) name = longer;
    if (!wni_found_add_label(found, json_string_value(name), json_string_length(name)))
      return false;
  }
  return true;
}

static void read_labels(const json_t *json, WniFound *found) {
  const json_t *map = json_object_get(json, "id2label");
  const json_t *names = json_object_get(json, "label_names");
  if (!wni_found_want_labels(found) || (!json_is_object(map) && !json_is_array(names))) return;
  bool valid = json_is_object(map)
                   ? take_id2label(map, found)
                   : take_label_names(names, json_object_get(json, "label_descriptions"), found);
  if (!valid) wni_found_problem(found, "%s: the labels make no sense and do not count", source);
  wni_found_end_labels(found, valid, source);
}

/* ---- transformers ---- */

static void read_image_size(const json_t *json, WniFound *found) {
  const json_t *size = json_object_get(json, "image_size");
  WniInputMeaning meaning = {0};
  if (json_is_number(size)) {
    wni_found_set_size(&meaning, json_number_value(size), json_number_value(size), source);
  } else if (json_array_size(size) == 2) {
    wni_found_set_size(&meaning, json_number_value(json_array_get(size, 0)),
                       json_number_value(json_array_get(size, 1)), source);
  }
  wni_meaning_take(&found->input, &meaning);
}

/* ---- timm ---- */

static void read_timm_pixels(const json_t *cfg, WniInputMeaning *out) {
  out->n_mean = wni_json_channels(cfg, "mean", out->mean);
  out->n_std = wni_json_channels(cfg, "std", out->std);
  for (int c = 0; c < out->n_std; c++)
    if (!(out->std[c] > 0)) return;
  if (out->n_mean) out->source[WNI_MEAN] = source;
  if (out->n_std) out->source[WNI_STD] = source;
}

/* What is not known here, and "random", is what timm does by default. */
static WniInterpolation timm_interpolation(const json_t *cfg) {
  static const struct {
    const char *name;
    WniInterpolation value;
  } known[] = {{"bilinear", WNI_BILINEAR},
               {"nearest", WNI_NEAREST},
               {"lanczos", WNI_LANCZOS},
               {"box", WNI_AREA},
               {"hamming", WNI_BILINEAR}};
  const char *name = json_string_value(json_object_get(cfg, "interpolation"));
  for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
    if (strcmp(name, known[i].name) == 0) return known[i].value;
  return WNI_BICUBIC;
}

static void read_timm_window(const json_t *cfg, WniInputMeaning *out) {
  const json_t *size = json_object_get(cfg, "input_size");
  const char *mode = json_string_value(json_object_get(cfg, "crop_mode"));
  double height = json_number_value(json_array_get(size, 1));
  double width = json_number_value(json_array_get(size, 2));
  double pct = wni_json_number(cfg, "crop_pct", 0);
  wni_found_set_size(out, height, width, source);
  WniResize resize = WNI_RESIZE_CROP;
  if (mode && strcmp(mode, "squash") == 0)
    resize = WNI_RESIZE_STRETCH;
  else if (mode && strcmp(mode, "border") == 0)
    resize = WNI_RESIZE_LETTERBOX;
  wni_found_set_resize(out, resize, WNI_EVEN, timm_interpolation(cfg), source);
  if (!(pct > 0 && pct <= 1)) return;
  out->crop = height >= 1 ? fmin(1, height / floor(height / pct)) : pct;
  out->source[WNI_CROP] = source;
}

static void read_timm(const json_t *cfg, WniFound *found) {
  WniInputMeaning meaning = {.source = {[WNI_CHANNELS] = source}};
  if (!json_is_object(cfg)) return;
  read_timm_pixels(cfg, &meaning);
  read_timm_window(cfg, &meaning);
  wni_meaning_take(&found->input, &meaning);
}

void wni_found_config(const json_t *json, WniFound *found) {
  if (!json_is_object(json)) return;
  read_labels(json, found);
  read_image_size(json, found);
  read_timm(json_object_get(json, "pretrained_cfg"), found);
}
