/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See hash.h.  Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; one round a word
 * and three at the end are enough for tables.
 */
#include "base/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint64_t key[2]; /* written once */

/* Where the system has no random bytes yet, the time and where the program lies have to do. */
static void draw_key(void) {
  struct timespec now = {0};
  if (getrandom(key, sizeof key, GRND_NONBLOCK) == (ssize_t)sizeof key) return;
  clock_gettime(CLOCK_MONOTONIC, &now);
  key[0] = (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec;
  key[1] = (uint64_t)(uintptr_t)&now << 16 ^ (uint64_t)(uintptr_t)&once;
}

static uint64_t rotate(uint64_t x, int bits) {
  return x << bits | x >> (64 - bits);
}

static void mix(uint64_t v[4]) {
  v[0] += v[1];
  v[2] += v[3];
  v[1] = rotate(v[1], 13) ^ v[0];
  v[3] = rotate(v[3], 16) ^ v[2];
  v[0] = rotate(v[0], 32);
  v[2] += v[1];
  v[0] += v[3];
  v[1] = rotate(v[1], 17) ^ v[2];
  v[3] = rotate(v[3], 21) ^ v[0];
  v[2] = rotate(v[2], 32);
}

uint64_t wni_hash(const void *data, size_t size) {
  const unsigned char *at = data;
  uint64_t last = (uint64_t)size << 56;
  pthread_once(&once, draw_key);
  uint64_t v[4] = {key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU,
                   key[0] ^ 0x6c7967656e657261U, key[1] ^ 0x7465646279746573U};
  for (; size >= 8; at += 8, size -= 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    v[3] ^= word;
    mix(v);
    v[0] ^= word;
  }
  for (size_t i = 0; i < size; i++) last |= (uint64_t)at[i] << (8 * i);
  v[3] ^= last;
  mix(v);
  v[0] ^= last;
  v[2] ^= 0xFF;
  for (int i = 0; i < 3; i++) mix(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}
