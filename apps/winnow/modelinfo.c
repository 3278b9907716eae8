/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An INI file: [modelinfo], then a group for each tensor.  -1 stands for any size.
 */
#include "modelinfo.h"

#include <string.h>

static bool is_group_name(const char *name) {
  if (*name == '\0' || strcmp(name, "modelinfo") == 0) return false;
  for (; *name != '\0'; name++)
    if (*name == '[' || *name == ']' || g_ascii_iscntrl(*name)) return false;
  return true;
}

static void add_number(GString *text, double number) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(text, g_ascii_formatd(digits, sizeof digits, "%.9g", number));
}

/* What black and white become, for each channel in the order of the network. */
static void add_ranges(GString *text, const WnInputInfo *input) {
  const bool bgr = strcmp(input->order, "bgr") == 0;
  g_string_append(text, "ranges=");
  for (int c = 0; c < input->channels; c++) {
    const int from = bgr && input->channels == 3 ? 2 - c : c;
    if (c > 0) g_string_append_c(text, ';');
    add_number(text, 0.0 - input->mean[from] / input->std[from]);
    g_string_append_c(text, ',');
    add_number(text, (1.0 - input->mean[from]) / input->std[from]);
  }
  g_string_append_c(text, '\n');
}

static void add_input(GString *text, const WnInputInfo *input) {
  g_string_append_printf(text, "\n[%s]\ndir=input\ntype=%s\n", input->name, input->element_type);
  g_string_append_printf(text, input->nhwc ? "dims=-1,-1,-1,%d\n" : "dims=-1,%d,-1,-1\n",
                         input->channels);
  add_ranges(text, input);
}

/* A tensor that is not the classes', such as that of an exit, has a name of its own. */
static void add_output(GString *text, const WnOutputInfo *output, const char *type,
                       const char *id) {
  g_string_append_printf(text, "\n[%s]\ndir=output\ntype=%s\ndims=", output->name, type);
  for (int d = 0; d < output->rank; d++) {
    const int64_t size = d == 0 && output->rank > 1 ? -1 : output->shape[d]; /* the batch */
    g_string_append_printf(text, "%s%" G_GINT64_FORMAT, d == 0 ? "" : ",", size);
  }
  g_string_append_printf(text, "\nid=%s%s\ndims-order=row-major\n", id != NULL ? id : "winnow-",
                         id != NULL ? "" : output->name);
}

GString *modelinfo_text(const WnModel *model) {
  const WnModelInfo *info = wn_model_info(model);
  const WnInputInfo *input = &info->inputs[0];
  const char *group = info->scores == WN_SCORES_LOGITS ? "classification-generic-out"
                                                       : "classification-generic-softmaxed-out";
  if (info->n_inputs != 1 || input->channels == 0 || info->scores == WN_SCORES_SIGMOID ||
      !is_group_name(input->name))
    return NULL;
  GString *text = g_string_new("[modelinfo]\nversion=1.0\n");
  g_string_append_printf(text, "group-id=%s\n", group);
  add_input(text, input);
  const char *type = strcmp(input->element_type, "float16") == 0 ? "float16" : "float32";
  for (int i = 0; i < wn_model_n_outputs(model); i++) {
    const WnOutputInfo *output = wn_model_output(model, i);
    if (!is_group_name(output->name)) {
      g_string_free(text, TRUE);
      return NULL;
    }
    add_output(text, output, type, strcmp(output->name, info->scores_output) == 0 ? group : NULL);
  }
  return text;
}
