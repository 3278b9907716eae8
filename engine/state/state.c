/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See winnow/state.h.  An answer takes one of a fixed number of slots while its level counts; where
 * there are more of them, the lowest goes, which is far from being the state.
 */
#include <winnow/state.h>

#include "base/error.h"
#include "base/fpmode.h"
#include "state/entries.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Levels add up to 1 at most, so an answer that gave way to the others had less than 1 / SLOTS. */
enum { SLOTS = 64 };
#define NEGLIGIBLE 1e-6

typedef enum Kind { UNKNOWN, ANSWER, NOTHING, OTHER } Kind;

/* A name that keeps its room, so that a stream that has shown its labels allocates nothing more. */
typedef struct Name {
  Kind kind; /* UNKNOWN: none, a slot is free */
  char *text;
  size_t size;
} Name;

typedef struct Slot {
  Name name;
  double level;
} Slot;

/* What was told. */
typedef struct Shown {
  Name name;
  int64_t since_ns;
} Shown;

/* What is still to be told of a state that ended with its question or its model. */
typedef enum Owed { OWED_NOTHING, OWED_GONE, OWED_UNKNOWN } Owed;

struct WnState {
  WnStateOptions options; /* description NULL */
  WniEntries entries;
  Slot slots[SLOTS];
  int holder, latest; /* slots of the state and of the last result; -1: none */
  bool any, settled, told;
  bool watching;             /* the last result was about a watch set */
  Name model;                /* that gave it; UNKNOWN: none */
  int64_t last_pts, last_ns; /* of the last result: its time by pts, and `now_ns` */
  int64_t elapsed_ns;        /* since the first one, no longer counted when settled */
  Shown now, before;
  Owed owed;
  Shown ended; /* what is gone */
};

/* ---- names ---- */

/* False: no memory, and nothing has changed. */
static bool name_set(Name *name, Kind kind, const char *text) {
  size_t bytes = strlen(text) + 1;
  if (bytes > name->size) {
    char *larger = realloc(name->text, bytes);
    if (!larger) return false;
    name->text = larger;
    name->size = bytes;
  }
  memcpy(name->text, text, bytes);
  name->kind = kind;
  return true;
}

static bool name_is(const Name *name, Kind kind, const char *text) {
  return name->kind == kind && (kind == UNKNOWN || strcmp(name->text, text) == 0);
}

static const char *name_text(const Name *name) {
  return name->kind == UNKNOWN ? WN_STATE_UNKNOWN : name->text;
}

/* ---- another beginning ---- */

void wn_state_reset(WnState *state) {
  for (int i = 0; i < SLOTS; i++) {
    state->slots[i].name.kind = UNKNOWN;
    state->slots[i].level = 0;
  }
  state->holder = state->latest = -1;
  state->any = state->settled = state->told = state->watching = false;
  state->elapsed_ns = 0;
  state->model.kind = state->now.name.kind = state->before.name.kind = UNKNOWN;
  state->now.since_ns = WN_PTS_NONE;
  state->owed = OWED_NOTHING;
}

/* Another question, or another model that answers it: what was known counts no longer, but whoever
 * was told that it began is to hear that it ended. */
static void begin_anew(WnState *state) {
  Owed owed = state->owed;
  if (state->now.name.kind != UNKNOWN) {
    Shown now = state->now;
    state->now = state->ended;
    state->ended = now;
    owed = !state->watching ? OWED_UNKNOWN : now.name.kind == ANSWER ? OWED_GONE : OWED_NOTHING;
  }
  wn_state_reset(state);
  state->owed = owed;
}

/* ---- options ---- */

static WnStatus check(const WnStateOptions *options, WnError *error) {
  WnStatus status = WNI_RESERVED_CHECK(options, "state options", error);
  if (status != WN_OK) return status;
  if (options->stable_time_ns < 0)
    return wni_fail(error, WN_ERROR_ARGUMENT, "stable-time: %lld ns is negative",
                    (long long)options->stable_time_ns);
  if (options->max_age_ns < 0)
    return wni_fail(error, WN_ERROR_ARGUMENT, "max-age: %lld ns is negative",
                    (long long)options->max_age_ns);
  if (!(options->min_confidence >= 0 && options->min_confidence <= 1))
    return wni_fail(error, WN_ERROR_ARGUMENT, "min-confidence: %g is not in 0..1",
                    options->min_confidence);
  return WN_OK;
}

