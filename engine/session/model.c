/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens models and shares them: a list of those that are open or being loaded, by file identity and
 * options.  One lock guards the list and is never held for a load: who wants a model that is being
 * loaded waits for the end of that load, everybody else goes on.
 */
#include "session/model.h"

#include "base/cpu.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "plan/work.h"
#include "session/model_info.h"
#include "session/precision.h"

#include <math.h>
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
  bool any_graph, by_rule;
  WnPrecision precision;
  double max_work;
  char *meaning;   /* owned: what the user says of the input and the scores */
  uint64_t beside; /* of the files beside the model */
} WniModelKey;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t loaded = PTHREAD_COND_INITIALIZER; /* a load has ended, well or not */
static WnModel *models;                                  /* guarded by `lock` */

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
  return a->cpu_flags == b->cpu_flags && a->beside == b->beside && a->any_graph == b->any_graph &&
         a->by_rule == b->by_rule && a->precision == b->precision && a->max_work == b->max_work &&
         strcmp(a->meaning, b->meaning) == 0;
}

/* The open model with this key and a reference to it, once no load of it is in progress; NULL:
 * there is none.  Under the lock, which it gives up while it waits. */
static WnModel *find_open(const WniModelKey *key) {
  for (;;) {
    WnModel *model = models;
    while (model && !same_key(model->key, key)) model = model->next;
    if (!model) return NULL;
    if (!model->loading) return wn_model_ref(model);
    pthread_cond_wait(&loaded, &lock);
  }
}

static void remove_from_list(const WnModel *model) {
  for (WnModel **at = &models; *at; at = &(*at)->next)
    if (*at == model) {
      *at = model->next;
      break;
    }
}

/* What load() made; the model stays in the list. */
static void unload(WnModel *model) {
  wni_model_info_clear(model);
  wni_plan_clear(&model->plan);
  wni_metadata_clear(&model->metadata);
  free(model->id);
  free(model->path);
  model->id = model->path = NULL;
}

