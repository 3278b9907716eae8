/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of what an input means: where neither a user nor a file has said what its numbers are,
 * the network itself often shows it, by the type of its input, by what it computes of the pixels
 * first, or by what its first QuantizeLinear can hold.  Where that fails as well somebody should
 * hear of it.
 */
#include "session/meaning.h"

#include "base/error.h"
#include "load/onnx_write.h"

#include <math.h>
#include <string.h>

/* ---- what inputs usually hold ---- */

enum { N_RANGES = 3, N_USUAL = N_RANGES + 1 };
static const double ranges[N_RANGES][2] = {{0, 1}, {0, 255}, {-1, 1}};

/* The ranges, then the normalisation of ImageNet. */
static void list_usual(const char *source, WniInputMeaning usual[N_USUAL]) {
  memset(usual, 0, N_USUAL * sizeof *usual);
  for (int i = 0; i < N_RANGES; i++)
    wni_meaning_set_range(&usual[i], ranges[i][0], ranges[i][1], source);
  wni_meaning_preset("torchvision", source, &usual[N_RANGES], NULL);
}

static double low_of(const WniInputMeaning *m, int c) {
  return (0 - m->mean[m->n_mean == 1 ? 0 : c]) / m->std[m->n_std == 1 ? 0 : c];
}

static double high_of(const WniInputMeaning *m, int c) {
  return (1 - m->mean[m->n_mean == 1 ? 0 : c]) / m->std[m->n_std == 1 ? 0 : c];
}

/* How far [low, high] is from [right_low, right_high], as a share of the latter. */
static double miss(double low, double high, double right_low, double right_high) {
  return (fabs(low - right_low) + fabs(high - right_high)) / (right_high - right_low);
}

/* ---- what the network computes first ---- */

/* What becomes of pixels, black and white, of channel c. */
typedef struct Ends {
  double low, high;
} Ends;

static Ends front_ends(const WniFront *front, const WniInputMeaning *input, int c) {
  double low = front->scale[c] * low_of(input, c) + front->shift[c];
  double high = front->scale[c] * high_of(input, c) + front->shift[c];
  return low < high ? (Ends){low, high} : (Ends){high, low};
}

/* How far what is made of `input` is from what people make of pixels, all channels alike or as
 * ImageNet's. */
static double misfit(const WniFront *front, const WniInputMeaning *input, int channels) {
  static const Ends aims[] = {{0, 1}, {-1, 1}, {-0.5, 0.5}};
  enum { N_AIMS = sizeof aims / sizeof *aims };
  WniInputMeaning usual[N_USUAL];
  list_usual("", usual);
  double best = INFINITY;
  for (int a = 0; a <= N_AIMS; a++) {
    double worst = 0;
    for (int c = 0; c < channels; c++) {
      const WniInputMeaning *net = &usual[N_RANGES];
      Ends aim = a < N_AIMS ? aims[a] : (Ends){low_of(net, c), high_of(net, c)};
      Ends ends = front_ends(front, input, c);
      worst = fmax(worst, miss(ends.low, ends.high, aim.low, aim.high));
    }
    best = fmin(best, worst);
  }
  return best;
}

/* Learnt or unusual numbers: how far it is from a spread of 2.5 around 0, by size. */
static double strangeness(const WniFront *front, const WniInputMeaning *input, int channels) {
  double sum = 0;
  for (int c = 0; c < channels; c++) {
    Ends ends = front_ends(front, input, c);
    double spread = ends.high - ends.low;
    sum += fabs(log(spread / 2.5)) + fabs(ends.low + ends.high) / 2 / spread;
  }
  return isnan(sum) ? INFINITY : sum;
}

/* Which of the usual inputs makes sense of the network's own arithmetic: what fits exactly, else
 * the least strange range. */
static const WniInputMeaning *find_input(const WniFront *front, const WniInputMeaning *usual,
                                         int channels) {
  const double EXACT = 0.1;
  int n = channels == 3 ? N_USUAL : N_RANGES, best = 0, fitting = 0;
  for (int i = 1; i < n; i++)
    if (misfit(front, &usual[i], channels) < misfit(front, &usual[fitting], channels)) fitting = i;
  if (misfit(front, &usual[fitting], channels) < EXACT) return &usual[fitting];
  for (int i = 1; i < N_RANGES; i++)
    if (strangeness(front, &usual[i], channels) < strangeness(front, &usual[best], channels))
      best = i;
  return &usual[best];
}

