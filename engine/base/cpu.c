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
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct InstructionSet {
  const char *name;
  uint32_t flag;
  bool (*present)(void);
} InstructionSet;

#if defined(__x86_64__)
static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static bool has_avxvnni(void) {
  return has_avx2() && __builtin_cpu_supports("avxvnni");
}
static bool has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
static bool has_avx512vnni(void) {
  return has_avx512() && __builtin_cpu_supports("avx512vnni");
}
static bool has_avx512bf16(void) {
  return has_avx512() && __builtin_cpu_supports("avx512bf16");
}

/* A tile's 8 KiB would make every context larger, so the operating system keeps tiles disabled
 * until a process asks for them. */
static bool has_tiles(void) {
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
  return has_avx512() && __builtin_cpu_supports("amx-tile") &&
         syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}
static bool has_amxbf16(void) {
  return __builtin_cpu_supports("amx-bf16") && has_tiles();
}
static bool has_amxint8(void) {
  return __builtin_cpu_supports("amx-int8") && has_tiles();
}

static const InstructionSet sets[] = {
    {"avx2", WNI_CPU_AVX2, has_avx2},
    {"avxvnni", WNI_CPU_AVXVNNI, has_avxvnni},
    {"avx512", WNI_CPU_AVX512, has_avx512},
    {"avx512vnni", WNI_CPU_AVX512VNNI, has_avx512vnni},
    {"avx512bf16", WNI_CPU_AVX512BF16, has_avx512bf16},
    {"amxbf16", WNI_CPU_AMXBF16, has_amxbf16},
    {"amxint8", WNI_CPU_AMXINT8, has_amxint8},
    {0},
};
enum { BF16_UNITS = WNI_CPU_AMXBF16 };
#elif defined(__aarch64__)
static bool has_neon(void) {
  return getauxval(AT_HWCAP) & HWCAP_ASIMD;
}
static bool has_dotprod(void) {
  return getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
}
static bool has_i8mm(void) {
  return getauxval(AT_HWCAP2) & HWCAP2_I8MM;
}
static bool has_bf16(void) {
  return getauxval(AT_HWCAP2) & HWCAP2_BF16;
}

static const InstructionSet sets[] = {
    {"neon", WNI_CPU_NEON, has_neon},
    {"dotprod", WNI_CPU_DOTPROD, has_dotprod},
    {"i8mm", WNI_CPU_I8MM, has_i8mm},
    {"bf16", WNI_CPU_BF16, has_bf16},
    {0},
};
enum { BF16_UNITS = WNI_CPU_BF16 };
#else
static const InstructionSet sets[] = {{0}};
enum { BF16_UNITS = 0 };
#endif

enum { N_SETS = sizeof sets / sizeof *sets - 1, MAX_TEXT = 128 /* of all names */ };

static pthread_once_t detect_once = PTHREAD_ONCE_INIT;
static uint32_t detected;                    /* written once by detect() */
static _Atomic uint32_t mask = ~(uint32_t)0; /* written by detect() and wn_cpu_set_mask() */

/* The names of each combination of sets, bit i standing for row i; written once by detect(). */
static char names[1 << N_SETS][MAX_TEXT];

/* A combination is the one without its last row, and that row. */
static void name_combinations(void) {
  for (size_t row = 0; sets[row].name; row++)
    for (size_t i = 0; i < (size_t)1 << row; i++)
      snprintf(names[i | (size_t)1 << row], MAX_TEXT, "%.*s%s%s", MAX_TEXT - 32, names[i],
               i ? "," : "", sets[row].name);
}

static bool parse_mask(const char *text, uint32_t *out, WnError *error) {
  *out = strcmp(text, "all") == 0 ? ~(uint32_t)0 : 0;
  if (*out || strcmp(text, "none") == 0 || !*text) return true;
  while (*text) {
    size_t n = strcspn(text, ","), i = 0;
    while (sets[i].name && !(strlen(sets[i].name) == n && memcmp(sets[i].name, text, n) == 0)) i++;
    if (!sets[i].name) {
      wni_fail(error, WN_ERROR_ARGUMENT,
               "cpu mask: unknown instruction set '%.*s'; known are all, none%s%s", (int)n, text,
               N_SETS ? "," : "", names[(1 << N_SETS) - 1]);
      return false;
    }
    *out |= sets[i].flag;
    text += n + (text[n] == ',');
  }
  return true;
}

static void detect(void) {
  name_combinations();
  for (size_t i = 0; sets[i].name; i++)
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
  uint32_t flags = wni_cpu_flags();
  size_t combination = 0;
  for (size_t i = 0; sets[i].name; i++)
    if (flags & sets[i].flag) combination |= (size_t)1 << i;
  return names[combination];
}
