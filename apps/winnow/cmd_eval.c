/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow eval`: classifies a labelled dataset, then runs each image to the end
 * of the network, so that early answers and whole-network answers are measured
 * on the same pixels.  Images that cannot be read are told, and make the exit status 1: a mean over
 * some of the images is not to pass for one over all.
 */
#include <string.h>

#include <glib.h>

#include "batch.h"
#include "commands.h"
#include "dataset.h"
#include "eval_report.h"
#include "frames.h"
#include "options.h"
#include "report.h"

typedef struct Task {
  Evaluation *evaluation;
  const Dataset *dataset;
} Task;

static void candidate_clear(Candidate *candidate) {
  wn_session_free(candidate->session);
  wn_model_unref(candidate->model);
  tally_clear(&candidate->total);
}

static int candidate_open(Candidate *candidate, const Options *options, const char *path) {
  int status = STATUS_OK;
  candidate->model = options_open_model(options, path, false, &status);
  if (candidate->model == NULL) return status;
  candidate->session = options_new_session(options, candidate->model, &status);
  if (candidate->session == NULL) return status;
  tally_init(&candidate->total, wn_model_info(candidate->model));
  return status;
}

static bool labels_are_equal(const WnModelInfo *a, const WnModelInfo *b) {
  bool equal = a->n_classes == b->n_classes;
  for (int32_t i = 0; equal && i < a->n_classes; i++)
    equal = strcmp(a->labels[i], b->labels[i]) == 0;
  if (!equal) report("--compare: %s and %s have different labels", a->id, b->id);
  return equal;
}

static int32_t arg_max(const float *scores, int32_t n) {
  int32_t best = 0;
  for (int32_t i = 1; i < n; i++)
    if (scores[i] > scores[best]) best = i;
  return best;
}

/* Whether the whole network is right: its best class, or where each has a sigmoid of its own also
 * any above a half. */
static bool is_right(const WnModelInfo *model, const float *scores, int32_t truth) {
  return arg_max(scores, model->n_classes) == truth ||
         (model->scores == WN_SCORES_SIGMOID && scores[truth] > 0);
}

/* What one model says about one image; `outcome` is a second tally that counts it, or NULL. */
static bool candidate_add(Candidate *candidate, const Image *image, int32_t truth, Tally *outcome,
                          int32_t *class_index, int32_t *exit_stage, WnError *error) {
  const WnResult *result = NULL;
  const float *scores = NULL;
  if (wn_session_classify(candidate->session, &image->frame, NULL, &result, error) != WN_OK)
    return false;
  *class_index = result->class_index;
  *exit_stage = result->exit_stage;
  if (wn_session_complete(candidate->session, &image->frame, &scores, error) != WN_OK) return false;
  bool right_full = is_right(wn_model_info(candidate->model), scores, truth);
  tally_add(&candidate->total, result, truth, right_full);
  if (outcome != NULL) tally_add(outcome, result, truth, right_full);
  return true;
}

/* A picture of nothing that the model knows. */
static WnStatus evaluate_nothing(void *user, const WnFrame *frame, WnError *error) {
  Evaluation *evaluation = user;
  const WnResult *result = NULL;
  WnStatus status = wn_session_classify(evaluation->first.session, frame, NULL, &result, error);
  if (status == WN_OK) tally_add(&evaluation->nothing, result, -1, false);
  return status;
}

static WnStatus evaluate_image(void *user, guint index, const Image *image, WnError *error) {
  const Task *task = user;
  Evaluation *evaluation = task->evaluation;
  int32_t truth = g_array_index(task->dataset->images, DatasetImage, index).class_index;
  int32_t class_index[2] = {0}, exit_stage[2] = {0};
  if (!candidate_add(&evaluation->first, image, truth, &evaluation->classes[truth], &class_index[0],
                     &exit_stage[0], error))
    return error->status;
  if (evaluation->second == NULL) return WN_OK;
  if (!candidate_add(evaluation->second, image, truth, NULL, &class_index[1], &exit_stage[1],
                     error))
    return error->status;
  evaluation->same_class += class_index[0] == class_index[1];
  evaluation->same_exit += exit_stage[0] == exit_stage[1];
  return WN_OK;
}

static int evaluate_dataset(Evaluation *evaluation, const Dataset *dataset) {
  Task task = {evaluation, dataset};
  GPtrArray *paths = dataset_paths(dataset);
  const PictureSize enough =
      image_enough(wn_model_info(evaluation->first.model),
                   evaluation->second != NULL ? wn_model_info(evaluation->second->model) : NULL);
  int status = batch_take(paths, enough, evaluate_image, &task, &evaluation->n_broken);
  g_ptr_array_unref(paths);
  return status;
}

/* Opens what the command line names and evaluates it; an exit status. */
static int evaluate(Evaluation *evaluation, const Options *options, const char *compare,
                    const char *nothing, Dataset *dataset) {
  int status = candidate_open(&evaluation->first, options, options->arguments[0]);
  if (status != STATUS_OK) return status;
  const WnModelInfo *info = wn_model_info(evaluation->first.model);
  if (compare != NULL) {
    evaluation->second = g_new0(Candidate, 1);
    status = candidate_open(evaluation->second, options, compare);
    if (status != STATUS_OK) return status;
    if (!labels_are_equal(info, wn_model_info(evaluation->second->model))) return STATUS_FAILED;
  }
  evaluation->classes = g_new0(Tally, info->n_classes);
  for (int32_t i = 0; i < info->n_classes; i++) tally_init(&evaluation->classes[i], info);
  if (!dataset_list(options->arguments[1], info, dataset)) return STATUS_FAILED;
  status = evaluate_dataset(evaluation, dataset);
  if (status != STATUS_OK || nothing == NULL) return status;
  tally_init(&evaluation->nothing, info);
  return frames_take_folder(nothing, info, evaluate_nothing, evaluation, &evaluation->n_broken);
}

static void evaluation_clear(Evaluation *evaluation) {
  if (evaluation->classes != NULL)
    for (int32_t i = 0; i < wn_model_info(evaluation->first.model)->n_classes; i++)
      tally_clear(&evaluation->classes[i]);
  g_free(evaluation->classes);
  tally_clear(&evaluation->nothing);
  if (evaluation->second != NULL) candidate_clear(evaluation->second);
  g_free(evaluation->second);
  candidate_clear(&evaluation->first);
}

static int run(int argc, char **argv) {
  gboolean as_json = FALSE;
  char *compare = NULL, *nothing = NULL;
  const GOptionEntry own[] = {
      {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object", NULL},
      {"compare", 0, 0, G_OPTION_ARG_FILENAME, &compare,
       "Also evaluate this model and say how far the two agree", "MODEL2"},
      {"nothing", 0, 0, G_OPTION_ARG_FILENAME, &nothing,
       "Also count how many of the pictures below are called nothing", "FOLDER"},
      G_OPTION_ENTRY_NULL};
  Options options = {0};
  Evaluation evaluation = {0};
  Dataset dataset = {0};
  int status = options_parse(&command_eval,
                             OPTIONS_MODEL | OPTIONS_MEANING | OPTIONS_THREADS | OPTIONS_CONFIG |
                                 OPTIONS_POLICY,
                             own, argc, argv, 2, 2, &options);
  if (status == STATUS_OK) status = evaluate(&evaluation, &options, compare, nothing, &dataset);
  if (status == STATUS_OK) {
    if (as_json) {
      eval_print_json(&evaluation);
    } else {
      eval_print_text(&evaluation);
    }
    if (evaluation.n_broken > 0) status = STATUS_FAILED;
  }
  dataset_clear(&dataset);
  evaluation_clear(&evaluation);
  options_clear(&options);
  g_free(compare);
  g_free(nothing);
  return status;
}

const Command command_eval = {
    "winnow eval",
    "MODEL DATASET",
    "Measure accuracy, exits and cost on a labelled dataset",
    "DATASET is a folder of folders of images, each named exactly like a label. The whole\n"
    "network's accuracy is measured on the same images. With --compare, the other options\n"
    "apply to both models. An image that is answered with nothing counts as wrong; where classes\n"
    "do not exclude each other (scores of the kind sigmoid), one whose folder's class survives\n"
    "counts as right. Images that cannot be read are reported; the figures are of the others and\n"
    "the exit status is 1.\n\n"
    "Examples:\n"
    "  winnow eval models/paper/edge-cifar10.onnx tests/data/cifar10-sample\n"
    "  winnow eval models/paper/edge-cifar10.onnx photos --threshold-scale 0.5 --json",
    run,
    NULL};
