/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Backbones that nobody meant, taught as `winnow teach` does it, and files that it wrote with
 * changes in them: opened, asked, and used for all that a model can be made into.  What is learnt
 * adds up, and what is written has the classes that were taught.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, whose inputs are changed as networks (mutate.h). Else:
 * fuzz_teach FOLDER [INPUTS [SEED]] changes the models of the folder so itself.
 */
#include <winnow/teach.h>

#include <math.h>

#include "mutated.h"
#include "use_model.h"

enum { MAX_TAUGHT = 4 };

static const char *const labels[MAX_TAUGHT] = {"cat", "background", "dog, small", "\xc3\xa4"};

static bool is_share(double value) {
  return value >= 0 && value <= 1;
}

static void check_teaching(const WnTeaching *t, int32_t n_labels, uint64_t n_photos) {
  uint64_t stopped = 0, answered = 0, per_class = 0;
  if (t->n_classes != n_labels || t->photos != n_photos || t->n_exits < 0) abort();
  for (int32_t i = 0; i <= t->n_exits; i++) {
    stopped += t->exits[i];
    if (!*t->taps[i] || !is_share(t->tap_macs[i])) abort();
    if (i < t->n_exits && isnan(t->thresholds[i])) abort();
  }
  for (int32_t c = 0; c < n_labels; c++) per_class += t->photos_per_class[c];
  for (int32_t i = 0; i < n_labels * (n_labels + 1); i++) answered += t->confusion[i];
  if (stopped != n_photos || answered != n_photos || per_class != n_photos) abort();
  if (!is_share(t->accuracy) || !is_share(t->accuracy_full) || !is_share(t->rejected) ||
      !(t->accuracy_low <= t->accuracy && t->accuracy <= t->accuracy_high))
    abort();
  for (int32_t i = 0; i < t->n_doubtful; i++)
    if (t->doubtful[i].photo >= n_photos || t->doubtful[i].answer >= n_labels) abort();
}

static WnStatus add_photos(WnTeacher *teacher, int32_t n_labels, uint64_t *n, WnError *error) {
  static const double times[] = {0, 1, 2, 1000, -5, 1e300, (double)NAN, (double)INFINITY};
  WnStatus status = WN_OK;
  int32_t n_photos = n_labels * (WN_TEACH_FEWEST_PHOTOS + (int32_t)decide(2));
  if (decide(16) == 0) n_photos--;
  for (int32_t i = 0; i < n_photos && status == WN_OK; i++) {
    WnFrame frame = make_frame();
    WnRect region = {(int32_t)decide(9), 1, 1 + (int32_t)decide(30), 6};
    WnTeachPhoto photo = {.class_index = i % n_labels, .when = DECIDE(times)};
    if (decide(3) == 0) photo.group = decide(4);
    status = wn_teacher_add(teacher, &frame, decide(8) ? NULL : &region, &photo, error);
    *n += status == WN_OK;
    if (status != WN_OK) must_say(error);
    status = WN_OK; /* the others go on */
  }
  return status;
}

static void must_be_taught(int32_t n_labels, int32_t n_exits) {
  WnModel *model = NULL;
  WnError error = {0};
  if (wn_model_open(made_path(), NULL, &model, &error) != WN_OK) {
    fprintf(stderr, "what was taught does not open: %s\n", error.message);
    abort();
  }
  const WnModelInfo *info = wn_model_info(model);
  if (info->n_classes != n_labels || info->n_stages != n_exits + 1) abort();
  for (int32_t c = 0; c < n_labels; c++)
    if (strcmp(info->labels[c], labels[c]) != 0) abort();
  use_classify(model);
  wn_model_unref(model);
}

/* Whether made.onnx has been written. */
static bool teach(void) {
  static const double rejected[] = {-1, -1, 0, 0.01, 0.3, 0.999};
  WnTeacherOptions options = {.labels = labels,
                              .n_labels = 2 + (int32_t)decide(MAX_TAUGHT - 1),
                              .threads = 1,
                              .resize = (WnTeachResize)decide(WN_TEACH_RESIZE_COUNT),
                              .seed = decide(5),
                              .max_rejected = DECIDE(rejected)};
  if (decide(2)) options.nothing = 2;
  WnTeacher *teacher = NULL;
  WnTeaching found;
  WnError error = {0};
  uint64_t n_photos = 0;
  WnStatus status = wn_teacher_new(model_path(), &options, &teacher, &error);
  if (status == WN_OK) status = add_photos(teacher, options.n_labels, &n_photos, &error);
  if (status == WN_OK) status = wn_teacher_learn(teacher, &found, &error);
  if (status == WN_OK) check_teaching(&found, options.n_labels, n_photos);
  if (status == WN_OK) status = wn_teacher_write(teacher, made_path(), &error);
  if (status == WN_OK)
    must_be_taught(options.n_labels, found.n_exits);
  else
    must_say(&error);
  wn_teacher_free(teacher);
  return status == WN_OK;
}

/* As a backbone, which has no exits, most often. */
static void put_backbone(const uint8_t *data, size_t size) {
  static uint8_t bytes[FOLDER_MAX_FILE];
  size_t plain = 0;
  memcpy(bytes, data, size);
  if (decide(16)) plain = mutate_forget_exits(bytes, size, sizeof bytes);
  put_file("models/model.onnx", plain ? bytes : data, plain ? plain : size);
}

/* Moves made.onnx to model.onnx, changed. */
static void change_taught(void) {
  static uint8_t bytes[FOLDER_MAX_FILE];
  FILE *file = fopen(made_path(), "rb");
  if (!file) abort();
  size_t size = fread(bytes, 1, sizeof bytes, file), changed = 0;
  fclose(file);
  if (size < sizeof bytes) changed = mutate_model(bytes, size, sizeof bytes, decide(UINT32_MAX));
  put_file("models/model.onnx", bytes, changed ? changed : size);
  remove(made_path());
}

static bool open_small(WnModel **model) {
  WnError error = {0};
  if (wn_model_open(model_path(), NULL, model, &error) != WN_OK)
    must_say(&error);
  else if (is_small(wn_model_info(*model)))
    return true;
  wn_model_unref(*model);
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  WnModel *model = NULL;
  make_folder();
  if (size > FOLDER_MAX_FILE) return 0;
  n_networks++;
  decide_by(data, size);
  put_backbone(data, size);
  if (!open_small(&model)) return 0;
  wn_model_unref(model);
  if (!teach()) return 0;
  n_used++;
  change_taught();
  if (!open_small(&model)) return 0;
  use_classify(model);
  wn_model_unref(model);
  use_make(model_path(), made_path());
  return 0;
}

#ifndef FUZZER

int main(int argc, char **argv) {
  return draw_networks(argc, argv, 300, 8);
}

#endif
