/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow join`: several networks to one cascade.
 */
#include <glib.h>
#include <winnow/join.h>

#include "commands.h"
#include "file.h"
#include "options.h"
#include "output.h"
#include "report.h"

enum { MAX_GROUPS_BYTES = 1 << 20 };

/* NULL: reported. */
static char *read_groups(const char *path) {
  char *problem = NULL;
  size_t n_bytes = 0;
  char *text = file_read(path, "file of groups", MAX_GROUPS_BYTES, &n_bytes, &problem);
  if (text == NULL) report("%s", problem);
  g_free(problem);
  return text;
}

/* Each model's file in place of its name; false after a report. */
static bool find_models(const Options *options, int *status) {
  for (char **model = options->arguments; *model != NULL; model++) {
    char *path = options_find_model(*model, status);
    if (path == NULL) return false;
    g_free(*model);
    *model = path;
  }
  return true;
}

/* `sizes` of --input-size, as many as were given, in one list. */
static int join(const Options *options, char **output, const char *groups_file, char **sizes) {
  WnJoinOptions how = {0};
  WnError error = {0};
  int status = STATUS_OK;
  char *groups = NULL;
  if (!output_is_possible(output)) return STATUS_FAILED;
  if (!find_models(options, &status)) return status;
  if (groups_file != NULL && (groups = read_groups(groups_file)) == NULL) return STATUS_FAILED;
  how.groups = groups;
  char *input_size = sizes != NULL ? g_strjoinv(",", sizes) : NULL;
  how.input_size = input_size;
  if (wn_join((const char *const *)options->arguments, (size_t)options->n_arguments, &how, *output,
              &error) != WN_OK)
    status = report_error(&error);
  g_free(input_size);
  g_free(groups);
  return status;
}

static int run(int argc, char **argv) {
  char *output = NULL, *groups = NULL, **sizes = NULL;
  const GOptionEntry own[] = {
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The cascade to write", "OUT.onnx"},
      {"groups", 0, 0, G_OPTION_ARG_FILENAME, &groups,
       "Groups of labels, 'NAME: LABEL, ...;' a line (default: the last model's)", "FILE"},
      {"input-size", 0, 0, G_OPTION_ARG_STRING_ARRAY, &sizes,
       "Size of the inputs, or of that called NAME, where a model takes any size", "[NAME=]WxH"},
      G_OPTION_ENTRY_NULL};
  Options options = {0};
  int status = options_parse(&command_join, 0, own, argc, argv, 2, WN_JOIN_MAX_NETWORKS, &options);
  if (status == STATUS_OK && output == NULL) {
    report("join: -o OUT.onnx is missing; see 'winnow join --help'");
    status = STATUS_USAGE;
  }
  if (status == STATUS_OK) status = join(&options, &output, groups, sizes);
  options_clear(&options);
  g_strfreev(sizes);
  g_free(groups);
  g_free(output);
  return status;
}

const Command command_join = {
    "winnow join",
    "SMALL BIG...",
    "Write a cascade of several networks",
    "The networks run in the order given: a frame that the first is sure of never reaches the\n"
    "next, which otherwise chooses among the classes that are left. All have the same classes, in\n"
    "any order; none has exits. The thresholds of the cascade are 0, which excludes nothing:\n"
    "'winnow tune' finds better ones. int8: quantize each network, then join them.\n\n"
    "Example:\n"
    "  winnow join small.onnx big.onnx -o both.onnx",
    run,
    NULL};
