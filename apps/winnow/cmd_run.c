/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow run`: a tensor in, every output of the graph out, for comparing with
 * other runtimes.  Works with any graph of float inputs, classifier or not.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "commands.h"
#include "npy.h"
#include "options.h"
#include "report.h"
#include "tensor_input.h"
#include "text.h"

/* "D/NAME.npy" with the characters that a file name should not hold replaced. */
static char *output_path(const char *folder, const char *name) {
  char *safe = g_strdup(name);
  for (char *at = safe; *at != '\0'; at++)
    if (!g_ascii_isalnum(*at) && strchr("._-", *at) == NULL) *at = '_';
  char *file = g_strconcat(safe, ".npy", NULL);
  char *path = g_build_filename(folder, file, NULL);
  g_free(file);
  g_free(safe);
  return path;
}

/* Two names may become one file; that is refused before anything is written. */
static bool paths_are_distinct(const WnModel *model, const char *folder) {
  GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  bool distinct = true;
  for (int32_t i = 0; i < wn_model_n_outputs(model) && distinct; i++) {
    const char *name = wn_model_output(model, i)->name;
    char *path = output_path(folder, name);
    const char *other = g_hash_table_lookup(names, path);
    if (other != NULL) {
      report("outputs '%s' and '%s' would both be written to %s; rename one in the model", other,
             name, path);
      distinct = false;
    }
    g_hash_table_insert(names, path, (gpointer)name);
  }
  g_hash_table_unref(names);
  return distinct;
}

static bool write_output(WnSession *session, const WnModel *model, int32_t index,
                         const char *folder) {
  const WnOutputInfo *output = wn_model_output(model, index);
  NpyArray array = {.rank = output->rank, .n_elements = output->n_elements};
  memcpy(array.shape, output->shape, sizeof array.shape);
  array.data = g_new(float, MAX(output->n_elements, 1));
  char *path = output_path(folder, output->name);
  WnError error = {0};
  bool done = wn_session_output(session, index, array.data, array.n_elements, &error) == WN_OK;
  if (!done) {
    report("output '%s': %s", output->name, error.message);
  } else if ((done = npy_write(path, &array))) {
    char *shape = text_shape(output->shape, output->rank);
    char *shown = text_clean(path);
    printf("%s  %s\n", shown, shape);
    g_free(shown);
    g_free(shape);
  }
  g_free(path);
  g_free(array.data);
  return done;
}

/* Runs the model on the files `inputs` and writes all outputs; an exit status. */
static int run_model(WnSession *session, const WnModel *model, char *const *inputs,
                     const char *folder) {
  if (!tensor_inputs_set(session, wn_model_info(model), inputs) ||
      !paths_are_distinct(model, folder))
    return STATUS_FAILED;
  if (g_mkdir_with_parents(folder, 0777) != 0) {
    report("%s: cannot make the folder: %s", folder, g_strerror(errno));
    return STATUS_FAILED;
  }
  wn_session_run(session, true, NULL);
  for (int32_t i = 0; i < wn_model_n_outputs(model); i++)
    if (!write_output(session, model, i, folder)) return STATUS_FAILED;
  return STATUS_OK;
}

static int run(int argc, char **argv) {
  char **inputs = NULL, *folder = NULL;
  const GOptionEntry own[] = {{"input", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &inputs,
                               "The input tensor in the model's own layout; NAME= for each "
                               "of several inputs",
                               "[NAME=]X.npy"},
                              {"output-dir", 0, 0, G_OPTION_ARG_FILENAME, &folder,
                               "Where the outputs go, made if missing (default .)", "D"},
                              G_OPTION_ENTRY_NULL};
  Options options = {0};
  WnModel *model = NULL;
  WnSession *session = NULL;
  int status = options_parse(&command_run, OPTIONS_MODEL | OPTIONS_SIZE | OPTIONS_THREADS, own,
                             argc, argv, 1, 1, &options);
  if (status != STATUS_OK) goto out;
  if (inputs == NULL) {
    report("run: --input X.npy is missing; see 'winnow run --help'");
    status = STATUS_USAGE;
    goto out;
  }
  model = options_open_model(&options, options.arguments[0], true, &status);
  if (model == NULL) goto out;
  session = options_new_session(&options, model, &status);
  if (session == NULL) goto out;
  status = run_model(session, model, inputs, folder != NULL ? folder : ".");

out:
  wn_session_free(session);
  wn_model_unref(model);
  options_clear(&options);
  g_free(folder);
  g_strfreev(inputs);
  return status;
}

const Command command_run = {
    "winnow run",
    "MODEL",
    "Feed a tensor, write every output of the graph",
    "The input is a NumPy file of little-endian floats or 8-bit integers in C order with the "
    "shape\n"
    "that the model declares (a dynamic batch is 1). Nothing is preprocessed and no exit is "
    "taken.\n"
    "Output NAME goes to D/NAME.npy; characters outside [A-Za-z0-9._-] become '_'.\n\n"
    "Example:\n"
    "  winnow run models/paper/edge-cifar10.onnx --input x.npy --output-dir out",
    run,
    NULL};
