/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libwinnow: early-exit image classification.
 *
 *   model   one ONNX file, parsed, planned and packed once; immutable and
 *           shared by any number of sessions and threads
 *   session one stream's state: its activations, policy and threads
 *   frame   pixels in (frame.h)
 *   result  exit stage and surviving classes out (result.h)
 *
 * Structures that a program fills in are zero-initialised first: what it does not set has its
 * default then, what later versions add too.
 *
 * A function that can fail returns a WnStatus; with a WnError it also says
 * what, where and what to do, in one line.  Every WnError argument may be NULL.
 */
#ifndef WINNOW_WINNOW_H
#define WINNOW_WINNOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <winnow/frame.h>
#include <winnow/meaning_fields.h>
#include <winnow/result.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Of these headers; wn_version() is the library's. */
#define WN_VERSION_MAJOR 0
#define WN_VERSION_MINOR 1
#define WN_VERSION_MICRO 0

typedef enum WnStatus {
  WN_OK = 0,
  WN_ERROR_IO,          /* a file is missing or unreadable */
  WN_ERROR_MODEL,       /* a file is not a valid model or contradicts itself */
  WN_ERROR_UNSUPPORTED, /* valid, but outside what this library computes */
  WN_ERROR_ARGUMENT,    /* a value given by the caller is out of range or unknown */
  WN_ERROR_MEMORY,      /* not enough memory, or more than a limit allows */
  WN_ERROR_NUMERIC,     /* scores that are not finite */
  WN_ERROR_DATA, /* images that do not suffice for what is asked; a peer's bytes that are wrong */
  WN_ERROR_TIMEOUT,  /* what was waited for did not come */
  WN_ERROR_CANCELLED /* the caller gave up what it had asked for */
} WnStatus;

typedef struct WnError {
  WnStatus status;
  char message[512]; /* one line of UTF-8, no newline */
} WnError;

/* "x.y.z" of the library that is running. */
const char *wn_version(void);

/* Writes the file at `path` as the library writes models: it is there whole or not at all, also
 * when the process is killed meanwhile.  A file that is there keeps its mode, and its owner if the
 * system lets us give it away; a link is followed.  A pipe, a terminal or /dev/null is written to
 * as it is, and so is /dev/stdout or /dev/fd/N.  Raises no SIGPIPE or SIGXFSZ.  Thread-safe.
 * Errors: ARGUMENT (no path), IO, MEMORY; a file that was there is then as it was. */
WnStatus wn_file_write(const char *path, const void *data, size_t size, WnError *error);

/* ---- CPU ---------------------------------------------------------------- */

/* Restricts the instruction sets that models opened from now on may use.
 * `mask` is a comma-separated list of the names in wn_cpu_flags(), or "all" or
 * "none" (portable C).  The environment variable WINNOW_CPU_MASK has the same
 * form and is read first.  WN_ERROR_ARGUMENT: an unknown name. */
WnStatus wn_cpu_set_mask(const char *mask, WnError *error);

/* The usable instruction sets, comma-separated, e.g. "avx2"; "" for none. */
const char *wn_cpu_flags(void);

/* ---- Model -------------------------------------------------------------- */

typedef struct WnModel WnModel;

enum { WN_MAX_RANK = 8 }; /* dimensions of a tensor */

typedef enum WnStrategy {
  WN_STRATEGY_MODEL, /* in a policy: whatever the model's metadata says */
  WN_STRATEGY_CLASS_EXCLUSION,
  WN_STRATEGY_CONFIDENCE,
  WN_STRATEGY_ENTROPY,
  WN_STRATEGY_NONE,
  WN_STRATEGY_COUNT
} WnStrategy;

/* "model", "class-exclusion", "confidence", "entropy", "none". */
const char *wn_strategy_name(WnStrategy strategy);
WnStatus wn_strategy_parse(const char *name, WnStrategy *out, WnError *error);

typedef enum WnPrecision {
  WN_PRECISION_AUTO,
  WN_PRECISION_FP32,
  WN_PRECISION_BF16,
  WN_PRECISION_INT8,
  WN_PRECISION_COUNT
} WnPrecision;

