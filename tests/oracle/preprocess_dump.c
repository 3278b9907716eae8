/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Preprocesses frames read from stdin and writes the network's input: the engine's side of
 * test_preprocess.py, which starts it as `preprocess_dump MODEL`.
 *
 * Per frame a line of numbers: format width height matrix range site stride0 stride1 stride2
 * region? x y w h, the enumerations as in <winnow/frame.h>; then the planes' bytes without the rest
 * of the last row's stride.  Each plane lies in a block of exactly its bytes, so that a sanitizer
 * sees any access beyond.  Answer per frame: the tensor as float32.
 */
#include <stdio.h>
#include <stdlib.h>

#include <winnow/winnow.h>

typedef struct Request {
  WnFrame frame;
  WnRect region;
  int has_region;
  uint8_t *plane[3];
} Request;

static int read_plane(Request *request, int index) {
  WnFrame *frame = &request->frame;
  const size_t row_bytes = wn_pixel_format_row_bytes(frame->format, index, frame->width);
  const size_t rows = (size_t)wn_pixel_format_rows(frame->format, index, frame->height);
  const size_t bytes = (rows - 1) * (size_t)frame->stride_bytes[index] + row_bytes;
  request->plane[index] = malloc(bytes);
  if (!request->plane[index]) return -1;
  frame->plane[index] = request->plane[index];
  return fread(request->plane[index], 1, bytes, stdin) == bytes ? 0 : -1;
}

/* 1: a request was read; 0: end of input; -1: malformed. */
static int read_request(Request *request) {
  WnFrame *frame = &request->frame;
  int v[6];
  long stride[3];
  const int n =
      scanf("%d %d %d %d %d %d %ld %ld %ld %d %d %d %d %d", &v[0], &v[1], &v[2], &v[3], &v[4],
            &v[5], &stride[0], &stride[1], &stride[2], &request->has_region, &request->region.x,
            &request->region.y, &request->region.width, &request->region.height);
  if (n == EOF) return 0;
  if (n != 14 || getchar() != '\n') return -1;
  frame->format = (WnPixelFormat)v[0];
  frame->width = v[1];
  frame->height = v[2];
  frame->matrix = (WnColorMatrix)v[3];
  frame->range = (WnColorRange)v[4];
  frame->chroma_site = (WnChromaSite)v[5];
  frame->pts_ns = WN_PTS_NONE;
  for (int i = 0; i < wn_pixel_format_planes(frame->format); i++) {
    frame->stride_bytes[i] = stride[i];
    if (read_plane(request, i)) return -1;
  }
  return 1;
}

static void free_planes(Request *request) {
  for (int i = 0; i < 3; i++) free(request->plane[i]);
}

int main(int argc, char **argv) {
  WnError error = {0};
  WnModel *model = NULL;
  WnSession *session = NULL;
  float *tensor = NULL;
  int status = 1, more;
  size_t n = 0;

  if (argc != 2) return 2;
  if (wn_model_open(argv[1], NULL, &model, &error)) goto fail;
  if (wn_session_new(model, NULL, &session, &error)) goto fail;
  n = wn_model_info(model)->inputs[0].n_elements;
  tensor = malloc(n * sizeof *tensor);
  if (!tensor) goto fail;
  do {
    Request request = {0};
    more = read_request(&request);
    if (more > 0) {
      const WnRect *region = request.has_region ? &request.region : NULL;
      if (wn_session_preprocess(session, &request.frame, region, 0, tensor, n, &error) ||
          fwrite(tensor, sizeof *tensor, n, stdout) != n)
        more = -1;
    }
    free_planes(&request);
  } while (more > 0);
  status = more ? 1 : 0;

fail:
  if (status)
    fprintf(stderr, "preprocess_dump: %s\n", error.message[0] ? error.message : "bad request");
  free(tensor);
  wn_session_free(session);
  wn_model_unref(model);
  return status;
}
