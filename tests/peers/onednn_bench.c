/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * oneDNN's side of compare.py: the convolutions and matrix products of a network,
 * one after another, each with bias and Relu fused, in the formats that oneDNN
 * prefers.  Pools, additions and changes of format are left out, so this is less
 * than a network.  Reads the lines of layers.py, prints one JSON object.
 * usage: OMP_NUM_THREADS=N onednn_bench FRAMES <LINES
 */
#include <dnnl.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_LAYERS = 512, N_ARGUMENTS = 4, MIN_WARM_UP = 3 };

/* A line of the input, in its order. */
typedef struct Shape {
  char kind[8]; /* conv or fc */
  int64_t groups, c_in, h_in, w_in, c_out, h_out, w_out;
  dnnl_dims_t kernel, stride, pad, dilation; /* two of each */
} Shape;

typedef struct Layer {
  dnnl_primitive_desc_t description;
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t arguments[N_ARGUMENTS]; /* source, weights, bias, destination */
} Layer;

static void check(dnnl_status_t status, const char *what) {
  if (status == dnnl_success) return;
  fprintf(stderr, "onednn_bench: %s: status %d\n", what, (int)status);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static dnnl_memory_desc_t any_format(int rank, const dnnl_dims_t dims) {
  dnnl_memory_desc_t description;
  check(dnnl_memory_desc_init_by_tag(&description, rank, dims, dnnl_f32,
                                     rank == 1 ? dnnl_a : dnnl_format_tag_any),
        "memory description");
  return description;
}

static dnnl_primitive_desc_t describe_conv(const Shape *s, dnnl_primitive_attr_t relu,
                                           dnnl_engine_t engine) {
  const dnnl_dim_t g = s->groups;
  dnnl_memory_desc_t x = any_format(4, (dnnl_dims_t){1, s->c_in, s->h_in, s->w_in});
  dnnl_memory_desc_t y = any_format(4, (dnnl_dims_t){1, s->c_out, s->h_out, s->w_out});
  dnnl_memory_desc_t b = any_format(1, (dnnl_dims_t){s->c_out});
  dnnl_memory_desc_t w =
      g > 1 ? any_format(5, (dnnl_dims_t){g, s->c_out / g, s->c_in / g, s->kernel[0], s->kernel[1]})
            : any_format(4, (dnnl_dims_t){s->c_out, s->c_in, s->kernel[0], s->kernel[1]});
  const dnnl_dim_t in[2] = {s->h_in, s->w_in}, out[2] = {s->h_out, s->w_out};
  dnnl_dims_t dilation, behind;
  for (int i = 0; i < 2; i++) { /* oneDNN counts the zeros between two taps */
    dilation[i] = s->dilation[i] - 1;
    behind[i] =
        (out[i] - 1) * s->stride[i] + (s->kernel[i] - 1) * s->dilation[i] + 1 - in[i] - s->pad[i];
  }
  dnnl_convolution_desc_t conv;
  check(dnnl_dilated_convolution_forward_desc_init(&conv, dnnl_forward_inference,
                                                   dnnl_convolution_auto, &x, &w, &b, &y, s->stride,
                                                   dilation, s->pad, behind),
        "convolution");
  dnnl_primitive_desc_t description;
  check(dnnl_primitive_desc_create(&description, &conv, relu, engine, NULL), "convolution");
  return description;
}

static dnnl_primitive_desc_t describe_fc(const Shape *s, dnnl_primitive_attr_t relu,
                                         dnnl_engine_t engine) {
  dnnl_memory_desc_t x = any_format(2, (dnnl_dims_t){1, s->c_in});
  dnnl_memory_desc_t w = any_format(2, (dnnl_dims_t){s->c_out, s->c_in});
  dnnl_memory_desc_t b = any_format(1, (dnnl_dims_t){s->c_out});
  dnnl_memory_desc_t y = any_format(2, (dnnl_dims_t){1, s->c_out});
  dnnl_inner_product_desc_t product;
  check(dnnl_inner_product_forward_desc_init(&product, dnnl_forward_inference, &x, &w, &b, &y),
        "inner product");
  dnnl_primitive_desc_t description;
  check(dnnl_primitive_desc_create(&description, &product, relu, engine, NULL), "inner product");
  return description;
}

/* Uniform values in +-sqrt(square). */
static void fill(dnnl_memory_t memory, double square) {
  static unsigned seed = 1;
  const dnnl_memory_desc_t *description;
  void *data;
  check(dnnl_memory_get_memory_desc(memory, &description), "memory");
  check(dnnl_memory_get_data_handle(memory, &data), "memory");
  double bound = sqrt(square);
  for (size_t i = 0; i < dnnl_memory_desc_get_size(description) / sizeof(float); i++)
    ((float *)data)[i] = (float)(bound * (2.0 * rand_r(&seed) / RAND_MAX - 1));
}

static dnnl_memory_t make_memory(const Layer *layer, dnnl_query_t what, int index, double square,
                                 dnnl_engine_t engine) {
  dnnl_memory_t memory;
  check(dnnl_memory_create(&memory, dnnl_primitive_desc_query_md(layer->description, what, index),
                           engine, DNNL_MEMORY_ALLOCATE),
        "memory");
  fill(memory, square);
  return memory;
}

/* The output of `before` where it fits, so that it is read while it is in the caches. */
static dnnl_memory_t make_source(const Layer *layer, const Layer *before, dnnl_engine_t engine) {
  const dnnl_memory_desc_t *wanted =
      dnnl_primitive_desc_query_md(layer->description, dnnl_query_src_md, 0);
  if (before != NULL &&
      dnnl_memory_desc_equal(
          wanted, dnnl_primitive_desc_query_md(before->description, dnnl_query_dst_md, 0)))
    return before->arguments[N_ARGUMENTS - 1].memory;
  return make_memory(layer, dnnl_query_src_md, 0, 1, engine);
}

/* Weights within +-sqrt(6 / fan in) keep the activations' size from layer to layer. */
static void make_layer(Layer *layer, const Layer *before, const Shape *shape,
                       dnnl_primitive_attr_t relu, dnnl_engine_t engine) {
  const int64_t fan_in = shape->c_in / shape->groups * shape->kernel[0] * shape->kernel[1];
  layer->description = strcmp(shape->kind, "fc") == 0 ? describe_fc(shape, relu, engine)
                                                      : describe_conv(shape, relu, engine);
  check(dnnl_primitive_create(&layer->primitive, layer->description), "primitive");
  const dnnl_exec_arg_t arguments[N_ARGUMENTS] = {
      {DNNL_ARG_SRC, make_source(layer, before, engine)},
      {DNNL_ARG_WEIGHTS,
       make_memory(layer, dnnl_query_weights_md, 0, 6.0 / (double)fan_in, engine)},
      {DNNL_ARG_BIAS, make_memory(layer, dnnl_query_weights_md, 1, 0.01, engine)},
      {DNNL_ARG_DST, make_memory(layer, dnnl_query_dst_md, 0, 1, engine)}};
  memcpy(layer->arguments, arguments, sizeof arguments);
}

static bool read_shape(Shape *s) {
  int n = scanf("%7s", s->kind);
  if (n != 1) return false;
  int64_t *numbers[] = {&s->groups,    &s->c_in,   &s->h_in,      &s->w_in,        &s->c_out,
                        &s->h_out,     &s->w_out,  &s->kernel[0], &s->kernel[1],   &s->stride[0],
                        &s->stride[1], &s->pad[0], &s->pad[1],    &s->dilation[0], &s->dilation[1]};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (scanf("%" SCNd64, numbers[i]) != 1) check(dnnl_invalid_arguments, "a line of the input");
  return true;
}

static int make_layers(Layer *layers, dnnl_engine_t engine) {
  dnnl_post_ops_t after;
  dnnl_primitive_attr_t relu;
  Shape shape;
  int n = 0;
  check(dnnl_post_ops_create(&after), "post-operations");
  check(dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_relu, 0, 0), "post-operations");
  check(dnnl_primitive_attr_create(&relu), "attributes");
  check(dnnl_primitive_attr_set_post_ops(relu, after), "attributes");
  for (; n < MAX_LAYERS && read_shape(&shape); n++)
    make_layer(&layers[n], n > 0 ? &layers[n - 1] : NULL, &shape, relu, engine);
  dnnl_primitive_attr_destroy(relu);
  dnnl_post_ops_destroy(after);
  return n;
}

