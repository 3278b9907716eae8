/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow quantize`: shows the quantizer images drawn evenly from a dataset and
 * writes the int8 model.
 */
#include <string.h>

#include <glib.h>
#include <winnow/quantize.h>

#include "batch.h"
#include "commands.h"
#include "options.h"
#include "output.h"
#include "pictures.h"
#include "report.h"

enum { DEFAULT_IMAGES = 512 };

static const struct {
  const char *name;
  WnRanges ranges;
} range_names[] = {{"mse", WN_RANGES_MSE}, {"percentile", WN_RANGES_PERCENTILE}};

typedef struct Calibration {
  WnModel *model; /* preprocesses */
  WnSession *session;
  WnQuantizer *quantizer;
  GPtrArray *pictures; /* paths [char *] */
  float *tensor;       /* [n_elements] */
  size_t n_elements;
} Calibration;

static bool parse_ranges(const char *name, WnRanges *ranges) {
  for (size_t i = 0; i < G_N_ELEMENTS(range_names); i++)
    if (strcmp(name, range_names[i].name) == 0) {
      *ranges = range_names[i].ranges;
      return true;
    }
  report("--ranges %s: must be mse or percentile", name);
  return false;
}

static int calibration_open(Calibration *c, const Options *options, const WnQuantizerOptions *how) {
  WnError error = {0};
  int status = STATUS_OK;
  char *path = options_find_model(options->arguments[0], &status);
  if (path == NULL) return status;
  if (wn_quantizer_new(path, how, &c->quantizer, &error) != WN_OK)
    status = report_error(&error);
  else
    c->model = options_open_model(options, path, false, &status);
  g_free(path);
  if (c->model == NULL) return status;
  c->session = options_new_session(options, c->model, &status);
  if (c->session == NULL) return status;
  const WnModelInfo *info = wn_model_info(c->model);
  c->n_elements = info->inputs[0].n_elements;
  c->tensor = g_new(float, c->n_elements);
  char *problem;
  c->pictures = pictures_in(options->arguments[1], &problem);
  if (problem == NULL) return STATUS_OK;
  report("%s", problem);
  g_free(problem);
  return STATUS_FAILED;
}

static void calibration_clear(Calibration *c) {
  g_free(c->tensor);
  if (c->pictures != NULL) g_ptr_array_unref(c->pictures);
  wn_quantizer_free(c->quantizer);
  wn_session_free(c->session);
  wn_model_unref(c->model);
}

static WnStatus add_image(void *user, guint index, const Image *image, WnError *error) {
  Calibration *c = user;
  (void)index;
  WnStatus status =
      wn_session_preprocess(c->session, &image->frame, NULL, 0, c->tensor, c->n_elements, error);
  return status == WN_OK ? wn_quantizer_add(c->quantizer, c->tensor, c->n_elements, error) : status;
}

/* At equal distances in the list, which is sorted by folder: all classes have their share. */
static int add_images(Calibration *c, guint wanted, guint *n_broken) {
  guint n_pictures = c->pictures->len, n = MIN(wanted, n_pictures);
  GPtrArray *chosen = g_ptr_array_new();
  for (guint i = 0; i < n; i++)
    g_ptr_array_add(chosen,
                    c->pictures->pdata[((guint64)i * 2 + 1) * n_pictures / ((guint64)n * 2)]);
  int status =
      batch_take(chosen, image_enough(wn_model_info(c->model), NULL), add_image, c, n_broken);
  g_ptr_array_unref(chosen);
  return status;
}

static int quantize(const Options *options, char **output, const WnQuantizerOptions *how,
                    guint n_images) {
  Calibration calibration = {0};
  WnError error = {0};
  guint n_broken = 0;
  int status =
      output_is_possible(output) ? calibration_open(&calibration, options, how) : STATUS_FAILED;
  if (status == STATUS_OK) status = add_images(&calibration, n_images, &n_broken);
  if (status == STATUS_OK && wn_quantizer_write(calibration.quantizer, *output, &error) != WN_OK)
    status = report_error(&error);
  calibration_clear(&calibration);
  return status == STATUS_OK && n_broken > 0 ? STATUS_FAILED : status;
}

static int run(int argc, char **argv) {
  char *output = NULL, *ranges_name = NULL;
  int n_images = DEFAULT_IMAGES;
  gboolean keep_biases = FALSE;
  const GOptionEntry own[] = {
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The model to write", "OUT.onnx"},
      {"images", 0, 0, G_OPTION_ARG_INT, &n_images,
       "How many pictures of FOLDER to look at (default 512)", "N"},
      {"ranges", 0, 0, G_OPTION_ARG_STRING, &ranges_name,
       "How ranges are chosen: mse or percentile (default mse)", "R"},
      {"keep-biases", 0, 0, G_OPTION_ARG_NONE, &keep_biases,
       "Do not correct biases for the rounding of the weights", NULL},
      G_OPTION_ENTRY_NULL};
  Options options = {0};
  WnQuantizerOptions how = {0};
  int status = options_parse(&command_quantize, OPTIONS_MODEL | OPTIONS_MEANING | OPTIONS_THREADS,
                             own, argc, argv, 2, 2, &options);
  if (status == STATUS_OK && output == NULL) {
    report("quantize: -o OUT.onnx is missing; see 'winnow quantize --help'");
    status = STATUS_USAGE;
  }
  if (status == STATUS_OK && n_images < 1) {
    report("--images %d: give a number of images, at least 1", n_images);
    status = STATUS_USAGE;
  }
  if (status == STATUS_OK && ranges_name != NULL && !parse_ranges(ranges_name, &how.ranges))
    status = STATUS_USAGE;
  how.keep_biases = keep_biases;
  how.threads = options.threads;
  how.meaning = &options.meaning;
  if (status == STATUS_OK) status = quantize(&options, &output, &how, (guint)n_images);
  options_clear(&options);
  g_free(ranges_name);
  g_free(output);
  return status;
}

const Command command_quantize = {
    "winnow quantize",
    "MODEL FOLDER",
    "Write an int8 model, calibrated on pictures",
    "FOLDER holds pictures, in it or anywhere below, best of the training set; nobody has to say "
    "what\n"
    "they show. Those looked at are spread evenly over it, the same ones every time. OUT.onnx is\n"
    "standard ONNX with QuantizeLinear and DequantizeLinear nodes, of opset 13 or newer.\n\n"
    "Example:\n"
    "  winnow quantize models/paper/edge-cifar10.onnx photos -o edge-int8.onnx",
    run,
    NULL};
