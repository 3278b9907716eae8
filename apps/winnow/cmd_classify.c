/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow classify`: one result per image, printed as soon as it is known.  An
 * image that fails is reported and the others go on.
 */
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include "commands.h"
#include "image.h"
#include "json.h"
#include "options.h"
#include "report.h"
#include "text.h"

enum { MAX_PATH_CHARACTERS = 40, MAX_LABEL_CHARACTERS = 24, MAX_SURVIVORS_SHOWN = 5 };

/* Widths of the columns, known before the first image is read. */
typedef struct Layout {
  size_t path, label;
  int per_stage, stage_digits;
} Layout;

static Layout plan_layout(const Options *options, const WnModelInfo *info) {
  int class_digits = snprintf(NULL, 0, "%d", info->n_classes);
  size_t label = text_width(info->labels, info->n_classes, MAX_LABEL_CHARACTERS);
  return (Layout){.path = text_width((const char *const *)options->arguments + 1,
                                     options->n_arguments - 1, MAX_PATH_CHARACTERS),
                  .label = MAX(label, strlen("nothing")),
                  .per_stage = MIN(info->n_stages * (class_digits + 3) - 3, 36),
                  .stage_digits = snprintf(NULL, 0, "%d", info->n_exits)};
}

static void print_result_json(const char *path, const WnResult *result) {
  json_t *json = json_object();
  put_text(json, "image", path);
  print_result(json, result);
}

/* The names, when more than one class is left. */
static void print_survivors(const WnResult *result) {
  if (result->n_survivors < 2 || result->n_survivors > MAX_SURVIVORS_SHOWN) return;
  fputs("  {", stdout);
  for (int32_t i = 0; i < result->n_survivors; i++) {
    char *label = text_clean(result->survivor_labels[i]);
    printf("%s%s", i > 0 ? ", " : "", label);
    g_free(label);
  }
  putchar('}');
}

static void print_result_line(const char *path, const WnResult *result, const Layout *layout) {
  double saved = 1 - (double)result->macs / (double)result->macs_full;
  char *shown = text_path_column(path, layout->path);
  char *answer = text_answer(result);
  char *label = text_column(answer, layout->label);
  char *per_stage = text_survivors_per_stage(result);
  char *saved_text = text_percent(saved);
  char *latency = text_duration((double)result->latency_ns);
  printf("%s  %s %6.1f %%  ", shown, label, 100 * result->confidence);
  if (result->stage_count > 1)
    printf("exit %*d/%d  %-*s  saved %6s", layout->stage_digits, result->exit_stage,
           result->stage_count - 1, layout->per_stage, per_stage, saved_text);
  else
    fputs("no exits", stdout);
  printf("  %9s", latency);
  if (result->stop_reason == WN_STOP_GROUP) {
    char *group = text_clean(result->group);
    printf("  group %s", group);
    g_free(group);
  } else if (result->stop_reason == WN_STOP_WATCH || result->stop_reason == WN_STOP_DEADLINE) {
    printf("  %s", wn_stop_reason_name(result->stop_reason));
  }
  print_survivors(result);
  putchar('\n');
  g_free(latency);
  g_free(saved_text);
  g_free(per_stage);
  g_free(label);
  g_free(answer);
  g_free(shown);
}

/* Classifies the file at `path`; false after a report. */
static bool classify_file(WnSession *session, const WnModelInfo *info, const char *path,
                          const Layout *layout, bool as_json) {
  Image image;
  char *problem = NULL;
  if (!image_load(path, image_enough(info, NULL), &image, &problem)) {
    report("%s", problem);
    g_free(problem);
    return false;
  }
  WnError error = {0};
  const WnResult *result = NULL;
  bool classified = wn_session_classify(session, &image.frame, NULL, &result, &error) == WN_OK;
  if (!classified) {
    report("%s: %s", path, error.message);
  } else if (as_json) {
    print_result_json(path, result);
  } else {
    print_result_line(path, result, layout);
  }
  image_clear(&image);
  return classified;
}

static int run(int argc, char **argv) {
  gboolean as_json = FALSE;
  const GOptionEntry own[] = {
      {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object per line", NULL},
      G_OPTION_ENTRY_NULL};
  Options options = {0};
  WnModel *model = NULL;
  WnSession *session = NULL;
  int status = options_parse(&command_classify,
                             OPTIONS_MODEL | OPTIONS_MEANING | OPTIONS_THREADS | OPTIONS_CONFIG |
                                 OPTIONS_POLICY,
                             own, argc, argv, 2, G_MAXINT, &options);
  if (status != STATUS_OK) goto out;
  model = options_open_model(&options, options.arguments[0], false, &status);
  if (model == NULL) goto out;
  session = options_new_session(&options, model, &status);
  if (session == NULL) goto out;
  const WnModelInfo *info = wn_model_info(model);
  Layout layout = plan_layout(&options, info);
  for (int i = 1; i < options.n_arguments; i++)
    if (!classify_file(session, info, options.arguments[i], &layout, as_json))
      status = STATUS_FAILED;

out:
  wn_session_free(session);
  wn_model_unref(model);
  options_clear(&options);
  return status;
}

const Command command_classify = {
    "winnow classify",
    "MODEL IMAGE...",
    "Classify images (JPEG, PNG, WebP, PPM), one line each",
    "A line shows the image, its class, the confidence, the exit taken out of all\n"
    "(0 is the first; the last number is the end of the network), the classes left\n"
    "after each stage, the share of the computation saved and the time taken.\n"
    "An image that cannot be read is reported, the others go on and the exit status is 1.\n"
    "The image - is standard input, a file or a pipe.\n"
    "LABELS are labels and groups of the model; a label with a comma, semicolon or colon is\n"
    "written as its class index.\n\n"
    "Examples:\n"
    "  winnow classify models/paper/edge-cifar10.onnx photo.jpg\n"
    "  winnow classify models/paper/edge-cifar10.onnx --watch cat,dog *.jpg\n"
    "  winnow classify models/paper/edge-cifar10.onnx --strategy confidence \\\n"
    "      --thresholds 0.9,0.9,0.9,0.9,0.9,0.9,0.9,0.9 --json photo.jpg",
    run,
    NULL};
