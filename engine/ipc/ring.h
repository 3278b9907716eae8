/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sequence lock of a slot and of the description, between one writer and readers that cannot
 * write.
 *
 *   writer                                   reader
 *   W1 sequence = 2 n - 1  (relaxed)         R1 s = sequence        (acquire)
 *   W2 fence               (release)         R2 read the data
 *   W3 write the data                        R3 fence               (acquire)
 *   W4 sequence = 2 n      (release)         R4 t = sequence        (relaxed)
 *   W5 latest = n          (release)         whole if s = t = 2 n
 *
 * Why that is enough. If R1 reads the 2 n of W4, everything of frame n is visible in R2. If any
 * read of R2 sees a byte of the next frame m in this slot, its write W3 comes after W2 and the read
 * before R3: fence W2 then synchronises with fence R3, so that R4 reads 2 m - 1 or later, and t
 * differs from s. W2 keeps the data of W3 from being seen before the odd number, R3 the reads of R2
 * from being done after R4. On x86 all this costs nothing but the compiler's order; on Arm the
 * fences are instructions. A reader that has seen `latest` = n finds at least n in the slot.
 *
 * The data are plain bytes, and C11 calls it a race to read them while they change; compilers copy
 * them between the two fences all the same, as every sequence lock relies on.
 *
 * tests/ipc/model.py tries all orders that this allows, and shows that without either fence
 * a torn frame passes.
 */
#ifndef WNI_IPC_RING_H
#define WNI_IPC_RING_H

#include <stdbool.h>

#include "ipc/wire.h"

static inline void wni_ring_begin(_Atomic uint64_t *sequence, uint64_t number) {
  atomic_store_explicit(sequence, 2 * number - 1, memory_order_relaxed);
  atomic_thread_fence(memory_order_release);
}

static inline void wni_ring_end(_Atomic uint64_t *sequence, uint64_t number) {
  atomic_store_explicit(sequence, 2 * number, memory_order_release);
}

static inline void wni_ring_set_latest(WniWireHeader *header, uint64_t number) {
  atomic_store_explicit(&header->latest, number, memory_order_release);
}

static inline uint64_t wni_ring_latest(const WniWireHeader *header) {
  return atomic_load_explicit(&header->latest, memory_order_acquire);
}

/* Before what `sequence` guards is read: the number of what is whole there; 0: nothing is. */
static inline uint64_t wni_ring_enter(const _Atomic uint64_t *sequence) {
  uint64_t s = atomic_load_explicit(sequence, memory_order_acquire);
  return s % 2 == 0 ? s / 2 : 0;
}

/* After it: whether number `number` was whole until now. */
static inline bool wni_ring_leave(const _Atomic uint64_t *sequence, uint64_t number) {
  atomic_thread_fence(memory_order_acquire);
  return atomic_load_explicit(sequence, memory_order_relaxed) == 2 * number;
}

#endif