WnStatus wn_state_set_options(WnState *state, const WnStateOptions *options, WnError *error) {
  WniEntries entries;
  WnStatus status = check(options, error);
  if (status == WN_OK) status = wni_entries_read(options->description, &entries, error);
  if (status != WN_OK) return status;
  if (!wni_entries_equal(&entries, &state->entries)) begin_anew(state);
  wni_entries_clear(&state->entries);
  state->entries = entries;
  state->options = *options;
  state->options.description = NULL;
  return WN_OK;
}

WnStatus wn_state_new(const WnStateOptions *options, WnState **out, WnError *error) {
  *out = NULL;
  WnState *state = calloc(1, sizeof *state);
  if (!state) return wni_fail_memory(error, "a state");
  wn_state_reset(state);
  WnStatus status = wn_state_set_options(state, options, error);
  if (status == WN_OK)
    *out = state;
  else
    wn_state_free(state);
  return status;
}

void wn_state_free(WnState *state) {
  if (!state) return;
  for (int i = 0; i < SLOTS; i++) free(state->slots[i].name.text);
  free(state->model.text);
  free(state->now.name.text);
  free(state->before.name.text);
  free(state->ended.name.text);
  wni_entries_clear(&state->entries);
  free(state);
}

/* ---- answers ---- */

static Kind answer(const WnState *state, const WnResult *result, const char **text) {
  if (state->entries.watch) {
    const char *entry = wni_entries_find(&state->entries, result);
    /* The labels of the groups of a very large model may have been left out. */
    if (!entry && result->watched > 0) entry = result->label;
    *text = entry ? entry : WN_STATE_OTHER;
    return entry ? ANSWER : OTHER;
  }
  *text = WN_STATE_OTHER;
  if (result->watched == 0) return OTHER;
  *text = WN_STATE_NOTHING;
  if (result->class_index < 0) return NOTHING;
  *text = *result->group && result->watched < 0 ? result->group : result->label;
  return ANSWER;
}

const char *wn_state_answer(const WnState *state, const WnResult *result) {
  const char *text;
  answer(state, result, &text);
  return text;
}

/* The answer's slot, which may be one that another answer gives up; -1: no memory. */
static int find_slot(WnState *state, Kind kind, const char *text) {
  int lowest = -1;
  for (int i = 0; i < SLOTS; i++) {
    const Slot *slot = &state->slots[i];
    if (name_is(&slot->name, kind, text)) return i;
    if (i != state->holder && (lowest < 0 || slot->level < state->slots[lowest].level)) lowest = i;
  }
  if (!name_set(&state->slots[lowest].name, kind, text)) return -1;
  state->slots[lowest].level = 0;
  return lowest;
}

/* ---- time ---- */

/* b - a; 0 where it is negative, as after a seek, and the most there is where it does not fit. */
static int64_t since(int64_t a, int64_t b) {
  int64_t difference;
  if (b <= a) return 0;
  return __builtin_sub_overflow(b, a, &difference) ? INT64_MAX : difference;
}

static bool too_old(const WnState *state, int64_t age_ns) {
  return state->options.max_age_ns > 0 && age_ns > state->options.max_age_ns;
}

/* When the result was true: at its own frame, or, as the frame looks the same, at a later one. */
static int64_t time_of(const WnResult *result) {
  int64_t age_ns = result->stop_reason == WN_STOP_UNCHANGED ? result->age_ns : 0, time_ns;
  if (result->pts_ns == WN_PTS_NONE) return WN_PTS_NONE;
  return __builtin_add_overflow(result->pts_ns, age_ns, &time_ns) ? result->pts_ns : time_ns;
}

static int64_t last_time(const WnState *state) {
  return state->last_pts != WN_PTS_NONE ? state->last_pts : state->last_ns;
}

