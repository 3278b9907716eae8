/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow teach`: shows a backbone a few photos of each class and writes a model that tells the
 * classes apart.  A photo that cannot be read is reported, the others go on.
 */
#include <math.h>
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <winnow/teach.h>

#include "commands.h"
#include "image.h"
#include "options.h"
#include "output.h"
#include "photo_name.h"
#include "photos.h"
#include "progress.h"
#include "report.h"
#include "teach_report.h"

enum { DEFAULT_SEED = 1, FEW_PHOTOS = 20, PROGRESS_STEPS = 1000 };

/* What keeps photos together when some are held back to test on. */
typedef enum GroupBy { GROUP_BY_TIME, GROUP_BY_NAME, GROUP_BY_NONE, GROUP_BY_COUNT } GroupBy;

static const char *const group_names[GROUP_BY_COUNT] = {"time", "name", "none"};

#define NOT_GIVEN (-G_MAXDOUBLE)

/* Values as given. */
typedef struct TeachOptions {
  Options shared;
  char *output, *resize, *group_by;
  double max_rejected;
  gint64 seed;
  gboolean as_json;
} TeachOptions;

typedef struct Lesson {
  WnTeacherOptions how;
  GroupBy group_by;
  Photos photos;
  GHashTable *groups; /* (char *) to its number */
  WnTeacher *teacher;
  GPtrArray *paths; /* of the photos that were added, borrowed */
  GArray *truth;    /* int32_t, the class of each */
  Progress progress;
} Lesson;

/* ---- What is asked for ---------------------------------------------------- */

static bool parse_group_by(const char *name, GroupBy *group_by) {
  for (int i = 0; i < GROUP_BY_COUNT; i++)
    if (strcmp(name, group_names[i]) == 0) {
      *group_by = (GroupBy)i;
      return true;
    }
  report("--group-by %s: must be time, name or none", name);
  return false;
}

static int parse_request(const TeachOptions *o, Lesson *lesson) {
  WnError error = {0};
  bool bounded = o->max_rejected != NOT_GIVEN;
  lesson->how.threads = o->shared.threads;
  lesson->how.meaning = &o->shared.meaning;
  if (o->output == NULL) {
    report("teach: -o OUT.onnx is missing; see 'winnow teach --help'");
    return STATUS_USAGE;
  }
  if (o->resize != NULL && wn_teach_resize_parse(o->resize, &lesson->how.resize, &error) != WN_OK)
    return report_error(&error);
  if (o->group_by != NULL && !parse_group_by(o->group_by, &lesson->group_by)) return STATUS_USAGE;
  if (bounded && !(o->max_rejected >= 0 && o->max_rejected < 1)) {
    report("--max-rejected %g: must be a fraction from 0 (no floors) to below 1", o->max_rejected);
    return STATUS_USAGE;
  }
  if (o->seed < 0 || o->seed > G_MAXUINT32) {
    report("--seed %" G_GINT64_FORMAT ": must be a whole number from 0 to %u", o->seed,
           G_MAXUINT32);
    return STATUS_USAGE;
  }
  lesson->how.max_rejected = bounded ? o->max_rejected : -1;
  lesson->how.seed = (uint32_t)o->seed;
  return STATUS_OK;
}

/* ---- The photos ----------------------------------------------------------- */

/* One line for all classes that have few. */
static void tell_few(const Photos *photos) {
  guint *counts = photos_count(photos), n = 0, least = 0;
  for (guint c = 0; c < photos->labels->len; c++) {
    if (counts[c] >= FEW_PHOTOS) continue;
    if (n++ == 0 || counts[c] < counts[least]) least = c;
  }
  if (n > 0)
    report("few photos: %u of %u classes have fewer than %d, '%s' has %u; how good the model is "
           "stays uncertain by many points (docs/teach.md)",
           n, photos->labels->len, FEW_PHOTOS, (const char *)photos->labels->pdata[least],
           counts[least]);
  g_free(counts);
}

/* A number above 0 for the photos whose paths are equal up to the last number in their names; 0: in
 * its name is none. */
static uint64_t group_of(const Lesson *lesson, const char *path) {
  size_t n_bytes = photo_name_stem(path);
  if (n_bytes == 0) return 0;
  char *stem = g_strndup(path, n_bytes);
  guint group = GPOINTER_TO_UINT(g_hash_table_lookup(lesson->groups, stem));
  if (group > 0) {
    g_free(stem);
    return group;
  }
  group = g_hash_table_size(lesson->groups) + 1;
  g_hash_table_insert(lesson->groups, stem, GUINT_TO_POINTER(group));
  return group;
}

/* Whether every class has more than one group or photo that is in none, so that one of them can be
 * held back; false after a report. */
static bool groups_suffice(const Lesson *lesson, const char *folder) {
  const GArray *photos = lesson->photos.photos;
  int32_t class_index = -1;
  uint64_t first = 0;
  bool has_more = true;
  for (guint i = 0; i < photos->len; i++) {
    const Photo *photo = &g_array_index(photos, Photo, i);
    uint64_t group = group_of(lesson, photo->path);
    if (photo->class_index != class_index) {
      if (!has_more) break;
      class_index = photo->class_index;
      first = group;
      has_more = group == 0;
    }
    has_more |= group != first;
  }
  if (!has_more)
    report("%s/%s: with --group-by name no photo can be held back to test on, since all names are "
           "equal up to their last numbers; take --group-by time",
           folder, (const char *)lesson->photos.labels->pdata[class_index]);
  return has_more;
}

static WnTeachPhoto describe(const Lesson *lesson, const Photo *photo, const Image *image) {
  WnTeachPhoto said = {.class_index = photo->class_index, .when = NAN};
  if (lesson->group_by == GROUP_BY_NAME) said.group = group_of(lesson, photo->path);
  if (lesson->group_by == GROUP_BY_TIME)
    said.when =
        !isnan(image->picture.taken_s) ? image->picture.taken_s : photo_name_when(photo->path);
  return said;
}

/* NULL, or what is wrong with the photo, to be freed with g_free(). */
static char *add_photo(Lesson *lesson, Photo *photo) {
  const int32_t side = wn_teacher_useful_side(lesson->teacher);
  Image image = {0};
  WnError error = {0};
  char *problem = NULL;
  if (!image_load(photo->path, (PictureSize){side, side}, &image, &problem)) return problem;
  const WnTeachPhoto said = describe(lesson, photo, &image);
  if (wn_teacher_add(lesson->teacher, &image.frame, NULL, &said, &error) != WN_OK) {
    problem = g_strdup_printf("%s: %s", photo->path, error.message);
  } else {
    g_ptr_array_add(lesson->paths, photo->path);
    g_array_append_val(lesson->truth, photo->class_index);
  }
  image_clear(&image);
  return problem;
}

/* Whether enough are left of every class without those that could not be read. */
static bool enough_are_left(const char *folder, const Lesson *lesson) {
  const GPtrArray *labels = lesson->photos.labels;
  guint *counts = g_new0(guint, labels->len), c = 0;
  for (guint i = 0; i < lesson->truth->len; i++) counts[g_array_index(lesson->truth, int32_t, i)]++;
  while (c < labels->len && counts[c] >= WN_TEACH_FEWEST_PHOTOS) c++;
  bool enough = c == labels->len;
  if (!enough)
    report("%s/%s: %u photo%s could be read; every class needs at least %d", folder,
           (const char *)labels->pdata[c], counts[c], counts[c] == 1 ? "" : "s",
           WN_TEACH_FEWEST_PHOTOS);
  g_free(counts);
  return enough;
}

static bool add_photos(Lesson *lesson, const char *folder) {
  GArray *photos = lesson->photos.photos;
  progress_start(&lesson->progress, photos->len);
  for (guint i = 0; i < photos->len; i++) {
    progress_update(&lesson->progress, i);
    char *problem = add_photo(lesson, &g_array_index(photos, Photo, i));
    if (problem == NULL) continue;
    progress_hide(&lesson->progress);
    report("%s", problem);
    g_free(problem);
  }
  progress_end(&lesson->progress);
  return enough_are_left(folder, lesson);
}

/* ---- Learning ------------------------------------------------------------- */

static void show_progress(void *user, double done) {
  progress_update(user, (uint64_t)(done * PROGRESS_STEPS));
}

/* A backbone is worth more than one set of classes. */
static bool is_same_file(const char *a, const char *b) {
  GStatBuf of_a, of_b;
  return g_stat(a, &of_a) == 0 && g_stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
         of_a.st_ino == of_b.st_ino;
}

static int open_teacher(Lesson *lesson, const char *backbone, const char *output) {
  WnError error = {0};
  int status = STATUS_OK;
  char *path = options_find_model(backbone, &status);
  if (path == NULL) return status;
  if (is_same_file(path, output)) {
    report("%s: is the backbone; give the new model another name", output);
    g_free(path);
    return STATUS_FAILED;
  }
  lesson->how.labels = (const char *const *)lesson->photos.labels->pdata;
  lesson->how.n_labels = (int32_t)lesson->photos.labels->len;
  lesson->how.nothing = 1 + photos_background(&lesson->photos);
  lesson->how.progress = show_progress;
  lesson->how.user = &lesson->progress;
  if (wn_teacher_new(path, &lesson->how, &lesson->teacher, &error) != WN_OK)
    status = report_error(&error);
  else if (wn_teacher_warning(lesson->teacher) != NULL)
    report("%s", wn_teacher_warning(lesson->teacher));
  g_free(path);
  return status;
}

static int learn(Lesson *lesson, WnTeaching *found) {
  WnError error = {0};
  progress_start(&lesson->progress, PROGRESS_STEPS);
  lesson->progress.doing = "learning";
  WnStatus status = wn_teacher_learn(lesson->teacher, found, &error);
  progress_end(&lesson->progress);
  return status == WN_OK ? STATUS_OK : report_error(&error);
}

static int teach(Lesson *lesson, TeachOptions *o) {
  const char *folder = o->shared.arguments[1];
  const gint64 start_us = g_get_monotonic_time();
  WnError error = {0};
  WnTeaching found;
  if (!output_is_possible(&o->output) || !photos_list(folder, &lesson->photos))
    return STATUS_FAILED;
  if (lesson->group_by == GROUP_BY_NAME && !groups_suffice(lesson, folder)) return STATUS_FAILED;
  int status = open_teacher(lesson, o->shared.arguments[0], o->output);
  if (status != STATUS_OK) return status;
  tell_few(&lesson->photos);
  if (!add_photos(lesson, folder)) return STATUS_FAILED;
  status = learn(lesson, &found);
  if (status != STATUS_OK) return status;
  if (wn_teacher_write(lesson->teacher, o->output, &error) != WN_OK) return report_error(&error);
  const TeachReport told = {
      .found = &found,
      .model = o->output,
      .labels = lesson->how.labels,
      .paths = (const char *const *)lesson->paths->pdata,
      .truth = (const int32_t *)lesson->truth->data,
      .group_by = group_names[lesson->group_by],
      .as_few_as_possible = lesson->how.max_rejected < 0,
      .seconds = (double)(g_get_monotonic_time() - start_us) / G_USEC_PER_SEC,
  };
  (o->as_json ? teach_print_json : teach_print_text)(&told);
  return STATUS_OK;
}

static int run(int argc, char **argv) {
  TeachOptions o = {.max_rejected = NOT_GIVEN, .seed = DEFAULT_SEED};
  const GOptionEntry own[] = {
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &o.output, "The model to write", "OUT.onnx"},
      {"resize", 0, 0, G_OPTION_ARG_STRING, &o.resize,
       "What of a photo is seen: crop, letterbox, stretch, or auto: what does best (default)",
       "HOW"},
      {"group-by", 0, 0, G_OPTION_ARG_STRING, &o.group_by,
       "Test on other times (time, the default), on other names (name) or at random (none)",
       "WHAT"},
      {"max-rejected", 0, 0, G_OPTION_ARG_DOUBLE, &o.max_rejected,
       "At most this share of known photos may be called nothing; 0: none ever (default 0.01)",
       "R"},
      {"seed", 0, 0, G_OPTION_ARG_INT64, &o.seed,
       "Of what is drawn at random: the same makes the same file (default 1)", "N"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o.as_json, "Print one JSON object", NULL},
      G_OPTION_ENTRY_NULL};
  Lesson lesson = {.groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                   .paths = g_ptr_array_new(),
                   .truth = g_array_new(FALSE, FALSE, sizeof(int32_t))};
  int status = options_parse(&command_teach, OPTIONS_MEANING | OPTIONS_THREADS, own, argc, argv, 2,
                             2, &o.shared);
  if (status == STATUS_OK) status = parse_request(&o, &lesson);
  if (status == STATUS_OK) status = teach(&lesson, &o);
  wn_teacher_free(lesson.teacher);
  g_hash_table_unref(lesson.groups);
  g_ptr_array_unref(lesson.paths);
  g_array_unref(lesson.truth);
  photos_clear(&lesson.photos);
  options_clear(&o.shared);
  g_free(o.output);
  g_free(o.resize);
  g_free(o.group_by);
  return status;
}

const Command command_teach = {
    "winnow teach",
    "BACKBONE PHOTOS",
    "Make a model for your own classes from a few photos of each",
    "PHOTOS is a folder of folders of photos, each named like its class; 20 photos of each are a\n"
    "start, 60 are better. Photos in a folder 'background' show nothing of interest: frames like\n"
    "them are answered with nothing. A folder 'unsorted' is left out.\n\n"
    "BACKBONE is a network for other classes, which stays as it is: efficientnet-lite0, or for\n"
    "small boards mcunet-in4. What it finds in the photos, at its end and on the way there, is\n"
    "learnt by heads, and the new model stops as soon as the answer is clear.\n\n"
    "How good it is on new photos is found by cross-validation. Frames that follow each other are\n"
    "alike, so photos are held back in blocks of time: by the time of their EXIF data or in their\n"
    "names, or by the last number in their names.\n\n"
    "Examples:\n"
    "  winnow teach efficientnet-lite0 door -o door.onnx\n"
    "  winnow teach mcunet-in4 parts --max-rejected 0.05 --json -o parts.onnx",
    run,
    NULL};
