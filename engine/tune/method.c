/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See method.h.
 *
 * The best of many policies on some images is not as good on others: on halves of 5,000 images of
 * the CIFAR-10 test set, thresholds with a drop of 0.46 points on one gave 0.89 points on the
 * other. Three things are done about it.
 *
 * Losses.  The search counts the errors that the whole network does not make.  Images that an early
 * exit gets right by luck would otherwise be what it looks for; gains still come, unsought.
 *
 * Few levels.  At the same drop on the other images (0.5 points, mean of 40 splits), more levels
 * did not save more: 54.3, 55.0, 54.7, 54.4 and under 54.4 % with 12, 16, 24, 32 and 64 levels on
 * softmax scores, 33.2, 36.6, 36.6, 36.5 and 37.0 % on sigmoid.  Nor did the mean of thresholds
 * over eight subsamples (under 54.9, and 36.2 %), or the end's scores in place of labels.
 *
 * Cross-validation.  Losses allowed on four fifths of the images are compared with the drop on the
 * last one.  The largest number for which that is within the limit, and the drop on all images
 * too, is used on all of them.
 */
#include "tune/method.h"

#include "base/error.h"
#include "base/parallel.h"
#include "tune/search.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { GREEDY_LEVELS = 100, N_FOLDS = 5, N_TRIES = 41, N_CURVE = 120 };

/* The most losses tried: so many times the errors allowed, and for what gains make up for, this
 * share of the images that the whole network gets wrong. Where that is many, they matter most:
 * exits that disagree with the end of a network for 200 classes were right more often than wrong.
 */
#define BOLDEST 3.0
#define GAINS 0.25

int64_t wni_count_allowed(double fraction, size_t images) {
  return (int64_t)(fraction * (double)images + 1e-9); /* 0.005 * 1000 is 5 */
}

size_t wni_count_relevant(const WniTask *task, WniImages images) {
  size_t n = 0;
  for (size_t i = 0; task->watched && i < images.n; i++)
    n += task->watched[task->scores->truth[images.index[i]]];
  return task->watched ? n : images.n;
}

double wni_count_losses(const WniTask *task, WniImages images, double errors) {
  const WniScores *scores = task->scores;
  size_t wrong = 0;
  if (task->watched || images.n == 0) return BOLDEST * errors; /* net_errors() counts no gains */
  for (size_t i = 0; i < images.n; i++) {
    const float *end = wni_scores_at(scores, images.index[i], scores->n_exits);
    wrong += wni_arg_max(end, scores->n_classes) != scores->truth[images.index[i]];
  }
  return BOLDEST * errors + GAINS * (double)wrong / (double)images.n;
}

/* `losses` [n] from 0 to `most`, closer together where they are few. */
static void spread_losses(double most, double *losses, int n) {
  for (int i = 0; i < n; i++) losses[i] = most * i * i / ((n - 1.0) * (n - 1));
}

/* ---- greedy ---- */

static void list_steps(const WniTask *task, double *steps) {
  for (int i = 0; i < task->scores->n_exits * GREEDY_LEVELS; i++) {
    double step = (i % GREEDY_LEVELS) / (double)GREEDY_LEVELS;
    steps[i] = task->strategy == WN_STRATEGY_CONFIDENCE ? 1 - step
               : task->strategy == WN_STRATEGY_ENTROPY  ? step * log(task->scores->n_classes)
                                                        : step;
  }
}

/* A search over `levels` thresholds per exit, for all that is allowed. */
static WnStatus start(WniGrid *grid, WniSearch *search, const WniTask *task, WniImages images,
                      WniAllowed allowed, int n_levels, const double *steps, WnError *error) {
  size_t relevant = wni_count_relevant(task, images);
  WnStatus status = wni_grid_init(grid, task, images, steps ? WNI_COUNT_ALL : WNI_COUNT_LOSSES,
                                  n_levels, steps, error);
  if (status == WN_OK)
    status = wni_search_init(search, grid, wni_count_allowed(allowed.errors, relevant),
                             wni_count_allowed(allowed.alarms, images.n - relevant), error);
  return status;
}

