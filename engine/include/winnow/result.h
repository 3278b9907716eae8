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

/* The fields are listed in result_fields.h too. All pointers belong to the session (labels and
 * model_id to its model) and stay valid until the session classifies again, changes its policy or
 * is destroyed. A result that says `nothing` has label "", class_index -1, confidence 0 and no
 * survivors: test class_index, since `unchanged` hides the stop reason. */
typedef struct WnResult {
  const char *label; /* of the best survivor */
  int32_t class_index;
  double confidence;   /* survivor_scores[0] */
  const char *group;   /* stop by group: its name; else "" */
  int32_t exit_stage;  /* 0-based; equals the number of exits for the final classifier */
  int32_t stage_count; /* exits + 1 */
  WnStopReason stop_reason;

  int32_t n_survivors;                /* of those in the arrays */
  const int32_t *survivors;           /* [n_survivors] class indices, best first */
  const char *const *survivor_labels; /* [n_survivors] */
  /* [n_survivors] p over all classes at the last evaluated exit: sigmoid or softmax as the model
   * says, softmax with confidence and entropy; after the final classifier the softmax over the
   * survivors. */
  const double *survivor_scores;
  /* How many there are; n_survivors is less where only the WN_RESULT_MAX_SURVIVORS best came along.
   */
  int32_t survivor_count;

  int32_t n_stages_evaluated;
  /* [n_stages_evaluated], one for each stage computed; the final one repeats its predecessor */
  const int32_t *survivors_per_stage;
  int32_t watched; /* 1: the label is in the watch set; 0: it is not; -1: nothing is watched */

  uint64_t macs;        /* multiply-accumulates executed for this frame */
  uint64_t macs_full;   /* of the final path and every head */
  int64_t latency_ns;   /* from the entry of preprocessing to the decision */
  const char *model_id; /* "name@crc32" */
  int64_t pts_ns;       /* of the frame that was classified; WN_PTS_NONE for an image */
  int64_t time_ns;      /* UTC since 1970 of its capture; 0: unknown */
  int64_t age_ns;       /* from that frame to the one that carries the result; 0 for its own */

  bool has_region; /* true: `region` was classified, else the whole frame */
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