/* Counts the result's time; gives exp(-dt / stable-time), the share of the past that stays. */
static double pass_time(WnState *state, int64_t pts_ns, int64_t now_ns) {
  bool both = pts_ns != WN_PTS_NONE && state->last_pts != WN_PTS_NONE;
  int64_t dt = !state->any ? 0
               : both      ? since(state->last_pts, pts_ns)
                           : since(state->last_ns, now_ns);
  double stays = 0; /* nothing is before the first result */
  if (state->any && state->options.stable_time_ns > 0)
    stays = exp(-(double)dt / (double)state->options.stable_time_ns);
  if (__builtin_add_overflow(state->elapsed_ns, dt, &state->elapsed_ns))
    state->elapsed_ns = INT64_MAX;
  if (state->elapsed_ns >= state->options.stable_time_ns) state->settled = true;
  state->any = true;
  state->last_pts = pts_ns;
  state->last_ns = now_ns;
  if (state->now.since_ns == WN_PTS_NONE) state->now.since_ns = last_time(state);
  return stays;
}

/* ---- the state ---- */

/* The slot of the highest level; of equal ones the last result's. */
static int leader(const WnState *state) {
  int best = state->latest;
  for (int i = 0; i < SLOTS; i++)
    if (state->slots[i].level > state->slots[best].level) best = i;
  return best;
}

static bool is_known(const WnState *state, int slot) {
  return slot >= 0 && state->slots[slot].level >= state->options.min_confidence;
}

/* Without room for changes they are counted all the same. */
static int32_t tell(WnState *state, WnStateEvent event, const Shown *shown, int32_t n,
                    WnStateChange *changes) {
  if (changes) changes[n] = (WnStateChange){event, name_text(&shown->name), shown->since_ns};
  state->told = true;
  return n + 1;
}

/* Makes `slot` (-1: unknown) the state. */
static int32_t show(WnState *state, int slot, WnStateChange *changes) {
  static const Name unknown;
  const Name *name = slot < 0 ? &unknown : &state->slots[slot].name;
  if (name_is(&state->now.name, name->kind, name->text)) return 0;
  if (!name_set(&state->before.name, name->kind, name->text ? name->text : "")) return 0;
  Shown old = state->now;
  state->now = state->before;
  state->now.since_ns = last_time(state);
  state->before = old;
  if (!state->watching) return tell(state, WN_STATE_CHANGED, &state->now, 0, changes);
  int32_t n = 0;
  if (state->before.name.kind == ANSWER) n = tell(state, WN_STATE_GONE, &state->before, n, changes);
  if (name->kind == ANSWER) n = tell(state, WN_STATE_SEEN, &state->now, n, changes);
  return n;
}

/* What may become the state need not be far ahead of one that is unknown. */
static int32_t decide(WnState *state, WnStateChange *changes) {
  if (!state->settled) return 0;
  int best = leader(state);
  bool free = state->now.name.kind == UNKNOWN || state->options.stable_time_ns == 0;
  if (free || state->slots[best].level >= state->slots[state->holder].level + WN_STATE_MARGIN)
    state->holder = best;
  return show(state, is_known(state, state->holder) ? state->holder : -1, changes);
}

static int32_t tell_gone(WnState *state, WnStateChange *changes) {
  if (state->owed != OWED_GONE) return 0;
  state->owed = OWED_NOTHING;
  return tell(state, WN_STATE_GONE, &state->ended, 0, changes);
}

/* Unless there is another state already: n > 0. */
static int32_t tell_unknown(WnState *state, int32_t n, WnStateChange *changes) {
  bool tells = n == 0 && state->owed == OWED_UNKNOWN && !state->watching;
  state->owed = OWED_NOTHING;
  return tells ? tell(state, WN_STATE_CHANGED, &state->now, n, changes) : n;
}

int32_t wn_state_tick(WnState *state, int64_t now_ns, WnStateChange *changes) {
  WNI_FP_SCOPE(mode);
  if (!state->any && state->owed == OWED_NOTHING) return 0;
  if (!too_old(state, since(state->last_ns, now_ns))) return 0;
  if (state->now.since_ns == WN_PTS_NONE) state->now.since_ns = last_time(state);
  int32_t n = tell_gone(state, changes);
  return n > 0 ? n : tell_unknown(state, show(state, -1, changes), changes);
}

