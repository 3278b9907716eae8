/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What others than winnow.* keys say about a model: other keys of the file, and files that
 * exporters and libraries leave beside it.  All of it comes from outside: sizes are bounded, and
 * what makes no sense is left out and told, since a file beside the model need not be about it.
 */
#ifndef WNI_LOAD_FOUND_H
#define WNI_LOAD_FOUND_H

#include <jansson.h>

#include "load/meaning.h"

enum { WNI_PROBLEM_BYTES = 200 };

typedef struct WniFound {
  WniInputMeaning input;
  char **labels; /* [n_labels], owned */
  int n_labels;
  const char *labels_source;       /* NULL: there are none */
  char problem[WNI_PROBLEM_BYTES]; /* what is wrong with one of the sources; "": nothing */
} WniFound;

/* ONNX's Image.* keys; the files beside the model at `path` (NULL: it is no file); the keys of
 * Ultralytics: of each aspect what the first of them says. */
void wni_found_read(const WniOnnx *onnx, const char *path, WniFound *out);
void wni_found_clear(WniFound *found);

/* Gives the labels away, if there are as many as `n`; else that is told. */
bool wni_found_take_labels(WniFound *found, int n, char **labels);

/* A number that is another whenever a file beside the model was changed. */
uint64_t wni_found_stamp(const char *path);

/* ---- for the readers of each source ---- */

/* Keeps the sentence if it is the first. */
void wni_found_problem(WniFound *found, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether labels may still be added: nobody before has said them. */
bool wni_found_want_labels(const WniFound *found);

/* Adds `text` as the next label, one line of it; false: it is no UTF-8, no memory, or too many. */
bool wni_found_add_label(WniFound *found, const char *text, size_t length);

/* Keeps the labels that were added, or drops them. */
void wni_found_end_labels(WniFound *found, bool valid, const char *source);

/* Metadata of the file. */
void wni_found_image_keys(const WniOnnx *onnx, WniFound *found);  /* found_keys.c */
void wni_found_ultralytics(const WniOnnx *onnx, WniFound *found); /* found_keys.c */

/* The names that a ZipMap at the end gives the scores (found_keys.c). */
void wni_found_zip_map(const WniOnnx *onnx, WniFound *found);

/* Files, as text with a NUL behind it or as JSON. */
void wni_found_modelinfo(const char *text, WniFound *found);      /* found_files.c */
void wni_found_labels_file(const char *text, WniFound *found);    /* found_files.c */
void wni_found_preprocessor(const json_t *json, WniFound *found); /* found_transformers.c */
void wni_found_config(const json_t *json, WniFound *found);       /* found_config.c */

/* Members of a JSON object. */
bool wni_json_flag(const json_t *object, const char *key, bool fallback);
double wni_json_number(const json_t *object, const char *key, double fallback);

/* A number for all channels, or a list of 1 or 3; how many, 0: nothing of the kind. */
int wni_json_channels(const json_t *object, const char *key, double out[3]);

/* How the tool resizes: what `input` says of that has one source. */
void wni_found_set_resize(WniInputMeaning *input, WniResize resize, WniRounding rounding,
                          WniInterpolation interpolation, const char *source);

/* What `input` means when its size in pixels is this one; nothing for one that no frame has. */
void wni_found_set_size(WniInputMeaning *input, double height, double width, const char *source);

#endif
