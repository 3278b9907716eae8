/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Winnow's side of arm.py, which counts instructions under QEMU: computes the whole network,
 * without heads, so many times on one thread, on an input of float32 from the end of a .npy file.
 * What `winnow bench` does, without GLib, which is not there for another processor.
 *
 *   arm_frames MODEL INPUT.npy FRAMES
 */
#include <winnow/winnow.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(WnStatus status, const WnError *error) {
  if (status == WN_OK) return;
  fprintf(stderr, "arm_frames: %s\n", error->message);
  exit(1);
}

/* The last `n` values of the file. */
static float *read_values(const char *path, size_t n) {
  float *values = calloc(n, sizeof *values);
  FILE *file = fopen(path, "rb");
  if (!values || !file || fseek(file, -(long)(n * sizeof *values), SEEK_END) != 0 ||
      fread(values, sizeof *values, n, file) != n) {
    fprintf(stderr, "arm_frames: %s cannot be read or is shorter than the input\n", path);
    exit(1);
  }
  fclose(file);
  return values;
}

int main(int argc, char **argv) {
  WnSessionOptions options = {.threads = 1, .policy = {.strategy = WN_STRATEGY_NONE}};
  WnModel *model = NULL;
  WnSession *session = NULL;
  WnError error;
  if (argc != 4) {
    fprintf(stderr, "usage: arm_frames MODEL INPUT.npy FRAMES\n");
    return 2;
  }
  check(wn_model_open(argv[1], NULL, &model, &error), &error);
  check(wn_session_new(model, &options, &session, &error), &error);
  const WnInputInfo *input = &wn_model_info(model)->inputs[0];
  float *values = read_values(argv[2], input->n_elements);
  /* The values are handed over once a frame, as ONNX Runtime reads them. */
  for (int i = 0, n = atoi(argv[3]); i < n; i++) {
    check(wn_session_set_input(session, 0, values, input->n_elements, &error), &error);
    wn_session_run(session, true, NULL);
  }
  const WnModelInfo *info = wn_model_info(model);
  printf("{\"precision\": \"%s\", \"sets\": \"%s\", \"macs\": %llu}\n",
         wn_precision_name(info->precision), wn_cpu_flags(), (unsigned long long)info->macs_full);
  free(values);
  wn_session_free(session);
  wn_model_unref(model);
  return 0;
}
