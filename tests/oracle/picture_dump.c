/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Decodes picture files: our side of test_pictures.py, which starts it as `picture_dump WIDTH
 * HEIGHT FILE...` with what is enough (0 0: all).  Per file it writes a line, "width height" or
 * "error TEXT", and then the pixels.
 */
#include <stdio.h>
#include <stdlib.h>

#include "picture.h"

enum { MAX_BYTES = 1 << 24 };

static void dump(const char *path, PictureSize enough) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = malloc(MAX_BYTES);
  size_t n_bytes = fread(data, 1, MAX_BYTES, file);
  Picture picture;
  PictureProblem problem;
  fclose(file);
  data = realloc(data, n_bytes + 1); /* a sanitizer sees what is read beyond */
  if (picture_decode(data, n_bytes, enough, &picture, &problem)) {
    printf("%d %d\n", picture.width, picture.height);
    fwrite(picture.pixels, 3, (size_t)picture.width * (size_t)picture.height, stdout);
    free(picture.pixels);
  } else {
    printf("error %s\n", problem.text);
  }
  free(data);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  for (int i = 3; i < argc; i++) dump(argv[i], (PictureSize){atoi(argv[1]), atoi(argv[2])});
  return 0;
}
