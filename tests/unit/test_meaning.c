/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * load/meaning.c and load/meaning_given.c: what a user and a file's keys may say about an input,
 * and which of several sources counts.
 */
#include "load/metadata.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static void assert_near(double got, double right) {
  ck_assert_msg(fabs(got - right) < 1e-12, "%.15g, not %.15g", got, right);
}

static WniInputMeaning read_given(WnMeaning given) {
  WniInputMeaning meaning = {0};
  WnError error;
  ck_assert_msg(wni_meaning_read_given(&given, &meaning, &error) == WN_OK, "%s", error.message);
  return meaning;
}

START_TEST(options_say_each_aspect) {
  WniInputMeaning m = read_given((WnMeaning){.mean = "0.1,0.2,0.3",
                                             .std = "0.5",
                                             .channels = "bgr",
                                             .resize = "letterbox",
                                             .crop = "0.9",
                                             .rounding = "even",
                                             .interpolation = "lanczos",
                                             .input_size = "320x240"});
  ck_assert(m.n_mean == 3 && m.n_std == 1 && m.bgr && m.resize == WNI_RESIZE_LETTERBOX);
  ck_assert(m.width == 320 && m.height == 240);
  assert_near(m.mean[2], 0.3);
  assert_near(m.std[0], 0.5);
  assert_near(m.crop, 0.9);
  ck_assert(m.rounding == WNI_EVEN && m.interpolation == WNI_LANCZOS);
  for (int a = 0; a < WNI_N_ASPECTS; a++) ck_assert_str_eq(m.source[a], "option");
}
END_TEST

/* Black and white become -1 and 1; mean and std, where they are given too, are those of that. */
START_TEST(a_range_is_mean_and_std) {
  WniInputMeaning m = read_given((WnMeaning){.range = "-1..1"});
  assert_near((0 - m.mean[0]) / m.std[0], -1);
  assert_near((1 - m.mean[0]) / m.std[0], 1);
  m = read_given((WnMeaning){.range = "0..255", .mean = "123.68,116.779,103.939", .std = "58"});
  for (double pixel = 0; pixel <= 255; pixel += 51)
    assert_near((pixel / 255 - m.mean[1]) / m.std[0], (pixel - 116.779) / 58);
  ck_assert(m.n_mean == 3 && m.n_std == 1);
}
END_TEST

