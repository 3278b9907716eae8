/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See cpu.h.
 */
#include "base/cpu.h"

#include "base/error.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* The processor's extended features, leaf 7 of CPUID; names that the compiler's own test takes
 * depend on its version. */
typedef struct Features {
  unsigned eax, ebx, ecx, edx;
} Features;

static Features features(unsigned subleaf) {
  Features f = {0};
  if (!__get_cpuid_count(7, 0, &f.eax, &f.ebx, &f.ecx, &f.edx) || f.eax < subleaf)
    return (Features){0};
  __cpuid_count(7, subleaf, f.eax, f.ebx, f.ecx, f.edx);
  return f;
}

static bool has_f16c(void) {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx >> 29 & 1;
}

/* A tile's 8 KiB would make every context larger, so the operating system keeps tiles disabled
 * until a process asks for them. */
static bool may_use_tiles(void) {
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18, AMX_TILE = 24 };
  return features(0).edx >> AMX_TILE & 1 &&
         syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}
enum { BF16_UNITS = WNI_CPU_amxbf16 | WNI_CPU_avx512bf16 };
#elif defined(__aarch64__)
enum { BF16_UNITS = WNI_CPU_bf16 };
#else
enum { BF16_UNITS = 0 };
#endif

#define WNI_CPU_SET(name, present)                                                                 \
  static bool has_##name(void) {                                                                   \
    return present;                                                                                \
  }
#include "base/cpu_sets.inc"

typedef struct InstructionSet {
  const char *name;
  bool (*present)(void);
} InstructionSet;

/* Row i has bit i. */
static const InstructionSet sets[] = {
#define WNI_CPU_SET(name, present) {#name, has_##name},
#include "base/cpu_sets.inc"
    {0},
};

/* Room for the names of all sets, each with a comma or the end behind it. */
enum {
  MAX_TEXT = 1
#define WNI_CPU_SET(name, present) +sizeof #name
#include "base/cpu_sets.inc"
};

static pthread_once_t detect_once = PTHREAD_ONCE_INIT;
static uint32_t detected;                    /* written once by detect() */
static _Atomic uint32_t mask = ~(uint32_t)0; /* written by detect() and wn_cpu_set_mask() */

/* The names of each combination of sets; written once by detect(). */
enum { ALL = (1 << WNI_CPU_SET_COUNT) - 1 };
static char names[ALL + 1][MAX_TEXT];

static void name_combinations(void) {
  for (size_t flags = 1; flags <= ALL; flags++) {
    char *end = names[flags];
    for (size_t i = 0; sets[i].name; i++) {
      if (!(flags >> i & 1)) continue;
      if (end != names[flags]) *end++ = ',';
      end = stpcpy(end, sets[i].name);
    }
  }
}

static bool parse_mask(const char *text, uint32_t *out, WnError *error) {
  *out = strcmp(text, "all") == 0 ? ~(uint32_t)0 : 0;
  if (*out || strcmp(text, "none") == 0 || !*text) return true;
  while (*text) {
    size_t n = strcspn(text, ","), i = 0;
    while (sets[i].name && !(strlen(sets[i].name) == n && memcmp(sets[i].name, text, n) == 0)) i++;
    if (!sets[i].name) {
      wni_error_set(error, WN_ERROR_ARGUMENT,
                    "cpu mask: unknown instruction set '%.*s'; known are all, none%s%s", (int)n,
                    text, *names[ALL] ? "," : "", names[ALL]);
      return false;
    }
    *out |= 1u << i;
    text += n + (text[n] == ',');
  }
  return true;
}

static void detect(void) {
  name_combinations();
  for (size_t i = 0; sets[i].name; i++)
    if (sets[i].present()) detected |= 1u << i;
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
  return names[wni_cpu_flags()];
}
