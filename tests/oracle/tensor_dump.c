/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a network gets of picture files as `winnow classify` reads them: test_resize.py and
 * tests/peers/zoo start it as `tensor_dump MODEL PICTURE...`.  Per picture it writes the tensor as
 * float32.
 */
#include <stdio.h>
#include <stdlib.h>

#include <glib.h>
#include <winnow/winnow.h>

#include "image.h"

/* Whether it was written; else *problem or *error says why not. */
static bool dump(WnSession *session, const WnModelInfo *info, const char *path, float *tensor,
                 char **problem, WnError *error) {
  size_t n = info->inputs[0].n_elements;
  Image image;
  if (!image_load(path, image_enough(info, NULL), &image, problem)) return false;
  WnStatus status = wn_session_preprocess(session, &image.frame, NULL, 0, tensor, n, error);
  image_clear(&image);
  return status == WN_OK && fwrite(tensor, sizeof *tensor, n, stdout) == n;
}

int main(int argc, char **argv) {
  WnError error = {0};
  WnModel *model = NULL;
  WnSession *session = NULL;
  char *problem = NULL;
  if (argc < 3) return 2;
  bool well = wn_model_open(argv[1], NULL, &model, &error) == WN_OK &&
              wn_session_new(model, NULL, &session, &error) == WN_OK;
  const WnModelInfo *info = well ? wn_model_info(model) : NULL;
  float *tensor = well ? malloc(info->inputs[0].n_elements * sizeof *tensor) : NULL;
  for (int i = 2; i < argc && well; i++)
    well = dump(session, info, argv[i], tensor, &problem, &error);
  if (!well) fprintf(stderr, "tensor_dump: %s\n", problem != NULL ? problem : error.message);
  g_free(problem);
  free(tensor);
  wn_session_free(session);
  wn_model_unref(model);
  return well ? 0 : 1;
}
