/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fields of a result, one row each: what the C structure, JSON, the GStreamer meta and shared
 * memory have in common.  Whoever needs all fields expands the table with a macro of their own:
 *
 *   WN_FIELD(kind, member, name)
 *     kind    below
 *     member  of WnResult
 *     name    in JSON and in a GstStructure
 *
 * A new field is a row at the end, its offset in engine/ipc/protocol.md and a getter in
 * libgstwinnow.
 *
 *   kind         JSON                  GstStructure
 *   TEXT         string                string
 *   LABEL        string, null for ""   string
 *   REASON       its name              its name
 *   INT          number                int
 *   COUNT        number                uint64
 *   DURATION     number                int64; ns
 *   STAMP        number, null if none  uint64, GST_CLOCK_TIME_NONE if none; ns, in C WN_PTS_NONE
 *   UTC          number, null if 0     int64; ns since 1970, 0: unknown
 *   REAL         number                double
 *   CLASSES      [n_survivors]         array of int
 *   LABELS       [n_survivors]         array of string
 *   SCORES       [n_survivors]         array of double
 *   STAGES       [n_stages_evaluated]  array of int
 */
#ifndef WINNOW_RESULT_FIELDS_H
#define WINNOW_RESULT_FIELDS_H

/* What each kind is in C. */
#define WN_TYPE_TEXT const char *
#define WN_TYPE_LABEL const char *
#define WN_TYPE_REASON WnStopReason
#define WN_TYPE_INT int32_t
#define WN_TYPE_COUNT uint64_t
#define WN_TYPE_DURATION int64_t
#define WN_TYPE_STAMP int64_t
#define WN_TYPE_UTC int64_t
#define WN_TYPE_REAL double
#define WN_TYPE_CLASSES const int32_t *
#define WN_TYPE_LABELS const char *const *
#define WN_TYPE_SCORES const double *
#define WN_TYPE_STAGES const int32_t *

/* clang-format off */
#define WN_RESULT_FIELDS(WN_FIELD)                                                                 \
  /* of the best survivor; "" if nothing was recognised */                                         \
  WN_FIELD(LABEL, label, "label")                                                                  \
  /* -1 if nothing was recognised */                                                               \
  WN_FIELD(INT, class_index, "class-index")                                                        \
  /* survivor_scores[0] */                                                                         \
  WN_FIELD(REAL, confidence, "confidence")                                                         \
  /* stop by group: its name; else "" */                                                           \
  WN_FIELD(TEXT, group, "group")                                                                   \
  /* 0-based; equals the number of exits for the final classifier */                               \
  WN_FIELD(INT, exit_stage, "exit-stage")                                                          \
  /* exits + 1 */                                                                                  \
  WN_FIELD(INT, stage_count, "stage-count")                                                        \
  WN_FIELD(REASON, stop_reason, "stop-reason")                                                     \
  /* class indices, best first; none where a floor has ended the frame */                          \
  WN_FIELD(CLASSES, survivors, "survivors")                                                        \
  WN_FIELD(LABELS, survivor_labels, "survivor-labels")                                             \
  /* p over all classes at the last evaluated exit: sigmoid or softmax as the model says, softmax  \
   * with confidence and entropy; after the final classifier the softmax over the survivors, or    \
   * the network's own probabilities where they are all it gives */                                \
  WN_FIELD(SCORES, survivor_scores, "survivor-scores")                                             \
  /* how many there are; n_survivors is less where only the WN_RESULT_MAX_SURVIVORS best came along */ \
  WN_FIELD(INT, survivor_count, "survivor-count")                                                  \
  /* after each stage computed; the final one repeats its predecessor, or is 0 for nothing */      \
  WN_FIELD(STAGES, survivors_per_stage, "survivors-per-stage")                                     \
  /* 1: the label is in the watch set; 0: it is not; -1: nothing is watched */                     \
  WN_FIELD(INT, watched, "watched")                                                                \
  /* multiply-accumulates executed for this frame */                                               \
  WN_FIELD(COUNT, macs, "macs")                                                                    \
  /* of the final path and every head */                                                           \
  WN_FIELD(COUNT, macs_full, "macs-full")                                                          \
  /* from the entry of preprocessing to the decision */                                            \
  WN_FIELD(DURATION, latency_ns, "latency-ns")                                                     \
  /* "name@crc32" */                                                                               \
  WN_FIELD(TEXT, model_id, "model-id")                                                             \
  /* of the frame that was classified; none for an image */                                        \
  WN_FIELD(STAMP, pts_ns, "pts")                                                                   \
  /* of its capture */                                                                             \
  WN_FIELD(UTC, time_ns, "time")                                                                   \
  /* from that frame to the one that carries the result; 0 for its own */                          \
  WN_FIELD(DURATION, age_ns, "age-ns")

/* Only where has_region is true. */
#define WN_REGION_FIELDS(WN_FIELD)                                                                 \
  WN_FIELD(INT, region.x, "x")                                                                     \
  WN_FIELD(INT, region.y, "y")                                                                     \
  WN_FIELD(INT, region.width, "w")                                                                 \
  WN_FIELD(INT, region.height, "h")                                                                \
  WN_FIELD(TEXT, region_name, "region")
/* clang-format on */

#endif