static void copy_thresholds(const WniGrid *grid, const int *level, double *thresholds) {
  for (int k = 0; k < grid->n_exits; k++)
    thresholds[k] = grid->thresholds[k * grid->n_levels + level[k]];
}

WnStatus wni_method_greedy(const WniTask *task, WniImages images, WniAllowed allowed,
                           double *thresholds, WnError *error) {
  size_t n_exits = (size_t)task->scores->n_exits;
  WniGrid grid = {0};
  WniSearch search = {0};
  double *steps = calloc(n_exits * GREEDY_LEVELS, sizeof *steps);
  int *level = calloc(n_exits, sizeof *level);
  WnStatus status = steps && level ? WN_OK : wni_fail_memory(error, "the search");
  if (status == WN_OK) {
    list_steps(task, steps);
    status = start(&grid, &search, task, images, allowed, GREEDY_LEVELS, steps, error);
  }
  if (status == WN_OK) {
    wni_search_greedy(&search, wni_count_allowed(allowed.errors, wni_count_relevant(task, images)),
                      level);
    copy_thresholds(&grid, level, thresholds);
  }
  wni_search_clear(&search);
  wni_grid_clear(&grid);
  free(level);
  free(steps);
  return status;
}

/* ---- joint ---- */

/* A search for several allowances, errors [n] in ascending order, on some images. */
typedef struct Run {
  WniImages images;
  WniGrid grid;
  WniSearch search;
  size_t relevant;
  double *thresholds; /* [n][n_exits], or NULL */
} Run;

static void run_clear(Run *run) {
  wni_search_clear(&run->search);
  wni_grid_clear(&run->grid);
}

static WnStatus run_search(Run *run, const WniTask *task, const double *errors, size_t n,
                           double alarms, WnError *error) {
  size_t n_exits = (size_t)task->scores->n_exits;
  int *level = calloc(n_exits, sizeof *level);
  WnStatus status = level ? WN_OK : wni_fail_memory(error, "the search");
  run->relevant = wni_count_relevant(task, run->images);
  if (status == WN_OK)
    status = start(&run->grid, &run->search, task, run->images, (WniAllowed){errors[n - 1], alarms},
                   WNI_LEVELS, NULL, error);
  if (status == WN_OK) wni_search_path(&run->search);
  for (size_t i = 0; status == WN_OK && run->thresholds && i < n; i++) {
    wni_search_best(&run->search, wni_count_allowed(errors[i], run->relevant), level);
    copy_thresholds(&run->grid, level, run->thresholds + i * n_exits);
  }
  free(level);
  return status;
}

/* Errors beyond the whole network's.  With a watch query, what it gains does not make up for what
 * it loses: of the few images that are watched, that was chance (queries for one class of CIFAR-10
 * gained 1 point of 500 images and lost 2 of 500 others). */
static int64_t net_errors(const WniTask *task, const WniOutcome *o) {
  return task->watched ? (int64_t)o->losses : (int64_t)o->right_full - (int64_t)o->right;
}

/* Searches more around the best for so many losses, and puts what it finds into `thresholds`
 * [n_exits] unless that goes beyond the limit. */
static WnStatus polish(Run *run, const WniTask *task, int64_t losses, int64_t limit,
                       double *thresholds, WnError *error) {
  size_t n_exits = (size_t)task->scores->n_exits;
  int *level = calloc(n_exits, sizeof *level);
  double *polished = calloc(n_exits, sizeof *polished);
  WnStatus status = level && polished ? WN_OK : wni_fail_memory(error, "the search");
  WniOutcome o;
  if (status == WN_OK) {
    wni_search_polish(&run->search, losses);
    wni_search_best(&run->search, losses, level);
    copy_thresholds(&run->grid, level, polished);
    status = wni_simulate(task, run->images, polished, &o, NULL, NULL, error);
  }
  if (status == WN_OK && net_errors(task, &o) <= limit)
    memcpy(thresholds, polished, n_exits * sizeof *thresholds);
  free(level);
  free(polished);
  return status;
}