/* "auto", "fp32", "bf16", "int8". */
const char *wn_precision_name(WnPrecision precision);
WnStatus wn_precision_parse(const char *name, WnPrecision *out, WnError *error);

/* What the input and the scores of a model mean, in the words of the command line.  Each field
 * NULL: as the file says, or a file beside it.
 *
 *   mean, std      one number or three, R, G, B: (pixel - mean) / std, pixels in 0..1 or `range`
 *   range          "LO..HI": what black and white become before mean and std
 *   channels       "rgb" or "bgr"
 *   resize         "crop", "letterbox" or "stretch"
 *   crop           above 0, at most 1: the share of the picture's shorter side that is taken
 *   rounding       "exact"; "even" or "down": the picture is resized to whole pixels before its
 *                  centre is cut out, half of what is left rounded so; "first": it is cut out first
 *   interpolation  "area", "linear", "nearest", "bilinear", "bicubic" or "lanczos"
 *   input_size     "WxH", for a file whose height and width are dynamic
 *   scores         "logits", "probabilities" or "sigmoid"
 *   scores_output  the name of the output that has the scores
 *   preset         "torchvision", "timm", "keras", "tensorflow", "caffe" or "none": what the fields
 *                  above that are NULL shall be */
typedef struct WnMeaning {
#define WN_MEMBER(field, name, argument, what) const char *field;
  WN_MEANING_FIELDS(WN_MEMBER)
#undef WN_MEMBER
  uint64_t reserved[4]; /* must be 0 */
} WnMeaning;

/* What the network's scores are. */
typedef enum WnScores {
  WN_SCORES_LOGITS,        /* their softmax is the probability of each class */
  WN_SCORES_PROBABILITIES, /* that already */
  WN_SCORES_SIGMOID,       /* every class is a yes or no of its own */
  WN_SCORES_COUNT
} WnScores;

/* "logits", "probabilities", "sigmoid". */
const char *wn_scores_name(WnScores scores);
WnStatus wn_scores_parse(const char *name, WnScores *out, WnError *error);

/* Zero-initialise for the defaults. */
typedef struct WnModelOptions {
  WnPrecision precision;
  /* Text with one label per line for a model that carries none, or to use
   * instead of its own; NULL: the model's. */
  const char *labels_file;
  /* Accept any graph of float inputs: its outputs need not be class
   * scores.  Such a model runs (wn_session_run) but does not classify. */
  bool any_graph;
  const WnMeaning *meaning; /* NULL: as the file says; only read during the call */
  /* The most elementary operations that a frame may take, in all stages together: multiply-
   * accumulates and elements that are read, written, compared or put into a function.  What asks
   * for more is refused (UNSUPPORTED). 0: the environment variable WINNOW_MAX_WORK, or 10^13. */
  uint64_t max_work;
  uint64_t reserved[2]; /* must be 0 */
} WnModelOptions;

/* Loads and plans the ONNX file at `path`.  Opening an unchanged file again
 * with equal options, while a first reference lives, returns the same model.
 * `options` NULL: the defaults.
 * The weights of later stages are made ready by a thread behind the call, which ends when they are,
 * or with the last reference; a frame that comes to a stage before it helps.
 * On success *out holds one reference, to be given back with wn_model_unref();
 * on failure *out is NULL.  Errors: IO, MODEL, UNSUPPORTED, ARGUMENT (labels,
 * precision, meaning), MEMORY.  Thread-safe. */
WnStatus wn_model_open(const char *path, const WnModelOptions *options, WnModel **out,
                       WnError *error);
WnModel *wn_model_ref(WnModel *model);
void wn_model_unref(WnModel *model); /* NULL is ignored */

/* Who says what an input means: "option", a key of the file, the name of a file beside it, ...;
 * NULL: nobody, it is assumed. */
typedef struct WnInputSources {
  const char *mean, *std, *channels, *resize, *crop, *rounding, *interpolation, *size;
} WnInputSources;

