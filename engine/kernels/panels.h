/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the implicit matrix products that know one panel of columns: a call of several is one for
 * each.
 */
#ifndef WNI_KERNELS_PANELS_H
#define WNI_KERNELS_PANELS_H

#include "kernels/kernels.h"

#include <string.h>

/* A kernel's tile, and the bytes of an element of w and of y. */
typedef struct WniPanels {
  int tile_m, tile_n, tile_k;
  size_t w_bytes, y_bytes;
} WniPanels;

static inline void wni_next_panel(const WniPanels *panels, size_t w_bytes, WniIgemmArgs *panel,
                                  const char **residual, char **y) {
  size_t step = (size_t)panels->tile_n * panels->y_bytes;
  for (int i = 0; i < panels->tile_m; i++) y[i] += step;
  for (int i = 0; i < panels->tile_m && panel->residual; i++) residual[i] += step;
  panel->w = (const char *)panel->w + w_bytes;
  panel->bias = (const char *)panel->bias + (size_t)panels->tile_n * sizeof(float); /* or int32 */
  if (panel->scale) panel->scale += panels->tile_n;
}

/* Everything but args is a constant. */
static inline __attribute__((always_inline)) void
wni_each_panel(const WniIgemmArgs *args, WniPanels panels, void (*run)(const WniIgemmArgs *)) {
  if (args->n <= panels.tile_n) {
    run(args);
    return;
  }
  char *y[WNI_MAX_TILE_M];
  const char *residual[WNI_MAX_TILE_M];
  WniIgemmArgs panel = *args;
  size_t groups = (args->n_channels + (size_t)panels.tile_k - 1) / (size_t)panels.tile_k;
  size_t w_bytes = args->n_taps * groups * (size_t)(panels.tile_k * panels.tile_n) * panels.w_bytes;
  memcpy(y, args->y, (size_t)panels.tile_m * sizeof *y);
  if (args->residual) memcpy(residual, args->residual, (size_t)panels.tile_m * sizeof *residual);
  panel.y = (void *const *)y;
  if (args->residual) panel.residual = (const void *const *)residual;
  for (int left = args->n; left > 0; left -= panels.tile_n) {
    panel.n = left < panels.tile_n ? left : panels.tile_n;
    run(&panel);
    wni_next_panel(&panels, w_bytes, &panel, residual, y);
  }
}

/* wni_each_panel() with the tile that variants.inc gives `kernel`. */
#define WNI_EACH_PANEL(kernel, args, w_bytes, y_bytes, run)                                        \
  wni_each_panel(                                                                                  \
      args,                                                                                        \
      (WniPanels){WNI_TILE_M(kernel), WNI_TILE_N(kernel), WNI_TILE_K(kernel), w_bytes, y_bytes},   \
      run)

#endif
