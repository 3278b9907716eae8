/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * session/model.c: sharing, refusals, and files cut short at every length.
 */
#include <winnow/winnow.h>

#include "base/file.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static WnModel *open_or_fail(const char *path) {
  WnModel *model;
  WnError error;
  ck_assert_msg(wn_model_open(path, NULL, &model, &error) == WN_OK, "%s", error.message);
  return model;
}

START_TEST(one_file_is_loaded_once) {
  WnModel *a = open_or_fail(MODEL_FILE), *b = open_or_fail(MODEL_FILE);
  ck_assert_ptr_eq(a, b);
  WnModelOptions raw = {.any_graph = true};
  WnModel *c;
  ck_assert_int_eq(wn_model_open(MODEL_FILE, &raw, &c, NULL), WN_OK);
  ck_assert_ptr_ne(a, c);
  wn_model_unref(a);
  ck_assert_int_eq(wn_model_info(b)->n_classes, 10);
  wn_model_unref(b);
  wn_model_unref(c);
}
END_TEST

static void *open_and_close(void *unused) {
  for (int i = suite_rounds(20); i > 0; i--) wn_model_unref(open_or_fail(MODEL_FILE));
  return unused;
}

START_TEST(threads_may_open_at_once) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, open_and_close, NULL), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}
END_TEST

START_TEST(stages_are_cut_at_the_exits) {
  WnModel *model = open_or_fail(MODEL_FILE);
  const WnModelInfo *info = wn_model_info(model);
  uint64_t stages = 0, layers = 0;
  int last_stage = 0;
  ck_assert_int_eq(info->n_stages, info->n_exits + 1);
  for (int s = 0; s < info->n_stages; s++) stages += info->stages[s].macs;
  for (int l = 0; l < info->n_layers; l++) {
    layers += info->layers[l].macs;
    ck_assert_int_ge(info->layers[l].stage, last_stage); /* in order */
    last_stage = info->layers[l].stage;
  }
  ck_assert_uint_eq(stages, info->macs_full);
  ck_assert_uint_eq(layers, info->macs_full);
  /* the figure of the model's card, in MMAC */
  ck_assert_int_eq((int)(info->macs_full / 10000), 12549);
  ck_assert_int_eq((int)(info->stages[0].macs / 10000), 90);
  wn_model_unref(model);
}
END_TEST

START_TEST(refusals_name_the_file) {
  static const char *const paths[] = {"/nonexistent/model.onnx", "/", "/dev/null", __FILE__};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    WnModel *model;
    WnError error = {0};
    ck_assert_int_ne(wn_model_open(paths[i], NULL, &model, &error), WN_OK);
    ck_assert_ptr_null(model);
    ck_assert_msg(strstr(error.message, paths[i]), "%s", error.message);
  }
}
END_TEST

START_TEST(labels_files_are_counted) {
  char path[] = "/tmp/winnow-labels-XXXXXX";
  int fd = mkstemp(path);
  WnModelOptions options = {.labels_file = path};
  WnModel *model;
  WnError error;
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(write(fd, "a\nb\nc\n", 6), 6);
  ck_assert_int_eq(wn_model_open(MODEL_FILE, &options, &model, &error), WN_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "3 labels for a network of 10 classes"));
  ck_assert_int_eq(write(fd, "d\ne\nf\ng\nh\ni\nj", 13), 13);
  ck_assert_msg(wn_model_open(MODEL_FILE, &options, &model, &error) == WN_OK, "%s", error.message);
  ck_assert_str_eq(wn_model_info(model)->labels[9], "j");
  wn_model_unref(model);
  close(fd);
  unlink(path);
}
END_TEST