static void destroy(WnModel *model) {
  unload(model);
  if (model->key) free(model->key->meaning);
  free(model->key);
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

/* Of any graph only the sizes of its inputs are of interest, and wrong keys are no matter. */
static WnStatus read_metadata(const WniOnnx *onnx, const char *path, const WnModelOptions *options,
                              WniMetadata *out, WnError *error) {
  if (!options->any_graph) return wni_metadata_read(onnx, path, options->meaning, out, error);
  WnStatus status = wni_metadata_read_inputs(onnx, path, options->meaning, out, error);
  return status == WN_ERROR_MODEL ? WN_OK : status;
}

/* How many classes the labels say that there are; 0: nobody says it. */
static int count_labels(const WniOnnx *onnx, const WnModelOptions *options, const WnModel *model) {
  int n = wni_labels_count(onnx, options->labels_file);
  return n ? n : model->metadata.found.n_labels;
}

static WnStatus build(const WniOnnx *onnx, const char *path, const WnModelOptions *options,
                      WniPacked packed, WnModel *model, WnError *error) {
  WnStatus status = WN_OK;
  double max_work;
  WniMetadata sizes = {0}, *metadata = options->any_graph ? &sizes : &model->metadata;
  model->path = strdup(path);
  model->id = make_id(path, onnx->crc32);
  if (!model->path || !model->id) status = wni_fail_memory(error, path);
  if (status == WN_OK) status = wni_work_limit(options->max_work, &max_work, error);
  if (status == WN_OK) status = read_metadata(onnx, path, options, metadata, error);
  if (status == WN_OK)
    status = wni_plan_build(onnx, &model->metadata,
                            &(WniPlanOptions){.any_graph = options->any_graph,
                                              .precision = options->precision,
                                              .sizes = {metadata->inputs, metadata->n_inputs},
                                              .max_work = max_work,
                                              .packed = packed,
                                              .n_labels = count_labels(onnx, options, model)},
                            &model->plan, error);
  if (status == WN_OK && !options->any_graph)
    status = wni_metadata_bind(&model->metadata, onnx, model->plan.n_classes, options->labels_file,
                               error);
  if (status == WN_OK) status = wni_model_info_make(model, error);
  wni_metadata_clear(&sizes);
  return status;
}

/* What an operation of the network takes in the precision of `options`; INFINITY where `auto` has
 * no choice, or it cannot be told. */
static double cost_of(const WniOnnx *onnx, const char *path, const WnModelOptions *options) {
  WnModel model = {0};
  double cost = INFINITY;
  WnStatus status = build(onnx, path, options, WNI_PACKED_NEVER, &model, NULL);
  if (status == WN_OK && (options->precision != WN_PRECISION_AUTO ||
                          wni_precision_is_open(&model.plan, options->precision)))
    cost = wni_precision_cost(&model.plan, NULL, NULL);
  unload(&model);
  return cost;
}

/* `auto` becomes fp32 where that is as fast. */
static void settle_precision(const WniOnnx *onnx, const char *path, WnModelOptions *options) {
  if (options->precision != WN_PRECISION_AUTO || !wni_cpu_has_bf16_units() ||
      wni_precision_goes_by_rule())
    return;
  WnModelOptions exact = *options;
  exact.precision = WN_PRECISION_FP32;
  double bf16 = cost_of(onnx, path, options);
  if (isfinite(bf16) && !wni_precision_is_worth(bf16, cost_of(onnx, path, &exact)))
    *options = exact;
}

static WnStatus load(const char *path, const WnModelOptions *asked, bool by_rule, WnModel *model,
                     WnError *error) {
  WniOnnx *onnx = malloc(sizeof *onnx);
  if (!onnx) return wni_fail_memory(error, path);
  WnStatus status = wni_onnx_load(path, onnx, error);
  if (status == WN_OK) {
    WnModelOptions options = *asked;
    if (!by_rule) settle_precision(onnx, path, &options);
    status = build(onnx, path, &options, WNI_PACKED_LATER, model, error);
    if (status != WN_OK) wni_plan_clear(&model->plan); /* what it kept points into the file */
    wni_plan_pack_later(&model->plan, onnx);
    return status;
  }
  free(onnx);
  return status;
}

WnStatus wni_model_from_onnx(const WniOnnx *onnx, const char *path, const WnModelOptions *options,
                             WnModel **out, WnError *error) {
  *out = NULL;
  WnModel *model = calloc(1, sizeof *model);
  if (!model) return wni_fail_memory(error, path);
  model->references = 1;
  WnStatus status = build(onnx, path, options, WNI_PACKED_NOW, model, error);
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

static WnModel *new_model(const WniModelKey *key) {
  WnModel *model = calloc(1, sizeof *model);
  char *meaning = strdup(key->meaning);
  if (!model || !meaning || !(model->key = malloc(sizeof *model->key))) {
    free(meaning);
    free(model);
    return NULL;
  }
  *model->key = *key;
  model->key->meaning = meaning;
  model->references = 1;
  model->loading = true;
  return model;
}

/* An open model with this key, or a new one, in the list for others to wait for; *found says which.
 * NULL: no memory. */
static WnModel *find_or_announce(const WniModelKey *key, bool *found) {
  pthread_mutex_lock(&lock);
  WnModel *model = find_open(key);
  *found = model != NULL;
  if (!model && (model = new_model(key))) {
    model->next = models;
    models = model;
  }
  pthread_mutex_unlock(&lock);
  return model;
}

/* Whoever waits goes on: with the model or, if it is in the list no more, to try for themselves. */
static void end_load(WnModel *model, WnStatus status) {
  pthread_mutex_lock(&lock);
  model->loading = false;
  if (status != WN_OK) remove_from_list(model);
  pthread_cond_broadcast(&loaded);
  pthread_mutex_unlock(&lock);
}

static WnStatus open_model(const char *path, const WnModelOptions *options, bool by_rule,
                           WnModel **out, WnError *error) {
  static const WnModelOptions defaults;
  WniModelKey key = {0};
  bool found = false;
  *out = NULL;
  if (!path || !*path) return wni_fail(error, WN_ERROR_ARGUMENT, "no model file is given");
  if (!options) options = &defaults;
  WnStatus status = WNI_RESERVED_CHECK(options, "model options", error);
  if (status == WN_OK) status = check_precision(options->precision, error);
  if (status == WN_OK) status = wni_work_limit(options->max_work, &key.max_work, error);
  if (status != WN_OK) return status;
  key.cpu_flags = wni_cpu_flags();
  key.any_graph = options->any_graph;
  key.precision = options->precision;
  key.by_rule = by_rule;
  key.beside = wni_found_stamp(path);
  key.meaning = wni_meaning_text(options->meaning);
  if (!key.meaning) return wni_fail_memory(error, path);
  /* What has no key is nobody else's; loading it will most probably say why. */
  bool shared =
      stat_key(path, 0, &key) && (!options->labels_file || stat_key(options->labels_file, 1, &key));
  WnModel *model = shared ? find_or_announce(&key, &found) : new_model(&key);
  free(key.meaning);
  if (!model) return wni_fail_memory(error, path);
  if (!found) {
    status = load(path, options, by_rule, model, error);
    end_load(model, status);
  }
  if (status == WN_OK) {
    *out = model;
    return WN_OK;
  }
  destroy(model);
  return wni_model_name_file(path, options->labels_file, status, error);
}

WnStatus wn_model_open(const char *path, const WnModelOptions *options, WnModel **out,
                       WnError *error) {
  WNI_FP_SCOPE(mode);
  return open_model(path, options, false, out, error);
}

WnStatus wni_model_open_by_rule(const char *path, const WnModelOptions *options, WnModel **out,
                                WnError *error) {
  return open_model(path, options, true, out, error);
}

WnModel *wn_model_ref(WnModel *model) {
  model->references++;
  return model;
}

void wn_model_unref(WnModel *model) {
  if (!model) return;
  pthread_mutex_lock(&lock); /* so that nobody finds it between the count and the list */
  bool last = --model->references == 0;
  if (last) remove_from_list(model);
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
