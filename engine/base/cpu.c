/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See cpu.h.  One table row per instruction set: its name and how to ask for it.
 */
#include "base/cpu.h"

#include "base/error.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
static bool has_avx2(void) {
  return false;
}
#endif

static const struct {
  const char *name;
  uint32_t flag;
  bool (*present)(void);
} sets[] = {
    {"avx2", WNI_CPU_AVX2, has_avx2},
};
enum { N_SETS = sizeof sets / sizeof *sets, BF16_UNITS = 0 };

static pthread_once_t detect_once = PTHREAD_ONCE_INIT;
static uint32_t detected;                    /* written once by detect() */
static _Atomic uint32_t mask = ~(uint32_t)0; /* written by detect() and wn_cpu_set_mask() */

static bool parse_mask(const char *text, uint32_t *out, WnError *error) {
  *out = strcmp(text, "all") == 0 ? ~(uint32_t)0 : 0;
  if (*out || strcmp(text, "none") == 0 || !*text) return true;
  while (*text) {
    size_t n = strcspn(text, ","), i = 0;
    while (i < N_SETS && !(strlen(sets[i].name) == n && memcmp(sets[i].name, text, n) == 0)) i++;
    if (i == N_SETS) {
      wni_fail(error, WN_ERROR_ARGUMENT,
               "cpu mask: unknown instruction set '%.*s'; known are all, none, avx2", (int)n, text);
      return false;
    }
    *out |= sets[i].flag;
    text += n + (text[n] == ',');
  }
  return true;
}

static void detect(void) {
  for (size_t i = 0; i < N_SETS; i++)
    if (sets[i].present()) detected |= sets[i].flag;
  const char *environment = getenv("WINNOW_CPU_MASK");
  uint32_t wanted;
  WnError error;
  if (!environment) return;
  if (parse_mask(environment, &wanted, &error))
    mask = wanted;
  else
    fprintf(stderr, "winnow: WINNOW_CPU_MASK is ignored: %s\n", error.message);
}

uint32_t wni_cpu_flags(void) {
  pthread_once(&detect_once, detect);
  return detected & mask;
}

bool wni_cpu_has_bf16_units(void) {
  return wni_cpu_flags() & BF16_UNITS;
}

WnStatus wn_cpu_set_mask(const char *text, WnError *error) {
  uint32_t wanted;
  pthread_once(&detect_once, detect);
  if (!text)
    return wni_fail(error, WN_ERROR_ARGUMENT, "cpu mask: no text; use \"all\" or \"none\"");
  if (!parse_mask(text, &wanted, error)) return WN_ERROR_ARGUMENT;
  mask = wanted;
  return WN_OK;
}

const char *wn_cpu_flags(void) {
  /* One table entry per combination keeps this a constant string. */
  static const char *const names[] = {"", "avx2"};
  return names[wni_cpu_flags()];
}
