/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sizes at which kernels are measured (bench_case.h).
 */
#include "bench_case.h"

static const BenchCase table[] = {
    /* a taps, b channels */
    {WNI_KERNEL_igemm, "1x1, 16 channels", PEAK_FLOPS, 1, 16, 0},
    {WNI_KERNEL_igemm, "1x1, 32 channels", PEAK_FLOPS, 1, 32, 0},
    {WNI_KERNEL_igemm, "1x1, 64 channels", PEAK_FLOPS, 1, 64, 0},
    {WNI_KERNEL_igemm, "1x1, 512 channels", PEAK_FLOPS, 1, 512, 0},
    {WNI_KERNEL_igemm, "3x3, 64 channels", PEAK_FLOPS, 9, 64, 0},
    {WNI_KERNEL_igemm, "3x3, 256 channels", PEAK_FLOPS, 9, 256, 0},
    {WNI_KERNEL_dwconv, "3x3, 96 channels", PEAK_FLOPS, 9, 96, 0},
    {WNI_KERNEL_dwconv, "3x3, 576 channels", PEAK_FLOPS, 9, 576, 0},
    /* a inputs, b rows */
    {WNI_KERNEL_fc, "1024 to 64", PEAK_L2, 1024, 64, 0},
    {WNI_KERNEL_fc, "9216 to 4096", PEAK_MEMORY, 9216, 4096, 0},
    /* a side of the window, b channels */
    {WNI_KERNEL_maxpool, "2x2, 64 channels", PEAK_L1, 2, 64, 0},
    {WNI_KERNEL_avgpool, "2x2, 64 channels", PEAK_L1, 2, 64, 0},
    /* a elements */
    {WNI_KERNEL_load, "2048", PEAK_L1, 2048, 0, 0},
    {WNI_KERNEL_store, "2048", PEAK_L1, 2048, 0, 0},
    /* a tile, b channels */
    {WNI_KERNEL_winograd_in, "2x2, 64 channels", PEAK_L2, 2, 64, 0},
    {WNI_KERNEL_winograd_out, "2x2, 64 channels", PEAK_L2, 2, 64, 0},
    {WNI_KERNEL_winograd_in, "4x4, 64 channels", PEAK_L2, 4, 64, 0},
    {WNI_KERNEL_winograd_out, "4x4, 64 channels", PEAK_L2, 4, 64, 0},
    /* a elements, b rows */
    {WNI_KERNEL_rows, "2048, 4 rows", PEAK_L1, 2048, 4, 0},
    /* a outputs, b taps, c samples in a pixel */
    {WNI_KERNEL_columns, "224 of 3 samples, 4 taps", PEAK_FLOPS, 224, 4, 3},
    /* a elements, b operation, c how many arrays it touches */
    {WNI_KERNEL_vec, "add, 2048", PEAK_L1, 2048, WNI_VEC_ADD, 3},
    {WNI_KERNEL_vec, "muladd, 2048", PEAK_L1, 2048, WNI_VEC_MULADD, 4},
    /* a elements, b activation */
    {WNI_KERNEL_act, "clamp, 2048", PEAK_L1, 2048, WNI_ACT_CLAMP, 0},
    {WNI_KERNEL_act, "hard swish, 2048", PEAK_L1, 2048, WNI_ACT_HARD_SWISH, 0},
    {WNI_KERNEL_act, "sigmoid, 2048", PEAK_L1, 2048, WNI_ACT_SIGMOID, 0},
    {WNI_KERNEL_act, "swish, 2048", PEAK_L1, 2048, WNI_ACT_SWISH, 0},
    {WNI_KERNEL_act, "gelu, 2048", PEAK_L1, 2048, WNI_ACT_GELU, 0},
    /* a elements of a row, b rows */
    {WNI_KERNEL_reduce, "sum, 49 rows of 64", PEAK_L2, 64, 49, 0},
    {WNI_KERNEL_reduce, "sum, a run of 768", PEAK_L1, 1, 768, 0},
    /* a elements of a row, b rows */
    {WNI_KERNEL_norm, "64 rows of 40", PEAK_L1, 40, 64, 0},
    {WNI_KERNEL_softmax, "197", PEAK_L1, 197, 1, 0},
    {WNI_KERNEL_norm, "4 rows of 768", PEAK_L1, 768, 4, 0},
};

const BenchCase *bench_case_table(size_t *count) {
  *count = sizeof table / sizeof *table;
  return table;
}

/* Winograd's 4x4 would not be exact on bytes. */
bool bench_case_fits(const BenchCase *size, const WniKernel *kernel) {
  bool winograd = kernel->kind == WNI_KERNEL_winograd_in || kernel->kind == WNI_KERNEL_winograd_out;
  return size->kind == kernel->kind && !(winograd && kernel->type == WNI_U8 && size->a != 2);
}
