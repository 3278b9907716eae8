/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds the thresholds of a model's exits on labelled images.  The network runs once over the
 * images; its scores stay in memory, and every search is done on them:
 *
 *   wn_tuner_new   a model
 *   wn_tuner_add   one image and its class, again and again
 *   wn_tuner_search / wn_tuner_curve / wn_tuner_measure   in any order, as often as you like
 *   wn_tuner_write the model with the thresholds and floors that were found last
 *
 * A tuner is used by one thread at a time.
 */
#ifndef WINNOW_TUNE_H
#define WINNOW_TUNE_H

#include <winnow/winnow.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct WnTuner WnTuner;

typedef enum WnTuneMethod {
  WN_TUNE_JOINT,  /* all exits together, for the fewest MACs */
  WN_TUNE_GREEDY, /* Wang, Li and Zhang, arXiv 2309.13443: one exit after another, each threshold
                     raised from 0 in steps of 0.01 while the limit holds (confidence: lowered
                     from 1; entropy: in steps of a hundredth of the largest entropy) */
  WN_TUNE_METHOD_COUNT
} WnTuneMethod;

/* "joint", "greedy". */
const char *wn_tune_method_name(WnTuneMethod method);
WnStatus wn_tune_method_parse(const char *name, WnTuneMethod *out, WnError *error);

typedef enum WnExitScore {
  WN_EXIT_SCORE_MODEL, /* the model's own; softmax if it names none */
  WN_EXIT_SCORE_SIGMOID,
  WN_EXIT_SCORE_SOFTMAX,
  WN_EXIT_SCORE_COUNT
} WnExitScore;

/* "model", "sigmoid", "softmax". */
const char *wn_exit_score_name(WnExitScore score);
WnStatus wn_exit_score_parse(const char *name, WnExitScore *out, WnError *error);

/* Zero-initialise for the defaults. */
typedef struct WnTunerOptions {
  WnModelOptions model;
  int32_t threads;      /* as in WnSessionOptions */
  bool without_exits;   /* accept a model without exits, for floors alone */
  uint64_t reserved[4]; /* must be 0 */
} WnTunerOptions;

/* Opens the model at `path`; `options` NULL: the defaults.  On failure *out is NULL.
 * Errors: those of wn_model_open(), and MODEL for a model without exits. */
WnStatus wn_tuner_new(const char *path, const WnTunerOptions *options, WnTuner **out,
                      WnError *error);
void wn_tuner_free(WnTuner *tuner); /* NULL is ignored */

/* Of the model; belongs to the tuner. */
const WnModelInfo *wn_tuner_model(const WnTuner *tuner);

/* Runs the network to its end on an image of class `class_index`; `region` NULL: all of it.
 * Errors: those of wn_session_classify(), ARGUMENT (class_index), MEMORY. */
WnStatus wn_tuner_add(WnTuner *tuner, const WnFrame *frame, const WnRect *region,
                      int32_t class_index, WnError *error);

/* The same for an image of which nobody has said what it shows: it counts as what the whole network
 * answers, and an accuracy is the share of images on which thresholds leave that answer alone.
 * Errors: as above. */
WnStatus wn_tuner_add_unlabelled(WnTuner *tuner, const WnFrame *frame, const WnRect *region,
                                 WnError *error);

/* Runs the network to its end on a picture of nothing that the model knows, which helps to choose
 * floors.  Errors: those of wn_session_classify(), MEMORY. */
WnStatus wn_tuner_add_nothing(WnTuner *tuner, const WnFrame *frame, const WnRect *region,
                              WnError *error);

/* What to look for.  Zero-initialise, then set max_drop. */
typedef struct WnTuneRequest {
  WnTuneMethod method;
  WnStrategy strategy;    /* MODEL: the model's own, class-exclusion if that is none */
  WnExitScore exit_score; /* of class-exclusion */
  /* How far the accuracy may fall below the whole network's, a fraction in [0, 1]: 0.005 is half
   * a point.  With `watch`: the fraction of the images of watched classes that may be missed
   * beyond those that the whole network misses; images that only the exits find do not make up for
   * them. */
  double max_drop;
  /* Above 0 and below 1: risk control.  The thresholds are such that with at least this probability
   * the accuracy on new images falls by max_drop at most.  Joint method, no watch. */
  double confidence;
  /* A watch query (labels and groups as in WnPolicy; class-exclusion only); NULL or "": none.  MACs
   * are saved on images of the other classes; a miss is an image of a watched class whose answer is
   * not watched. */
  const char *watch;
  /* The fraction of the images of the other classes that may be answered with a watched one beyond
   * those that the whole network answers so. */
  double max_extra_alarms;
  /* Above 0 and below 1: floors are looked for, too, such that at most this share of images of
   * classes that the model knows is answered with nothing (split conformal), with the thresholds
   * found.  max_drop does not count the images that this costs. */
  double max_rejected;
  /* Of max_rejected.  0: on average over the images that might have been given; above 0 and below
   * 1: with at least this probability. */
  double rejected_confidence;
  /* Only floors are looked for; the model's own strategy and thresholds stay. */
  bool keep_thresholds;
  uint64_t reserved[4]; /* must be 0 */
} WnTuneRequest;

