/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Teaches a backbone, any classifier, classes of one's own from few photos of each.  The backbone
 * stays as it is; behind some of its tensors, the taps, linear heads learn to tell the classes
 * apart, so that what is made has exits:
 *
 *   wn_teacher_new    a backbone and the names of the classes
 *   wn_teacher_add    one photo and its class, again and again
 *   wn_teacher_learn  heads, thresholds and floors, and how good they are
 *   wn_teacher_write  one plain model file
 *
 * A teacher is used by one thread at a time.
 */
#ifndef WINNOW_TEACH_H
#define WINNOW_TEACH_H

#include <winnow/winnow.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct WnTeacher WnTeacher;

/* What of a photo the network sees (winnow.input.resize). */
typedef enum WnTeachResize {
  WN_TEACH_RESIZE_AUTO, /* what cross-validates best, the whole frame on a tie */
  WN_TEACH_RESIZE_CROP,
  WN_TEACH_RESIZE_LETTERBOX,
  WN_TEACH_RESIZE_STRETCH,
  WN_TEACH_RESIZE_COUNT
} WnTeachResize;

/* "auto", "crop", "letterbox", "stretch". */
const char *wn_teach_resize_name(WnTeachResize resize);
WnStatus wn_teach_resize_parse(const char *name, WnTeachResize *out, WnError *error);

/* Called now and then while wn_teacher_learn() takes its time, with how much of it is done, 0..1.
 */
typedef void WnTeachProgress(void *user, double done);

/* Zero-initialise for the defaults; labels are needed. */
typedef struct WnTeacherOptions {
  const char *const *labels; /* [n_labels] names of the classes, all different; copied */
  int32_t n_labels;          /* 2 to WN_TEACH_MAX_CLASSES */
  int32_t nothing;           /* 1 + the class whose photos show nothing; 0: none */
  int32_t threads;           /* as in WnSessionOptions */
  WnTeachResize resize;
  uint32_t seed; /* of what is drawn at random: the same photos and seed make the same file */
  /* At most this share of what is known is answered with nothing; 0: no floors.  Below 0: 0.01, or
   * as little as the number of photos allows. */
  double max_rejected;
  WnTeachProgress *progress; /* NULL: none */
  void *user;
  /* What the backbone's input and scores mean, as in WnModelOptions; only read by wn_teacher_new().
   * `resize` above counts in place of its own and of a preset's; of its crops only one that is
   * given as such, since photos are looked at whole otherwise. */
  const WnMeaning *meaning;
  uint64_t reserved[3]; /* must be 0 */
} WnTeacherOptions;

enum { WN_TEACH_MAX_CLASSES = 1000, WN_TEACH_FEWEST_PHOTOS = 5 };

/* Opens the backbone at `path`: a network without exits whose taps its metadata names (winnow.taps)
 * or that are found.  On failure *out is NULL.  Errors: those of wn_model_open(), ARGUMENT
 * (labels), UNSUPPORTED (no tap is found, it has exits or several inputs). */
WnStatus wn_teacher_new(const char *path, const WnTeacherOptions *options, WnTeacher **out,
                        WnError *error);
void wn_teacher_free(WnTeacher *teacher); /* NULL is ignored */

/* One line about what is assumed of the backbone's input, such as its range; NULL: nothing.  Valid
 * as long as the teacher. */
const char *wn_teacher_warning(const WnTeacher *teacher);

/* How large a photo is useful: its shorter side in pixels, beyond which nothing is gained. */
int32_t wn_teacher_useful_side(const WnTeacher *teacher);

/* Which photos show almost the same, and when. */
typedef struct WnTeachPhoto {
  int32_t class_index;
  /* Photos of one class are validated in blocks of neighbours by this number, seconds or any other
   * order; NaN: this photo stands for itself. */
  double when;
  /* Photos with the same number above 0 are never parted; 0: parted by `when`. */
  uint64_t group;
  uint64_t reserved[2]; /* must be 0 */
} WnTeachPhoto;

/* Takes a photo; `region` NULL: all of it.  The pixels are not needed afterwards.  Errors: those of
 * wn_session_classify(), ARGUMENT (class_index), MEMORY. */
WnStatus wn_teacher_add(WnTeacher *teacher, const WnFrame *frame, const WnRect *region,
                        const WnTeachPhoto *photo, WnError *error);

/* A photo that cross-validation was least sure of, or got wrong. */
typedef struct WnTeachDoubt {
  uint64_t photo;    /* the how-manyth that was added, from 0 */
  int32_t answer;    /* class index */
  double confidence; /* of the answer */
} WnTeachDoubt;

/* What has been learnt.  Every share in 0..1 is of photos that the heads in question had not seen.
 * Pointers are valid until wn_teacher_learn() is called again. */
typedef struct WnTeaching {
  uint64_t photos;
  int32_t n_classes, n_exits;
  const uint64_t *photos_per_class;   /* [n_classes] */
  double accuracy;                    /* with exits, as the file answers */
  double accuracy_low, accuracy_high; /* where new photos' accuracy lies with 95 % confidence */
  double accuracy_full;               /* at the end, without exits */
  uint64_t macs_full;
  double macs_mean;
  double rejected;              /* of known photos, answered with nothing by a floor */
  double max_rejected;          /* the promise that was kept; 0: no floors */
  const uint64_t *exits;        /* [n_exits + 1] photos that stop at each stage */
  const double *thresholds;     /* [n_exits] */
  const uint64_t *confusion;    /* [n_classes][n_classes + 1] answers by true class; the last column
                                   is nothing by a floor */
  const WnTeachDoubt *doubtful; /* [n_doubtful] the least sure first */
  int32_t n_doubtful;
  const char *const *taps; /* [n_exits + 1] tensors; the last is the end's */
  const double *tap_macs;  /* [n_exits + 1] share of the MACs */
  WnTeachResize resize;    /* the one chosen */
  bool blocks;             /* validated in blocks of time or groups, else at random */
  int64_t learn_ns;
  uint64_t reserved[4]; /* written as 0 */
} WnTeaching;

/* Learns from all photos.  Errors: DATA (fewer than two classes with photos, fewer than
 * WN_TEACH_FEWEST_PHOTOS of one), MEMORY. */
WnStatus wn_teacher_learn(WnTeacher *teacher, WnTeaching *out, WnError *error);

/* Writes the model that was learnt last to `path`, whole or not at all.  Errors: ARGUMENT (nothing
 * learnt yet), IO, MEMORY. */
WnStatus wn_teacher_write(WnTeacher *teacher, const char *path, WnError *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
