/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many networks through the engine, for differ.py: each with every instruction set of this
 * processor, on one thread and on three, which must say the same to the bit.
 *
 * usage: differ
 * A line of stdin is MODEL INPUTS OUT; INPUTS has the model's inputs, and what OUT.MASK receives
 * are its outputs with the instruction sets MASK: for each int32 rank, int64 dimensions, float32
 * values.  A line of stdout answers: "ok MASK...", "refused MESSAGE" where no mask can open it, or
 * "differs MESSAGE".
 */
#include <winnow/winnow.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MASKS = 16, MASK_LENGTH = 128, MAX_LINE = 4096 };

static char masks[MAX_MASKS][MASK_LENGTH]; /* from none to all, one set more in each */
static int n_masks;

static void list_masks(void) {
  const char *flags = wn_cpu_flags();
  snprintf(masks[n_masks++], MASK_LENGTH, "none");
  for (const char *at = flags; *at && n_masks < MAX_MASKS; at++) {
    at += strcspn(at, ",");
    snprintf(masks[n_masks++], MASK_LENGTH, "%.*s", (int)(at - flags), flags);
    if (!*at) break;
  }
}

/* What a network has as outputs, one behind another. */
typedef struct Outputs {
  float *data;
  size_t n;
} Outputs;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void read_exactly(FILE *file, void *to, size_t size, const char *path) {
  if (fread(to, 1, size, file) == size) return;
  fprintf(stderr, "%s: it ends early\n", path);
  exit(1);
}

static WnStatus set_inputs(WnSession *session, const WnModelInfo *info, const char *path,
                           WnError *error) {
  WnStatus status = WN_OK;
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  for (int32_t i = 0; i < info->n_inputs && status == WN_OK; i++) {
    int32_t rank;
    int64_t shape[WN_MAX_RANK];
    size_t n = 1;
    read_exactly(file, &rank, sizeof rank, path);
    if (rank < 0 || rank > WN_MAX_RANK) exit(1);
    read_exactly(file, shape, (size_t)rank * sizeof *shape, path);
    for (int32_t d = 0; d < rank; d++) n *= (size_t)shape[d];
    float *data = calloc(n + 1, sizeof *data);
    if (!data) fail("memory");
    read_exactly(file, data, n * sizeof *data, path);
    status = wn_session_set_input(session, i, data, n, error);
    free(data);
  }
  fclose(file);
  return status;
}

static WnStatus run(WnModel *model, int32_t threads, const char *inputs, Outputs *out,
                    WnError *error) {
  const WnSessionOptions options = {.threads = threads, .policy.strategy = WN_STRATEGY_NONE};
  WnSession *session = NULL;
  WnStatus status = wn_session_new(model, &options, &session, error);
  if (status == WN_OK) status = set_inputs(session, wn_model_info(model), inputs, error);
  if (status == WN_OK) {
    wn_session_run(session, true, NULL);
    for (int32_t i = 0; i < wn_model_n_outputs(model); i++)
      out->n += wn_model_output(model, i)->n_elements;
    out->data = calloc(out->n + 1, sizeof *out->data);
    if (!out->data) fail("memory");
  }
  float *to = out->data;
  for (int32_t i = 0; status == WN_OK && i < wn_model_n_outputs(model); i++) {
    size_t n = wn_model_output(model, i)->n_elements;
    status = wn_session_output(session, i, to, n, error);
    to += n;
  }
  wn_session_free(session);
  return status;
}

static void write_outputs(const WnModel *model, const Outputs *outputs, const char *out,
                          const char *mask) {
  char path[MAX_LINE + MASK_LENGTH + 1];
  snprintf(path, sizeof path, "%s.%s", out, mask);
  FILE *file = fopen(path, "wb");
  if (!file) fail(path);
  const float *data = outputs->data;
  for (int32_t i = 0; i < wn_model_n_outputs(model); i++) {
    const WnOutputInfo *info = wn_model_output(model, i);
    fwrite(&info->rank, sizeof info->rank, 1, file);
    fwrite(info->shape, sizeof *info->shape, (size_t)info->rank, file);
    fwrite(data, sizeof *data, info->n_elements, file);
    data += info->n_elements;
  }
  if (fclose(file)) fail(path);
}

/* One mask.  False: `error` says why not; `differ`: it is not that the model was refused. */
static bool try_mask(const char *mask, const char *path, const char *inputs, const char *out,
                     bool *differ, WnError *error) {
  WnModelOptions options = {.precision = WN_PRECISION_FP32, .any_graph = true};
  WnModel *model = NULL;
  Outputs one = {0}, three = {0};
  WnStatus status = wn_cpu_set_mask(mask, error);
  if (status == WN_OK) status = wn_model_open(path, &options, &model, error);
  if (status == WN_ERROR_UNSUPPORTED && strstr(error->message, "int8 model")) {
    options.precision = WN_PRECISION_INT8;
    status = wn_model_open(path, &options, &model, error);
  }
  if (status == WN_OK) {
    *differ = true;
    status = run(model, 1, inputs, &one, error);
  }
  if (status == WN_OK) status = run(model, 3, inputs, &three, error);
  if (status == WN_OK) {
    size_t at = 0;
    /* to the bit, NaN too: NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-*) */
    while (at < one.n && !memcmp(one.data + at, three.data + at, sizeof *one.data)) at++;
    if (at < one.n) {
      status = WN_ERROR_NUMERIC;
      snprintf(error->message, sizeof error->message,
               "element %zu of %zu of all outputs is %g on one thread and %g on three", at, one.n,
               (double)one.data[at], (double)three.data[at]);
    }
    write_outputs(model, &one, out, mask);
  }
  free(one.data);
  free(three.data);
  wn_model_unref(model);
  return status == WN_OK;
}

static void answer(const char *path, const char *inputs, const char *out) {
  WnError error = {0};
  int n_refused = 0;
  bool differ = false;
  for (int m = 0; m < n_masks && !differ; m++) {
    bool opened = false;
    if (try_mask(masks[m], path, inputs, out, &opened, &error)) continue;
    differ = opened || n_refused < m; /* refused by some only */
    n_refused++;
    if (differ) printf("differs with %s: %s\n", masks[m], error.message);
  }
  if (!differ && n_refused > 0 && n_refused < n_masks) {
    printf("differs: some masks refuse: %s\n", error.message);
  } else if (!differ && n_refused > 0) {
    printf("refused %s\n", error.message);
  } else if (!differ) {
    printf("ok");
    for (int m = 0; m < n_masks; m++) printf(" %s", masks[m]);
    printf("\n");
  }
  fflush(stdout);
}

int main(void) {
  char line[MAX_LINE], path[MAX_LINE], inputs[MAX_LINE], out[MAX_LINE];
  list_masks();
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "%4095s %4095s %4095s", path, inputs, out) != 3) return 2;
    answer(path, inputs, out);
  }
  return 0;
}