/* The least MACs among the candidates [N_CURVE] whose errors are allowed; the first one always is.
 */
static size_t cheapest(const WniOutcome *outcomes, const int64_t *net, int64_t allowed) {
  size_t best = 0;
  for (size_t i = 1; i < N_CURVE; i++)
    if (net[i] <= allowed && outcomes[i].macs < outcomes[best].macs) best = i;
  return best;
}

WnStatus wni_method_curve(const WniTask *task, WniImages images, const double *errors, size_t n,
                          double alarms, double *thresholds, WnError *error) {
  size_t n_exits = (size_t)task->scores->n_exits;
  double losses[N_CURVE];
  int64_t net[N_CURVE];
  WniOutcome outcomes[N_CURVE];
  double *found = calloc(N_CURVE * n_exits, sizeof *found);
  Run run = {.images = images, .thresholds = found};
  WnStatus status = found ? WN_OK : wni_fail_memory(error, "the search");
  if (n == 0) goto end;
  spread_losses(wni_count_losses(task, images, errors[n - 1]), losses, N_CURVE);
  if (status == WN_OK) status = run_search(&run, task, losses, N_CURVE, alarms, error);
  for (size_t i = 0; status == WN_OK && i < N_CURVE; i++) {
    status = wni_simulate(task, images, found + i * n_exits, &outcomes[i], NULL, NULL, error);
    if (status == WN_OK) net[i] = net_errors(task, &outcomes[i]);
  }
  for (size_t i = 0; status == WN_OK && i < n; i++) {
    int64_t allowed = wni_count_allowed(errors[i], run.relevant);
    size_t best = cheapest(outcomes, net, allowed);
    double *out = thresholds + i * n_exits;
    memcpy(out, found + best * n_exits, n_exits * sizeof *found);
    status = polish(&run, task, wni_count_allowed(losses[best], run.relevant), allowed, out, error);
  }
end:
  run_clear(&run);
  free(found);
  return status;
}

/* Everything that can be done side by side: run 0 with all images, the others without those of
 * one fold, on which their thresholds are then tried; those of run 0 are tried on all. */
typedef struct Joint {
  const WniTask *task;
  double limit, alarms;  /* what is allowed */
  double tries[N_TRIES]; /* losses */
  Run runs[1 + N_FOLDS];
  WniImages held[1 + N_FOLDS];
  int64_t net[1 + N_FOLDS][N_TRIES]; /* errors on the images held out */
  WnStatus status[1 + N_FOLDS];
  WnError error[1 + N_FOLDS];
  atomic_int next;
} Joint;

static bool prepare_all(Joint *joint) {
  size_t n_exits = (size_t)joint->task->scores->n_exits;
  joint->held[0] = joint->runs[0].images;
  joint->runs[0].thresholds = calloc(N_TRIES * n_exits, sizeof(double));
  spread_losses(wni_count_losses(joint->task, joint->held[0], joint->limit), joint->tries, N_TRIES);
  return joint->runs[0].thresholds != NULL;
}

/* The fold in which image i of n is held out: in a list sorted by class every fold has its share;
 * of a stream it is a piece that the others have not seen. */
static size_t fold_of(const WniTask *task, size_t i, size_t n) {
  return task->in_order ? i * N_FOLDS / n : i % N_FOLDS;
}

static bool split_fold(Joint *joint, int r) {
  WniImages all = joint->runs[0].images;
  size_t n_held = 0, n_kept = 0, h = 0, fold = (size_t)r - 1;
  size_t n_exits = (size_t)joint->task->scores->n_exits;
  uint32_t *index = malloc((all.n + 1) * sizeof *index);
  joint->runs[r].thresholds = calloc(N_TRIES * n_exits, sizeof(double));
  for (size_t i = 0; i < all.n; i++) n_held += fold_of(joint->task, i, all.n) == fold;
  joint->held[r] = (WniImages){index, n_held};
  joint->runs[r].images = (WniImages){index + n_held, all.n - n_held};
  for (size_t i = 0; index && i < all.n; i++)
    index[fold_of(joint->task, i, all.n) == fold ? h++ : n_held + n_kept++] = all.index[i];
  return index && joint->runs[r].thresholds;
}

