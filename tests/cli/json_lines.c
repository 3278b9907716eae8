/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What test_json.py reads back.  Each line of standard input has the bits of a double, those of a
 * float and the bytes of a text, all in hexadecimal; printed are the result, with the double as its
 * confidence, and then the same values as the commands write them.
 */
#include <glib.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/result.h>

#include "json.h"

enum { MOST = 200 };

static void print_both(double wide, float narrow, const char *text) {
  int32_t survivors[] = {0, 1}, stages[] = {2};
  const char *labels[] = {text, "b"};
  double scores[] = {wide, (double)narrow};
  WnResult result = {.label = text,
                     .confidence = wide,
                     .group = "",
                     .stage_count = 1,
                     .n_survivors = 2,
                     .survivors = survivors,
                     .survivor_labels = labels,
                     .survivor_scores = scores,
                     .survivor_count = 2,
                     .n_stages_evaluated = 1,
                     .survivors_per_stage = stages,
                     .model_id = "m@0"};
  json_t *first = json_object();
  put_text(first, "image", text);
  print_result(first, &result);
  json_t *json = json_object();
  put_text(json, "label", text);
  put_reals(json, "survivor-scores", scores, 2);
  put_texts(json, "survivor-labels", labels, 2);
  print_json(json);
}

int main(void) {
  char line[4 * MOST], text[MOST];
  setlocale(LC_ALL, "");
  while (fgets(line, sizeof line, stdin) != NULL) {
    guint64 wide_bits = g_ascii_strtoull(line, NULL, 16);
    guint32 narrow_bits = (guint32)g_ascii_strtoull(line + 17, NULL, 16);
    double wide;
    float narrow;
    size_t n = 0;
    memcpy(&wide, &wide_bits, sizeof wide);
    memcpy(&narrow, &narrow_bits, sizeof narrow);
    for (const char *at = line + 26; g_ascii_isxdigit(*at) && n + 1 < sizeof text; at += 2)
      text[n++] = (char)(g_ascii_xdigit_value(at[0]) << 4 | g_ascii_xdigit_value(at[1]));
    text[n] = '\0';
    print_both(wide, narrow, text);
  }
  return EXIT_SUCCESS;
}
