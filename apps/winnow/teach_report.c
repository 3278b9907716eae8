/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See teach_report.h.
 */
#include "teach_report.h"

#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "text.h"

enum {
  MAX_MATRIX = 12, /* classes; of more only the pairs that were confused are shown */
  MAX_PAIRS = 20,
  MAX_DOUBTFUL = 10,
  MAX_LABEL_CHARACTERS = 24,
  MAX_COLUMN_CHARACTERS = 10,
  MAX_TAP_CHARACTERS = 32,
  MAX_PATH_CHARACTERS = 50
};

/* What is promised unless photos are few. */
#define USUAL_REJECTED 0.0101

/* A right answer as sure as this is no reason to look at a photo. */
#define SURE 0.9

static double saved(const WnTeaching *found) {
  return 1 - found->macs_mean / (double)found->macs_full;
}

static uint64_t confused(const WnTeaching *found, int32_t truth, int32_t answer) {
  return found->confusion[(size_t)truth * (size_t)(found->n_classes + 1) + (size_t)answer];
}

/* Whether photos were parted as it was asked for, or, for want of times or groups, at random. */
static const char *grouped_by(const TeachReport *report) {
  return report->found->blocks ? report->group_by : "none";
}

/* NULL: nothing. */
static const char *label_of(const TeachReport *report, int32_t class_index) {
  bool is_class = class_index >= 0 && class_index < report->found->n_classes;
  return is_class ? report->labels[class_index] : NULL;
}

/* ---- JSON ----------------------------------------------------------------- */

static void put_classes(json_t *json, const TeachReport *report) {
  json_t *classes = put_array(json, "classes");
  for (int32_t c = 0; c < report->found->n_classes; c++) {
    json_t *class = put_object(classes, NULL);
    put_text(class, "label", report->labels[c]);
    put_count(class, "images", report->found->photos_per_class[c]);
  }
}

static void put_confusion(json_t *json, const WnTeaching *found) {
  json_t *rows = put_array(json, "confusion");
  for (int32_t c = 0; c < found->n_classes; c++)
    put_counts(rows, NULL, &found->confusion[(size_t)c * (size_t)(found->n_classes + 1)],
               found->n_classes + 1);
}

static void put_doubtful(json_t *json, const TeachReport *report) {
  json_t *doubtful = put_array(json, "doubtful");
  for (int32_t i = 0; i < report->found->n_doubtful; i++) {
    const WnTeachDoubt *doubt = &report->found->doubtful[i];
    json_t *photo = put_object(doubtful, NULL);
    put_text(photo, "image", report->paths[doubt->photo]);
    put_text(photo, "label", report->labels[report->truth[doubt->photo]]);
    put_text(photo, "answer", label_of(report, doubt->answer));
    put_real(photo, "confidence", doubt->confidence);
  }
}

static void put_taps(json_t *json, const WnTeaching *found) {
  json_t *taps = put_array(json, "taps");
  for (int32_t i = 0; i <= found->n_exits; i++) {
    json_t *tap = put_object(taps, NULL);
    put_text(tap, "name", found->taps[i]);
    put_real(tap, "macs", found->tap_macs[i]);
    put_real(tap, "threshold", i < found->n_exits ? found->thresholds[i] : NAN);
    put_count(tap, "images", found->exits[i]);
  }
}

void teach_print_json(const TeachReport *report) {
  const WnTeaching *found = report->found;
  json_t *json = json_object();
  put_count(json, "images", found->photos);
  put_classes(json, report);
  put_real(json, "accuracy", found->accuracy);
  put_real(json, "accuracy-low", found->accuracy_low);
  put_real(json, "accuracy-high", found->accuracy_high);
  put_real(json, "accuracy-full", found->accuracy_full);
  put_real(json, "mac-reduction", saved(found));
  put_real(json, "macs-mean", found->macs_mean);
  put_count(json, "macs-full", found->macs_full);
  put_real(json, "rejected", found->rejected);
  put_real(json, "max-rejected", found->max_rejected);
  put_confusion(json, found);
  put_doubtful(json, report);
  put_taps(json, found);
  put_text(json, "resize", wn_teach_resize_name(found->resize));
  put_text(json, "group-by", grouped_by(report));
  put_real(json, "seconds", report->seconds);
  put_text(json, "model", report->model);
  print_json(json);
}

