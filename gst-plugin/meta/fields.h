/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The names of a result's fields in a GstStructure: written by the plugin
 * (result_write.c), read by libgstwinnow-1.0 (gstwinnow.c).  They are the names
 * of JSON and shared memory too.  Types are int, int64, uint64, double, string
 * and GST_TYPE_ARRAY of those only: GstCustomMeta serialises nothing else.
 */
#ifndef GST_WINNOW_FIELDS_H
#define GST_WINNOW_FIELDS_H

#define FIELD_LABEL "label"                             /* string */
#define FIELD_CLASS_INDEX "class-index"                 /* int */
#define FIELD_CONFIDENCE "confidence"                   /* double */
#define FIELD_GROUP "group"                             /* string, "" if none */
#define FIELD_EXIT_STAGE "exit-stage"                   /* int */
#define FIELD_STAGE_COUNT "stage-count"                 /* int */
#define FIELD_STOP_REASON "stop-reason"                 /* string */
#define FIELD_SURVIVORS "survivors"                     /* array of int */
#define FIELD_SURVIVOR_LABELS "survivor-labels"         /* array of string */
#define FIELD_SURVIVOR_SCORES "survivor-scores"         /* array of double */
#define FIELD_SURVIVORS_PER_STAGE "survivors-per-stage" /* array of int */
#define FIELD_MACS "macs"                               /* uint64 */
#define FIELD_MACS_FULL "macs-full"                     /* uint64 */
#define FIELD_LATENCY_NS "latency-ns"                   /* int64 */
#define FIELD_MODEL_ID "model-id"                       /* string */
#define FIELD_PTS "pts"                                 /* uint64, GST_CLOCK_TIME_NONE if none */
#define FIELD_X "x"                                     /* int; x, y, w, h of a region only */
#define FIELD_Y "y"
#define FIELD_W "w"
#define FIELD_H "h"

#endif
