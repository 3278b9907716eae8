/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The steady state of a camera: what a stream of results says when single frames do not count.
 * Works on results alone, wherever they come from: a session, a channel, a GStreamer meta.
 *
 * Every answer c (a label, a group that ended the network, nothing) has a level a_c, which follows
 * the results: with s_c the confidence of the result's answer (1 for nothing), 0 for all others,
 *
 *   a_c += (s_c - a_c) (1 - exp(-dt / stable-time))
 *
 * where dt is the time since the result before; for the first it is infinite.  The state is the
 * answer with the highest level; it changes when another's level is WN_STATE_MARGIN higher.  It is
 * `unknown` until stable-time has passed since the first result, while its level is below
 * min-confidence, and after max-age without a result.  With a watch set each entry as it is written
 * (a group is one entry) and `other` are the answers, and events are about entries only.  A result
 * of another model (model-id) begins all anew: the state is `unknown`, which is told, and what was
 * seen is gone, until the new model's results have settled.
 */
#ifndef WINNOW_STATE_H
#define WINNOW_STATE_H

#include <winnow/winnow.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* States that are no label, group or entry. */
#define WN_STATE_UNKNOWN "unknown"
#define WN_STATE_NOTHING "nothing" /* the results say `nothing`; with a watch set that is other */
#define WN_STATE_OTHER "other"     /* with a watch set: what no entry stands for */

#define WN_STATE_MARGIN 0.1

/* Default of the elements and commands, beside WN_MAX_AGE_USUAL_NS. */
#define WN_STATE_STABLE_TIME_NS INT64_C(500000000)

typedef struct WnStateOptions {
  int64_t stable_time_ns; /* 0: every answer is a state */
  double min_confidence;  /* in [0, 1] */
  int64_t max_age_ns;     /* 0: none */
  /* JSON as wn_session_describe() gives and channels carry it, for its watch and groups; NULL or
   * "": unknown, and results whose `watched` is 0 are `other`. */
  const char *description;
  uint64_t reserved[4]; /* must be 0 */
} WnStateOptions;

typedef enum WnStateEvent {
  WN_STATE_CHANGED, /* without a watch set: another state */
  WN_STATE_SEEN,    /* with one: an entry of it becomes the state */
  WN_STATE_GONE,    /* and ends */
  WN_STATE_EVENT_COUNT
} WnStateEvent;

/* "changed", "seen", "gone"; NULL for a value that is no event. */
const char *wn_state_event_name(WnStateEvent event);

/* What happened.  The text belongs to the state and is valid until its next call. */
typedef struct WnStateChange {
  WnStateEvent event;
  const char *state; /* the new one; gone: the one that ended */
  int64_t since_ns;  /* when that one began: pts of a result, `now_ns` for one without */
} WnStateChange;

/* The most that one call reports: gone, then seen. */
enum { WN_STATE_MAX_CHANGES = 2 };

typedef struct WnState WnState;

/* A new state that has seen nothing.  On failure *out is NULL.  Errors: ARGUMENT (a number out of
 * range), DATA (the description is no JSON of that form), MEMORY.  A state is used by one thread at
 * a time; its memory is bounded whatever results come. */
WnStatus wn_state_new(const WnStateOptions *options, WnState **out, WnError *error);
void wn_state_free(WnState *state); /* NULL is ignored */

/* Changes the options; what is known stays unless the watch set is another one: then all begins
 * anew, and the next result tells that what was seen is gone.  On failure nothing changes.  Errors
 * as above. */
WnStatus wn_state_set_options(WnState *state, const WnStateOptions *options, WnError *error);

/* Forgets all results, as at the beginning of another stream. */
void wn_state_reset(WnState *state);

/* Takes a result: its time is its pts or, without one, `now_ns`, of any clock that does not jump.
 * One of another frame (with an age) is counted once, where it is new; `unchanged` is the same
 * answer again.  Gives the number of `changes` [WN_STATE_MAX_CHANGES], which may be NULL. */
int32_t wn_state_feed(WnState *state, const WnResult *result, int64_t now_ns,
                      WnStateChange *changes);

/* For times without results: ends the state when the last one was fed more than max-age ago.
 * Gives the number of changes. */
int32_t wn_state_tick(WnState *state, int64_t now_ns, WnStateChange *changes);

/* The end of the stream: the answer with the highest level is reported at once unless it is the
 * state already.  Gives the number of changes. */
int32_t wn_state_end(WnState *state, WnStateChange *changes);

/* The state now and when it began (unknown: with the first result; WN_PTS_NONE: none came yet). The
 * text is valid until the next call that changes the state. */
const char *wn_state_name(const WnState *state);
int64_t wn_state_since(const WnState *state);

/* The answer with the highest level, whether or not it is steady; WN_STATE_UNKNOWN below
 * min-confidence and before the first result.  What a picture shows until stable-time has
 * passed: wn_state_is_settled() tells. */
const char *wn_state_leader(const WnState *state);
bool wn_state_is_settled(const WnState *state);

/* The answer that a result counts for; belongs to the result or the state. */
const char *wn_state_answer(const WnState *state, const WnResult *result);

/* The result as wn_result_json() writes it with the members event, state and since behind it.  To
 * be freed with free(); NULL: no memory. */
char *wn_state_change_json(const WnStateChange *change, const WnResult *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