/* In the words of Keras' imagenet_utils: "torch", "tf" and "caffe". */
START_TEST(presets_are_what_their_users_do) {
  WniInputMeaning m = read_given((WnMeaning){.preset = "torchvision"});
  assert_near((1 - m.mean[0]) / m.std[0], (1 - 0.485) / 0.229);
  assert_near(m.crop, 224.0 / 256);
  ck_assert(m.rounding == WNI_EVEN && m.interpolation == WNI_BILINEAR);
  m = read_given((WnMeaning){.preset = "keras"});
  assert_near((200.0 / 255 - m.mean[1]) / m.std[1], 200 / 127.5 - 1);
  m = read_given((WnMeaning){.preset = "caffe", .crop = "1"});
  assert_near((200.0 / 255 - m.mean[2]) / m.std[2], 200 - 103.939);
  ck_assert(m.bgr && !m.source[WNI_SIZE]);
  assert_near(m.crop, 1);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused) {
  static const struct {
    WnMeaning given;
    const char *says;
  } bad[] = {
      {{.mean = "0.1,0.2"}, "mean: 2 numbers where 3 are expected"},
      {{.mean = "123.68,116.779,103.939"}, "say range 0..255 too"},
      {{.std = "0.2,0,0.2"}, "std: 0 is not above 0"},
      {{.range = "1..0"}, "range: '1..0' is not two numbers"},
      {{.range = "255"}, "range: '255'"},
      {{.channels = "gbr"}, "channels: 'gbr' is not rgb or bgr"},
      {{.resize = "squash"}, "resize: 'squash' is not crop"},
      {{.crop = "1.1"}, "crop: 1.1 is not a share"},
      {{.rounding = "up"}, "rounding: 'up' is not exact, even, down or first"},
      {{.interpolation = "cubic"}, "interpolation: 'cubic' is not area, linear"},
      {{.crop = "nan"}, "crop: 'nan' is not a number"},
      {{.input_size = "224"}, "input-size: '224' is not WIDTHxHEIGHT"},
      {{.input_size = "0x224"}, "input-size"},
      {{.input_size = "224x224x3"}, "input-size"},
      {{.input_size = "99999x99999"}, "input-size"},
      {{.preset = "pytorch"}, "preset: 'pytorch' is not torchvision"},
      {{.reserved = {1}}, "meaning"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    WniInputMeaning meaning = {0};
    WnError error;
    ck_assert_int_eq(wni_meaning_read_given(&bad[i].given, &meaning, &error), WN_ERROR_ARGUMENT);
    ck_assert_msg(strstr(error.message, bad[i].says) != NULL, "%s", error.message);
  }
}
END_TEST

/* A model that is nothing but metadata. */
typedef struct Fake {
  Onnx__StringStringEntryProto entries[8], *pointers[8];
  Onnx__ModelProto proto;
  WniOnnx onnx;
} Fake;

static void make_fake(Fake *fake, const char *const *pairs) {
  *fake = (Fake){0};
  fake->proto.metadata_props = fake->pointers;
  fake->onnx.proto = &fake->proto;
  for (size_t i = 0; pairs[2 * i]; i++) {
    fake->pointers[i] = &fake->entries[i];
    fake->entries[i].key = (char *)(uintptr_t)pairs[2 * i];
    fake->entries[i].value = (char *)(uintptr_t)pairs[2 * i + 1];
    fake->proto.n_metadata_props++;
  }
}

START_TEST(a_user_counts_before_the_file) {
  static const char *const pairs[] = {"winnow.input.mean",
                                      "0.5",
                                      "winnow.input.std",
                                      "0.25",
                                      "winnow.input.channels",
                                      "bgr",
                                      "winnow.input.crop",
                                      "0.875",
                                      "winnow.input.size",
                                      "64x48",
                                      NULL};
  Fake fake;
  WniMetadata m;
  WnError error;
  make_fake(&fake, pairs);
  const WnMeaning given = {.mean = "0.1", .crop = "1"};
  ck_assert_msg(wni_metadata_read(&fake.onnx, NULL, &given, &m, &error) == WN_OK, "%s",
                error.message);
  const WniInputMeaning *input = &m.inputs[0];
  assert_near(input->mean[0], 0.1);
  assert_near(input->std[0], 0.25);
  assert_near(input->crop, 1);
  ck_assert(input->bgr && input->width == 64 && input->height == 48);
  ck_assert_str_eq(input->source[WNI_MEAN], "option");
  ck_assert_str_eq(input->source[WNI_STD], "winnow.input.std");
  ck_assert_ptr_null(input->source[WNI_RESIZE]);
  wni_metadata_clear(&m);
}
END_TEST

/* Each network of a cascade has keys of its own, which no option stands for. */
START_TEST(a_cascade_takes_no_options) {
  static const char *const pairs[] = {"winnow.inputs",
                                      "a,b",
                                      "winnow.input.b.channels",
                                      "bgr",
                                      "winnow.input.channels",
                                      "nonsense, which nobody reads",
                                      NULL};
  Fake fake;
  WniMetadata m;
  WnError error;
  make_fake(&fake, pairs);
  ck_assert_msg(wni_metadata_read(&fake.onnx, NULL, NULL, &m, &error) == WN_OK, "%s",
                error.message);
  ck_assert(!m.inputs[0].bgr && m.inputs[1].bgr);
  wni_metadata_clear(&m);
  const WnMeaning given = {.preset = "keras"};
  ck_assert_int_eq(wni_metadata_read(&fake.onnx, NULL, &given, &m, &error), WN_ERROR_ARGUMENT);
  ck_assert_msg(strstr(error.message, "cascade") != NULL, "%s", error.message);
}
END_TEST

SUITE_MAIN("meaning", options_say_each_aspect, a_range_is_mean_and_std,
           presets_are_what_their_users_do, what_makes_no_sense_is_refused,
           a_user_counts_before_the_file, a_cascade_takes_no_options)
