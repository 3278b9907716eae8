/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * session/model.c: models that several threads open at once.  The linker puts __wrap_wni_onnx_load
 * in front of the loader (meson.build), so that a load of a file called "slow" waits here until the
 * test lets it go on.
 */
#include <winnow/winnow.h>

#include "base/file.h"
#include "load/onnx.h"
#include "suite.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

WnStatus __real_wni_onnx_load(const char *path, WniOnnx *out, WnError *error);
WnStatus __wrap_wni_onnx_load(const char *path, WniOnnx *out, WnError *error);

static sem_t entered, may_go_on;
static _Atomic int n_slow_loads;

static void wait_for(sem_t *semaphore) {
  while (sem_wait(semaphore) != 0) continue; /* a signal */
}

WnStatus __wrap_wni_onnx_load(const char *path, WniOnnx *out, WnError *error) {
  if (strstr(path, "/winnow-slow-")) {
    n_slow_loads++;
    sem_post(&entered);
    wait_for(&may_go_on);
  }
  return __real_wni_onnx_load(path, out, error);
}

typedef struct Opening {
  pthread_t thread;
  const char *path;
  WnModel *model;
  WnStatus status;
  WnError error;
} Opening;

static void *open_model(void *data) {
  Opening *opening = data;
  opening->status = wn_model_open(opening->path, NULL, &opening->model, &opening->error);
  return NULL;
}

static void start(Opening *opening, const char *path) {
  *opening = (Opening){.path = path};
  ck_assert_int_eq(pthread_create(&opening->thread, NULL, open_model, opening), 0);
}

/* A copy of the first `share` percent of the model. */
static void make_slow_file(char *path, size_t share) {
  uint8_t *data;
  size_t size;
  int fd = mkstemp(path);
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(wni_file_read(MODEL_FILE, 1 << 30, &data, &size, NULL), WN_OK);
  size = size * share / 100;
  ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
  free(data);
  close(fd);
}

static void start_counting(void) {
  ck_assert_int_eq(sem_init(&entered, 0, 0), 0);
  ck_assert_int_eq(sem_init(&may_go_on, 0, 0), 0);
  n_slow_loads = 0;
}

/* With the lock held for the load, this would not end. */
START_TEST(others_go_on_while_one_is_loaded) {
  char path[] = "/tmp/winnow-slow-XXXXXX";
  Opening slow;
  WnModel *model, *again;
  start_counting();
  make_slow_file(path, 100);
  ck_assert_int_eq(wn_model_open(MODEL_FILE, NULL, &model, NULL), WN_OK);
  start(&slow, path);
  wait_for(&entered);
  ck_assert_int_eq(wn_model_open(MODEL_FILE, NULL, &again, NULL), WN_OK);
  ck_assert_ptr_eq(model, again);
  wn_model_unref(model);
  wn_model_unref(again);
  ck_assert_int_eq(wn_model_open(MODEL_FILE, NULL, &model, NULL), WN_OK); /* loaded anew */
  wn_model_unref(model);
  sem_post(&may_go_on);
  pthread_join(slow.thread, NULL);
  ck_assert_int_eq(slow.status, WN_OK);
  wn_model_unref(slow.model);
  unlink(path);
}
END_TEST

START_TEST(who_comes_during_a_load_gets_that_model) {
  enum { N = 4 };
  char path[] = "/tmp/winnow-slow-XXXXXX";
  Opening openings[N];
  start_counting();
  make_slow_file(path, 100);
  start(&openings[0], path);
  wait_for(&entered);
  for (int i = 1; i < N; i++) start(&openings[i], path);
  usleep(100000); /* most probably they wait by now; it holds in any order */
  for (int i = 0; i < N; i++) sem_post(&may_go_on);
  for (int i = 0; i < N; i++) pthread_join(openings[i].thread, NULL);
  ck_assert_int_eq(n_slow_loads, 1);
  for (int i = 0; i < N; i++) {
    ck_assert_int_eq(openings[i].status, WN_OK);
    ck_assert_ptr_eq(openings[i].model, openings[0].model);
  }
  for (int i = 0; i < N; i++) {
    ck_assert_int_eq(wn_model_info(openings[i].model)->n_classes, 10);
    wn_model_unref(openings[i].model);
  }
  unlink(path);
}
END_TEST

/* The options are part of what makes two openings the same. */
START_TEST(other_options_are_another_model) {
  char path[] = "/tmp/winnow-slow-XXXXXX";
  WnModelOptions raw = {.any_graph = true};
  WnModel *model;
  Opening slow;
  start_counting();
  make_slow_file(path, 100);
  start(&slow, path);
  wait_for(&entered);
  sem_post(&may_go_on);
  sem_post(&may_go_on);
  ck_assert_int_eq(wn_model_open(path, &raw, &model, NULL), WN_OK);
  pthread_join(slow.thread, NULL);
  ck_assert_int_eq(n_slow_loads, 2);
  ck_assert_ptr_ne(model, slow.model);
  wn_model_unref(model);
  wn_model_unref(slow.model);
  unlink(path);
}
END_TEST

START_TEST(a_load_that_fails_fails_for_all) {
  enum { N = 4 };
  char path[] = "/tmp/winnow-slow-XXXXXX";
  Opening openings[N];
  WnModel *model;
  start_counting();
  make_slow_file(path, 50);
  start(&openings[0], path);
  wait_for(&entered);
  for (int i = 1; i < N; i++) start(&openings[i], path);
  usleep(100000);
  for (int i = 0; i < N; i++) sem_post(&may_go_on);
  for (int i = 0; i < N; i++) pthread_join(openings[i].thread, NULL);
  for (int i = 0; i < N; i++) {
    ck_assert_int_eq(openings[i].status, WN_ERROR_MODEL);
    ck_assert_ptr_null(openings[i].model);
    ck_assert_str_eq(openings[i].error.message, openings[0].error.message);
  }
  /* nothing of it stays */
  ck_assert_int_eq(wn_model_open(MODEL_FILE, NULL, &model, NULL), WN_OK);
  wn_model_unref(model);
  unlink(path);
}
END_TEST

SUITE_MAIN("sharing", others_go_on_while_one_is_loaded, who_comes_during_a_load_gets_that_model,
           other_options_are_another_model, a_load_that_fails_fails_for_all)
