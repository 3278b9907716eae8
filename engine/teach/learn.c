/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See learn.h.
 */
#include "teach/learn.h"

#include "base/parallel.h"
#include "teach/folds.h"
#include "teach/regression.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* From strong to weak, so that each fit begins near its end. */
static const double strengths[] = {1, 0.3, 0.1, 0.03};
enum { N_STRENGTHS = sizeof strengths / sizeof *strengths };

/* Logits are multiplied by e^-3 to e^3. */
#define MOST_SCALE 3.0
enum { SCALE_STEPS = 40 };

#define PREVIOUS 0.5

typedef struct Tap {
  WniRows rows;
  float *x, *columns;
  double *mean, *factor;      /* [width] standardised = (feature - mean) factor */
  float *logits[N_STRENGTHS]; /* [n][n_classes] out of fold */
  int strength;               /* chosen */
  double scale, told;
  float *weights; /* learnt from all */
} Tap;

typedef struct Learning {
  const WniLesson *lesson;
  Tap taps[WNI_MAX_TAPS];
  int32_t *truth; /* [n_rows] */
  bool final;     /* the tasks are the taps, learnt from all; else taps by folds */
  atomic_int next;
  atomic_bool failed;
  int n_tasks;
} Learning;

static void tell(const WniLesson *lesson, double done) {
  if (lesson->progress) lesson->progress(lesson->user, done);
}

/* ---- features ---- */

static size_t row_width(const WniLesson *lesson) {
  size_t width = 0;
  for (int t = 0; t < lesson->n_taps; t++) width += lesson->width[t];
  return width;
}

static void standardise(const WniLesson *lesson, size_t offset, Tap *tap) {
  size_t n = tap->rows.n, width = tap->rows.width, all = row_width(lesson);
  for (size_t j = 0; j < width; j++) {
    const float *from = lesson->features + offset + j;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) sum += (double)from[i * all];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
      double d = (double)from[i * all] - mean;
      squares += d * d;
    }
    double deviation = sqrt(squares / (double)n);
    tap->mean[j] = mean;
    tap->factor[j] = deviation > 1e-6 * fmax(1, fabs(mean)) ? 1 / deviation : 0;
    for (size_t i = 0; i < n; i++) {
      float x = (float)(((double)from[i * all] - mean) * tap->factor[j]);
      tap->x[i * width + j] = x;
      tap->columns[j * n + i] = x;
    }
  }
}

static bool prepare_tap(Learning *learning, int t, size_t offset) {
  const WniLesson *lesson = learning->lesson;
  Tap *tap = &learning->taps[t];
  size_t n = lesson->n * lesson->n_views, width = lesson->width[t];
  tap->x = malloc(n * width * sizeof *tap->x);
  tap->columns = malloc(n * width * sizeof *tap->columns);
  tap->mean = malloc(width * sizeof *tap->mean);
  tap->factor = malloc(width * sizeof *tap->factor);
  tap->weights = calloc(wni_regression_size(lesson->n_classes, width), sizeof *tap->weights);
  bool enough = tap->x && tap->columns && tap->mean && tap->factor && tap->weights;
  for (int s = 0; s < N_STRENGTHS; s++) {
    tap->logits[s] = malloc(lesson->n * lesson->n_classes * sizeof **tap->logits);
    enough = enough && tap->logits[s];
  }
  tap->rows = (WniRows){n, width, tap->x, tap->columns, learning->truth};
  if (enough) standardise(lesson, offset, tap);
  return enough;
}

static bool prepare(Learning *learning) {
  const WniLesson *lesson = learning->lesson;
  size_t n = lesson->n * lesson->n_views, offset = 0;
  learning->truth = malloc((n + 1) * sizeof *learning->truth);
  bool enough = learning->truth != NULL;
  for (size_t i = 0; enough && i < n; i++) learning->truth[i] = lesson->truth[i / lesson->n_views];
  for (int t = 0; enough && t < lesson->n_taps; offset += lesson->width[t++])
    enough = prepare_tap(learning, t, offset);
  return enough;
}

