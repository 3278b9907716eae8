/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the files of one depthwise convolution each: one copy of its function for each usual width of
 * the window and stride, which are constants to it, and the choice between them.  The function is
 * `run_row(args, columns, stride)`, always inlined; columns 0: the taps lie anywhere.
 */
#ifndef WNI_KERNELS_WINDOWS_H
#define WNI_KERNELS_WINDOWS_H

#define WNI_WINDOW_ROW(columns, stride)                                                            \
  static void row_##columns##_##stride(const WniDwconvArgs *args) {                                \
    run_row(args, columns, stride);                                                                \
  }

/* Defines run_window_rows(args). */
#define WNI_DEFINE_WINDOW_ROWS                                                                     \
  WNI_WINDOW_ROW(3, 1)                                                                             \
  WNI_WINDOW_ROW(3, 2)                                                                             \
  WNI_WINDOW_ROW(5, 1)                                                                             \
  WNI_WINDOW_ROW(5, 2)                                                                             \
  WNI_WINDOW_ROW(7, 1)                                                                             \
  WNI_WINDOW_ROW(7, 2)                                                                             \
  static void run_window_rows(const WniDwconvArgs *args) {                                         \
    static void (*const rows[3][2])(const WniDwconvArgs *) = {                                     \
        {row_3_1, row_3_2}, {row_5_1, row_5_2}, {row_7_1, row_7_2}};                               \
    int columns = args->columns;                                                                   \
    bool usual = columns == 3 || columns == 5 || columns == 7;                                     \
    ptrdiff_t step = usual ? args->tap[1] - args->tap[0] : 0;                                      \
    for (int stride = 1; stride <= 2 && usual; stride++)                                           \
      if (args->x_step == stride * step) {                                                         \
        rows[columns / 2 - 1][stride - 1](args);                                                   \
        return;                                                                                    \
      }                                                                                            \
    run_row(args, 0, 0);                                                                           \
  }

#endif
