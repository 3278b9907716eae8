/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow bench`: times every stage of a network on one input.  No decision is
 * taken, so that the figures do not depend on what is in a picture.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <glib.h>

#include "commands.h"
#include "json.h"
#include "layer_times.h"
#include "options.h"
#include "report.h"
#include "tensor_input.h"
#include "text.h"

#define NS_PER_S 1000000000LL

enum { DEFAULT_FRAMES = 100, MAX_FRAMES = 10000000, MIN_WARM_UP = 3 };

typedef struct Bench {
  const WnModelInfo *info;
  int32_t threads;
  int frames;
  bool heads;
  char **inputs;              /* NULL: random values */
  int64_t load_ns;            /* from the file to a session that is ready */
  int64_t rss_at_start_bytes; /* before the file was opened */
  uint64_t macs;              /* of what is computed, heads included when they are */
  int64_t *total_ns;          /* [frames], sorted once measured */
  int64_t *stage_ns;          /* [n_stages][frames], each row sorted once measured */
  LayerTimes *layers;         /* NULL: not asked for */
} Bench;

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* The nearest-rank quantile of n sorted times. */
static int64_t quantile(const int64_t *sorted, int n, double q) {
  int rank = (int)ceil(q * n);
  return sorted[CLAMP(rank, 1, n) - 1];
}

/* What the system says about the process's memory: "VmRSS:" for what it holds,
 * "VmHWM:" for the most it ever held; 0 if it does not say. */
static int64_t memory_bytes(const char *name) {
  char *text = NULL;
  int64_t bytes = 0;
  if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL)) return 0;
  const char *line = strstr(text, name);
  if (line != NULL) bytes = g_ascii_strtoll(line + strlen(name), NULL, 10) * 1024;
  g_free(text);
  return bytes;
}

/* A cascade computes more than macs_full, its last network alone. */
static uint64_t macs_computed(const WnModelInfo *info, bool heads) {
  uint64_t macs = 0;
  for (int32_t i = 0; i < info->n_layers; i++)
    if (heads || !info->layers[i].head) macs += info->layers[i].macs;
  return macs;
}

/* Values that look like a normalised picture: no zeros to skip, no denormals. */
static bool set_random(WnSession *session, const WnModelInfo *info, WnError *error) {
  GRand *random = g_rand_new_with_seed(1);
  bool valid = true;
  for (int32_t i = 0; i < info->n_inputs && valid; i++) {
    size_t n = info->inputs[i].n_elements;
    float *input = g_new(float, n);
    for (size_t k = 0; k < n; k++) input[k] = (float)g_rand_double_range(random, -2, 2);
    valid = wn_session_set_input(session, i, input, n, error) == WN_OK;
    g_free(input);
  }
  g_rand_free(random);
  return valid;
}

static int measure(Bench *bench, WnSession *session) {
  WnError error = {0};
  if (bench->inputs != NULL && !tensor_inputs_set(session, bench->info, bench->inputs))
    return STATUS_FAILED;
  if (bench->inputs == NULL && !set_random(session, bench->info, &error))
    return report_error(&error);
  int64_t *stages = g_new0(int64_t, bench->info->n_stages);
  int warm_up = MAX(MIN_WARM_UP, bench->frames / 10);
  for (int i = -warm_up; i < bench->frames; i++) {
    int64_t start_ns = now_ns();
    wn_session_run(session, bench->heads, stages);
    if (i < 0) continue;
    bench->total_ns[i] = now_ns() - start_ns;
    for (int32_t s = 0; s < bench->info->n_stages; s++)
      bench->stage_ns[(size_t)s * (size_t)bench->frames + (size_t)i] = stages[s];
  }
  size_t frames = (size_t)bench->frames;
  qsort(bench->total_ns, frames, sizeof(int64_t), compare_times);
  for (int32_t s = 0; s < bench->info->n_stages; s++)
    qsort(bench->stage_ns + (size_t)s * frames, frames, sizeof(int64_t), compare_times);
  g_free(stages);
  return STATUS_OK;
}

static int64_t stage_median(const Bench *bench, int32_t stage) {
  return quantile(bench->stage_ns + (size_t)stage * (size_t)bench->frames, bench->frames, 0.5);
}

static double macs_per_second(const Bench *bench) {
  int64_t median_ns = MAX(quantile(bench->total_ns, bench->frames, 0.5), 1);
  return (double)bench->macs * NS_PER_S / (double)median_ns;
}

static void print_bench_json(const Bench *bench) {
  json_t *json = json_object();
  put_text(json, "precision", wn_precision_name(bench->info->precision));
  put_int(json, "threads", bench->threads);
  put_text(json, "instruction-sets", wn_cpu_flags());
  put_text(json, "exits", bench->heads ? "on" : "off");
  put_int(json, "latency-median", quantile(bench->total_ns, bench->frames, 0.5));
  put_int(json, "latency-min", bench->total_ns[0]);
  put_int(json, "latency-p95", quantile(bench->total_ns, bench->frames, 0.95));
  put_int(json, "load-time", bench->load_ns);
  put_real(json, "macs-per-second", macs_per_second(bench));
  put_count(json, "weight-bytes", bench->info->weight_bytes);
  put_count(json, "arena-bytes", bench->info->arena_bytes);
  put_int(json, "peak-rss-bytes", memory_bytes("VmHWM:"));
  put_int(json, "rss-growth-bytes", memory_bytes("VmHWM:") - bench->rss_at_start_bytes);
  json_t *stages = put_array(json, "stages");
  for (int32_t i = 0; i < bench->info->n_stages; i++) {
    json_t *stage = put_object(stages, NULL);
    put_int(stage, "index", i);
    put_int(stage, "latency-median", stage_median(bench, i));
  }
  if (bench->layers != NULL) layer_times_put(bench->layers, json);
  print_json(json);
}

static void print_bench_text(const Bench *bench) {
  int n = bench->frames;
  char *id = text_clean(bench->info->id);
  char *median = text_duration((double)quantile(bench->total_ns, n, 0.5));
  char *p95 = text_duration((double)quantile(bench->total_ns, n, 0.95));
  char *load = text_duration((double)bench->load_ns);
  char *speed = text_count(macs_per_second(bench));
  char *weights = text_bytes((double)bench->info->weight_bytes);
  char *arena = text_bytes((double)bench->info->arena_bytes);
  char *peak = text_bytes((double)memory_bytes("VmHWM:"));
  printf("%s, %s, %d thread%s, exits %s, %d frames\n", id,
         wn_precision_name(bench->info->precision), bench->threads, bench->threads == 1 ? "" : "s",
         bench->heads ? "on" : "off", n);
  printf("  latency  %s median, %s at the 95th percentile\n", median, p95);
  printf("  speed    %sMAC/s\n", speed);
  printf("  loading  %s\n", load);
  printf("  memory   %s weights, %s activations, %s peak of the process\n", weights, arena, peak);
  printf("\n%-7s %10s %10s\n", "stage", "median", "MACs");
  for (int32_t i = 0; i < bench->info->n_stages; i++) {
    char *time = text_duration((double)stage_median(bench, i));
    char *macs = text_count((double)bench->info->stages[i].macs);
    printf("%-7d %10s %10s\n", i, time, macs);
    g_free(macs);
    g_free(time);
  }
  if (bench->layers != NULL) layer_times_print(bench->layers);
  g_free(peak);
  g_free(arena);
  g_free(weights);
  g_free(speed);
  g_free(load);
  g_free(p95);
  g_free(median);
  g_free(id);
}

/* Opens, measures and prints; an exit status. */
static int bench_model(Bench *bench, const Options *options, bool layers, bool as_json) {
  int status = STATUS_OK;
  WnSession *session = NULL;
  bench->rss_at_start_bytes = memory_bytes("VmRSS:");
  int64_t start_ns = now_ns();
  WnModel *model = options_open_model(options, options->arguments[0], false, &status);
  if (model == NULL) goto out;
  session = options_new_session(options, model, &status);
  bench->load_ns = now_ns() - start_ns;
  if (session == NULL) goto out;
  bench->info = wn_model_info(model);
  bench->threads = wn_session_threads(session);
  bench->macs = macs_computed(bench->info, bench->heads);
  bench->total_ns = g_new0(int64_t, bench->frames);
  bench->stage_ns = g_new0(int64_t, (gsize)bench->frames * (gsize)bench->info->n_stages);
  status = measure(bench, session);
  if (status == STATUS_OK && layers)
    bench->layers = layer_times_measure(session, bench->info, bench->heads, bench->frames);
  if (status == STATUS_OK && as_json) print_bench_json(bench);
  if (status == STATUS_OK && !as_json) print_bench_text(bench);

out:
  layer_times_free(bench->layers);
  g_free(bench->stage_ns);
  g_free(bench->total_ns);
  wn_session_free(session);
  wn_model_unref(model);
  return status;
}

static int run(int argc, char **argv) {
  gboolean as_json = FALSE, layers = FALSE;
  char *exits = NULL;
  Bench bench = {.frames = DEFAULT_FRAMES};
  const GOptionEntry own[] = {
      {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object", NULL},
      {"layers", 0, 0, G_OPTION_ARG_NONE, &layers,
       "Time every layer too: its share of the time and of the processor's peak, and its bytes",
       NULL},
      {"frames", 0, 0, G_OPTION_ARG_INT, &bench.frames, "Frames to time (default 100)", "N"},
      {"exits", 0, 0, G_OPTION_ARG_STRING, &exits, "off: compute no exit heads (default on)",
       "on|off"},
      {"input", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &bench.inputs,
       "The input tensor, as for 'winnow run' (default: random values)", "[NAME=]X.npy"},
      G_OPTION_ENTRY_NULL};
  Options options = {0};
  int status = options_parse(&command_bench,
                             OPTIONS_MODEL | OPTIONS_MEANING | OPTIONS_THREADS | OPTIONS_CONFIG,
                             own, argc, argv, 1, 1, &options);
  if (status == STATUS_OK && (bench.frames < 1 || bench.frames > MAX_FRAMES)) {
    report("--frames %d: must be between 1 and %d", bench.frames, MAX_FRAMES);
    status = STATUS_USAGE;
  }
  bench.heads = g_strcmp0(exits, "off") != 0;
  if (status == STATUS_OK && exits != NULL && bench.heads && strcmp(exits, "on") != 0) {
    report("--exits %s: must be on or off", exits);
    status = STATUS_USAGE;
  }
  if (status == STATUS_OK) status = bench_model(&bench, &options, layers, as_json);
  options_clear(&options);
  g_strfreev(bench.inputs);
  g_free(exits);
  return status;
}

const Command command_bench = {
    "winnow bench",
    "MODEL",
    "Time every stage of a network",
    "All stages are computed for every frame and no exit is taken; what exits save on real\n"
    "pictures is shown by 'winnow eval'. A tenth of the frames, at least three, warm up first.\n"
    "With --layers the threads meet around every layer; the peak is that of the matrix kernel of\n"
    "the layer's type with its operands in the nearest cache.\n\n"
    "Examples:\n"
    "  winnow bench models/paper/edge-cifar10.onnx\n"
    "  winnow bench models/paper/edge-cifar10.onnx --threads 1 --exits off --json\n"
    "  winnow bench models/paper/edge-cifar10.onnx --threads 1 --layers",
    run,
    NULL};