/* One input of the graph; a cascade has one for each network. */
typedef struct WnInputInfo {
  const char *name;
  int32_t rank;
  int64_t shape[WN_MAX_RANK]; /* as the file declares it, a dynamic N as 1 */
  size_t n_elements;
  bool nhwc;
  int32_t channels, height, width; /* of an image; else 0 */
  const char *resize;              /* "crop", "letterbox" or "stretch" */
  double mean[3], std[3];          /* R, G, B, for pixels in 0..1 */
  int32_t stage;                   /* the first that reads it */
  const char *order;               /* of the channels, "rgb" or "bgr" */
  double crop;                     /* share of the picture's shorter side that is taken */
  const char *rounding;            /* "exact", "even", "down" or "first" */
  const char *interpolation;       /* "area", "linear", "nearest", "bilinear", ... */
  const char *element_type;        /* in the file: "float32", "uint8", ...; it is fed float32 */
  WnInputSources source;
} WnInputInfo;

typedef struct WnStageInfo {
  uint64_t macs;         /* of the stage, its head included */
  const char *exit_name; /* output name of its exit, NULL for the final stage */
  double threshold;      /* of the model's own strategy; NaN: none */
  double floor;          /* a frame whose largest floor-score is not above it holds nothing that the
                            model knows; NaN: none */
  int32_t n_kernels;
  const char *const *kernels; /* [n_kernels] distinct names in order of first use */
} WnStageInfo;

typedef struct WnLayerInfo {
  const char *name;   /* of the ONNX node that ends the (fused) layer */
  const char *op;     /* "Conv+Relu", "MaxPool", ... */
  const char *kernel; /* where several layers are one step, all, with spaces between */
  int32_t stage;
  bool head; /* leads to an exit only */
  int32_t rank;
  int64_t shape[WN_MAX_RANK]; /* [rank] of its output, ONNX order */
  uint64_t macs;
  uint64_t parameters;
  uint64_t bytes; /* read and written by a frame: inputs, output, weights as they are packed */
} WnLayerInfo;

/* Everything `winnow inspect` prints.  Pointers belong to the model. */
typedef struct WnModelInfo {
  const char *id; /* "name@crc32" */
  const char *path;
  int32_t n_inputs; /* more than 1: a cascade of networks, each preprocessed for on its own */
  const WnInputInfo *inputs;
  int32_t n_classes;
  const char *const *labels; /* [n_classes] */
  bool has_labels;           /* false: labels are the class indices in decimal */
  WnScores scores;           /* what the file's scores are */
  const char *scores_source; /* who says so: "graph", "winnow.scores", "option" */
  const char *scores_output; /* name of the output that they are */
  int32_t n_exits;
  WnStrategy strategy;
  bool exit_score_softmax; /* false: sigmoid */
  /* What floors are compared with: (logit - mean) / standard deviation over all classes (of all,
   * divided by their number; 0 where all are equal). false: the logit. */
  bool floor_score_standardised;
  int32_t nothing_class; /* the class whose answer is reported as nothing; -1: none */
  WnPrecision precision; /* the one in use */
  uint64_t parameters;
  uint64_t macs_full; /* of the final path and all heads; of a cascade its last network alone */
  size_t weight_bytes, arena_bytes;
  int32_t n_groups;
  const char *const *group_names;
  int32_t n_stages; /* n_exits + 1 */
  const WnStageInfo *stages;
  int32_t n_layers;
  const WnLayerInfo *layers;
  const char *labels_source; /* who says the labels, as WnInputSources; NULL: nobody */
  /* One line that whoever opens the model should show: what is assumed of its input since nobody
   * has said it, or what is wrong with a file beside it; NULL: nothing. */
  const char *warning;
} WnModelInfo;

const WnModelInfo *wn_model_info(const WnModel *model);

/* One graph output of the file, in file order. */
typedef struct WnOutputInfo {
  const char *name;
  int32_t rank;
  int64_t shape[WN_MAX_RANK];
  size_t n_elements;
} WnOutputInfo;

int32_t wn_model_n_outputs(const WnModel *model);
const WnOutputInfo *wn_model_output(const WnModel *model, int32_t index);

