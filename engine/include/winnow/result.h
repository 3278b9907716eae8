/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is known about one frame once its network has stopped.  The same names
 * appear in the GStreamer meta, in JSON and in shared memory.
 */
#ifndef WINNOW_RESULT_H
#define WINNOW_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include <winnow/frame.h>
#include <winnow/result_fields.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Why the network stopped, in the order in which it is tested. */
typedef enum WnStopReason {
  WN_STOP_UNCHANGED,    /* the frame looks like the last one that was classified */
  WN_STOP_NOTHING,      /* no class has the evidence that it needs */
  WN_STOP_SINGLE_CLASS, /* class exclusion left one class */
  WN_STOP_CONFIDENT,    /* confidence or entropy crossed its threshold */
  WN_STOP_WATCH,        /* no watched class survives */
  WN_STOP_GROUP,        /* all survivors are in one group */
  WN_STOP_FINAL,        /* the final classifier was computed */
  WN_STOP_DEADLINE,     /* the next stage would have ended too late */
  WN_STOP_REASON_COUNT
} WnStopReason;

/* "unchanged", "nothing", "single-class", "confident", "watch", "group", "final", "deadline"; NULL
 * for a value that is no reason. */
const char *wn_stop_reason_name(WnStopReason reason);

/* The survivors that a result keeps outside of C: in JSON, a GStreamer meta and shared memory. */
#define WN_RESULT_MAX_SURVIVORS 100

/* The fields that a result has everywhere, as result_fields.h lists and explains them, and what
 * only the C structure needs. All pointers belong to the session (labels and model_id to its model)
 * and stay valid until the session classifies again, changes its policy or is destroyed. A result
 * that says `nothing` has label "", class_index -1, confidence 0 and no survivors (unless it was
 * the answer of the class that stands for nothing): test class_index, since `unchanged` hides the
 * stop reason. */
typedef struct WnResult {
#define WN_FIELD(kind, member, name) WN_TYPE_##kind member;
  WN_RESULT_FIELDS(WN_FIELD)
#undef WN_FIELD
  int32_t n_survivors;        /* of survivors, survivor_labels and survivor_scores */
  int32_t n_stages_evaluated; /* of survivors_per_stage */
  bool has_region;            /* true: `region` was classified, else the whole frame */
  WnRect region;
  const char *region_name; /* "" for one without a name; NULL where there is no region */
} WnResult;

/* The result as one JSON object on one line, without a newline: the fields of result_fields.h under
 * their names, numbers that read back equal, text that is no UTF-8 mended, numbers that are not
 * finite as null, the WN_RESULT_MAX_SURVIVORS best survivors. To be freed with free(); NULL: no
 * memory. */
char *wn_result_json(const WnResult *result);

/* A copy in one block that holds everything it points to, with the WN_RESULT_MAX_SURVIVORS best
 * survivors; to be freed with free(). NULL: no memory. */
WnResult *wn_result_copy(const WnResult *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
