/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Configuration files that nobody meant.  An input is a file; what is read of a section is a
 * command line of options that are known, and what cannot be read is reported once.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_config [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "memory_file.h"
#include "told.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_value;
static int number_value, flag_value;
static double real_value;
static char **list_value;

static unsigned long n_options;

static const GOptionEntry known[] = {
    {"model", 'm', 0, G_OPTION_ARG_FILENAME, &text_value, "", ""},
    {"threads", 0, 0, G_OPTION_ARG_INT, &number_value, "", ""},
    {"threshold-scale", 0, 0, G_OPTION_ARG_DOUBLE, &real_value, "", ""},
    {"group-exit", 0, 0, G_OPTION_ARG_NONE, &flag_value, "", ""},
    {"watch", 0, 0, G_OPTION_ARG_STRING_ARRAY, &list_value, "", ""},
    G_OPTION_ENTRY_NULL};

static void check_line(char **line) {
  for (char **option = line + 1; *option; option++) {
    bool is_known = false;
    for (const GOptionEntry *entry = known; entry->long_name; entry++) {
      size_t n = strlen(entry->long_name);
      is_known |= strncmp(*option, "--", 2) == 0 &&
                  strncmp(*option + 2, entry->long_name, n) == 0 &&
                  ((*option)[n + 2] == '=' || (*option)[n + 2] == '\0');
    }
    if (!is_known) abort();
    n_options++;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const sections[] = {"winnow-camera", "classify", NULL};
  char path[32], *taken[] = {"program", "--threads", "3", NULL}, *value = NULL;
  int file = memory_file(data, size, path);
  told = 0;
  char **line = config_read(path, "classify", known, known, taken);
  if ((line == NULL) != (told == 1)) abort();
  if (line) check_line(line);
  g_strfreev(line);
  lseek(file, 0, SEEK_SET); /* the descriptor itself is read, to its end */
  told = 0;
  if (!config_read_value(path, sections, "model", &value) && told != 1) abort();
  g_free(value);
  return 0;
}

#ifndef FUZZER

#include "draw.h"

/* Lines of such files, in any order. */
static size_t make(char *to, size_t room) {
  static const char *const pieces[] = {"[classify]",
                                       "\n",
                                       "[winnow-camera]",
                                       "model",
                                       "=",
                                       "a.onnx",
                                       "threads=2",
                                       "group-exit=yes",
                                       "watch=a;b",
                                       "threshold-scale",
                                       "0.5",
                                       "# so",
                                       "\xff",
                                       " ",
                                       "[",
                                       "]",
                                       "unknown=1",
                                       "\\n",
                                       "model=\\d",
                                       ";"};
  size_t length = draw(4) ? (size_t)snprintf(to, room, "[classify]\nmodel=a.onnx\n") : 0;
  for (uint32_t n = draw(draw(2) ? 4 : 30); n > 0; n--)
    length += (size_t)snprintf(to + length, room - length, "%s%s",
                               pieces[draw(sizeof pieces / sizeof *pieces)], draw(3) ? "\n" : "");
  return length;
}

int main(int argc, char **argv) {
  draw_inputs(argc, argv, make, LLVMFuzzerTestOneInput);
  printf("%lu options\n", n_options);
  return n_options == 0;
}

#endif
