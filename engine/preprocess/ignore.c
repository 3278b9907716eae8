/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parts of a frame that the network sees as grey, as if the frame had such pixels there: the sums
 * of rows are made again, from a row of bytes at a time in which they are painted over.  The
 * frame's memory may be anyone's and is only read.
 */
#include "preprocess/preprocess.h"

#include <string.h>

enum { GREY = 128, LIMITED_GREY = 126 }; /* 16 + 128 * 219 / 255, rounded */

/* Samples of a plane's grid, ends exclusive. */
typedef struct Span {
  int begin, end;
} Span;

void wni_recipe_ignore(WniRecipe *recipe, const WniIgnored *ignored) {
  if (memcmp(&recipe->ignored, ignored, sizeof *ignored) == 0) return;
  recipe->ignored = *ignored;
  recipe->valid = false;
}

/* All samples that have a part in the pixels [at, at + size). */
static Span span_of(int at, int size, int shift) {
  return (Span){at >> shift, (at + size + (1 << shift) - 1) >> shift};
}

static Span overlap(Span a, Span b) {
  return (Span){a.begin > b.begin ? a.begin : b.begin, a.end < b.end ? a.end : b.end};
}

static bool is_empty(Span span) {
  return span.begin >= span.end;
}

/* What one output row reads of a component's grid. */
typedef struct Grid {
  const WniRecipe *recipe;
  int first_component, n_components; /* interleaved */
  int shift_x, shift_y;
  Span rows, columns;
} Grid;

static Grid grid_of(const WniRecipe *recipe, int c, int row) {
  const WniFormatInfo *format = recipe->format;
  const WniAxis *down = &recipe->down[c > 0], *across = &recipe->across[c > 0];
  Grid grid = {.recipe = recipe,
               .first_component = c,
               .n_components = 1,
               .shift_x = c > 0 ? format->chroma_shift_x : 0,
               .shift_y = c > 0 ? format->chroma_shift_y : 0,
               .rows = {down->first[row], down->first[row] + down->n_taps[row]},
               .columns = {across->low, across->high + 1}};
  while (c + grid.n_components < recipe->n_components &&
         wni_component_follows(format, c + grid.n_components))
    grid.n_components++;
  return grid;
}

static Span rows_of(const Grid *grid, const WnRect *rect) {
  return overlap(span_of(rect->y, rect->height, grid->shift_y), grid->rows);
}

static Span columns_of(const Grid *grid, const WnRect *rect) {
  return overlap(span_of(rect->x, rect->width, grid->shift_x), grid->columns);
}

/* From the first ignored sample to the last one. */
static Span all_columns(const Grid *grid) {
  const WniIgnored *ignored = &grid->recipe->ignored;
  Span all = {grid->columns.end, grid->columns.begin};
  for (int i = 0; i < ignored->n; i++) {
    Span columns = columns_of(grid, &ignored->rects[i]);
    if (is_empty(columns) || is_empty(rows_of(grid, &ignored->rects[i]))) continue;
    if (columns.begin < all.begin) all.begin = columns.begin;
    if (columns.end > all.end) all.end = columns.end;
  }
  return all;
}

static uint8_t grey_of(const WniRecipe *recipe, int c) {
  bool limited = recipe->format->yuv && recipe->frame.range == WN_RANGE_LIMITED;
  return c == 0 && limited ? LIMITED_GREY : GREY;
}

static void put_grey(const WniRecipe *recipe, int c, uint8_t *sample) {
  uint8_t grey = grey_of(recipe, c);
  if (recipe->low_weight <= 0) {
    *sample = grey;
    return;
  }
  unsigned value = (unsigned)((float)grey / recipe->low_weight);
  sample[0] = (uint8_t)(value & 255);
  sample[1] = (uint8_t)(value >> 8);
}

/* `bytes` begins with sample `begin` of the grid's row y. */
static void paint(const Grid *grid, int y, int begin, uint8_t *bytes) {
  const WniIgnored *ignored = &grid->recipe->ignored;
  for (int i = 0; i < ignored->n; i++) {
    Span columns = columns_of(grid, &ignored->rects[i]), rows = rows_of(grid, &ignored->rects[i]);
    if (y < rows.begin || y >= rows.end) continue;
    for (int j = 0; j < grid->n_components; j++) {
      int c = grid->first_component + j;
      const WniComponent *component = &grid->recipe->format->component[c];
      for (int x = columns.begin; x < columns.end; x++)
        put_grey(grid->recipe, c, bytes + (x - begin) * component->step + component->offset);
    }
  }
}

void wni_ignored_sum(const WniRecipe *recipe, const WnFrame *frame, int c, int row, float *sums,
                     uint8_t *bytes) {
  const WniComponent *component = &recipe->format->component[c];
  const WniAxis *down = &recipe->down[c > 0];
  const float *weights = down->weights + (size_t)row * (size_t)down->max_taps;
  Grid grid = grid_of(recipe, c, row);
  Span columns = all_columns(&grid);
  if (is_empty(columns)) return;
  size_t n = (size_t)(columns.end - columns.begin) * (size_t)component->step;
  size_t at = (size_t)columns.begin * (size_t)component->step;
  for (size_t i = 0; i < n; i++) sums[at + i] = 0;
  for (int y = grid.rows.begin; y < grid.rows.end; y++) {
    memcpy(bytes, frame->plane[component->plane] + y * frame->stride_bytes[component->plane] + at,
           n);
    paint(&grid, y, columns.begin, bytes);
    for (size_t i = 0; i < n; i++) sums[at + i] += weights[y - grid.rows.begin] * (float)bytes[i];
  }
}
