/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See layer_times.h.
 */
#include "layer_times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "json.h"
#include "text.h"

#define NS_PER_S 1e9

enum { NAME_CHARACTERS = 28, OP_CHARACTERS = 18, SHAPE_CHARACTERS = 16, WARM_UP = 3 };

struct LayerTimes {
  const WnModelInfo *info;
  int32_t threads;
  int64_t *median_ns; /* [n_layers] */
  int64_t total_ns;
  double *peak; /* [n_layers] multiply-accumulates a second of one core; 0: none */
};

int compare_times(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Measured once for all layers of a kernel. */
static double peak_of(const LayerTimes *times, int32_t layer) {
  const WnLayerInfo *layers = times->info->layers;
  if (layers[layer].macs == 0) return 0;
  for (int32_t i = 0; i < layer; i++)
    if (layers[i].macs > 0 && strcmp(layers[i].kernel, layers[layer].kernel) == 0)
      return times->peak[i];
  return wn_kernel_peak(layers[layer].kernel);
}

LayerTimes *layer_times_measure(WnSession *session, const WnModelInfo *info, bool heads,
                                int frames) {
  LayerTimes *times = g_new0(LayerTimes, 1);
  size_t n = (size_t)info->n_layers;
  int64_t *frame_ns = g_new(int64_t, n), *all = g_new(int64_t, n * (size_t)frames);
  times->info = info;
  times->threads = wn_session_threads(session);
  times->median_ns = g_new(int64_t, n);
  times->peak = g_new(double, n);
  for (int i = -WARM_UP; i < frames; i++) {
    wn_session_time_layers(session, heads, frame_ns);
    for (size_t k = 0; k < n && i >= 0; k++) all[k * (size_t)frames + (size_t)i] = frame_ns[k];
  }
  for (size_t k = 0; k < n; k++) {
    int64_t *own = all + k * (size_t)frames;
    qsort(own, (size_t)frames, sizeof *own, compare_times);
    times->median_ns[k] = own[frames / 2];
    times->total_ns += times->median_ns[k];
    times->peak[k] = peak_of(times, (int32_t)k);
  }
  g_free(all);
  g_free(frame_ns);
  return times;
}

void layer_times_free(LayerTimes *times) {
  if (times == NULL) return;
  g_free(times->median_ns);
  g_free(times->peak);
  g_free(times);
}

/* Of what all threads could multiply in the layer's time; 0 where it multiplies nothing. */
static double share_of_peak(const LayerTimes *times, int32_t layer) {
  double most = times->peak[layer] * times->threads * (double)times->median_ns[layer] / NS_PER_S;
  return most > 0 ? (double)times->info->layers[layer].macs / most : 0;
}

static double share_of_time(const LayerTimes *times, int32_t layer) {
  return (double)times->median_ns[layer] / (double)MAX(times->total_ns, 1);
}

static void print_layer(const LayerTimes *times, int32_t i) {
  const WnLayerInfo *layer = &times->info->layers[i];
  char *name = text_column(layer->name, NAME_CHARACTERS);
  char *op = text_column(layer->op, OP_CHARACTERS);
  char *dimensions = text_shape(layer->shape, layer->rank);
  char *shape = text_column(dimensions, SHAPE_CHARACTERS);
  char *time = text_duration((double)times->median_ns[i]);
  char *share = text_percent(share_of_time(times, i));
  char *peak = times->peak[i] > 0 ? text_percent(share_of_peak(times, i)) : g_strdup("-");
  char *bytes = text_bytes((double)layer->bytes);
  printf("%-2d%-4s %s %s %s %10s %7s %7s %9s  %s\n", layer->stage, layer->head ? "exit" : "", name,
         op, shape, time, share, peak, bytes, layer->kernel);
  g_free(bytes);
  g_free(peak);
  g_free(share);
  g_free(time);
  g_free(shape);
  g_free(dimensions);
  g_free(op);
  g_free(name);
}

void layer_times_print(const LayerTimes *times) {
  printf("\n%-6s %-*s %-*s %-*s %10s %7s %7s %9s  %s\n", "stage", NAME_CHARACTERS, "layer",
         OP_CHARACTERS, "operator", SHAPE_CHARACTERS, "output", "median", "share", "of peak",
         "bytes", "kernel");
  for (int32_t i = 0; i < times->info->n_layers; i++) print_layer(times, i);
}

void layer_times_put(const LayerTimes *times, json_t *json) {
  json_t *layers = put_array(json, "layers");
  for (int32_t i = 0; i < times->info->n_layers; i++) {
    const WnLayerInfo *info = &times->info->layers[i];
    json_t *layer = put_object(layers, NULL);
    put_text(layer, "name", info->name);
    put_text(layer, "op", info->op);
    put_text(layer, "kernel", info->kernel);
    put_int(layer, "stage", info->stage);
    json_object_set_new(layer, "head", json_boolean(info->head));
    put_count(layer, "macs", info->macs);
    put_count(layer, "bytes", info->bytes);
    put_int(layer, "latency-median", times->median_ns[i]);
    put_real(layer, "share-of-time", share_of_time(times, i));
    if (times->peak[i] > 0) put_real(layer, "share-of-peak", share_of_peak(times, i));
  }
}
