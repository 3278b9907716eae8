/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens models and makes sessions while each allocation in turn fails, alone and with all that
 * follow: the error has to be WN_ERROR_MEMORY, not one about the file, unless it goes without.  It
 * stands in for the C library's allocator, so it is not for sanitizers.
 *
 * usage: no_memory MODEL...
 */
#include <winnow/winnow.h>

#include <stdio.h>
#include <string.h>

#include "fail.h"

/* False: there was no such call.  Whether an allocation failed, and what it said was right. */
static bool try_opening(const char *path, size_t call, bool others, bool *failed, bool *good) {
  const WnModelOptions options = {.any_graph = true};
  const WnSessionOptions one = {.threads = 1};
  WnModel *model = NULL;
  WnSession *session = NULL;
  WnError error = {0};
  fail_from_here(call, others);
  WnStatus status = wn_model_open(path, &options, &model, &error);
  if (status == WN_OK) status = wn_session_new(model, &one, &session, &error);
  fail_end();
  *failed = fail_name() && strcmp(fail_name(), FAIL_MEMORY) == 0;
  *good = status == WN_OK || (status == WN_ERROR_MEMORY && strstr(error.message, "memory"));
  if (*failed && !*good) printf("FAIL %s: call %zu: %s\n", path, call, error.message);
  wn_session_free(session);
  wn_model_unref(model);
  return fail_name();
}

int main(int argc, char **argv) {
  long tried = 0, wrong = 0;
  bool failed, good;
  for (int i = 1; i < argc; i++)
    for (int others = 0; others < 2; others++)
      for (size_t call = 1; try_opening(argv[i], call, others, &failed, &good); call++) {
        tried += failed;
        wrong += failed && !good;
      }
  printf("%ld allocations failed, %ld of them badly\n", tried, wrong);
  return wrong > 0 || tried == 0;
}
