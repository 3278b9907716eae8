/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The floating-point mode of a thread while it computes for us: sums are rounded to nearest, no
 * exception raises a signal, and numbers below the normal ones (denormals) are zeros, read and
 * written, where the processor can do that.  With denormals some processors take eighty times as
 * long.
 *
 * The mode is a thread's, and the application's own may be another: each public function that
 * computes enters ours and leaves it behind, and so do the threads of a team (parallel.c).
 */
#ifndef WNI_BASE_FPMODE_H
#define WNI_BASE_FPMODE_H

#include <fenv.h>
#include <stdbool.h>
#include <stdint.h>

/* What was before: rounding, masks, the exceptions noted, denormals. */
typedef struct WniFpMode {
#if defined __x86_64__
  uint32_t mxcsr;
  uint16_t x87;
#elif defined __aarch64__
  uint64_t fpcr, fpsr;
#else
  fenv_t environment; /* denormals stay as they are */
#endif
} WniFpMode;

WniFpMode wni_fp_enter(bool flush); /* denormals to zero */
void wni_fp_leave(const WniFpMode *before);

/* Stands first in a function: our mode until it returns, however it does. */
#define WNI_FP_SCOPE(before)                                                                       \
  __attribute__((cleanup(wni_fp_leave), unused)) const WniFpMode before = wni_fp_enter(true)

/* The same where numbers are printed, which may be denormals. */
#define WNI_FP_EXACT_SCOPE(before)                                                                 \
  __attribute__((cleanup(wni_fp_leave), unused)) const WniFpMode before = wni_fp_enter(false)

#endif