/* ---- what the first QuantizeLinear holds ---- */

/* NULL: nothing that is usual. */
static const WniInputMeaning *find_held(const WniFront *front, const WniInputMeaning *usual,
                                        int channels) {
  const double NEAR = 0.1;
  const WniInputMeaning *best = NULL;
  double least = NEAR;
  for (int i = 0; i < (channels == 3 ? N_USUAL : N_RANGES); i++) {
    double low = low_of(&usual[i], 0), high = high_of(&usual[i], 0);
    for (int c = 1; c < channels; c++) {
      low = fmin(low, low_of(&usual[i], c));
      high = fmax(high, high_of(&usual[i], c));
    }
    double off = miss(front->lowest, front->highest, low, high);
    if (off >= least) continue;
    least = off;
    best = &usual[i];
  }
  return best;
}

/* ---- together ---- */

static void take_pixels(WniInputMeaning *to, const WniInputMeaning *from) {
  WniInputMeaning pixels = *from;
  for (int a = 0; a < WNI_N_ASPECTS; a++)
    if (a != WNI_MEAN && a != WNI_STD) pixels.source[a] = NULL;
  wni_meaning_take(to, &pixels);
}

/* Of 8-bit inputs everybody but a user and winnow.* keys speaks of what the network computes of
 * them. */
static bool is_final(const char *source) {
  return source && (strcmp(source, "option") == 0 || strncmp(source, "winnow.", 7) == 0);
}

/* Of a grey network a library's usual three numbers are one. */
static void use_mean(double *numbers, int *count) {
  if (*count != 3) return;
  numbers[0] = (numbers[0] + numbers[1] + numbers[2]) / 3;
  *count = 1;
}

void wni_meaning_settle(const WniShape *shape, int element_type, const WniFront *front, bool own,
                        WniInputMeaning *meaning) {
  WniInputMeaning usual[N_USUAL];
  int axis, rows;
  bool image = wni_shape_image(shape, &axis, &rows);
  int channels = image ? (int)shape->dim[axis] : 0;
  bool bytes = element_type == WNI_TENSOR_UINT8 || element_type == WNI_TENSOR_INT8;
  if (own || !image) return;
  if (bytes && !is_final(meaning->source[WNI_MEAN]) && !is_final(meaning->source[WNI_STD])) {
    double low = element_type == WNI_TENSOR_INT8 ? -128 : 0;
    wni_meaning_set_range(meaning, low, low + 255, "the input's type");
  } else if (!meaning->source[WNI_MEAN] && !meaning->source[WNI_STD]) {
    list_usual(front->computes ? "the graph" : "the first QuantizeLinear", usual);
    const WniInputMeaning *found = front->computes    ? find_input(front, usual, channels)
                                   : front->quantizes ? find_held(front, usual, channels)
                                                      : NULL;
    if (found) take_pixels(meaning, found);
  }
  if (channels == 1 && !is_final(meaning->source[WNI_MEAN]))
    use_mean(meaning->mean, &meaning->n_mean);
  if (channels == 1 && !is_final(meaning->source[WNI_STD])) use_mean(meaning->std, &meaning->n_std);
}

/* ---- what somebody should hear of ---- */

void wni_meaning_warn(const WniMetadata *metadata, const char *path,
                      char warning[WNI_WARNING_BYTES]) {
  const WniInputMeaning *input = metadata->inputs;
  const char *problem = metadata->found.problem;
  bool known =
      metadata->own || metadata->n_inputs != 1 || input->source[WNI_MEAN] || input->source[WNI_STD];
  WnError line = {.message = ""};
  if (!known)
    wni_error_set(
        &line, WN_ERROR_DATA,
        "%s%sthe model does not say what numbers its pixels shall be; red, green and blue in "
        "0..1 are assumed. If that is wrong: winnow adopt '%.100s' --preset torchvision -o "
        "OUT.onnx",
        problem, *problem ? "; " : "", path);
  else if (*problem)
    wni_error_set(&line, WN_ERROR_DATA, "%s", problem);
  memcpy(warning, line.message, WNI_WARNING_BYTES);
}
