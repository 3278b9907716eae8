/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See list.h.
 */
#include "base/list.h"

#include "base/error.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale; /* written once; (locale_t)0 if the system has no memory for it */

static void make_locale(void) {
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool wni_list_next(const char **text, const char *end, char separator, const char **item,
                   size_t *length) {
  if (!*text) return false;
  const char *begin = *text;
  const char *stop = begin < end ? memchr(begin, separator, (size_t)(end - begin)) : NULL;
  *text = stop ? stop + 1 : NULL;
  if (!stop) stop = end;
  while (begin < stop && is_blank(*begin)) begin++;
  while (stop > begin && is_blank(stop[-1])) stop--;
  *item = begin;
  *length = (size_t)(stop - begin);
  return true;
}

static bool parse_number(const char *item, size_t length, double *out) {
  char copy[64], *end;
  if (length == 0 || length >= sizeof copy) return false;
  memcpy(copy, item, length);
  copy[length] = 0;
  pthread_once(&locale_once, make_locale);
  *out = c_locale ? strtod_l(copy, &end, c_locale) : strtod(copy, &end);
  return *end == 0 && isfinite(*out);
}

void wni_number_text(double number, char out[WNI_NUMBER_BYTES]) {
  double back;
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(out, WNI_NUMBER_BYTES, "%.*g", digits, number);
    for (char *at = out; *at; at++)
      if (!strchr("0123456789+-e", *at)) *at = '.'; /* some locales' point is none */
    if (parse_number(out, strlen(out), &back) && back == number) return;
  }
}

WnStatus wni_list_numbers(const char *text, size_t length, double *out, int count, const char *what,
                          WnError *error) {
  const char *end = text + length, *item;
  size_t item_length;
  int n = 0;
  while (wni_list_next(&text, end, ',', &item, &item_length)) {
    double value;
    if (!parse_number(item, item_length, &value))
      return wni_fail(error, WN_ERROR_ARGUMENT, "%s: '%.*s' is not a number", what,
                      item_length > 60 ? 60 : (int)item_length, item);
    if (n < count) out[n] = value;
    n++;
  }
  if (n != count)
    return wni_fail(error, WN_ERROR_ARGUMENT, "%s: %d number%s where %d %s expected", what, n,
                    n == 1 ? "" : "s", count, count == 1 ? "is" : "are");
  return WN_OK;
}

static WnStatus fail_label(const char *item, size_t length, const WniLabels *labels,
                           const char *what, WnError *error) {
  const char *const *label = labels->label;
  int n = labels->n;
  return wni_fail(error, WN_ERROR_ARGUMENT,
                  "%s: '%.*s' is not a label of the model; its labels are %s%s%s%s%s...", what,
                  length > 60 ? 60 : (int)length, item, label[0], n > 1 ? ", " : "",
                  n > 1 ? label[1] : "", n > 2 ? ", " : "", n > 2 ? label[2] : "");
}

/* Labels go first: then a label whose first class is set has been met, and what has it is not gone
 * through for every time that somebody writes it. */
WnStatus wni_list_labels(const char *text, size_t length, const WniLabels *labels, bool *set,
                         const char *what, WnError *error) {
  const char *end = text + length, *at = text, *item;
  size_t n;
  memset(set, 0, (size_t)labels->n * sizeof *set);
  while (wni_list_next(&at, end, ',', &item, &n)) {
    int first = wni_labels_find(labels, item, n);
    if (first >= 0 && !set[first]) wni_labels_set(labels, first, set);
    if (first < 0 && wni_labels_find_index(labels, item, n) < 0)
      return fail_label(item, n, labels, what, error);
  }
  for (at = text; wni_list_next(&at, end, ',', &item, &n);)
    if (wni_labels_find(labels, item, n) < 0) set[wni_labels_find_index(labels, item, n)] = true;
  return WN_OK;
}