/* ---- Text ----------------------------------------------------------------- */

/* Cleaned; to be freed with g_free(). */
static char *answer_text(const TeachReport *report, int32_t class_index) {
  const char *label = label_of(report, class_index);
  return text_clean(label != NULL ? label : "nothing");
}

/* Behind two spaces, padded on the left or cut to `width` characters. */
static void print_right(const char *text, size_t width) {
  char *clean = text_clean(text);
  size_t length = (size_t)g_utf8_strlen(clean, -1);
  if (length > width) {
    char *cut = text_column(clean, width);
    g_free(clean);
    clean = cut;
    length = width;
  }
  printf("  %*s%s", (int)(width - length), "", clean);
  g_free(clean);
}

static const char *validation(const TeachReport *report) {
  if (!report->found->blocks) return "at random, as if no photo had neighbours";
  return strcmp(report->group_by, "name") == 0 ? "in groups of names" : "in blocks of time";
}

static void print_head(const TeachReport *report) {
  const WnTeaching *found = report->found;
  char *model = text_clean(report->model);
  char *accuracy = text_percent(found->accuracy), *full = text_percent(found->accuracy_full);
  char *low = text_percent(found->accuracy_low), *high = text_percent(found->accuracy_high);
  char *mean = text_count(found->macs_mean), *whole = text_count((double)found->macs_full);
  char *less = text_percent(saved(found));
  printf("%s: %d classes from %" G_GUINT64_FORMAT " photos in %.1f s\n", model, found->n_classes,
         found->photos, report->seconds);
  printf("  accuracy  %s, between %s and %s on new photos with 95 %% confidence (without exits: "
         "%s)\n",
         accuracy, low, high, full);
  printf("  found by  cross-validation %s\n", validation(report));
  printf("  resize    %s\n", wn_teach_resize_name(found->resize));
  printf("  MACs      %s a photo of %s, %s saved\n", mean, whole, less);
  char *strings[] = {model, accuracy, full, low, high, mean, whole, less};
  for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) g_free(strings[i]);
}

static void print_nothing(const TeachReport *report) {
  const WnTeaching *found = report->found;
  bool is_least = report->as_few_as_possible && found->max_rejected > USUAL_REJECTED;
  if (found->max_rejected > 0) {
    char *rejected = text_percent(found->rejected), *most = text_percent(found->max_rejected);
    printf("  nothing   %s of known photos, %s promised at most%s\n", rejected, most,
           is_least ? ": so few photos allow no less" : "");
    g_free(most);
    g_free(rejected);
  } else {
    printf("  nothing   never said of what is unknown: there are no floors\n");
  }
}

static void print_taps(const WnTeaching *found) {
  size_t width =
      MAX(text_width(found->taps, found->n_exits + 1, MAX_TAP_CHARACTERS), strlen("tap"));
  printf("\n%-*s %8s %10s %8s %8s\n", (int)width, "tap", "MACs", "threshold", "photos", "share");
  for (int32_t i = 0; i <= found->n_exits; i++) {
    char *name = text_path_column(found->taps[i], width);
    char *macs = text_percent(found->tap_macs[i]);
    char *threshold =
        i < found->n_exits ? g_strdup_printf("%.4g", found->thresholds[i]) : g_strdup("-");
    char *share = text_percent((double)found->exits[i] / (double)found->photos);
    printf("%s %8s %10s %8" G_GUINT64_FORMAT " %8s\n", name, macs, threshold, found->exits[i],
           share);
    g_free(share);
    g_free(threshold);
    g_free(macs);
    g_free(name);
  }
}

static bool says_nothing(const WnTeaching *found) {
  uint64_t n = 0;
  for (int32_t c = 0; c < found->n_classes; c++) n += confused(found, c, found->n_classes);
  return n > 0 || found->max_rejected > 0;
}

