/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * plan/tensor.c: views.  Elements are numbered by where they lie, and a view is right
 * when it names them in the same order.
 */
#include "plan/tensor.h"
#include "suite.h"

static ptrdiff_t element(const WniTensor *tensor, int64_t flat) {
  ptrdiff_t at = tensor->offset;
  for (int d = tensor->shape.rank; d-- > 0; flat /= tensor->shape.dim[d])
    at += (ptrdiff_t)(flat % tensor->shape.dim[d]) * tensor->stride[d];
  return at;
}

static WniTensor image(int64_t c, int64_t h, int64_t w, int64_t halo) {
  static const int nhwc[4] = {0, 2, 3, 1};
  WniTensor tensor = {
      .shape = {4, {1, c, h, w}}, .halo_begin = {0, 0, halo, halo}, .halo_end = {0, 0, halo, halo}};
  ck_assert_int_gt(wni_tensor_lay_out(&tensor, nhwc), 0);
  return tensor;
}

START_TEST(images_have_zeros_around_them) {
  WniTensor tensor = image(5, 3, 4, 2);
  ck_assert_int_eq(tensor.stride[1], 1);
  ck_assert_int_eq(tensor.stride[3], 5);
  ck_assert_int_eq(tensor.stride[2], 8 * 5);
  ck_assert_int_eq(tensor.offset, 2 * 8 * 5 + 2 * 5);
}
END_TEST

START_TEST(reshapes_name_the_same_elements) {
  static const struct {
    WniShape from, to;
    bool possible;
  } cases[] = {
      {{4, {1, 6, 1, 1}}, {2, {1, 6}}, true},          {{4, {1, 6, 1, 1}}, {3, {2, 1, 3}}, true},
      {{4, {1, 6, 2, 2}}, {2, {1, 24}}, false},        /* NHWC in memory, NCHW by name */
      {{4, {1, 6, 2, 2}}, {5, {1, 2, 3, 2, 2}}, true}, /* channels split in place */
      {{4, {1, 1, 2, 3}}, {2, {2, 3}}, true},          {{4, {1, 1, 2, 3}}, {1, {6}}, true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const int64_t *dim = cases[i].from.dim;
    WniTensor from = image(dim[1], dim[2], dim[3], 0), to;
    bool done = wni_tensor_reshape(&from, &cases[i].to, &to);
    ck_assert_msg(done == cases[i].possible, "case %zu", i);
    for (int64_t e = 0; done && e < wni_shape_count(&from.shape); e++)
      ck_assert_int_eq(element(&from, e), element(&to, e));
  }
}
END_TEST

START_TEST(padded_images_cannot_be_flattened) {
  WniTensor from = image(1, 2, 3, 1), to;
  WniShape flat = {1, {6}};
  ck_assert(!wni_tensor_reshape(&from, &flat, &to));
  ck_assert(!wni_tensor_is_contiguous(&from));
}
END_TEST

START_TEST(a_number_is_a_run) {
  WniTensor number = {.buffer = -1};
  ck_assert(wni_tensor_is_dense(&number, number.shape.rank - 1));
}
END_TEST

START_TEST(loops_merge_what_is_side_by_side) {
  WniTensor a = image(8, 4, 4, 0), padded = image(8, 4, 4, 1), bias = {.shape = {3, {8, 1, 1}}};
  wni_tensor_lay_out(&bias, NULL);
  WniLoop loop;
  const WniTensor *same[2] = {&a, &a}, *halo[2] = {&a, &padded}, *broadcast[2] = {&a, &bias};
  wni_tensor_loop(same, 2, &loop);
  ck_assert_int_eq(loop.rank, 1);
  ck_assert_uint_eq(loop.dim[0], 128);
  wni_tensor_loop(halo, 2, &loop);
  ck_assert_int_eq(loop.rank, 2); /* rows, and pixels with their channels */
  wni_tensor_loop(broadcast, 2, &loop);
  ck_assert_int_eq(loop.rank, 2); /* pixels and channels */
  ck_assert_int_eq(loop.stride[1][0], 0);
  ck_assert_int_eq(loop.stride[1][1], 1);
}
END_TEST

SUITE_MAIN("tensor", images_have_zeros_around_them, reshapes_name_the_same_elements,
           padded_images_cannot_be_flattened, a_number_is_a_run, loops_merge_what_is_side_by_side)
