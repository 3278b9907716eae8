/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A teacher (winnow/teach.h): its backbone, and the photos that it is given.
 */
#include "teach/teacher.h"

#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Photos are kept somewhat larger than the network's picture, for crops to be cut from; of more
 * than these bytes in all no copies are kept: so many photos need no more views of each. */
#define COPY_SCALE 1.25
enum { MOST_COPIED = 192 << 20 };

static const char *const resize_names[WN_TEACH_RESIZE_COUNT] = {"auto", "crop", "letterbox",
                                                                "stretch"};

const char *wn_teach_resize_name(WnTeachResize resize) {
  return (unsigned)resize < WN_TEACH_RESIZE_COUNT ? resize_names[resize] : NULL;
}

WnStatus wn_teach_resize_parse(const char *name, WnTeachResize *out, WnError *error) {
  for (int i = 0; i < WN_TEACH_RESIZE_COUNT; i++)
    if (name && strcmp(name, resize_names[i]) == 0) {
      *out = (WnTeachResize)i;
      return WN_OK;
    }
  return wni_fail(error, WN_ERROR_ARGUMENT,
                  "resize: '%.60s' is not auto, crop, letterbox or stretch", name ? name : "");
}

/* ---- opening ---- */

/* What comes back from winnow.labels as it was. */
static bool is_label(const char *label) {
  if (!label || !label[strspn(label, " ")] || strchr("[{", *label) ||
      strncmp(label, "\xef\xbb\xbf", 3) == 0)
    return false;
  for (const char *c = label; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 127) return false;
  return true;
}

static WnStatus check_options(const WnTeacherOptions *o, WnError *error) {
  if (o->n_labels < 2 || o->n_labels > WN_TEACH_MAX_CLASSES || !o->labels)
    return wni_fail(error, WN_ERROR_ARGUMENT, "labels: %d classes, not 2 to %d", o->n_labels,
                    WN_TEACH_MAX_CLASSES);
  for (int i = 0; i < o->n_labels; i++) {
    if (!is_label(o->labels[i]))
      return wni_fail(error, WN_ERROR_ARGUMENT,
                      "labels: that of class %d is blank, begins like JSON or has a control "
                      "character in it",
                      i);
    for (int k = 0; k < i; k++)
      if (strcmp(o->labels[k], o->labels[i]) == 0)
        return wni_fail(error, WN_ERROR_ARGUMENT, "labels: '%.100s' stands there twice",
                        o->labels[i]);
  }
  if (o->nothing < 0 || o->nothing > o->n_labels)
    return wni_fail(error, WN_ERROR_ARGUMENT, "nothing: %d is no class", o->nothing - 1);
  if (!wn_teach_resize_name(o->resize))
    return wni_fail(error, WN_ERROR_ARGUMENT, "resize: %d is not one of them", (int)o->resize);
  if (!(o->max_rejected < 1))
    return wni_fail(error, WN_ERROR_ARGUMENT, "max-rejected: %g is not a fraction below 1",
                    o->max_rejected);
  return WN_OK;
}

static WnStatus open_teacher(WnTeacher *teacher, const char *path, const WnTeacherOptions *options,
                             WnError *error) {
  teacher->options = *options;
  teacher->nothing = options->nothing - 1;
  teacher->path = strdup(path);
  teacher->labels = calloc((size_t)options->n_labels, sizeof *teacher->labels);
  bool enough = teacher->path && teacher->labels;
  for (int i = 0; enough && i < options->n_labels; i++)
    enough = (teacher->labels[i] = strdup(options->labels[i])) != NULL;
  if (!enough) return wni_fail_memory(error, "the teacher");
  WnStatus status = wni_backbone_open(&teacher->backbone, path, options->meaning, error);
  if (status == WN_OK)
    status = wni_extractor_open(&teacher->extractor, &teacher->backbone, path, options->meaning,
                                options->threads, error);
  if (status == WN_OK)
    wni_meaning_warn(&teacher->backbone.network.metadata, path, teacher->warning);
  return status;
}

WnStatus wn_teacher_new(const char *path, const WnTeacherOptions *options, WnTeacher **out,
                        WnError *error) {
  WNI_FP_SCOPE(mode);
  *out = NULL;
  if (!path || !*path) return wni_fail(error, WN_ERROR_ARGUMENT, "no model file is given");
  if (!options) return wni_fail(error, WN_ERROR_ARGUMENT, "no labels are given");
  WnStatus status = WNI_RESERVED_CHECK(options, "teacher options", error);
  if (status == WN_OK) status = check_options(options, error);
  if (status != WN_OK) return status;
  WnTeacher *teacher = calloc(1, sizeof *teacher);
  if (!teacher) return wni_fail_memory(error, "the teacher");
  status = open_teacher(teacher, path, options, error);
  if (status != WN_OK) {
    wn_teacher_free(teacher);
    return status;
  }
  *out = teacher;
  return WN_OK;
}

const char *wn_teacher_warning(const WnTeacher *teacher) {
  return *teacher->warning ? teacher->warning : NULL;
}

