/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fields of a result, one row each: what the C structure, JSON, the GStreamer meta and shared
 * memory have in common.  Whoever needs all fields expands a table with a macro of their own:
 *
 *   WN_FIELD(kind, member, name)
 *     kind    below
 *     member  of WnResult
 *     name    in JSON and in a GstStructure
 *
 * A new field is a row here, a member in result.h, its place in engine/ipc/protocol.md and a getter
 * in libgstwinnow.
 *
 *   kind         in C                      JSON                  GstStructure
 *   TEXT         const char *              string                string
 *   LABEL        const char *              string, null for ""   string
 *   REASON       WnStopReason              its name              its name
 *   INT          int32_t                   number                int
 *   COUNT        uint64_t                  number                uint64
 *   DURATION     int64_t, ns               number                int64
 *   STAMP        int64_t, ns; WN_PTS_NONE  number, null if none  uint64, GST_CLOCK_TIME_NONE if
 * none UTC          int64_t, ns; 0: unknown   number, null if 0     int64 REAL         double
 * number                double CLASSES      const int32_t *           [n_survivors]         array
 * of int LABELS       const char *const *       [n_survivors]         array of string SCORES const
 * double *            [n_survivors]         array of double STAGES       const int32_t *
 * [n_stages_evaluated]  array of int
 */
#ifndef WINNOW_RESULT_FIELDS_H
#define WINNOW_RESULT_FIELDS_H

#define WN_RESULT_FIELDS(WN_FIELD)                                                                 \
  WN_FIELD(LABEL, label, "label")                                                                  \
  WN_FIELD(INT, class_index, "class-index")                                                        \
  WN_FIELD(REAL, confidence, "confidence")                                                         \
  WN_FIELD(TEXT, group, "group")                                                                   \
  WN_FIELD(INT, exit_stage, "exit-stage")                                                          \
  WN_FIELD(INT, stage_count, "stage-count")                                                        \
  WN_FIELD(REASON, stop_reason, "stop-reason")                                                     \
  WN_FIELD(CLASSES, survivors, "survivors")                                                        \
  WN_FIELD(LABELS, survivor_labels, "survivor-labels")                                             \
  WN_FIELD(SCORES, survivor_scores, "survivor-scores")                                             \
  WN_FIELD(INT, survivor_count, "survivor-count")                                                  \
  WN_FIELD(STAGES, survivors_per_stage, "survivors-per-stage")                                     \
  WN_FIELD(INT, watched, "watched")                                                                \
  WN_FIELD(COUNT, macs, "macs")                                                                    \
  WN_FIELD(COUNT, macs_full, "macs-full")                                                          \
  WN_FIELD(DURATION, latency_ns, "latency-ns")                                                     \
  WN_FIELD(TEXT, model_id, "model-id")                                                             \
  WN_FIELD(STAMP, pts_ns, "pts")                                                                   \
  WN_FIELD(UTC, time_ns, "time")                                                                   \
  WN_FIELD(DURATION, age_ns, "age-ns")

/* Only where has_region is true. */
#define WN_REGION_FIELDS(WN_FIELD)                                                                 \
  WN_FIELD(INT, region.x, "x")                                                                     \
  WN_FIELD(INT, region.y, "y")                                                                     \
  WN_FIELD(INT, region.width, "w")                                                                 \
  WN_FIELD(INT, region.height, "h")                                                                \
  WN_FIELD(TEXT, region_name, "region")

#endif