/* Zero bytes end a text; a file has a length. */
START_TEST(labels_files_are_utf8) {
  char path[] = "/tmp/winnow-labels-XXXXXX";
  static const struct {
    const char *data;
    size_t size;
    const char *says;
  } bad[] = {
      {"\xFF\xFE"
       "a\0\n\0",
       6, "UTF-16"},
      {"a\0\n\0b\0", 6, "zero bytes"},
      {"a\nb\nc\nd\ne\nf\ng\nh\ni\n\xE9t\xE9", 21, "line 10 is not UTF-8"},
      {"{\"0\": [\"n0\", \"a\"]}", 18, "JSON"},
  };
  int fd = mkstemp(path);
  WnModelOptions options = {.labels_file = path};
  ck_assert_int_ge(fd, 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    WnModel *model;
    WnError error;
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert_int_eq(pwrite(fd, bad[i].data, bad[i].size, 0), (ssize_t)bad[i].size);
    ck_assert_int_eq(wn_model_open(MODEL_FILE, &options, &model, &error), WN_ERROR_ARGUMENT);
    ck_assert_msg(strstr(error.message, path) && strstr(error.message, bad[i].says), "%s",
                  error.message);
  }
  close(fd);
  unlink(path);
}
END_TEST

START_TEST(precisions_that_do_not_fit_are_refused) {
  WnModelOptions options = {.precision = WN_PRECISION_INT8};
  WnModel *model;
  WnError error;
  ck_assert_int_eq(wn_model_open(MODEL_FILE, &options, &model, &error), WN_ERROR_UNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(error.message, "winnow quantize"));
  options = (WnModelOptions){.precision = WN_PRECISION_BF16, .any_graph = true};
  ck_assert_int_eq(wn_model_open(GOLDEN_DIR "/quantized_conv/model.onnx", &options, &model, &error),
                   WN_ERROR_UNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(error.message, "int8 model"));
}
END_TEST

/* A small model of the golden tests, cut at every byte and with every byte changed;
 * at every seventh where each takes long. */
START_TEST(damaged_files_never_crash) {
  char path[] = "/tmp/winnow-damaged-XXXXXX";
  uint8_t *data;
  size_t size;
  int fd = mkstemp(path);
  WnModelOptions raw = {.any_graph = true};
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(
      wni_file_read(GOLDEN_DIR "/squeeze_excite/model.onnx", 1 << 20, &data, &size, NULL), WN_OK);
  size_t step = suite_rounds(10) < 10 ? 7 : 1;
  for (size_t i = 0; i < 2 * size; i += step) {
    size_t cut = i < size ? i : size;
    WnModel *model;
    WnError error;
    if (i >= size) data[i - size] ^= 0x41;
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert_int_eq(pwrite(fd, data, cut, 0), (ssize_t)cut);
    if (i >= size) data[i - size] ^= 0x41;
    error.message[0] = 0;
    WnStatus status = wn_model_open(path, &raw, &model, &error);
    ck_assert(status == WN_OK ? model != NULL : model == NULL && error.message[0]);
    wn_model_unref(model);
  }
  free(data);
  close(fd);
  unlink(path);
}
END_TEST

/* What a frame takes is known before there is one. */
START_TEST(work_is_bounded) {
  WnModelOptions options = {.max_work = 1000};
  WnModel *model;
  WnError error = {0};
  ck_assert_int_eq(wn_model_open(MODEL_FILE, &options, &model, &error), WN_ERROR_UNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(error.message, "no more than 1e+03 are allowed"));
  ck_assert_ptr_nonnull(strstr(error.message, "most of them node '"));
  setenv("WINNOW_MAX_WORK", "2e3", 1);
  ck_assert_int_eq(wn_model_open(MODEL_FILE, NULL, &model, &error), WN_ERROR_UNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(error.message, "no more than 2e+03 are allowed"));
  options.max_work = 1000000000;
  ck_assert_int_eq(wn_model_open(MODEL_FILE, &options, &model, &error), WN_OK);
  wn_model_unref(model);
  setenv("WINNOW_MAX_WORK", "much", 1);
  ck_assert_int_eq(wn_model_open(MODEL_FILE, NULL, &model, &error), WN_ERROR_ARGUMENT);
  unsetenv("WINNOW_MAX_WORK");
}
END_TEST

SUITE_MAIN("model", work_is_bounded, one_file_is_loaded_once, threads_may_open_at_once,
           stages_are_cut_at_the_exits, refusals_name_the_file, labels_files_are_counted,
           labels_files_are_utf8, precisions_that_do_not_fit_are_refused, damaged_files_never_crash)