/* Whether the numbers and names of a request are possible, which needs no model.  Errors: ARGUMENT.
 */
WnStatus wn_tune_request_check(const WnTuneRequest *request, WnError *error);

/* What thresholds and floors do on the tuner's images; a session with them does exactly the same.
 * Fractions in 0..1, NaN where there are no such images.  Pointers are valid until the tuner's next
 * call. */
typedef struct WnTuning {
  WnStrategy strategy;
  bool exit_score_softmax;
  int32_t n_exits;
  const double *thresholds; /* [n_exits] */
  uint64_t images;
  double accuracy_full, accuracy;
  double macs_mean;
  uint64_t macs_full;
  const uint64_t *exits; /* [n_exits + 1] images that stop at each stage */
  int64_t search_ns;     /* the time the search took; 0: none */
  /* risk control: the part of the images that the guarantee was tested on, and the drop there */
  uint64_t images_tested;
  double drop_tested;
  /* watch: images of watched classes, and of the others */
  uint64_t images_watched;
  double misses_full, misses;
  uint64_t images_others;
  double alarms_full, alarms;
  double macs_mean_others;
  /* floors: those found, else those of the model.  An image that they reject has no class, so it
   * counts as wrong unless it is of the class that stands for nothing (WnModelInfo). */
  const double *floors; /* [n_exits + 1] NaN: none at that stage; NULL: none at all */
  bool floor_score_standardised;
  double rejected; /* the share of the images of known classes that is answered with nothing */
  /* those that new floors were calibrated on, and the share of them that is lost; NaN where there
   * are none */
  uint64_t images_calibrated;
  double rejected_calibrated;
  /* pictures of nothing: on those that chose the floors; others tell more */
  uint64_t nothing_images;
  double nothing_rejected, nothing_macs_mean;
  /* watch sets of the model that wn_tuner_write() leaves out */
  int32_t watch_sets_dropped;
  /* one line when an entry of `watch` names both a label and a group: the label counts; NULL */
  const char *watch_warning;
  uint64_t reserved[4]; /* written as 0 */
} WnTuning;

/* Searches thresholds.  Errors: ARGUMENT (the request, or no images), DATA (so few images that
 * nothing can be guaranteed, none of a watched class, or none of another), MEMORY. */
WnStatus wn_tuner_search(WnTuner *tuner, const WnTuneRequest *request, WnTuning *out,
                         WnError *error);

/* One joint search that answers for several values of max_drop, drops [n] in ascending order;
 * request->max_drop and ->confidence are not looked at.  thresholds [n][n_exits] belongs to the
 * caller.  Errors as above. */
WnStatus wn_tuner_curve(WnTuner *tuner, const WnTuneRequest *request, const double *drops, size_t n,
                        double *thresholds, WnError *error);

/* What thresholds [n_exits] do; of the request only strategy, exit_score and watch count. */
WnStatus wn_tuner_measure(WnTuner *tuner, const WnTuneRequest *request, const double *thresholds,
                          WnTuning *out, WnError *error);

/* Writes the model with the thresholds of the last wn_tuner_search(), and its floors where it was
 * to look for them, to `path`, whole or not at all; everything else in the file stays as it is,
 * except that watch sets found with another exit score are left out.  A watch query's thresholds
 * become those of that watch set and leave the model's strategy as it is.  Errors: ARGUMENT
 * (nothing found yet), IO, MODEL (the file has changed), MEMORY. */
WnStatus wn_tuner_write(WnTuner *tuner, const char *path, WnError *error);

/* ---- Levels of WnPolicy.unchanged -------------------------------------- */

/* Tries levels on the frames of a stream: every one is classified, with the model's own policy, and
 * what a level would have repeated is found out afterwards. */
typedef struct WnUnchangedTuner WnUnchangedTuner;

/* Opens the model at `path`, which needs no exits; `options` NULL: the defaults.  On failure *out
 * is NULL.  Errors: those of wn_model_open() and wn_session_new(). */
WnStatus wn_unchanged_tuner_new(const char *path, const WnTunerOptions *options,
                                WnUnchangedTuner **out, WnError *error);
void wn_unchanged_tuner_free(WnUnchangedTuner *tuner); /* NULL is ignored */

/* Of the model; belongs to the tuner. */
const WnModelInfo *wn_unchanged_tuner_model(const WnUnchangedTuner *tuner);

/* Classifies the stream's next frame; `region` NULL: all of it.  It has a pts_ns, as later.
 * Errors: those of wn_session_classify(), MEMORY. */
WnStatus wn_unchanged_tuner_add(WnUnchangedTuner *tuner, const WnFrame *frame, const WnRect *region,
                                WnError *error);

/* What a session with this policy would have done; written by wn_unchanged_tuner_measure(). */
typedef struct WnUnchangedTuning {
  uint64_t frames;
  uint64_t unchanged;   /* of them, those that would have repeated an answer */
  uint64_t same;        /* of all, those whose answer would have been their own */
  uint64_t reserved[4]; /* written as 0 */
} WnUnchangedTuning;

/* `level` and `max_age_ns` as in WnPolicy.  Errors: ARGUMENT. */
WnStatus wn_unchanged_tuner_measure(const WnUnchangedTuner *tuner, double level, int64_t max_age_ns,
                                    WnUnchangedTuning *out, WnError *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
