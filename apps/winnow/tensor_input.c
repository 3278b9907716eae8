/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A network's inputs read from .npy files; see tensor_input.h.
 */
#include "tensor_input.h"

#include <string.h>

#include <glib.h>

#include "npy.h"
#include "report.h"
#include "text.h"

static bool check_shape(const char *path, const NpyArray *array, const WnInputInfo *input) {
  if (array->rank == input->rank &&
      memcmp(array->shape, input->shape, (size_t)array->rank * sizeof(int64_t)) == 0)
    return true;
  char *given = text_shape(array->shape, array->rank);
  char *wanted = text_shape(input->shape, input->rank);
  report("%s: the shape is %s, but input '%s' takes %s", path, given, input->name, wanted);
  g_free(wanted);
  g_free(given);
  return false;
}

/* The file that is meant for this input; NULL: none.  One input needs no name. */
static const char *find_path(const WnModelInfo *info, const WnInputInfo *input,
                             char *const *given) {
  size_t length = strlen(input->name);
  for (; *given != NULL; given++) {
    if (strncmp(*given, input->name, length) == 0 && (*given)[length] == '=')
      return *given + length + 1;
    if (info->n_inputs == 1) return *given;
  }
  return NULL;
}

static bool set_input(WnSession *session, const WnModelInfo *info, int32_t index,
                      const char *path) {
  NpyArray array = {0};
  WnError error = {0};
  if (!npy_read(path, &array)) return false;
  bool done = check_shape(path, &array, &info->inputs[index]);
  if (done && wn_session_set_input(session, index, array.data, array.n_elements, &error) != WN_OK) {
    report("%s: %s", path, error.message);
    done = false;
  }
  g_free(array.data);
  return done;
}

bool tensor_inputs_set(WnSession *session, const WnModelInfo *info, char *const *given) {
  guint n = g_strv_length((char **)given);
  for (int32_t i = 0; i < info->n_inputs; i++) {
    const char *path = find_path(info, &info->inputs[i], given);
    if (path == NULL) {
      report("--input: nothing is given for input '%s' of %s; give --input NAME=X.npy for each of "
             "its %d inputs",
             info->inputs[i].name, info->id, info->n_inputs);
      return false;
    }
    if (!set_input(session, info, i, path)) return false;
  }
  if (n == (guint)info->n_inputs) return true;
  report("--input: %u are given, %s has %d input%s", n, info->id, info->n_inputs,
         info->n_inputs == 1 ? "" : "s");
  return false;
}