/* All layers once; `times_ns` [n_layers + 1] gets theirs, and at its end their sum. */
static void run_frame(Layer *layers, int n_layers, dnnl_stream_t stream, int64_t *times_ns) {
  int64_t start_ns = now_ns(), at_ns = start_ns;
  for (int i = 0; i < n_layers; i++) {
    check(dnnl_primitive_execute(layers[i].primitive, stream, N_ARGUMENTS, layers[i].arguments),
          "execution");
    check(dnnl_stream_wait(stream), "execution");
    int64_t end_ns = now_ns();
    times_ns[i] = end_ns - at_ns;
    at_ns = end_ns;
  }
  times_ns[n_layers] = at_ns - start_ns;
}

static int compare_times(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* The times of one column of [frames][stride], sorted into `sorted`. */
static void sort_column(const int64_t *times_ns, int frames, int stride, int64_t *sorted) {
  for (int i = 0; i < frames; i++) sorted[i] = times_ns[(size_t)i * (size_t)stride];
  qsort(sorted, (size_t)frames, sizeof *sorted, compare_times);
}

static void print_times(const Layer *layers, int n_layers, int frames, const int64_t *times_ns) {
  int64_t *sorted = calloc((size_t)frames, sizeof *sorted);
  const dnnl_version_t *version = dnnl_version();
  sort_column(times_ns + n_layers, frames, n_layers + 1, sorted);
  printf("{\"version\": \"%d.%d.%d\", \"latency-median\": %" PRId64 ", \"latency-min\": %" PRId64
         ", \"layers\": [",
         version->major, version->minor, version->patch, sorted[(frames - 1) / 2], sorted[0]);
  for (int i = 0; i < n_layers; i++) {
    const char *kernel = "";
    check(dnnl_primitive_desc_query(layers[i].description, dnnl_query_impl_info_str, 0, &kernel),
          "query");
    sort_column(times_ns + i, frames, n_layers + 1, sorted);
    printf("%s{\"kernel\": \"%s\", \"latency-median\": %" PRId64 "}", i > 0 ? ", " : "", kernel,
           sorted[(frames - 1) / 2]);
  }
  printf("]}\n");
  free(sorted);
}

int main(int argc, char **argv) {
  static Layer layers[MAX_LAYERS];
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  int frames = argc == 2 ? atoi(argv[1]) : 0;
  if (frames < 1) check(dnnl_invalid_arguments, "usage: onednn_bench FRAMES <LINES");
  check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine");
  check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "stream");
  int n_layers = make_layers(layers, engine);
  size_t row = (size_t)n_layers + 1;
  int64_t *times_ns = calloc((size_t)frames * row, sizeof *times_ns);
  int warm_up = frames / 10 > MIN_WARM_UP ? frames / 10 : MIN_WARM_UP;
  for (int i = -warm_up; i < frames; i++)
    run_frame(layers, n_layers, stream, times_ns + (i > 0 ? (size_t)i : 0) * row);
  print_times(layers, n_layers, frames, times_ns);
  free(times_ns);
  dnnl_stream_destroy(stream);
  dnnl_engine_destroy(engine);
  return 0; /* the layers live as long as the process */
}