/* ---- Session ------------------------------------------------------------ */

typedef struct WnSession WnSession;

/* Where to look and when to stop.  Zero-initialise for the model's own policy on whole frames (a
 * threshold_scale of 0 is read as 1).  Strings are copied.  Lists of labels and groups are
 * comma-separated; a group stands for its labels; a label that contains ',' ';' or ':' is written
 * as its class index. */
typedef struct WnPolicy {
  WnStrategy strategy;
  const char *thresholds; /* "t0,t1,..." one per exit; NULL or "": the model's own */
  double threshold_scale; /* above 0; multiplies every beta (clamped to 0.999), nothing else */
  const char *watch;      /* labels and groups; NULL or "": none.  class-exclusion, and
                           * models without exits, where it only says what is watched */
  bool group_exit;        /* class-exclusion only */
  /* From the entry of preprocessing; 0: none.  A stage behind the first that overruns is given up
   * inside its long layers, and the answer is the one of the stage before. */
  int64_t deadline_ns;
  /* Above 0: a frame repeats the answer of the last one that was classified while the mean colours
   * of its 8x8 blocks, on the part that the network sees, all lie within so many grey levels, at
   * most 255, of that one's.  Every field is then that result's but stop_reason
   * (WN_STOP_UNCHANGED), macs (0), latency_ns (the comparison's) and age_ns. */
  double unchanged;
  int64_t max_age_ns; /* how old an answer may become before a frame is classified again, by pts
                       * where frames have any, else by the clock; 0: as old as it will */
  /* "[NAME:]X,Y,W,H" (winnow/region.h): only this part of each frame is classified, and a region
   * that wn_session_classify() is given is clipped to it; NULL or "": all of the frame.  A frame
   * that it lies outside of is refused. */
  const char *region;
  /* Parts of the frame, the same with ';' between, that are mid-grey to the network (128 of R, G,
   * B) and left out of `unchanged`, such as a clock in the picture; NULL or "": none. The frame's
   * memory stays as it is. */
  const char *ignore;
  uint64_t reserved[4]; /* must be 0 */
} WnPolicy;

/* Programs that follow a camera take this max_age_ns where their user says nothing: 2 s. */
#define WN_MAX_AGE_USUAL_NS INT64_C(2000000000)

/* Monotonic nanoseconds; tests give their own. */
typedef int64_t (*WnClock)(void *user);

/* The most threads of a session. */
#define WN_MAX_THREADS 256

/* Zero-initialise for the defaults: one thread per usable core. */
typedef struct WnSessionOptions {
  int32_t threads; /* <= 0: one per usable core; 1 starts none; at most WN_MAX_THREADS */
  WnPolicy policy;
  WnClock clock; /* NULL: CLOCK_MONOTONIC */
  void *clock_user;
  /* Asked now and then inside long layers, by the thread that called wn_session_classify(): true
   * gives the frame up, and the call fails with CANCELLED.  NULL: never. */
  bool (*cancelled)(void *user);
  void *cancelled_user;
  uint64_t reserved[2]; /* must be 0 */
} WnSessionOptions;

/* Makes a session, which keeps a reference to the model; `options` NULL: the
 * defaults.  On failure *out is NULL.  Errors: ARGUMENT (policy, threads), MODEL (it has no
 * thresholds for its own strategy), MEMORY.  A session is used by one thread at a time. */
WnStatus wn_session_new(WnModel *model, const WnSessionOptions *options, WnSession **out,
                        WnError *error);
void wn_session_free(WnSession *session); /* NULL is ignored */

/* Replaces the policy between two frames; on failure the old one stays. */
WnStatus wn_session_set_policy(WnSession *session, const WnPolicy *policy, WnError *error);

/* The next frame is classified whatever it looks like (WnPolicy.unchanged): for a stream that is
 * cut.  A change of the policy, of the frames' geometry or of the region does so too, and a frame
 * that failed. */
void wn_session_forget(WnSession *session);

