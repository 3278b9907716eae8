/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drivers that walk strided tensors of any rank (layers.h): elementwise
 * operators with broadcasting, and copies.
 */
#include "kernels/loop.h"

#include <string.h>

enum { CHUNK = 256, GRAIN = 64 };

/* n elements that lie `stride` apart, side by side; or one of them n times. */
static void pack_elements(const char *x, ptrdiff_t stride, size_t bytes, size_t n, char *room) {
  if (bytes == sizeof(float)) {
    const float *from = (const void *)x;
    float *to = (void *)room, first = *from;
    if (stride == 0)
      for (size_t i = 0; i < n; i++) to[i] = first;
    else
      for (size_t i = 0; i < n; i++) to[i] = from[(ptrdiff_t)i * stride];
    return;
  }
  for (size_t i = 0; i < n; i++)
    memcpy(room + i * bytes, x + (ptrdiff_t)i * stride * (ptrdiff_t)bytes, bytes);
}

static void spread_elements(const char *room, ptrdiff_t stride, size_t bytes, size_t n, char *y) {
  for (size_t i = 0; i < n; i++)
    memcpy(y + (ptrdiff_t)i * stride * (ptrdiff_t)bytes, room + i * bytes, bytes);
}

/* An operand's next n elements side by side in float32: where they lie, or in `room`. */
static const float *fetch(const WniTyped *typed, const void *x, ptrdiff_t stride, size_t n,
                          float *room) {
  size_t bytes = wni_type_bytes(typed->type);
  if (!typed->convert) {
    if (stride == 1) return x;
    pack_elements(x, stride, bytes, n, (char *)room);
    return room;
  }
  float packed[CHUNK]; /* holds any type */
  if (stride != 1) pack_elements(x, stride, bytes, n, (char *)packed);
  typed->convert->run.load(stride == 1 ? x : packed, &typed->quant, n, room);
  return room;
}

/* n <= CHUNK elements of one innermost run. */
static void run_chunk(const WniElementwise *e, const void *const in[3], void *y, size_t n) {
  int inner = e->loop.rank - 1;
  float room[3][CHUNK], out_room[CHUNK], packed[CHUNK];
  const float *operand[3] = {NULL, NULL, NULL};
  const WniTyped *to = &e->operand[0];
  ptrdiff_t out_stride = e->loop.stride[0][inner];
  float *out = out_stride == 1 && !to->convert ? y : out_room;
  for (int i = 0; i < e->n_inputs; i++)
    operand[i] = fetch(&e->operand[i + 1], in[i], e->loop.stride[i + 1][inner], n, room[i]);
  e->kernel->run.vec(e->op, operand[0], operand[1], operand[2], n, out);
  if (e->activation.kind != WNI_ACT_NONE) e->act->run.act(&e->activation, n, out);
  void *stored = out;
  if (to->convert) {
    stored = out_stride == 1 ? y : packed;
    to->convert->run.store(out, &to->quant, n, stored);
  }
  if (out_stride != 1) spread_elements(stored, out_stride, wni_type_bytes(to->type), n, y);
}

/* The rows of a loop, runs of its innermost dimension, one after the other: a product with a gate
 * for each channel has many short ones. */
typedef struct Rows {
  size_t index[WNI_LOOP_RANK];
  ptrdiff_t at[4]; /* elements to where the row of an operand begins */
} Rows;

static Rows rows_from(const WniLoop *loop, size_t row) {
  Rows rows = {{0}, {0}};
  for (int d = loop->rank - 1; d-- > 0; row /= loop->dim[d]) {
    rows.index[d] = row % loop->dim[d];
    for (int k = 0; k < 4; k++) rows.at[k] += (ptrdiff_t)rows.index[d] * loop->stride[k][d];
  }
  return rows;
}

static void next_row(const WniLoop *loop, Rows *rows) {
  for (int d = loop->rank - 1; d-- > 0;) {
    for (int k = 0; k < 4; k++) rows->at[k] += loop->stride[k][d];
    if (++rows->index[d] < loop->dim[d]) return;
    for (int k = 0; k < 4; k++) rows->at[k] -= (ptrdiff_t)loop->dim[d] * loop->stride[k][d];
    rows->index[d] = 0;
  }
}

