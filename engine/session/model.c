/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens models and shares them: a list of the open ones, by file identity and
 * options, under one lock.
 */
#include "session/model.h"

#include "base/cpu.h"
#include "base/error.h"
#include "session/model_info.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What makes two openings the same model. */
typedef struct WniModelKey {
  dev_t device[2];
  ino_t inode[2];
  off_t size[2];
  struct timespec modified[2]; /* [0] of the model, [1] of the labels file */
  uint32_t cpu_flags;
  bool any_graph;
  WnPrecision precision;
} WniModelKey;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static WnModel *open_models; /* guarded by `lock` */

static bool stat_key(const char *path, int i, WniModelKey *key) {
  struct stat info;
  if (stat(path, &info) != 0) return false;
  key->device[i] = info.st_dev;
  key->inode[i] = info.st_ino;
  key->size[i] = info.st_size;
  key->modified[i] = info.st_mtim;
  return true;
}

static bool same_key(const WniModelKey *a, const WniModelKey *b) {
  for (int i = 0; i < 2; i++)
    if (a->device[i] != b->device[i] || a->inode[i] != b->inode[i] || a->size[i] != b->size[i] ||
        a->modified[i].tv_sec != b->modified[i].tv_sec ||
        a->modified[i].tv_nsec != b->modified[i].tv_nsec)
      return false;
  return a->cpu_flags == b->cpu_flags && a->any_graph == b->any_graph &&
         a->precision == b->precision;
}

static WnModel *find_open(const WniModelKey *key) {
  WnModel *model = open_models;
  while (model && !same_key(model->key, key)) model = model->next;
  return model ? wn_model_ref(model) : NULL;
}

static void destroy(WnModel *model) {
  wni_model_info_clear(model);
  wni_plan_clear(&model->plan);
  wni_metadata_clear(&model->metadata);
  free(model->key);
  free(model->id);
  free(model->path);
  free(model);
}

/* "dir/edge.onnx" with CRC 0x12 is "edge@00000012". */
static char *make_id(const char *path, uint32_t crc32) {
  const char *base = strrchr(path, '/');
  base = base ? base + 1 : path;
  size_t length = strlen(base);
  if (length > 5 && strcmp(base + length - 5, ".onnx") == 0) length -= 5;
  char *id = malloc(length + 10);
  if (id) snprintf(id, length + 10, "%.*s@%08x", (int)length, base, crc32);
  return id;
}

static WnStatus build(const WniOnnx *onnx, const char *path, const WnModelOptions *options,
                      WnModel *model, WnError *error) {
  WnStatus status = WN_OK;
  model->path = strdup(path);
  model->id = make_id(path, onnx->crc32);
  if (!model->path || !model->id) status = wni_fail_memory(error, path);
  if (status == WN_OK && !options->any_graph)
    status = wni_metadata_read(onnx, &model->metadata, error);
  if (status == WN_OK)
    status = wni_plan_build(onnx, &model->metadata,
                            &(WniPlanOptions){options->any_graph, options->precision}, &model->plan,
                            error);
  if (status == WN_OK && !options->any_graph)
    status = wni_metadata_bind(&model->metadata, onnx, model->plan.n_classes, options->labels_file,
                               error);
  if (status == WN_OK) status = wni_model_info_make(model, error);
  return status;
}

static WnStatus load(const char *path, const WnModelOptions *options, WnModel *model,
                     WnError *error) {
  WniOnnx onnx;
  WnStatus status = wni_onnx_load(path, &onnx, error);
  if (status != WN_OK) return status;
  status = build(&onnx, path, options, model, error);
  wni_onnx_clear(&onnx);
  return status;
}

WnStatus wni_model_from_onnx(const WniOnnx *onnx, const char *path, WnModel **out, WnError *error) {
  static const WnModelOptions options = {.any_graph = true};
  *out = NULL;
  WnModel *model = calloc(1, sizeof *model);
  if (!model) return wni_fail_memory(error, path);
  model->references = 1;
  WnStatus status = build(onnx, path, &options, model, error);
  if (status == WN_OK)
    *out = model;
  else
    destroy(model);
  return status;
}

WnStatus wni_model_name_file(const char *path, const char *labels_file, WnStatus status,
                             WnError *error) {
  if (!error || strstr(error->message, path) ||
      (labels_file && strstr(error->message, labels_file)))
    return status;
  WnError inner = *error;
  return wni_fail(error, status, "'%.150s': %.350s", path, inner.message);
}

static WnStatus check_precision(WnPrecision precision, WnError *error) {
  if (wn_precision_name(precision)) return WN_OK;
  return wni_fail(error, WN_ERROR_ARGUMENT, "precision: %d is not a precision", (int)precision);
}

WnStatus wn_model_open(const char *path, const WnModelOptions *options, WnModel **out,
                       WnError *error) {
  static const WnModelOptions defaults;
  WniModelKey key = {0};
  *out = NULL;
  if (!path || !*path) return wni_fail(error, WN_ERROR_ARGUMENT, "no model file is given");
  if (!options) options = &defaults;
  WnStatus status = check_precision(options->precision, error);
  if (status != WN_OK) return status;
  key.cpu_flags = wni_cpu_flags();
  key.any_graph = options->any_graph;
  key.precision = options->precision;
  bool cacheable =
      stat_key(path, 0, &key) && (!options->labels_file || stat_key(options->labels_file, 1, &key));

  /* Held while loading: whoever opens the same model meanwhile waits for it. */
  pthread_mutex_lock(&lock);
  WnModel *model = cacheable ? find_open(&key) : NULL;
  if (model) {
    pthread_mutex_unlock(&lock);
    *out = model;
    return WN_OK;
  }
  model = calloc(1, sizeof *model);
  if (!model || !(model->key = malloc(sizeof *model->key))) {
    status = wni_fail_memory(error, path);
    goto fail;
  }
  *model->key = key;
  model->references = 1;
  status = load(path, options, model, error);
  if (status != WN_OK) {
    status = wni_model_name_file(path, options->labels_file, status, error);
    goto fail;
  }
  model->next = open_models;
  open_models = model;
  pthread_mutex_unlock(&lock);
  *out = model;
  return WN_OK;
fail:
  pthread_mutex_unlock(&lock);
  if (model) destroy(model);
  return status;
}

WnModel *wn_model_ref(WnModel *model) {
  model->references++;
  return model;
}

void wn_model_unref(WnModel *model) {
  if (!model) return;
  pthread_mutex_lock(&lock); /* so that nobody finds it between the count and the list */
  bool last = --model->references == 0;
  for (WnModel **at = &open_models; last && *at; at = &(*at)->next)
    if (*at == model) {
      *at = model->next;
      break;
    }
  pthread_mutex_unlock(&lock);
  if (last) destroy(model);
}

const WnModelInfo *wn_model_info(const WnModel *model) {
  return &model->info;
}

int32_t wn_model_n_outputs(const WnModel *model) {
  return model->plan.n_outputs;
}

const WnOutputInfo *wn_model_output(const WnModel *model, int32_t index) {
  return index >= 0 && index < model->plan.n_outputs ? &model->outputs[index] : NULL;
}
