/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the pixels of an image input mean: size, part of the picture, order of the channels, mean
 * and standard deviation.  Several sources say some of it; each fills a WniInputMeaning of its own,
 * and wni_meaning_take() keeps of every aspect what the first of them says.
 */
#ifndef WNI_LOAD_MEANING_H
#define WNI_LOAD_MEANING_H

#include "load/onnx.h"

typedef enum WniResize { WNI_RESIZE_CROP, WNI_RESIZE_LETTERBOX, WNI_RESIZE_STRETCH } WniResize;

/* Where in the picture the part begins that is taken, and whether it is resized before or after
 * that: libraries do it in two steps, of which the first ends at whole pixels. */
typedef enum WniRounding {
  WNI_EXACT, /* anywhere: there are no two steps */
  WNI_EVEN,  /* resized, then cut, half of what is left rounded to even: torchvision, timm, ... */
  WNI_DOWN,  /* the same rounded down: transformers */
  WNI_FIRST, /* cut, then resized: TensorFlow */
  WNI_N_ROUNDINGS
} WniRounding;

/* How pixels are made of others; all but the first two are those of Pillow, which averages over
 * more of them where a picture gets smaller. */
typedef enum WniInterpolation {
  WNI_AREA,   /* the mean of what a pixel covers; enlarging: linear */
  WNI_LINEAR, /* between the nearest two, also where a picture gets smaller */
  WNI_NEAREST,
  WNI_BILINEAR,
  WNI_BICUBIC,
  WNI_LANCZOS,
  WNI_N_INTERPOLATIONS
} WniInterpolation;

/* What there is to be said, and its word in keys and options. */
#define WNI_ASPECTS(ROW)                                                                           \
  ROW(WNI_MEAN, "mean")                                                                            \
  ROW(WNI_STD, "std")                                                                              \
  ROW(WNI_CHANNELS, "channels")                                                                    \
  ROW(WNI_RESIZE, "resize")                                                                        \
  ROW(WNI_CROP, "crop")                                                                            \
  ROW(WNI_ROUNDING, "rounding")                                                                    \
  ROW(WNI_INTERPOLATION, "interpolation")                                                          \
  ROW(WNI_SIZE, "size")

typedef enum WniAspect {
#define WNI_ROW(aspect, name) aspect,
  WNI_ASPECTS(WNI_ROW)
#undef WNI_ROW
      WNI_N_ASPECTS
} WniAspect;

typedef struct WniInputMeaning {
  char *name; /* of a cascade's input; NULL: the only one there is */
  /* Who says it, text that outlives the model; NULL: nobody, the value is that of zeroed memory. */
  const char *source[WNI_N_ASPECTS];
  double mean[3], std[3]; /* for pixels in 0..1; R, G, B also where the network takes B, G, R */
  int n_mean, n_std;      /* numbers given: 0 (mean 0, std 1), 1 for all channels, or 3 */
  bool bgr;
  WniResize resize;
  double crop; /* above 0, at most 1; 0: 1 */
  WniRounding rounding;
  WniInterpolation interpolation;
  int height, width; /* 0: not known */
} WniInputMeaning;

enum { WNI_INPUT_KEY_BYTES = 256 };

/* winnow.input.KEY, in a cascade winnow.input.NAME.KEY. */
void wni_input_key(const WniInputMeaning *input, const char *key, char name[WNI_INPUT_KEY_BYTES]);

const char *wni_resize_name(WniResize resize);
const char *wni_rounding_name(WniRounding rounding);
const char *wni_interpolation_name(WniInterpolation interpolation);
const char *wni_order_name(bool bgr); /* "rgb", "bgr" */

/* "mean", "std", "channels", "resize", "crop", "rounding", "interpolation", "size". */
const char *wni_aspect_name(WniAspect aspect);

/* Sets one aspect to what `text` says; `what` begins the error (ARGUMENT), `source` is kept. */
WnStatus wni_meaning_set(WniInputMeaning *meaning, WniAspect aspect, const char *text,
                         const char *what, const char *source, WnError *error);

/* The same for all channels, from the numbers that black and white become. */
void wni_meaning_set_range(WniInputMeaning *meaning, double black, double white,
                           const char *source);

enum { WNI_ASPECT_BYTES = 128 };

/* The text from which wni_meaning_set() would make this aspect again; false: nobody has said it. */
bool wni_meaning_print(const WniInputMeaning *meaning, WniAspect aspect,
                       char text[WNI_ASPECT_BYTES]);

/* Takes over every aspect that `to` does not know yet and `from` does. */
void wni_meaning_take(WniInputMeaning *to, const WniInputMeaning *from);

/* What a user says: everything but the scores.  Errors: ARGUMENT. */
WnStatus wni_meaning_read_given(const WnMeaning *given, WniInputMeaning *out, WnError *error);

/* What a preset says, every aspect but the size with that `source`.  Errors: ARGUMENT (name). */
WnStatus wni_meaning_preset(const char *name, const char *source, WniInputMeaning *out,
                            WnError *error);

/* The keys winnow.input.* of out->name.  Errors: MODEL. */
WnStatus wni_meaning_read_keys(const WniOnnx *onnx, WniInputMeaning *out, WnError *error);

/* All fields as one text that is equal for equal ones, to be freed; NULL: no memory. */
char *wni_meaning_text(const WnMeaning *given);

#endif
