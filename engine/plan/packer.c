/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See packer.h.  A forked child has no thread, and portions that it was at are nobody's there: a
 * claim says between which forks it was made, and an older one counts for nothing.  Memory of the
 * file is given back behind a portion, so that it can be packed again from its beginning.
 */
#include "plan/packer.h"

#include "base/fpmode.h"
#include "base/gate.h"
#include "base/memory.h"
#include "base/quiet.h"
#include "base/share.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Of a portion: it is there, and whoever packed it reads its sources no more.  CLAIMED and above:
 * somebody is at it, since so many forks. */
enum { LEFT, PACKED, RELEASED, CLAIMED };

/* The file, and copies of what is not there. */
typedef enum Sources { SOURCES_READ, SOURCES_LEAVING, SOURCES_GONE } Sources;

typedef struct Entry {
  WniPortion portion;
  WniGate state;
  void *copies; /* owned: what the portion reads that is not in the file */
} Entry;

struct WniPacker {
  Entry *entries;
  size_t n_entries, capacity;
  size_t *end; /* [n_stages] of the entries of a stage and of those before */
  int n_stages;
  atomic_bool done; /* all are packed */
  WniOnnx *onnx;
  _Atomic Sources sources;
  bool has_thread;
  unsigned started; /* forks before */
  pthread_t thread;
  atomic_bool stop;
};

static _Atomic unsigned forks; /* behind which this process came to be */

static void count_fork(void) {
  forks++;
}

static void watch_forks(void) {
  pthread_atfork(NULL, NULL, count_fork);
}

void wni_portion_pack(const WniPortion *portion, const WniOnnx *onnx) {
  portion->pack(&portion->weights, &portion->packing, portion->to);
  if (portion->last_reader) wni_weights_release(&portion->weights, onnx);
}

WniPacker *wni_packer_new(int n_stages) {
  WniPacker *packer = calloc(1, sizeof *packer);
  if (!packer) return NULL;
  packer->n_stages = n_stages;
  packer->end = calloc((size_t)n_stages, sizeof *packer->end);
  if (packer->end) return packer;
  free(packer);
  return NULL;
}

/* Copies `bytes` to *to, which moves on; where they are now. */
static const void *copy(const void *from, size_t bytes, char **to) {
  const void *at = memcpy(*to, from, bytes);
  *to += wni_round_up(bytes, sizeof(float));
  return at;
}

/* Makes a portion depend on nothing but the file. */
static bool keep_sources(Entry *entry, const WniOnnx *onnx) {
  WniWeights *weights = &entry->portion.weights;
  WniPacking *packing = &entry->portion.packing;
  size_t n_scales = weights->n_scales > 1 ? weights->outputs : weights->n_scales, bytes;
  const void *data = wni_weights_data(weights, &bytes);
  if (wni_onnx_holds(onnx, data, bytes)) bytes = 0;
  char *to = malloc((weights->outputs + n_scales + 1) * sizeof(float) + bytes);
  if (!to) return false;
  entry->copies = to;
  packing->row_scale = copy(packing->row_scale, weights->outputs * sizeof(float), &to);
  if (n_scales) weights->scale = copy(weights->scale, n_scales * sizeof(float), &to);
  if (!bytes) return true;
  data = copy(data, bytes, &to);
  if (weights->f)
    weights->f = data;
  else if (weights->halves)
    weights->halves = data;
  else
    weights->q = data;
  return true;
}

bool wni_packer_add(WniPacker *packer, int stage, const WniPortion *portion, const WniOnnx *onnx) {
  if (!wni_grow((void **)&packer->entries, packer->n_entries, &packer->capacity,
                sizeof *packer->entries))
    return false;
  Entry *entry = &packer->entries[packer->n_entries];
  entry->portion = *portion;
  if (!keep_sources(entry, onnx)) return false;
  packer->n_entries++;
  for (int s = stage; s < packer->n_stages; s++) packer->end[s] = packer->n_entries;
  return true;
}

static bool is_packed(const Entry *entry) {
  unsigned state = entry->state.value;
  return state == PACKED || state == RELEASED;
}

/* Packs a portion that is nobody's. */
static void try_to_pack(const WniPacker *packer, Entry *entry) {
  unsigned state = entry->state.value, mine = CLAIMED + forks;
  const WniPortion *portion = &entry->portion;
  if (state == PACKED || state == RELEASED || state == mine) return;
  if (!atomic_compare_exchange_strong(&entry->state.value, &state, mine)) return;
  portion->pack(&portion->weights, &portion->packing, portion->to);
  wni_gate_set(&entry->state, PACKED);
  if (portion->last_reader) wni_weights_release(&portion->weights, packer->onnx);
  wni_gate_set(&entry->state, RELEASED);
}

static void clear_sources(WniPacker *packer) {
  packer->sources = SOURCES_LEAVING;
  for (size_t i = 0; i < packer->n_entries; i++) free(packer->entries[i].copies);
  if (packer->onnx) wni_onnx_clear(packer->onnx);
  free(packer->onnx);
  packer->sources = SOURCES_GONE;
}

static void *pack_all(void *context) {
  WniPacker *packer = context;
  const WniFpMode mode = wni_fp_enter(true);
  for (size_t i = 0; i < packer->n_entries && !packer->stop; i++) {
    Entry *entry = &packer->entries[i];
    try_to_pack(packer, entry);
    for (unsigned state; (state = entry->state.value) != RELEASED;)
      wni_gate_wait(&entry->state, state);
  }
  if (wni_packer_is_done(packer)) clear_sources(packer);
  wni_fp_leave(&mode);
  return NULL;
}

void wni_packer_start(WniPacker *packer, WniOnnx *onnx) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  sigset_t others, signals;
  packer->onnx = onnx;
  wni_onnx_strip(onnx);
  pthread_once(&once, watch_forks);
  packer->started = forks;
  wni_signals_of_others(&others);
  pthread_sigmask(SIG_SETMASK, &others, &signals);
  packer->has_thread = pthread_create(&packer->thread, NULL, pack_all, packer) == 0;
  pthread_sigmask(SIG_SETMASK, &signals, NULL);
  if (!packer->has_thread) pack_all(packer);
}

bool wni_packer_is_done(WniPacker *packer) {
  if (packer->done) return true;
  for (size_t i = 0; i < packer->n_entries; i++)
    if (!is_packed(&packer->entries[i])) return false;
  packer->done = true;
  return true;
}

bool wni_packer_finish(WniPacker *packer, int stage, WniHalt *halt, int thread) {
  size_t begin = stage > 0 ? packer->end[stage - 1] : 0, end = packer->end[stage];
  bool any = false;
  for (size_t i = begin; i < end; i++) {
    if (halt && any && wni_halt_look(halt, thread)) return true;
    any = any || !is_packed(&packer->entries[i]);
    try_to_pack(packer, &packer->entries[i]);
  }
  for (size_t i = begin; i < end; i++) {
    if (halt && any && wni_halt_look(halt, thread)) return true;
    wni_gate_wait(&packer->entries[i].state, CLAIMED + forks);
  }
  return any;
}

void wni_packer_free(WniPacker *packer) {
  if (!packer) return;
  packer->stop = true;
  if (packer->has_thread && packer->started == forks) pthread_join(packer->thread, NULL);
  /* What a thread of the parent was taking apart is left as it is. */
  if (packer->sources == SOURCES_READ) clear_sources(packer);
  free(packer->entries);
  free(packer->end);
  free(packer);
}
