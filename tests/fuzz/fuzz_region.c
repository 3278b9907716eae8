/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Regions that nobody meant: an input is the text of a list.  It may be refused; what is read lies,
 * once it is placed, inside the frame, and its name is one that can stand in a line of JSON.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_region [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include <winnow/region.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const WnError *error) {
  if (error->status != WN_ERROR_ARGUMENT || !error->message[0]) abort();
  if (strpbrk(error->message, "\n\r\033")) abort();
}

static void check_name(const char *name) {
  if (!memchr(name, 0, WN_REGION_MAX_NAME) || strpbrk(name, ",:;\n\r\t\033")) abort();
}

static void check_place(const WnRegion *region, int32_t width, int32_t height) {
  WnRect rect;
  WnError error = {0};
  if (wn_region_place(region, width, height, &rect, &error) != WN_OK) {
    check_error(&error);
    return;
  }
  if (rect.x < 0 || rect.y < 0 || rect.width < 1 || rect.height < 1 ||
      rect.x > width - rect.width || rect.y > height - rect.height)
    abort();
}

static void check(const WnRegion *region) {
  static const int32_t sides[][2] = {{1, 1}, {640, 480}, {3, 16384}, {16384, 16384}};
  check_name(region->name);
  if (!(region->width > 0 && region->height > 0)) abort();
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
    check_place(region, sides[i][0], sides[i][1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = strndup((const char *)data, size);
  WnRegion one, list[WN_MAX_IGNORED];
  WnError error = {0};
  size_t n = 0;
  if (wn_region_parse(text, &one, &error) == WN_OK)
    check(&one);
  else
    check_error(&error);
  error = (WnError){0};
  if (wn_region_parse_list(text, list, &n, &error) != WN_OK) check_error(&error);
  for (size_t i = 0; i < n; i++) check(&list[i]);
  free(text);
  return 0;
}

#ifndef FUZZER

#include "draw.h"

/* Pieces of regions, in about the right order. */
static size_t make(char *to, size_t room) {
  static const char *const pieces[] = {"0",       "1",    "0.5",  "-3",   "640",
                                       "1e300",   "-0.0", "0x10", "1e-9", "99999999999999999999",
                                       "nan",     "",     " ",    "\t",   "\n",
                                       "door",    ":",    ";",    ".",    "\xC3\xBC",
                                       "\xff",    "\x1b", "100",  "4.0",  "65536",
                                       "-65536.0"};
  size_t length = 0;
  for (uint32_t regions = 1 + (draw(4) ? 0 : draw(20)); regions > 0; regions--) {
    if (draw(3) == 0) length += (size_t)snprintf(to + length, room - length, "r%u:", draw(100));
    for (uint32_t parts = draw(5) ? 4 : draw(7); parts > 0; parts--) {
      const char *piece = draw(3) ? pieces[draw(5)] : pieces[draw(sizeof pieces / sizeof *pieces)];
      length += (size_t)snprintf(to + length, room - length, "%s%s", piece, parts > 1 ? "," : "");
    }
    if (regions > 1) length += (size_t)snprintf(to + length, room - length, ";");
  }
  if (length > 0 && draw(6) == 0) to[draw((uint32_t)length)] = (char)draw(256);
  return length;
}

int main(int argc, char **argv) {
  return draw_inputs(argc, argv, make, LLVMFuzzerTestOneInput);
}

#endif