/* Bytes to element `column` of an operand's row. */
static ptrdiff_t operand_bytes(const WniElementwise *e, int operand, const Rows *rows,
                               size_t column) {
  ptrdiff_t stride = e->loop.stride[operand][e->loop.rank - 1];
  return (rows->at[operand] + (ptrdiff_t)column * stride) *
         (ptrdiff_t)wni_type_bytes(e->operand[operand].type);
}

/* Elements as they are: what a Flatten of an image is. */
static bool is_plain_copy(const WniElementwise *e) {
  const WniTyped *y = &e->operand[0], *x = &e->operand[1];
  return e->op == WNI_VEC_COPY && e->activation.kind == WNI_ACT_NONE && e->loop.rank >= 2 &&
         y->type == x->type &&
         (y->type != WNI_U8 ||
          (y->quant.scale == x->quant.scale && y->quant.zero == x->quant.zero));
}

/* interleave: n pairs of elements that lie n or more apart become neighbours, the shuffle of two
 * groups of channels.
 * copy: plane by plane of the two innermost dimensions, whose rows are often only a few elements.
 */
#define DEFINE_COPY(name, Element)                                                                 \
  static void interleave_##name(const Element *x, ptrdiff_t apart, size_t n, Element *y) {         \
    const Element *other = x + apart;                                                              \
    for (size_t i = 0; i < n; i++) {                                                               \
      y[2 * i] = x[i];                                                                             \
      y[2 * i + 1] = other[i];                                                                     \
    }                                                                                              \
  }                                                                                                \
  static void copy_##name(const WniLoop *loop, const Element *x, Element *y, WniThread thread) {   \
    int inner = loop->rank - 1, outer = loop->rank - 2;                                            \
    size_t length = loop->dim[inner], rows = loop->dim[outer], row, end;                           \
    const ptrdiff_t *to = loop->stride[0], *from = loop->stride[1];                                \
    wni_parallel_range(thread, wni_loop_count(loop, inner), GRAIN, &row, &end);                    \
    while (row < end) {                                                                            \
      size_t left = rows - row % rows, n = left < end - row ? left : end - row;                    \
      const Element *x_at = x + wni_loop_offset(loop, 1, inner, row);                              \
      Element *y_at = y + wni_loop_offset(loop, 0, inner, row);                                    \
      row += n;                                                                                    \
      if (length == 2 && to[inner] == 1 && to[outer] == 2 && from[outer] == 1) {                   \
        interleave_##name(x_at, from[inner], n, y_at);                                             \
        continue;                                                                                  \
      }                                                                                            \
      for (size_t i = 0; i < n; i++, x_at += from[outer], y_at += to[outer])                       \
        for (size_t j = 0; j < length; j++)                                                        \
          y_at[(ptrdiff_t)j * to[inner]] = x_at[(ptrdiff_t)j * from[inner]];                       \
    }                                                                                              \
  }
DEFINE_COPY(f32, float)
DEFINE_COPY(bf16, uint16_t)
DEFINE_COPY(u8, uint8_t)

static void copy(const WniElementwise *e, const void *x, void *y, WniThread thread) {
  if (e->operand[0].type == WNI_F32)
    copy_f32(&e->loop, x, y, thread);
  else if (e->operand[0].type == WNI_BF16)
    copy_bf16(&e->loop, x, y, thread);
  else
    copy_u8(&e->loop, x, y, thread);
}

/* ---- what is repeated for every pixel ---- */

/* Where rows are short, and every operand either goes on from one to the next or is the same in
 * all, like a gate for each channel, they are one run: an operand that repeats is laid out so often
 * that a chunk of it begins anywhere in a row. */
