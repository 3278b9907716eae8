/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A network's input read from a .npy file; see tensor_input.h.
 */
#include "tensor_input.h"

#include <string.h>

#include <glib.h>

#include "report.h"
#include "text.h"

static bool check_shape(const char *path, const NpyArray *input, const WnModelInfo *info) {
  if (input->rank == info->input_rank &&
      memcmp(input->shape, info->input_shape, (size_t)input->rank * sizeof(int64_t)) == 0)
    return true;
  char *given = text_shape(input->shape, input->rank);
  char *wanted = text_shape(info->input_shape, info->input_rank);
  report("%s: the shape is %s, but %s takes %s", path, given, info->id, wanted);
  g_free(wanted);
  g_free(given);
  return false;
}

bool tensor_input_read(const char *path, const WnModelInfo *info, NpyArray *array) {
  if (!npy_read(path, array)) return false;
  if (check_shape(path, array, info)) return true;
  g_clear_pointer(&array->data, g_free);
  return false;
}
