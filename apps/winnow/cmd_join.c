/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow join`: several networks to one cascade.
 */
#include <glib.h>
#include <winnow/join.h>

#include "commands.h"
#include "options.h"
#include "output.h"
#include "report.h"

static int join(const Options *options, const char *output) {
  WnError error = {0};
  if (!output_is_possible(output)) return STATUS_FAILED;
  if (wn_join((const char *const *)options->arguments, (size_t)options->n_arguments, NULL, output,
              &error) != WN_OK)
    return report_error(&error);
  return STATUS_OK;
}

static int run(int argc, char **argv) {
  char *output = NULL;
  const GOptionEntry own[] = {
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The cascade to write", "OUT.onnx"},
      G_OPTION_ENTRY_NULL};
  Options options = {0};
  int status = options_parse(&command_join, 0, own, argc, argv, 2, WN_JOIN_MAX_NETWORKS, &options);
  if (status == STATUS_OK && output == NULL) {
    report("join: -o OUT.onnx is missing; see 'winnow join --help'");
    status = STATUS_USAGE;
  }
  if (status == STATUS_OK) status = join(&options, output);
  options_clear(&options);
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