static bool joins_rows(const WniElementwise *e) {
  int inner = e->loop.rank - 1, outer = e->loop.rank - 2;
  if (e->loop.rank < 2) return false;
  ptrdiff_t length = (ptrdiff_t)e->loop.dim[inner];
  bool repeats = false;
  for (int k = 0; k <= e->n_inputs; k++) {
    bool goes_on = e->loop.stride[k][inner] == 1 && e->loop.stride[k][outer] == length;
    if (!goes_on && (k == 0 || e->loop.stride[k][outer] != 0)) return false;
    repeats = repeats || !goes_on;
  }
  return repeats && 2 * length <= CHUNK && e->loop.dim[outer] > 1;
}

static void run_joined(const WniElementwise *e, const void *const *inputs, void *y,
                       WniThread thread) {
  int inner = e->loop.rank - 1, outer = e->loop.rank - 2;
  size_t row = e->loop.dim[inner], flat, end;
  float laid_out[3][2 * CHUNK];
  ptrdiff_t laid_at[3] = {PTRDIFF_MIN, PTRDIFF_MIN, PTRDIFF_MIN}; /* the row that it is */
  WniElementwise joined = *e;
  joined.loop.rank = inner;
  joined.loop.dim[outer] *= row;
  for (int k = 0; k <= e->n_inputs; k++) {
    if (e->loop.stride[k][outer] == 0) joined.operand[k] = (WniTyped){.type = WNI_F32};
    joined.loop.stride[k][outer] = 1;
  }
  size_t length = joined.loop.dim[outer];
  wni_parallel_range(thread, wni_loop_count(&joined.loop, inner), GRAIN, &flat, &end);
  Rows rows = rows_from(&joined.loop, flat / length);
  for (size_t column = flat % length, n; flat < end; flat += n) {
    const void *in[3] = {NULL, NULL, NULL};
    n = length - column < end - flat ? length - column : end - flat;
    if (n > CHUNK) n = CHUNK;
    for (int i = 0; i < e->n_inputs; i++) {
      const WniTyped *typed = &e->operand[i + 1];
      const char *at =
          (const char *)inputs[i] + rows.at[i + 1] * (ptrdiff_t)wni_type_bytes(typed->type);
      in[i] = at + column * wni_type_bytes(typed->type);
      if (e->loop.stride[i + 1][outer] != 0) continue;
      float *to = laid_out[i];
      if (laid_at[i] != rows.at[i + 1]) {
        const float *from = fetch(typed, at, e->loop.stride[i + 1][inner], row, to);
        for (size_t k = 0; k < CHUNK + row; k++) to[k] = k < row ? from[k] : to[k - row];
      }
      laid_at[i] = rows.at[i + 1];
      in[i] = to + column % row;
    }
    run_chunk(&joined, in, (char *)y + operand_bytes(&joined, 0, &rows, column), n);
    column += n;
    if (column < length) continue;
    column = 0;
    next_row(&joined.loop, &rows);
  }
}

void wni_elementwise_run(const WniElementwise *e, const void *const *inputs, void *y,
                         WniThread thread) {
  size_t length = e->loop.dim[e->loop.rank - 1], flat, end;
  if (is_plain_copy(e)) {
    copy(e, inputs[0], y, thread);
    return;
  }
  if (joins_rows(e)) {
    run_joined(e, inputs, y, thread);
    return;
  }
  wni_parallel_range(thread, wni_loop_count(&e->loop, e->loop.rank), GRAIN, &flat, &end);
  Rows rows = rows_from(&e->loop, flat / length);
  size_t column = flat % length;
  while (flat < end) {
    size_t n = length - column;
    const void *in[3] = {NULL, NULL, NULL};
    if (n > end - flat) n = end - flat;
    if (n > CHUNK) n = CHUNK;
    for (int i = 0; i < e->n_inputs; i++)
      in[i] = (const char *)inputs[i] + operand_bytes(e, i + 1, &rows, column);
    run_chunk(e, in, (char *)y + operand_bytes(e, 0, &rows, column), n);
    flat += n;
    column += n;
    if (column < length) continue;
    column = 0;
    next_row(&e->loop, &rows);
  }
}