/* The thresholds in force, [n_exits], before threshold_scale; all NaN with strategy none. */
const double *wn_session_thresholds(const WnSession *session);
WnStrategy wn_session_strategy(const WnSession *session);
int32_t wn_session_threads(const WnSession *session);

/* One line about the watch list in force when an entry names both a label and a group: the label
 * counts.  NULL: there is nothing to say.  Belongs to the session until its policy changes. */
const char *wn_session_watch_warning(const WnSession *session);

/* What others should know of the results to come, as JSON for wn_publisher_describe(): model-id,
 * labels, groups, watch (its entries as they are written), and, once there was a frame, regions,
 * the policy's region in it, and window, the part of the last frame that the network saw. Lists are
 * left out where it would be longer than `max_bytes`. To be freed with free(); NULL: no memory. */
char *wn_session_describe(const WnSession *session, size_t max_bytes);

/* Classifies a frame, or the `region` of it (NULL: the policy's, or all).  Its pixels are read
 * until the call returns, by a cascade once for each network that it comes to.  Allocates only when
 * the frame's geometry or format differs from the last one's, and on the first one that is compared
 * with others (WnPolicy.unchanged).  On success *result belongs to the session.  Errors: ARGUMENT
 * (frame or region, or the policy's region or ignored area outside), NUMERIC, UNSUPPORTED (the
 * model's batch is over 1, it has neither 1 nor 3 channels, or it was opened with any_graph),
 * MEMORY, CANCELLED (WnSessionOptions). */
WnStatus wn_session_classify(WnSession *session, const WnFrame *frame, const WnRect *region,
                             const WnResult **result, WnError *error);

/* Has the next wn_session_classify() count so many nanoseconds of its deadline as spent: what the
 * other regions of the same frame took. Negative: none. */
void wn_session_spend(WnSession *session, int64_t ns);

/* After wn_session_classify() of `frame`, whose pixels are still the same: computes what that call
 * left out and gives the final scores of all classes as logits: as the network outputs them before
 * any final Softmax, log p of probabilities that have none, log p / (1 - p) where each class has
 * its own (WN_SCORES_SIGMOID), [n_classes], valid until the next call.  What an evaluation compares
 * early exits with. Of a cascade: those of the last network, which sees the same region.  Errors:
 * ARGUMENT (nothing was classified, or another size or format of frame was). */
WnStatus wn_session_complete(WnSession *session, const WnFrame *frame, const float **scores,
                             WnError *error);

/* Preprocesses only: what a frame becomes as input `input`, in float32 in the layout that the file
 * declares, into `tensor` of that input's n_elements.  Errors: as wn_session_classify(), ARGUMENT
 * (input, n_elements). */
WnStatus wn_session_preprocess(WnSession *session, const WnFrame *frame, const WnRect *region,
                               int32_t input, float *tensor, size_t n_elements, WnError *error);

/* Copies a tensor, as the file declares it, to input `input` for wn_session_run().  Errors:
 * ARGUMENT (input, n_elements). */
WnStatus wn_session_set_input(WnSession *session, int32_t input, const float *tensor,
                              size_t n_elements, WnError *error);

/* Computes every stage from the inputs as they were set last, decisions ignored.  `heads` false
 * skips what only exits need; their outputs are then undefined.  `stage_ns` [n_stages] receives
 * each stage's time and may be NULL. */
void wn_session_run(WnSession *session, bool heads, int64_t *stage_ns);

/* The same with `layer_ns` [n_layers] for the time of every layer, 0 for those that were skipped.
 * Threads meet around each, so that together they take a little longer than the network. */
void wn_session_time_layers(WnSession *session, bool heads, int64_t *layer_ns);

/* Multiply-accumulates a second that one core does with the matrix kernel of the type that
 * `kernel`, a name or several from WnLayerInfo, computes in, operands in the nearest cache:
 * measured for some milliseconds.  0: no such kernel. */
double wn_kernel_peak(const char *kernel);

/* Copies output `index` of the last wn_session_run() in ONNX order; of one that the file has as
 * integers, those. */
WnStatus wn_session_output(WnSession *session, int32_t index, float *data, size_t n_elements,
                           WnError *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
