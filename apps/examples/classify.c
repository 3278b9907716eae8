/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Classifies one picture with libwinnow.  To build it on its own:
 *   cc classify.c $(pkg-config --cflags --libs winnow) -o classify
 *   ./classify model.onnx picture.ppm
 * The picture is a binary PPM of 8 bits, without comments in its header.
 */
#include <stdio.h>
#include <stdlib.h>
#include <winnow/winnow.h>

int main(int argc, char **argv) {
  WnError error = {0};
  WnModel *model = NULL;
  WnSession *session = NULL;
  const WnResult *result = NULL;
  int width = 0, height = 0, status = EXIT_FAILURE;

  FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
  if (file == NULL || fscanf(file, "P6 %d %d 255%*c", &width, &height) != 2 || width < 1 ||
      height < 1 || width > WN_FRAME_MAX_SIDE || height > WN_FRAME_MAX_SIDE) {
    fprintf(stderr, "usage: classify MODEL.onnx PICTURE.ppm\n");
    return EXIT_FAILURE;
  }
  size_t size = (size_t)width * (size_t)height * 3;
  uint8_t *pixels = calloc(size, 1);
  if (pixels == NULL || fread(pixels, 1, size, file) != size) goto out;
  WnFrame frame = {.format = WN_PIXEL_RGB,
                   .width = width,
                   .height = height,
                   .plane = {pixels},
                   .stride_bytes = {width * 3},
                   .pts_ns = WN_PTS_NONE};

  if (wn_model_open(argv[1], NULL, &model, &error) != WN_OK ||
      wn_session_new(model, NULL, &session, &error) != WN_OK ||
      wn_session_classify(session, &frame, NULL, &result, &error) != WN_OK)
    goto out;
  printf("%s, %.0f %% sure, left the network at exit %d of %d\n",
         result->class_index < 0 ? "nothing" : result->label, 100 * result->confidence,
         result->exit_stage, result->stage_count - 1);
  for (int32_t i = 0; i < result->n_survivors; i++)
    printf("  still possible: %s (%.3f)\n", result->survivor_labels[i], result->survivor_scores[i]);
  status = EXIT_SUCCESS;

out:
  if (status != EXIT_SUCCESS)
    fprintf(stderr, "classify: %s\n",
            error.message[0] ? error.message : "the picture is cut short");
  wn_session_free(session); /* NULL is fine for each of these */
  wn_model_unref(model);
  free(pixels);
  fclose(file);
  return status;
}
