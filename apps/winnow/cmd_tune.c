/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow tune`: runs the network once over a labelled dataset, or over frames that nobody has
 * labelled, finds thresholds for its exits and writes the model with them.  An image that cannot be
 * read ends it, as in `winnow eval`.
 */
#include <math.h>
#include <string.h>

#include <glib.h>
#include <winnow/tune.h>

#include "batch.h"
#include "commands.h"
#include "curve.h"
#include "dataset.h"
#include "frames.h"
#include "options.h"
#include "output.h"
#include "report.h"
#include "tune_report.h"
#include "tune_unchanged.h"

#define DEFAULT_CONFIDENCE 0.9
#define DEFAULT_EXTRA_ALARMS 0.005
#define DEFAULT_DISAGREEMENT 0.01
#define DEFAULT_FRAMES 500
#define DEFAULT_EVERY_S 1.0
#define MAX_EVERY_S 86400.0

/* Values as given; a number that is not is NaN. */
typedef struct TuneOptions {
  Options shared;
  char *output, *method, *strategy, *exit_score, *watch, *curve_on;
  char *unlabelled, *unchanged_from;
  char **curves;
  char *nothing;
  double max_drop, risk, confidence, max_misses, max_alarms, max_rejected, max_disagreement,
      every_s;
  int n_frames; /* 0: not given */
  gboolean as_json;
} TuneOptions;

static void options_free(TuneOptions *options) {
  char *strings[] = {options->output,         options->method,     options->strategy,
                     options->exit_score,     options->watch,      options->curve_on,
                     options->unchanged_from, options->unlabelled, options->nothing};
  for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) g_free(strings[i]);
  g_strfreev(options->curves);
  options_clear(&options->shared);
}

/* ---- what is asked for ---- */

/* The goals that thresholds are looked for with. */
static int count_goals(const TuneOptions *o) {
  return isfinite(o->max_drop) + isfinite(o->risk) + (o->watch != NULL);
}

/* What is wrong with where the images come from; NULL: nothing. */
static const char *find_wrong_source(const TuneOptions *o) {
  bool of_channel = o->n_frames != 0 || isfinite(o->every_s);
  bool is_channel = o->unlabelled != NULL && frames_is_channel(o->unlabelled);
  if (o->unlabelled == NULL && o->shared.n_arguments < 2) return "expected MODEL DATASET";
  if (o->unlabelled != NULL && o->shared.n_arguments > 1)
    return "--unlabelled takes the place of DATASET; give one or the other";
  if (o->unlabelled != NULL && o->curves != NULL)
    return "--curve shows accuracy, which takes a DATASET and not --unlabelled";
  if (o->unlabelled != NULL && isfinite(o->max_rejected))
    return "--max-rejected is about images that the model knows, a DATASET, and not --unlabelled";
  if (of_channel && !is_channel) return "--frames and --every belong to --unlabelled SOCKET";
  if (o->n_frames < 0 || o->every_s < 0 || o->every_s > MAX_EVERY_S)
    return "--frames must be a number above 0 and --every one of seconds up to a day";
  if (isfinite(o->max_disagreement)) return "--max-disagreement belongs to --unchanged-from";
  return NULL;
}

/* At most one of the three goals, with what belongs to it; none is enough for floors or a curve
 * alone. */
static bool goal_is_valid(const TuneOptions *o) {
  int goals = count_goals(o);
  bool floors = isfinite(o->max_rejected);
  const char *wrong = NULL;
  if (goals > 1)
    wrong = "--max-accuracy-drop, --risk and --watch exclude each other";
  else if (goals == 0 && !floors && (o->output != NULL || o->curves == NULL))
    wrong = "give --max-accuracy-drop D, --risk D, --watch LABELS with --max-extra-misses M, or "
            "--max-rejected R";
  else if (goals == 0 && o->curves == NULL &&
           (o->strategy != NULL || o->exit_score != NULL || o->method != NULL))
    wrong = "with --max-rejected alone the thresholds stay, so --method, --strategy and "
            "--exit-score change nothing";
  else if ((o->watch != NULL) != isfinite(o->max_misses))
    wrong = "--watch and --max-extra-misses belong together";
  else if (isfinite(o->confidence) && !isfinite(o->risk) && !floors)
    wrong = "--confidence belongs to --risk or --max-rejected";
  else if (o->nothing != NULL && !floors)
    wrong = "--nothing belongs to --max-rejected";
  else if (isfinite(o->max_alarms) && o->watch == NULL)
    wrong = "--max-extra-false-alarms belongs to --watch";
  else if (o->watch != NULL && o->curves != NULL)
    wrong = "--curve compares strategies and is not for --watch";
  else if (o->curve_on != NULL && o->curves == NULL)
    wrong = "--curve-on belongs to --curve";
  else if (o->output == NULL && (floors || o->curves == NULL))
    wrong = "-o OUT.onnx is missing";
  else
    wrong = find_wrong_source(o);
  if (wrong != NULL) report("tune: %s; see 'winnow tune --help'", wrong);
  return wrong == NULL;
}

static int make_request(const TuneOptions *o, WnTuneRequest *request) {
  WnError error = {0};
  *request = (WnTuneRequest){.watch = o->watch};
  if (!goal_is_valid(o)) return STATUS_USAGE;
  for (char **path = o->curves; path != NULL && *path != NULL; path++)
    if (!curve_name_is_valid(*path)) return STATUS_USAGE;
  if ((o->method != NULL && wn_tune_method_parse(o->method, &request->method, &error) != WN_OK) ||
      (o->strategy != NULL &&
       wn_strategy_parse(o->strategy, &request->strategy, &error) != WN_OK) ||
      (o->exit_score != NULL &&
       wn_exit_score_parse(o->exit_score, &request->exit_score, &error) != WN_OK))
    return report_error(&error);
  request->max_drop = isfinite(o->risk)       ? o->risk
                      : isfinite(o->max_drop) ? o->max_drop
                      : o->watch != NULL      ? o->max_misses
                                              : 0;
  if (isfinite(o->risk))
    request->confidence = isfinite(o->confidence) ? o->confidence : DEFAULT_CONFIDENCE;
  if (isfinite(o->max_rejected)) {
    if (o->max_rejected == 0) {
      report("tune: --max-rejected 0 allows no floor; give a fraction above 0");
      return STATUS_USAGE;
    }
    request->max_rejected = o->max_rejected;
    request->rejected_confidence = isfinite(o->confidence) ? o->confidence : 0;
    request->keep_thresholds = count_goals(o) == 0;
  }
  request->max_extra_alarms = isfinite(o->max_alarms) ? o->max_alarms : DEFAULT_EXTRA_ALARMS;
  if (wn_tune_request_check(request, &error) != WN_OK) return report_error(&error);
  return STATUS_OK;
}

static bool outputs_are_possible(TuneOptions *o) {
  if (o->output != NULL && !output_is_possible(&o->output)) return false;
  for (char **path = o->curves; path != NULL && *path != NULL; path++)
    if (!output_is_possible(path)) return false;
  return true;
}

/* ---- doing it ---- */

static WnTuner *open_tuner(const TuneOptions *o, int *status) {
  WnTunerOptions how = {.threads = o->shared.threads,
                        .without_exits = count_goals(o) == 0 && o->curves == NULL};
  WnError error = {0};
  WnTuner *tuner = NULL;
  char *model = options_find_model(o->shared.arguments[0], status);
  if (model == NULL) return NULL;
  if (options_model(&o->shared, &how.model, &error) != WN_OK ||
      wn_tuner_new(model, &how, &tuner, &error) != WN_OK)
    *status = report_error(&error);
  else if (wn_tuner_model(tuner)->warning != NULL)
    report("%s", wn_tuner_model(tuner)->warning);
  g_free(model);
  return tuner;
}

typedef struct Adding {
  WnTuner *tuner;
  const Dataset *dataset;
} Adding;

static WnStatus add_image(void *user, guint index, const Image *image, WnError *error) {
  const Adding *adding = user;
  const DatasetImage *item = &g_array_index(adding->dataset->images, DatasetImage, index);
  return wn_tuner_add(adding->tuner, &image->frame, NULL, item->class_index, error);
}

static WnStatus add_frame(void *tuner, const WnFrame *frame, WnError *error) {
  return wn_tuner_add_unlabelled(tuner, frame, NULL, error);
}

static int add_unlabelled(WnTuner *tuner, const TuneOptions *o, guint *n_broken) {
  FramesWish wish = {.n_frames = o->n_frames > 0 ? o->n_frames : DEFAULT_FRAMES,
                     .every_s = isfinite(o->every_s) ? o->every_s : DEFAULT_EVERY_S};
  return frames_take(o->unlabelled, &wish, wn_tuner_model(tuner), add_frame, tuner, n_broken);
}

static WnStatus add_nothing(void *tuner, const WnFrame *frame, WnError *error) {
  return wn_tuner_add_nothing(tuner, frame, NULL, error);
}

static int add_images(WnTuner *tuner, const char *folder, guint *n_broken) {
  Dataset dataset = {0};
  Adding adding = {tuner, &dataset};
  const WnModelInfo *model = wn_tuner_model(tuner);
  if (!dataset_list(folder, model, &dataset)) return STATUS_FAILED;
  GPtrArray *paths = dataset_paths(&dataset);
  int status = batch_take(paths, image_enough(model, NULL), add_image, &adding, n_broken);
  g_ptr_array_unref(paths);
  dataset_clear(&dataset);
  return status;
}

static int search(WnTuner *tuner, const TuneOptions *o, const WnTuneRequest *request) {
  WnError error = {0};
  WnTuning tuning;
  if (wn_tuner_search(tuner, request, &tuning, &error) != WN_OK ||
      (o->output != NULL && wn_tuner_write(tuner, o->output, &error) != WN_OK))
    return report_error(&error);
  if (tuning.watch_warning != NULL) report("%s", tuning.watch_warning);
  if (o->as_json)
    tune_print_json(wn_tuner_model(tuner), request, o->unlabelled != NULL, &tuning);
  else
    tune_print_text(wn_tuner_model(tuner), request, o->unlabelled != NULL, &tuning);
  return STATUS_OK;
}

static int write_curves(WnTuner *tuner, WnTuner *measured, const TuneOptions *o,
                        const WnTuneRequest *request) {
  Curve curve;
  WnError error = {0};
  if (!curve_make(tuner, measured, request, &curve, &error)) return report_error(&error);
  bool written = true;
  for (char **path = o->curves; *path != NULL && written; path++)
    written = curve_write(&curve, *path);
  curve_clear(&curve);
  return written ? STATUS_OK : STATUS_FAILED;
}

/* Shows the tuner all pictures and frames that are given to it. */
static int add_all(WnTuner *tuner, const TuneOptions *o, guint *n_broken) {
  int status = o->unlabelled != NULL ? add_unlabelled(tuner, o, n_broken)
                                     : add_images(tuner, o->shared.arguments[1], n_broken);
  if (status != STATUS_OK || o->nothing == NULL) return status;
  return frames_take_folder(o->nothing, wn_tuner_model(tuner), add_nothing, tuner, n_broken);
}

static int tune(TuneOptions *o, const WnTuneRequest *request) {
  int status = STATUS_OK;
  guint n_broken = 0;
  WnTuner *tuner = NULL, *measured = NULL;
  if (!outputs_are_possible(o)) return STATUS_FAILED;
  tuner = open_tuner(o, &status);
  if (tuner != NULL) status = add_all(tuner, o, &n_broken);
  if (status == STATUS_OK && o->curve_on != NULL) {
    measured = open_tuner(o, &status);
    if (measured != NULL) status = add_images(measured, o->curve_on, &n_broken);
  }
  if (status == STATUS_OK && o->curves != NULL)
    status = write_curves(tuner, measured != NULL ? measured : tuner, o, request);
  if (status == STATUS_OK && (count_goals(o) > 0 || isfinite(o->max_rejected)))
    status = search(tuner, o, request);
  wn_tuner_free(measured);
  wn_tuner_free(tuner);
  return status == STATUS_OK && n_broken > 0 ? STATUS_FAILED : status;
}

/* A level needs a clip and nothing that thresholds need. */
static int find_level(const TuneOptions *o) {
  double limit = isfinite(o->max_disagreement) ? o->max_disagreement : DEFAULT_DISAGREEMENT;
  bool alone = !isfinite(o->max_drop) && !isfinite(o->risk) && !isfinite(o->confidence) &&
               !isfinite(o->max_misses) && !isfinite(o->max_alarms) && !isfinite(o->every_s) &&
               o->n_frames == 0 && o->output == NULL && o->method == NULL && o->strategy == NULL &&
               o->exit_score == NULL && o->watch == NULL && o->unlabelled == NULL &&
               o->curves == NULL && o->curve_on == NULL && o->shared.n_arguments == 1;
  if (!alone)
    report(
        "tune: --unchanged-from prints a level and looks for no thresholds: besides MODEL it takes "
        "only --max-disagreement and --json; see 'winnow tune --help'");
  else if (!(limit >= 0 && limit <= 1))
    report("tune: --max-disagreement %g: must be a fraction in 0..1", limit);
  else
    return tune_unchanged(&o->shared, o->unchanged_from, limit, o->as_json);
  return STATUS_USAGE;
}

static int run(int argc, char **argv) {
  TuneOptions o = {.max_drop = NAN,
                   .risk = NAN,
                   .confidence = NAN,
                   .max_misses = NAN,
                   .max_alarms = NAN,
                   .max_disagreement = NAN,
                   .every_s = NAN,
                   .max_rejected = NAN};
  const GOptionEntry own[] = {
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &o.output, "The model to write", "OUT.onnx"},
      {"max-accuracy-drop", 0, 0, G_OPTION_ARG_DOUBLE, &o.max_drop,
       "How far accuracy may fall: 0.005 is half a point", "D"},
      {"method", 0, 0, G_OPTION_ARG_STRING, &o.method,
       "joint: all exits together (default), or greedy: one by one", "METHOD"},
      {"risk", 0, 0, G_OPTION_ARG_DOUBLE, &o.risk,
       "Keep the drop on new images to D, with --confidence", "D"},
      {"confidence", 0, 0, G_OPTION_ARG_DOUBLE, &o.confidence,
       "The probability that --risk (default 0.9) and --max-rejected hold", "P"},
      {"max-rejected", 0, 0, G_OPTION_ARG_DOUBLE, &o.max_rejected,
       "Find floors: at most this share of what the model knows is called nothing", "R"},
      {"nothing", 0, 0, G_OPTION_ARG_FILENAME, &o.nothing,
       "Choose floors that call most of these pictures nothing, early", "FOLDER"},
      {"watch", 0, 0, G_OPTION_ARG_STRING, &o.watch, "Tune the query for these labels and groups",
       "LABELS"},
      {"max-extra-misses", 0, 0, G_OPTION_ARG_DOUBLE, &o.max_misses,
       "How many more images of watched classes may be missed: 0.015 is 1.5 points", "M"},
      {"max-extra-false-alarms", 0, 0, G_OPTION_ARG_DOUBLE, &o.max_alarms,
       "How many more images of other classes may be taken for watched (default 0.005)", "F"},
      {"strategy", 0, 0, G_OPTION_ARG_STRING, &o.strategy,
       "class-exclusion, confidence or entropy (default: the model's)", "S"},
      {"exit-score", 0, 0, G_OPTION_ARG_STRING, &o.exit_score,
       "Of class-exclusion: sigmoid or softmax (default: the model's)", "SCORE"},
      {"curve", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.curves,
       "Write accuracy against MACs; may be given twice", "FILE.csv|.png"},
      {"curve-on", 0, 0, G_OPTION_ARG_FILENAME, &o.curve_on,
       "Measure the curve on these images, with thresholds from DATASET", "DATASET2"},
      {"unlabelled", 0, 0, G_OPTION_ARG_FILENAME, &o.unlabelled,
       "Instead of DATASET: pictures, a clip or a channel, towards the whole network's answers",
       "FOLDER|CLIP|SOCKET"},
      {"frames", 0, 0, G_OPTION_ARG_INT, &o.n_frames,
       "So many of a channel (default 500); Ctrl-C ends it earlier", "N"},
      {"every", 0, 0, G_OPTION_ARG_DOUBLE, &o.every_s, "Seconds between them (default 1)", "S"},
      {"unchanged-from", 0, 0, G_OPTION_ARG_FILENAME, &o.unchanged_from,
       "Print a level for --unchanged, found on this clip (.y4m; - is standard input)", "CLIP"},
      {"max-disagreement", 0, 0, G_OPTION_ARG_DOUBLE, &o.max_disagreement,
       "How many frames may get another answer there (default 0.01)", "D"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o.as_json, "Print one JSON object", NULL},
      G_OPTION_ENTRY_NULL};
  WnTuneRequest request;
  int status = options_parse(&command_tune,
                             OPTIONS_MODEL | OPTIONS_MEANING | OPTIONS_THREADS | OPTIONS_CONFIG,
                             own, argc, argv, 1, 2, &o.shared);
  if (status == STATUS_OK && o.unchanged_from != NULL) {
    status = find_level(&o);
  } else {
    if (status == STATUS_OK) status = make_request(&o, &request);
    if (status == STATUS_OK) status = tune(&o, &request);
  }
  options_free(&o);
  return status;
}

static const char *const sections[] = {"tune", NULL};

const Command command_tune = {
    "winnow tune",
    "MODEL [DATASET]",
    "Find thresholds for the exits and write them into a model",
    "DATASET is a folder of folders of images, each named exactly like a label; use images that "
    "the\n"
    "network was not trained on. The network runs once over them, then thresholds are searched in\n"
    "memory for the fewest MACs. 'winnow eval OUT.onnx DATASET' prints the same figures.\n\n"
    "With --unlabelled nobody has to say what the images show: thresholds then keep to the whole\n"
    "network's own answers, right or wrong.\n\n"
    "With --max-rejected images that look like no class are answered with nothing. Alone, it "
    "leaves\n"
    "the thresholds as they are.\n\n"
    "With --risk the drop on new images, drawn independently from where these came from, is at "
    "most D\n"
    "with probability P.\n\n"
    "Examples:\n"
    "  winnow tune models/paper/edge-cifar10.onnx photos --max-accuracy-drop 0.005 -o tuned.onnx\n"
    "  winnow tune models/paper/edge-cifar10.onnx photos --risk 0.01 --confidence 0.9 -o "
    "safe.onnx\n"
    "  winnow tune models/paper/edge-cifar10.onnx photos --watch cat --max-extra-misses 0.015 -o "
    "cat.onnx\n"
    "  winnow tune models/paper/edge-cifar10.onnx photos --max-rejected 0.05 --nothing walls -o "
    "floors.onnx\n"
    "  winnow tune models/paper/edge-cifar10.onnx photos --curve curve.csv --curve curve.png\n"
    "  winnow tune models/everyday.onnx --unlabelled /run/winnow/camera/camera --every 10 \\\n"
    "      --max-accuracy-drop 0.005 -o here.onnx\n"
    "  winnow tune models/everyday.onnx --unchanged-from hall.y4m",
    run,
    sections};
