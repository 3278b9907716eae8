/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See tile_registers.h.
 */
#include "kernels/tile_registers.h"

#if defined WNI_BUILD_amxbf16 || defined WNI_BUILD_amxint8

#include <immintrin.h>
#include <stdint.h>

#define TILES __attribute__((target("amx-tile")))

enum { GROUP = 4, ROW = 64 }; /* bytes */

/* As the processor reads it: rows and bytes a row of each tile register. */
typedef struct Shapes {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} Shapes;

/* Of the three numbers; 0: it has none. */
static _Thread_local uint32_t shaped;

TILES void wni_tiles_shape(int upper, int lower, int groups) {
  uint32_t wanted = (uint32_t)(upper | lower << 8 | groups << 16);
  if (wanted == shaped) return;
  shaped = wanted;
  Shapes shapes = {.palette = 1};
  const int rows[8] = {upper, upper, lower, lower, upper, lower, groups, groups};
  for (int i = 0; i < 8; i++) {
    shapes.rows[i] = (uint8_t)rows[i];
    shapes.row_bytes[i] = (uint16_t)(rows[i] == 0 ? 0 : i == 4 || i == 5 ? groups * GROUP : ROW);
  }
  /* The compiler does not see which memory the instruction reads. */
  __asm__ volatile("" ::"r"(&shapes) : "memory");
  _tile_loadconfig(&shapes);
}

TILES static void release(void) {
  _tile_release();
}

void wni_tiles_release(void) {
  if (!shaped) return;
  shaped = 0;
  release();
}

#else

void wni_tiles_release(void) {
}

#endif