static void try_thresholds(Joint *joint, int r) {
  const WniTask *task = joint->task;
  size_t n_exits = (size_t)task->scores->n_exits;
  for (size_t i = 0; i < N_TRIES && joint->status[r] == WN_OK; i++) {
    const double *thresholds = joint->runs[r].thresholds + i * n_exits;
    WniOutcome o;
    joint->net[r][i] = i ? joint->net[r][i - 1] : 0;
    if (i && memcmp(thresholds, thresholds - n_exits, n_exits * sizeof *thresholds) == 0) continue;
    joint->status[r] =
        wni_simulate(task, joint->held[r], thresholds, &o, NULL, NULL, &joint->error[r]);
    joint->net[r][i] = net_errors(task, &o);
  }
}

/* Each thread takes the next run until there is none; they wait for nothing in between. */
static void joint_body(void *context, WniThread thread) {
  Joint *joint = context;
  for (int r; (r = joint->next++) <= N_FOLDS;) {
    Run *run = &joint->runs[r];
    if (run->images.n == 0) continue;
    joint->status[r] =
        run_search(run, joint->task, joint->tries, N_TRIES, joint->alarms, &joint->error[r]);
    try_thresholds(joint, r);
    if (r > 0) run_clear(run);
  }
}

/* The last try before one goes beyond the limit: on all images, or on those held out, where the
 * mean with its neighbours is taken against chance. */
static int choose_try(const Joint *joint, int64_t limit) {
  int chosen = 0;
  for (int i = 1; i < N_TRIES && chosen == i - 1; i++) {
    int last = i + 1 < N_TRIES ? i + 1 : i;
    int64_t net = 0;
    for (int r = 1; r <= N_FOLDS; r++)
      for (int k = i - 1; k <= last; k++) net += joint->net[r][k];
    if (net <= limit * (last - i + 2) && joint->net[0][i] <= limit) chosen = i;
  }
  return chosen;
}

/* The search over all images with the losses that were chosen. */
static WnStatus finish(Joint *joint, double *thresholds, WnError *error) {
  Run *run = &joint->runs[0];
  size_t n_exits = (size_t)joint->task->scores->n_exits;
  int64_t limit = wni_count_allowed(joint->limit, run->relevant);
  int chosen = choose_try(joint, limit);
  memcpy(thresholds, run->thresholds + (size_t)chosen * n_exits, n_exits * sizeof *thresholds);
  return polish(run, joint->task, wni_count_allowed(joint->tries[chosen], run->relevant), limit,
                thresholds, error);
}

WnStatus wni_method_joint(const WniTask *task, WniImages images, WniAllowed allowed, int threads,
                          double *thresholds, WnError *error) {
  Joint *joint = calloc(1, sizeof *joint);
  if (!joint) return wni_fail_memory(error, "the search");
  joint->task = task;
  joint->limit = allowed.errors;
  joint->alarms = allowed.alarms;
  joint->runs[0].images = images;
  bool enough = prepare_all(joint);
  for (int r = 1; r <= N_FOLDS; r++) enough = split_fold(joint, r) && enough;
  WnStatus status = enough ? WN_OK : wni_fail_memory(error, "the search");
  if (enough) wni_parallel_run(threads, joint_body, joint);
  for (int r = 0; r <= N_FOLDS && status == WN_OK; r++) {
    status = joint->status[r];
    if (status != WN_OK && error) *error = joint->error[r];
  }
  if (status == WN_OK) status = finish(joint, thresholds, error);
  for (int r = 0; r <= N_FOLDS; r++) {
    run_clear(&joint->runs[r]);
    free(joint->runs[r].thresholds);
    if (r > 0) free((uint32_t *)joint->held[r].index);
  }
  free(joint);
  return status;
}
