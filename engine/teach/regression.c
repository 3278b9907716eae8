/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See regression.h.  The products are those of the engine's fully connected layers; rows that are
 * not used have residuals of 0, so that folds share one copy of the features.
 */
#include "teach/regression.h"

#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 8, MOST_STEPS = 60, MOST_HALVINGS = 12 };

/* A fit ends when the gradient is this part of the one it began with at zero. */
#define ENOUGH 0.02

typedef struct Problem {
  const WniRows *rows;
  const bool *used;
  size_t n_classes, n_used, size;
  double l2;
  WniFn_fc *products;
  float *residuals; /* [n_classes][n] */
} Problem;

size_t wni_regression_size(size_t n_classes, size_t width) {
  return n_classes * (width + 1);
}

/* out[r] = x . rows[r] for n_rows rows [width], one behind the other. */
static void multiply(WniFn_fc *products, const float *x, const float *rows, size_t n_rows,
                     size_t width, float *out) {
  for (size_t r = 0; r < n_rows; r += WNI_FC_ROWS) {
    const void *w[WNI_FC_ROWS];
    float sum[WNI_FC_ROWS];
    int n = n_rows - r < WNI_FC_ROWS ? (int)(n_rows - r) : WNI_FC_ROWS;
    for (int i = 0; i < WNI_FC_ROWS; i++) w[i] = rows + (r + (size_t)(i < n ? i : 0)) * width;
    products(x, w, width, n, sum);
    memcpy(out + r, sum, (size_t)n * sizeof *sum);
  }
}

void wni_regression_apply(const float *weights, size_t n_classes, size_t width, const float *x,
                          float *logits) {
  const float *bias = weights + n_classes * width;
  multiply(wni_kernel_find(WNI_KERNEL_fc, WNI_F32)->run.fc, x, weights, n_classes, width, logits);
  for (size_t c = 0; c < n_classes; c++) logits[c] += bias[c];
}

/* Not fmaxf(): GCC 12 for 64-bit Arm fails on a reduction by it. */
static float largest(const float *x, size_t n) {
  float most = x[0];
  for (size_t i = 1; i < n; i++)
    if (x[i] > most) most = x[i];
  return most;
}

double wni_softmax_loss(const float *logits, size_t n_classes, size_t truth, double scale) {
  double most = scale * (double)largest(logits, n_classes), sum = 0; /* scale is above 0 */
  for (size_t c = 0; c < n_classes; c++) sum += exp(scale * (double)logits[c] - most);
  return log(sum) + most - scale * (double)logits[truth];
}

/* Turns logits into softmax - one-hot; the loss of the row. */
static double to_residuals(float *logits, size_t n_classes, int32_t truth) {
  float most = largest(logits, n_classes);
  double sum = 0, wanted = (double)logits[truth];
  for (size_t c = 0; c < n_classes; c++) {
    double e = exp((double)(logits[c] - most));
    logits[c] = (float)e;
    sum += e;
  }
  for (size_t c = 0; c < n_classes; c++) logits[c] = (float)((double)logits[c] / sum);
  logits[truth] -= 1;
  return log(sum) + (double)most - wanted;
}

/* The objective at `w` and its gradient. */
static double evaluate(const Problem *p, const float *w, float *gradient, float *logits) {
  const WniRows *rows = p->rows;
  size_t n = rows->n, k = p->n_classes, width = rows->width;
  const float *bias = w + k * width;
  double loss = 0, squares = 0, share = 1 / (double)p->n_used;
  for (size_t i = 0; i < n; i++) {
    if (!p->used[i]) continue; /* its residuals are 0 */
    multiply(p->products, rows->x + i * width, w, k, width, logits);
    for (size_t c = 0; c < k; c++) logits[c] += bias[c];
    loss += to_residuals(logits, k, rows->truth[i]);
    for (size_t c = 0; c < k; c++) p->residuals[c * n + i] = logits[c];
  }
  /* A few columns meet all classes while they are in the cache. */
  for (size_t j = 0; j < width; j += WNI_FC_ROWS) {
    size_t few = width - j < WNI_FC_ROWS ? width - j : WNI_FC_ROWS;
    for (size_t c = 0; c < k; c++)
      multiply(p->products, p->residuals + c * n, rows->columns + j * n, few, n,
               gradient + c * width + j);
  }
  for (size_t i = 0; i < k * width; i++) {
    squares += (double)w[i] * (double)w[i];
    gradient[i] = (float)((double)gradient[i] * share + p->l2 * (double)w[i]);
  }
  for (size_t c = 0; c < k; c++) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)p->residuals[c * n + i];
    gradient[k * width + c] = (float)(sum * share);
  }
  return loss * share + p->l2 / 2 * squares;
}