static void clear(Learning *learning) {
  for (int t = 0; t < learning->lesson->n_taps; t++) {
    Tap *tap = &learning->taps[t];
    free(tap->x);
    free(tap->columns);
    free(tap->mean);
    free(tap->factor);
    free(tap->weights);
    for (int s = 0; s < N_STRENGTHS; s++) free(tap->logits[s]);
  }
  free(learning->truth);
}

/* ---- fits, side by side ---- */

/* One fold of one tap at every strength. */
static bool validate(const Learning *learning, int t, int fold) {
  const WniLesson *lesson = learning->lesson;
  const Tap *tap = &learning->taps[t];
  size_t k = lesson->n_classes, width = tap->rows.width;
  float *weights = calloc(wni_regression_size(k, width), sizeof *weights);
  bool *used = malloc((tap->rows.n + 1) * sizeof *used), done = weights && used;
  for (size_t i = 0; done && i < tap->rows.n; i++)
    used[i] = lesson->fold[i / lesson->n_views] != fold;
  for (int s = 0; done && s < N_STRENGTHS; s++) {
    done = wni_regression_fit(&tap->rows, used, k, strengths[s], weights);
    for (size_t i = 0; done && i < lesson->n; i++)
      if (lesson->fold[i] == fold)
        wni_regression_apply(weights, k, width, tap->x + i * lesson->n_views * width,
                             tap->logits[s] + i * k);
  }
  free(weights);
  free(used);
  return done;
}

/* A tap with all photos, from the strongest down to what was chosen. */
static bool learn_all(const Learning *learning, int t) {
  const Tap *tap = &learning->taps[t];
  bool *used = malloc((tap->rows.n + 1) * sizeof *used), done = used != NULL;
  for (size_t i = 0; done && i < tap->rows.n; i++) used[i] = true;
  for (int s = 0; done && s <= tap->strength; s++)
    done = wni_regression_fit(&tap->rows, used, learning->lesson->n_classes, strengths[s],
                              tap->weights);
  free(used);
  return done;
}

/* The last taps are the widest: they come first. */
static void run_tasks(void *context, WniThread thread) {
  Learning *learning = context;
  int n_taps = learning->lesson->n_taps, each = learning->final ? 1 : WNI_FOLDS;
  for (int task; (task = learning->next++) < learning->n_tasks;) {
    int t = n_taps - 1 - task / each;
    bool done = learning->final ? learn_all(learning, t) : validate(learning, t, task % each);
    if (!done) learning->failed = true;
    if (thread.index == 0)
      tell(learning->lesson, learning->final ? 0.85 + 0.15 * task / learning->n_tasks
                                             : 0.85 * task / learning->n_tasks);
  }
}

static bool run(Learning *learning, bool final) {
  learning->final = final;
  learning->next = 0;
  learning->n_tasks = learning->lesson->n_taps * (final ? 1 : WNI_FOLDS);
  wni_parallel_run(learning->lesson->threads, run_tasks, learning);
  return !learning->failed;
}

/* ---- strength, blend and scale ---- */

/* The mean loss of photos whose logits are `stride` numbers apart, each counted as another class's
 * with probability `doubt`. */
static double loss_of(const WniLesson *lesson, const float *logits, size_t stride, double scale,
                      double doubt) {
  size_t k = lesson->n_classes;
  double loss = 0;
  for (size_t i = 0; i < lesson->n; i++) {
    const float *x = logits + i * stride;
    size_t truth = (size_t)lesson->truth[i];
    double all = 0;
    for (size_t c = 0; c < k; c++) all += (double)x[c];
    double others = (all - (double)x[truth]) / (double)(k - 1);
    loss += wni_softmax_loss(x, k, truth, scale) + doubt * scale * ((double)x[truth] - others);
  }
  return loss / (double)lesson->n;
}