static void clear_photo(WniPhoto *photo) {
  for (int i = 0; i < WNI_RESIZES; i++)
    if (photo->views[i] != photo->whole) free(photo->views[i]);
  free(photo->whole);
  free(photo->pixels);
}

void wn_teacher_free(WnTeacher *teacher) {
  if (!teacher) return;
  for (size_t i = 0; i < teacher->n; i++) clear_photo(&teacher->photos[i]);
  for (int i = 0; teacher->labels && i < teacher->options.n_labels; i++) free(teacher->labels[i]);
  free(teacher->photos);
  free(teacher->labels);
  free(teacher->path);
  wni_extractor_clear(&teacher->extractor);
  wni_backbone_clear(&teacher->backbone);
  wni_heads_clear(&teacher->heads);
  wni_scores_clear(&teacher->scores);
  free(teacher->per_class);
  free(teacher->confusion);
  free(teacher->doubtful);
  free(teacher);
}

/* ---- photos ---- */

static int copy_side(const WnTeacher *teacher) {
  const WniImageTarget *t = &teacher->extractor.target;
  return (int)ceil(COPY_SCALE * (t->height > t->width ? t->height : t->width));
}

int32_t wn_teacher_useful_side(const WnTeacher *teacher) {
  return copy_side(teacher);
}

static void stop_copying(WnTeacher *teacher) {
  teacher->crowded = true;
  for (size_t i = 0; i < teacher->n; i++) {
    free(teacher->photos[i].pixels);
    teacher->photos[i].pixels = NULL;
  }
}

static WnStatus keep_copy(WnTeacher *teacher, const WnFrame *frame, const WnRect *region,
                          WniPhoto *photo, WnError *error) {
  if (teacher->crowded) return WN_OK;
  photo->pixels = wni_extract_copy(frame, region, copy_side(teacher), &photo->copy, error);
  if (!photo->pixels) return WN_ERROR_MEMORY;
  teacher->copied += 3 * (size_t)photo->copy.width * (size_t)photo->copy.height;
  return WN_OK;
}

static WnStatus look(WnTeacher *teacher, const WnFrame *frame, const WnRect *region,
                     WniResize resize, float **features, WnError *error) {
  const WniGlance view = {.region = region, .resize = resize, .gain = 1};
  *features = malloc(teacher->extractor.n_features * sizeof **features);
  if (!*features) return wni_fail_memory(error, "the features");
  return wni_extract(&teacher->extractor, frame, &view, *features, error);
}

/* The photo in the ways that may be chosen. */
static WnStatus look_all(WnTeacher *teacher, const WnFrame *frame, const WnRect *region,
                         WniPhoto *photo, WnError *error) {
  WnTeachResize wanted = teacher->options.resize;
  if (wanted != WN_TEACH_RESIZE_AUTO) {
    WniResize resize = (WniResize)(wanted - 1);
    return look(teacher, frame, region, resize, &photo->views[resize], error);
  }
  bool same = wni_extractor_fits(&teacher->extractor, frame, region);
  WnStatus status = WN_OK;
  for (int i = 0; i < WNI_RESIZES && status == WN_OK; i++) {
    if (same && i > 0)
      photo->views[i] = photo->whole;
    else
      status = look(teacher, frame, region, (WniResize)i, &photo->views[i], error);
    if (same && i == 0) photo->whole = photo->views[0];
  }
  return status;
}

WnStatus wn_teacher_add(WnTeacher *teacher, const WnFrame *frame, const WnRect *region,
                        const WnTeachPhoto *given, WnError *error) {
  WNI_FP_SCOPE(mode);
  WniPhoto photo = {.given = *given};
  if (given->class_index < 0 || given->class_index >= teacher->options.n_labels)
    return wni_fail(error, WN_ERROR_ARGUMENT, "class %d: there are %d", given->class_index,
                    teacher->options.n_labels);
  WnStatus status = WNI_RESERVED_CHECK(given, "teach photo", error);
  if (status == WN_OK) status = wni_frame_check(frame, region, error);
  if (status == WN_OK) status = look_all(teacher, frame, region, &photo, error);
  if (status == WN_OK) status = keep_copy(teacher, frame, region, &photo, error);
  if (status == WN_OK &&
      !wni_grow((void **)&teacher->photos, teacher->n, &teacher->capacity, sizeof *teacher->photos))
    status = wni_fail_memory(error, "the photos");
  if (status != WN_OK) {
    clear_photo(&photo);
    return status;
  }
  teacher->photos[teacher->n++] = photo;
  if (!teacher->crowded && teacher->copied > MOST_COPIED) stop_copying(teacher);
  return WN_OK;
}

WniImages wni_teacher_images(const WnTeacher *teacher) {
  uint32_t *index = malloc((teacher->n + 1) * sizeof *index);
  for (size_t i = 0; index && i < teacher->n; i++) index[i] = (uint32_t)i;
  return (WniImages){index, teacher->n};
}
