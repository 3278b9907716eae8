/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow adopt`: what is known of a model, written into it.
 */
#include <glib.h>
#include <winnow/adopt.h>

#include "commands.h"
#include "modelinfo.h"
#include "options.h"
#include "output.h"
#include "report.h"

/* Beside the model, for GStreamer's own elements, where they can be told. */
static int describe(const char *output) {
  WnModel *model = NULL;
  WnError error;
  if (!g_file_test(output, G_FILE_TEST_IS_REGULAR)) return STATUS_OK; /* nothing is beside a pipe */
  if (wn_model_open(output, NULL, &model, &error) != WN_OK) return report_error(&error);
  char *path = g_strconcat(output, ".modelinfo", NULL);
  GString *text = modelinfo_text(model);
  bool ok = text == NULL || output_write(path, text);
  if (text != NULL) g_string_free(text, TRUE);
  g_free(path);
  wn_model_unref(model);
  return ok ? STATUS_OK : STATUS_FAILED;
}

static int adopt(const Options *options, char **output) {
  WnModelOptions how = {0};
  WnError error = {0};
  int status = STATUS_OK;
  if (!output_is_possible(output)) return STATUS_FAILED;
  char *path = options_find_model(options->arguments[0], &status);
  if (path == NULL) return status;
  if (options_model(options, &how, &error) != WN_OK ||
      wn_adopt(path, &how, *output, &error) != WN_OK)
    status = report_error(&error);
  else
    status = describe(*output);
  g_free(path);
  return status;
}

static int run(int argc, char **argv) {
  char *output = NULL;
  const GOptionEntry own[] = {
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The model to write", "OUT.onnx"},
      G_OPTION_ENTRY_NULL};
  Options options = {0};
  int status = options_parse(&command_adopt, OPTIONS_MODEL | OPTIONS_MEANING, own, argc, argv, 1, 1,
                             &options);
  if (status == STATUS_OK && output == NULL) {
    report("adopt: -o OUT.onnx is missing; see 'winnow adopt --help'");
    status = STATUS_USAGE;
  }
  if (status == STATUS_OK) status = adopt(&options, &output);
  options_clear(&options);
  g_free(output);
  return status;
}

const Command command_adopt = {
    "winnow adopt",
    "MODEL",
    "Write into a model what its input, scores and labels mean",
    "OUT.onnx is the same network; its metadata says what was given here, or found in the file, "
    "in\n"
    "files beside it or in the network itself ('winnow inspect' shows what and where), so that no\n"
    "command, element or program has to be told again. Weights in a file beside the model stay\n"
    "there: OUT.onnx belongs into the same folder then. OUT.onnx.modelinfo beside it is for\n"
    "GStreamer's own inference elements (1.28).\n\n"
    "Examples:\n"
    "  winnow adopt resnet18.onnx --preset torchvision --labels imagenet.txt -o resnet18-w.onnx\n"
    "  winnow adopt model.onnx --range -1..1 --resize stretch -o model-w.onnx",
    run,
    NULL};