/* By golden sections: the loss is convex in the scale. */
static double find_scale(const WniLesson *lesson, const float *logits, size_t stride,
                         double doubt) {
  const double golden = 0.6180339887498949;
  double low = -MOST_SCALE, high = MOST_SCALE;
  double a = high - golden * (high - low), b = low + golden * (high - low);
  double at_a = loss_of(lesson, logits, stride, exp(a), doubt);
  double at_b = loss_of(lesson, logits, stride, exp(b), doubt);
  for (int i = 0; i < SCALE_STEPS; i++) {
    if (at_a <= at_b) {
      high = b, b = a, at_b = at_a;
      a = high - golden * (high - low);
      at_a = loss_of(lesson, logits, stride, exp(a), doubt);
    } else {
      low = a, a = b, at_a = at_b;
      b = low + golden * (high - low);
      at_b = loss_of(lesson, logits, stride, exp(b), doubt);
    }
  }
  return exp((low + high) / 2);
}

static void choose_strength(const WniLesson *lesson, Tap *tap) {
  double least = INFINITY;
  for (int s = 0; s < N_STRENGTHS; s++) {
    double scale = find_scale(lesson, tap->logits[s], lesson->n_classes, 0);
    double loss = loss_of(lesson, tap->logits[s], lesson->n_classes, scale, 0);
    if (loss < least) {
      least = loss;
      tap->strength = s;
    }
  }
}

/* logits [n][n_taps][n_classes], as they are blended; then as they are told. */
static void blend(Learning *learning, float *logits, double *sharpness) {
  const WniLesson *lesson = learning->lesson;
  size_t k = lesson->n_classes, stride = (size_t)lesson->n_taps * k;
  double doubt = 1 / ((double)lesson->n + 2);
  for (int t = 0; t < lesson->n_taps; t++) {
    Tap *tap = &learning->taps[t];
    float *at = logits + (size_t)t * k;
    const float *earlier = t > 0 ? at - k : at; /* the logits of the tap before */
    float before = t > 0 ? (float)(PREVIOUS * tap[-1].scale) : 0;
    choose_strength(lesson, tap);
    for (size_t i = 0; i < lesson->n; i++)
      for (size_t c = 0; c < k; c++)
        at[i * stride + c] =
            tap->logits[tap->strength][i * k + c] + (t > 0 ? before * earlier[i * stride + c] : 0);
    tap->scale = find_scale(lesson, at, stride, 0);
    tap->told = fmin(tap->scale, find_scale(lesson, at, stride, doubt));
    sharpness[t] = tap->scale / tap->told;
  }
  for (int t = 0; t < lesson->n_taps; t++)
    for (size_t i = 0; i < lesson->n; i++)
      for (size_t c = 0; c < k; c++)
        logits[i * stride + (size_t)t * k + c] *= (float)learning->taps[t].told;
}

/* ---- heads ---- */

/* Standardisation and scale go into the weights. */
static bool make_head(const Learning *learning, int t, WniHeads *heads) {
  const Tap *tap = &learning->taps[t];
  size_t k = learning->lesson->n_classes, width = tap->rows.width;
  heads->weights[t] = malloc(k * width * sizeof **heads->weights);
  heads->bias[t] = malloc(k * sizeof **heads->bias);
  heads->previous[t] = t > 0 ? (float)(tap->told * PREVIOUS * tap[-1].scale / tap[-1].told) : 0;
  if (!heads->weights[t] || !heads->bias[t]) return false;
  for (size_t c = 0; c < k; c++) {
    double bias = tap->told * (double)tap->weights[k * width + c];
    for (size_t j = 0; j < width; j++) {
      double w = tap->told * (double)tap->weights[c * width + j] * tap->factor[j];
      heads->weights[t][c * width + j] = (float)w;
      bias -= w * tap->mean[j];
    }
    heads->bias[t][c] = (float)bias;
  }
  return true;
}

void wni_heads_clear(WniHeads *heads) {
  for (int t = 0; t < WNI_MAX_TAPS; t++) {
    free(heads->weights[t]);
    free(heads->bias[t]);
  }
  *heads = (WniHeads){0};
}

bool wni_learn(const WniLesson *lesson, float *logits, double *sharpness, WniHeads *heads) {
  Learning learning = {.lesson = lesson};
  bool done = prepare(&learning) && run(&learning, false);
  if (done) blend(&learning, logits, sharpness);
  if (done && heads) {
    heads->n_classes = lesson->n_classes;
    done = run(&learning, true);
    for (int t = 0; done && t < lesson->n_taps; t++) done = make_head(&learning, t, heads);
  }
  clear(&learning);
  return done;
}
