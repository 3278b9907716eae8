/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The insides of a teacher (winnow/teach.h).
 */
#ifndef WNI_TEACH_TEACHER_H
#define WNI_TEACH_TEACHER_H

#include <winnow/teach.h>

#include "teach/extract.h"
#include "teach/learn.h"
#include "tune/simulate.h"

enum { WNI_RESIZES = WN_TEACH_RESIZE_COUNT - 1 };

typedef struct WniPhoto {
  WnTeachPhoto given;
  float *views[WNI_RESIZES]; /* features by WniResize; NULL: not looked at in this way */
  float *whole;              /* what the views that are alike point to, to be freed; NULL: none */
  WnFrame copy;              /* what augmentation looks at */
  uint8_t *pixels;           /* of it; NULL: none is kept */
} WniPhoto;

/* What decides, found on photos that the heads had not seen (policy.c). */
typedef struct WniTaughtPolicy {
  double thresholds[WNI_MAX_TAPS], floors[WNI_MAX_TAPS];
  bool has_floors;     /* they are compared with logits */
  double max_rejected; /* the promise; 0: no floors */
} WniTaughtPolicy;

struct WnTeacher {
  WnTeacherOptions options; /* labels are `labels` */
  char **labels;            /* [options.n_labels] */
  int nothing;              /* class; -1: none */
  char *path;
  WniBackbone backbone;
  WniExtractor extractor;
  char warning[WNI_WARNING_BYTES]; /* "": none */
  WniPhoto *photos;                /* [n] */
  size_t n, capacity;
  size_t copied; /* bytes of all copies */
  bool crowded;  /* so many photos that copies are not kept */

  /* what was learnt last */
  bool learnt;
  WniResize resize;
  WniHeads heads;
  WniScores scores;               /* of the photos, by heads that had not seen them */
  double sharpness[WNI_MAX_TAPS]; /* see learn.h */
  uint64_t macs[WNI_MAX_TAPS];
  WniTask task;
  WniTaughtPolicy policy;

  /* what `report` points to */
  WnTeaching report;
  uint64_t *per_class, *confusion;
  uint64_t exits[WNI_MAX_TAPS];
  WnTeachDoubt *doubtful;
  const char *taps[WNI_MAX_TAPS];
  double tap_macs[WNI_MAX_TAPS];
};

/* Finds thresholds and floors for teacher->scores (policy.c).  Errors: MEMORY. */
WnStatus wni_taught_policy_find(WnTeacher *teacher, WnError *error);

/* Fills in teacher->report (report.c).  Errors: MEMORY. */
WnStatus wni_teacher_report(WnTeacher *teacher, WnError *error);

/* Where, with 95 % confidence, the accuracy on new photos lies of which cross-validation found
 * `right` of `n`. */
void wni_accuracy_interval(uint64_t right, uint64_t n, double *low, double *high);

/* All photos, 0 .. n - 1; the caller frees index. */
WniImages wni_teacher_images(const WnTeacher *teacher);

#endif