static void print_matrix(const TeachReport *report) {
  const WnTeaching *found = report->found;
  const int32_t n_answers = found->n_classes + (says_nothing(found) ? 1 : 0);
  size_t label = text_width(report->labels, found->n_classes, MAX_LABEL_CHARACTERS);
  size_t column = text_width(report->labels, found->n_classes, MAX_COLUMN_CHARACTERS);
  label = MAX(label, strlen("class"));
  column = MAX(column, strlen("nothing"));
  printf("\n%-*s", (int)label, "class");
  for (int32_t a = 0; a < n_answers; a++) {
    char *answer = answer_text(report, a);
    print_right(answer, column);
    g_free(answer);
  }
  puts("  <- answer");
  for (int32_t c = 0; c < found->n_classes; c++) {
    char *name = text_column(report->labels[c], label);
    fputs(name, stdout);
    for (int32_t a = 0; a < n_answers; a++)
      printf("  %*" G_GUINT64_FORMAT, (int)column, confused(found, c, a));
    putchar('\n');
    g_free(name);
  }
}

typedef struct Pair {
  uint64_t n;
  int32_t truth, answer;
} Pair;

static int most_first(const void *a, const void *b) {
  const Pair *p = a, *q = b;
  if (p->n != q->n) return p->n < q->n ? 1 : -1;
  return p->truth != q->truth ? p->truth - q->truth : p->answer - q->answer;
}

static void print_pairs(const TeachReport *report) {
  const WnTeaching *found = report->found;
  GArray *pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
  for (int32_t c = 0; c < found->n_classes; c++)
    for (int32_t a = 0; a <= found->n_classes; a++) {
      Pair pair = {confused(found, c, a), c, a};
      if (a != c && pair.n > 0) g_array_append_val(pairs, pair);
    }
  g_array_sort(pairs, most_first);
  puts(pairs->len > 0 ? "\nanswered wrongly" : "\nno photo was answered wrongly");
  for (guint i = 0; i < MIN(pairs->len, MAX_PAIRS); i++) {
    const Pair *pair = &g_array_index(pairs, Pair, i);
    char *truth = text_clean(report->labels[pair->truth]);
    char *answer = answer_text(report, pair->answer);
    printf("  %4" G_GUINT64_FORMAT " of %s with %s\n", pair->n, truth, answer);
    g_free(answer);
    g_free(truth);
  }
  if (pairs->len > MAX_PAIRS) printf("  and %u more pairs\n", pairs->len - MAX_PAIRS);
  g_array_unref(pairs);
}

/* Whether it would be worth a look: of easy photos the least sure is sure. */
static bool is_worth_telling(const TeachReport *report, const WnTeachDoubt *doubt) {
  return doubt->answer != report->truth[doubt->photo] || doubt->confidence < SURE;
}

static void print_doubt(const TeachReport *report, const WnTeachDoubt *doubt, size_t path_width,
                        size_t label_width) {
  char *image = text_path_column(report->paths[doubt->photo], path_width);
  char *truth = text_column(report->labels[report->truth[doubt->photo]], label_width);
  char *clean = answer_text(report, doubt->answer);
  char *answer = text_column(clean, label_width);
  printf("  %s  %s  %s %6.1f %%\n", image, truth, answer, 100 * doubt->confidence);
  g_free(answer);
  g_free(clean);
  g_free(truth);
  g_free(image);
}

static void print_doubtful(const TeachReport *report) {
  const WnTeaching *found = report->found;
  const WnTeachDoubt *told[MAX_DOUBTFUL];
  size_t label = text_width(report->labels, found->n_classes, MAX_LABEL_CHARACTERS), path = 0;
  int n = 0;
  for (int32_t i = 0; i < found->n_doubtful && n < MAX_DOUBTFUL; i++)
    if (is_worth_telling(report, &found->doubtful[i])) told[n++] = &found->doubtful[i];
  for (int i = 0; i < n; i++)
    path = MAX(path, text_width(&report->paths[told[i]->photo], 1, MAX_PATH_CHARACTERS));
  if (n > 0) puts("\nleast sure of these, which may be wrongly sorted: photo, class, answer");
  for (int i = 0; i < n; i++) print_doubt(report, told[i], path, MAX(label, strlen("nothing")));
}

void teach_print_text(const TeachReport *report) {
  print_head(report);
  print_nothing(report);
  print_taps(report->found);
  if (report->found->n_classes <= MAX_MATRIX)
    print_matrix(report);
  else
    print_pairs(report);
  print_doubtful(report);
}
