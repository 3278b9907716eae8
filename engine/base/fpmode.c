/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See fpmode.h.  On x86-64 and 64-bit Arm registers are written directly: <fenv.h> has no word for
 * denormals.  We do not compute on the x87, but the C library rounds the digits that it prints and
 * reads as the x87 does.
 */
#include "base/fpmode.h"

#if defined __x86_64__
#include <xmmintrin.h>

enum { MASKED = 0x1F80, FLUSHED_WHEN_WRITTEN = 0x8000, FLUSHED_WHEN_READ = 0x0040 };

WniFpMode wni_fp_enter(bool flush) {
  const uint16_t usual = 0x037F; /* as programs begin */
  WniFpMode before = {.mxcsr = _mm_getcsr()};
  __asm__ volatile("fnstcw %0" : "=m"(before.x87));
  __asm__ volatile("fldcw %0" ::"m"(usual));
  _mm_setcsr(MASKED | (flush ? FLUSHED_WHEN_WRITTEN | FLUSHED_WHEN_READ : 0));
  return before;
}

void wni_fp_leave(const WniFpMode *before) {
  __asm__ volatile("fldcw %0" ::"m"(before->x87));
  _mm_setcsr(before->mxcsr);
}

#elif defined __aarch64__

WniFpMode wni_fp_enter(bool flush) {
  const uint64_t ours = flush ? UINT64_C(1) << 24 : 0; /* FZ; that of float16, FZ16, stays 0 */
  WniFpMode before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before.fpcr)::"memory");
  __asm__ volatile("mrs %0, fpsr" : "=r"(before.fpsr)::"memory");
  __asm__ volatile("msr fpcr, %0" ::"r"(ours) : "memory");
  return before;
}

void wni_fp_leave(const WniFpMode *before) {
  __asm__ volatile("msr fpcr, %0" ::"r"(before->fpcr) : "memory");
  __asm__ volatile("msr fpsr, %0" ::"r"(before->fpsr) : "memory");
}

#else

WniFpMode wni_fp_enter(bool flush) {
  WniFpMode before;
  (void)flush;
  feholdexcept(&before.environment);
  fesetround(FE_TONEAREST);
  return before;
}

void wni_fp_leave(const WniFpMode *before) {
  fesetenv(&before->environment);
}

#endif