static double dot(const float *a, const float *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

static void add_scaled(float *y, double scale, const float *x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += (float)scale * x[i];
}

/* The last steps and changes of the gradient. */
typedef struct History {
  float *step[MEMORY], *change[MEMORY];
  double curvature[MEMORY]; /* step . change */
  int count, next;
} History;

/* direction = -H gradient by the two loops of the algorithm. */
static void find_direction(const History *h, const float *gradient, size_t n, float *direction) {
  double part[MEMORY];
  for (size_t i = 0; i < n; i++) direction[i] = -gradient[i];
  for (int i = 1; i <= h->count; i++) {
    int at = (h->next - i + MEMORY) % MEMORY;
    part[at] = dot(h->step[at], direction, n) / h->curvature[at];
    add_scaled(direction, -part[at], h->change[at], n);
  }
  if (h->count > 0) {
    int last = (h->next - 1 + MEMORY) % MEMORY;
    double scale = h->curvature[last] / dot(h->change[last], h->change[last], n);
    for (size_t i = 0; i < n; i++) direction[i] *= (float)scale;
  }
  for (int i = h->count; i >= 1; i--) {
    int at = (h->next - i + MEMORY) % MEMORY;
    double back = dot(h->change[at], direction, n) / h->curvature[at];
    add_scaled(direction, part[at] - back, h->step[at], n);
  }
}

typedef struct Descent {
  float *w, *gradient, *direction, *trial, *trial_gradient, *logits;
  History history;
  double value;
} Descent;

/* Goes along the direction until the objective has become less; false: it does not any more. */
static bool descend(const Problem *p, Descent *d) {
  size_t n = p->size;
  History *h = &d->history;
  double slope = dot(d->gradient, d->direction, n);
  double length = h->count ? 1 : 1 / fmax(1, sqrt(-slope));
  if (!(slope < 0)) return false;
  for (int i = 0; i < MOST_HALVINGS; i++, length /= 2) {
    memcpy(d->trial, d->w, n * sizeof *d->trial);
    add_scaled(d->trial, length, d->direction, n);
    double value = evaluate(p, d->trial, d->trial_gradient, d->logits);
    if (!(value <= d->value + 1e-4 * length * slope)) continue;
    float *step = h->step[h->next], *change = h->change[h->next];
    for (size_t k = 0; k < n; k++) {
      step[k] = d->trial[k] - d->w[k];
      change[k] = d->trial_gradient[k] - d->gradient[k];
    }
    h->curvature[h->next] = dot(step, change, n);
    if (h->curvature[h->next] > 0) {
      h->next = (h->next + 1) % MEMORY;
      h->count += h->count < MEMORY;
    }
    memcpy(d->w, d->trial, n * sizeof *d->w);
    memcpy(d->gradient, d->trial_gradient, n * sizeof *d->gradient);
    d->value = value;
    return true;
  }
  return false;
}

/* |gradient| at zero, which says how much there is to learn. */
static double measure_start(const Problem *p, Descent *d) {
  memset(d->trial, 0, p->size * sizeof *d->trial);
  evaluate(p, d->trial, d->trial_gradient, d->logits);
  return sqrt(dot(d->trial_gradient, d->trial_gradient, p->size));
}

static void run(const Problem *p, Descent *d) {
  double enough = ENOUGH * measure_start(p, d);
  d->value = evaluate(p, d->w, d->gradient, d->logits);
  for (int i = 0; i < MOST_STEPS; i++) {
    if (sqrt(dot(d->gradient, d->gradient, p->size)) <= enough) return;
    find_direction(&d->history, d->gradient, p->size, d->direction);
    if (!descend(p, d)) return;
  }
}

bool wni_regression_fit(const WniRows *rows, const bool *used, size_t n_classes, double l2,
                        float *weights) {
  size_t size = wni_regression_size(n_classes, rows->width);
  Problem p = {.rows = rows,
               .used = used,
               .n_classes = n_classes,
               .size = size,
               .l2 = l2,
               .products = wni_kernel_find(WNI_KERNEL_fc, WNI_F32)->run.fc,
               .residuals = calloc(n_classes * rows->n + 1, sizeof *p.residuals)};
  float *memory = malloc((2 * MEMORY + 4) * size * sizeof *memory);
  float *logits = malloc((n_classes + 1) * sizeof *logits);
  bool enough = p.residuals && memory && logits;
  for (size_t i = 0; i < rows->n; i++) p.n_used += used[i];
  if (enough && p.n_used > 0) {
    Descent d = {.w = weights,
                 .gradient = memory,
                 .direction = memory + size,
                 .trial = memory + 2 * size,
                 .trial_gradient = memory + 3 * size,
                 .logits = logits};
    for (int i = 0; i < MEMORY; i++) {
      d.history.step[i] = memory + (4 + 2 * (size_t)i) * size;
      d.history.change[i] = d.history.step[i] + size;
    }
    run(&p, &d);
  }
  free(p.residuals);
  free(memory);
  free(logits);
  return enough;
}
