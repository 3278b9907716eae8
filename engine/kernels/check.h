/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What kernels.h asks of the arguments of each kind, asserted at the kernels' entries.  A call
 * that breaks it is a fault of ours: what comes from a file has been checked long before.  Of the
 * implicit matrix product, whose calls are short, every variant asserts its tile; the rest is the
 * same for a whole walk, and asserted where conv.c begins one and by the references.
 */
#ifndef WNI_KERNELS_CHECK_H
#define WNI_KERNELS_CHECK_H

#include "kernels/kernels.h"

#include <assert.h>
#include <stdbool.h>

/* 1 <= n <= most, in one comparison. */
static inline bool wni_is_within(int n, int most) {
  return (unsigned)n - 1 < (unsigned)most;
}

/* Of sums of `type`. */
static inline void wni_check_output(const WniOutput *output, WniType type) {
  assert(output->type == WNI_F32 || output->type == type);
  if (output->type != WNI_U8) return;
  assert(output->zero >= 0 && output->zero <= 255);
  assert(output->low >= (float)-output->zero && output->high <= (float)(255 - output->zero));
}

static inline void wni_check_igemm_tile(const WniIgemmArgs *args, int tile_m) {
  assert(wni_is_within(args->m, tile_m));
  assert(args->n > 0);
}

static inline void wni_check_igemm(const WniIgemmArgs *args, WniType type, int tile_m) {
  wni_check_igemm_tile(args, tile_m);
  assert(args->n_taps > 0);
  assert(args->x[tile_m - 1] == args->x[args->m - 1]);
  assert(args->y[tile_m - 1] == args->y[args->m - 1]);
  if (type == WNI_I16) {
    assert(args->n_channels % 2 == 0);
    return;
  }
  wni_check_output(&args->output, type);
  assert(type != WNI_U8 || (args->scale && !args->residual));
}

static inline void wni_check_dwconv(const WniDwconvArgs *args, WniType type) {
  assert(args->n_taps > 0);
  assert(args->w_step >= args->n_channels);
  assert(args->columns != 1 && (!args->columns || args->n_taps % (size_t)args->columns == 0));
  assert(args->x_step % (ptrdiff_t)wni_type_bytes(type) == 0);
  assert(args->y_step % (ptrdiff_t)wni_type_bytes(args->output.type) == 0);
  wni_check_output(&args->output, type);
  assert(type != WNI_U8 || args->scale);
}

static inline void wni_check_fc(const void *const *w, int n) {
  assert(wni_is_within(n, WNI_FC_ROWS));
  assert(w[0] && w[1] && w[2] && w[3]);
}

static inline void wni_check_pool(const WniPoolArgs *args) {
  assert(args->n_rows > 0 && args->n_columns > 0);
}

static inline void wni_check_quant(const WniQuant *quant) {
  assert(quant->zero >= 0 && quant->zero <= 255);
}

static inline void wni_check_winograd_in(const WniWinogradInArgs *args, WniType type) {
  assert(args->t == 4 || (args->t == 6 && type == WNI_F32));
  assert(args->n_channels % WNI_WINOGRAD_CHANNELS == 0);
  assert(args->v_stride >= (ptrdiff_t)args->n_channels);
}

static inline void wni_check_winograd_out(const WniWinogradOutArgs *args, WniType type) {
  assert((args->m == 2 && args->t == 4) ||
         (type == WNI_F32 && args->t == 6 && (args->m == 2 || args->m == 4)));
  assert(wni_is_within(args->rows, args->m) && wni_is_within(args->columns, args->m));
  assert(args->n_channels % WNI_WINOGRAD_CHANNELS == 0);
  assert(args->v_stride >= (ptrdiff_t)args->n_channels);
  wni_check_output(&args->output, type);
  assert(type != WNI_U8 || (args->scale && !args->residual));
}

static inline void wni_check_vec(WniVecOp op) {
  assert((unsigned)op < WNI_VEC_OP_COUNT);
}

static inline void wni_check_act(const WniActivation *activation) {
  assert((unsigned)activation->kind < WNI_ACT_COUNT);
}

static inline void wni_check_reduce(WniReduceOp op) {
  assert((unsigned)op < WNI_REDUCE_OP_COUNT);
}

static inline void wni_check_norm(const WniNormArgs *args) {
  assert(args->n > 0 && args->n <= WNI_NORM_MOST);
  assert(args->scale || !args->shift);
}

static inline void wni_check_softmax(size_t n) {
  assert(n > 0);
}

static inline void wni_check_rows(const WniRowsArgs *args) {
  assert(args->n_rows > 0);
}

static inline void wni_check_columns(const WniColumnsArgs *args) {
  assert(wni_is_within((int)args->step, 4));
  assert(args->n_taps % WNI_COLUMNS_TAPS == 0);
}

#endif