/* Whether the frame carries the result of another one that has been counted. */
static bool is_carried(const WnState *state, const WnResult *result, int64_t time_ns) {
  if (result->age_ns <= 0) return false;
  return time_ns == WN_PTS_NONE ||
         (state->any && state->last_pts != WN_PTS_NONE && time_ns <= state->last_pts);
}

/* Such a frame tells how late it is. */
static int32_t feed_carried(WnState *state, const WnResult *result, int64_t now_ns,
                            WnStateChange *changes) {
  int64_t frame_ns;
  if (result->pts_ns == WN_PTS_NONE || state->last_pts == WN_PTS_NONE ||
      __builtin_add_overflow(result->pts_ns, result->age_ns, &frame_ns))
    return wn_state_tick(state, now_ns, changes);
  return too_old(state, since(state->last_pts, frame_ns)) ? show(state, -1, changes) : 0;
}

/* Counts the result for its answer. */
static int32_t count(WnState *state, const WnResult *result, int64_t time_ns, int64_t now_ns,
                     WnStateChange *changes) {
  const char *text;
  Kind kind = answer(state, result, &text);
  int slot = find_slot(state, kind, text);
  if (slot < 0) return 0;
  double stays = pass_time(state, time_ns, now_ns);
  double s = result->class_index < 0     ? 1
             : !(result->confidence > 0) ? 0 /* NaN too: it may come from another process */
             : result->confidence > 1    ? 1
                                         : result->confidence;
  for (int i = 0; i < SLOTS; i++) {
    Slot *other = &state->slots[i];
    other->level += ((i == slot ? s : 0) - other->level) * (1 - stays);
    if (other->level < NEGLIGIBLE && i != slot && i != state->holder) {
      other->level = 0;
      other->name.kind = UNKNOWN;
    }
  }
  state->latest = slot;
  return decide(state, changes);
}

/* Another model's levels say nothing about this one's. */
static void follow_model(WnState *state, const WnResult *result) {
  const char *id = result->model_id ? result->model_id : "";
  if (name_is(&state->model, ANSWER, id)) return;
  if (state->model.kind != UNKNOWN) begin_anew(state);
  name_set(&state->model, ANSWER, id);
}

int32_t wn_state_feed(WnState *state, const WnResult *result, int64_t now_ns,
                      WnStateChange *changes) {
  WNI_FP_SCOPE(mode);
  int64_t time_ns = time_of(result);
  bool watching = state->entries.watch || result->watched >= 0;
  follow_model(state, result);
  if (watching != state->watching && state->any) begin_anew(state);
  state->watching = watching;
  int32_t n = tell_gone(state, changes);
  WnStateChange *left = changes ? changes + n : NULL;
  n += is_carried(state, result, time_ns) ? feed_carried(state, result, now_ns, left)
                                          : count(state, result, time_ns, now_ns, left);
  return tell_unknown(state, n, changes);
}

int32_t wn_state_end(WnState *state, WnStateChange *changes) {
  WNI_FP_SCOPE(mode);
  int32_t n = tell_gone(state, changes);
  if (!state->any) return tell_unknown(state, n, changes);
  state->holder = leader(state);
  n += show(state, is_known(state, state->holder) ? state->holder : -1,
            changes ? changes + n : NULL);
  /* Who asked about one picture hears that it is unknown. */
  return n == 0 && !state->told && !state->watching
             ? tell(state, WN_STATE_CHANGED, &state->now, 0, changes)
             : n;
}

const char *wn_state_name(const WnState *state) {
  return name_text(&state->now.name);
}

int64_t wn_state_since(const WnState *state) {
  return state->now.since_ns;
}

const char *wn_state_leader(const WnState *state) {
  if (!state->any) return WN_STATE_UNKNOWN;
  int best = leader(state);
  return is_known(state, best) ? name_text(&state->slots[best].name) : WN_STATE_UNKNOWN;
}

bool wn_state_is_settled(const WnState *state) {
  return state->settled;
}
