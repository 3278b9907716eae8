/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See foreign.h.
 */
#include "load/foreign.h"

#include <stdlib.h>
#include <string.h>

typedef struct Magic {
  size_t at;
  const char *bytes;
  const char *what;
} Magic;

static const Magic magics[] = {
    {4, "ORTM",
     "it is in ONNX Runtime's own format (.ort); the .onnx that it was made of is needed"},
    {4, "TFL3",
     "it is a TensorFlow Lite model; make it ONNX with 'python -m tf2onnx.convert --tflite IN "
     "--output OUT.onnx'"},
    {0, "PK\003\004",
     "it is a zip archive, as PyTorch (.pt) and Keras (.keras) save networks; export it to ONNX "
     "with "
     "torch.onnx.export() or model.export(format=\"onnx\")"},
    {0, "\x80\002",
     "it is a pickle, as PyTorch saves networks; export it with torch.onnx.export()"},
    {0, "\x89HDF\r\n\x1a\n",
     "it is an HDF5 file, as Keras saves networks (.h5); make it ONNX with 'python -m "
     "tf2onnx.convert --keras IN --output OUT.onnx'"},
    {8, "{\"",
     "it holds weights alone (safetensors); the network has to be exported to ONNX by the "
     "tool that made it"},
    {0, "<?xml", "it is XML, as OpenVINO saves networks; the .onnx that it was made of is needed"},
    {0, "<!DOCTYPE", "it is a web page; download the model file itself"},
    {0, "<html", "it is a web page; download the model file itself"},
    {0, "version https://git-lfs",
     "it is only a pointer of Git LFS; fetch the file with 'git lfs "
     "pull'"},
    {0, "\x08\001\x12",
     "it may be a SavedModel of TensorFlow; make it ONNX with 'python -m "
     "tf2onnx.convert --saved-model FOLDER --output OUT.onnx'"},
};

const char *wni_foreign_file(const uint8_t *data, size_t size) {
  for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
    size_t length = strlen(magics[i].bytes);
    if (size >= magics[i].at + length && memcmp(data + magics[i].at, magics[i].bytes, length) == 0)
      return magics[i].what;
  }
  return NULL;
}

typedef struct Domain {
  const char *name, *what;
} Domain;

#define OPTIMISED                                                                                  \
  "ONNX Runtime's optimiser wrote it; give the model from before it, or have it write no more "    \
  "than "                                                                                          \
  "its level 'basic'"

static const Domain domains[] = {
    {"com.microsoft", OPTIMISED},
    {"com.microsoft.nchwc", OPTIMISED},
    {"com.ms.internal.nhwc", OPTIMISED},
    {"org.openvinotoolkit", "OpenVINO's tools left it; export with nncf.strip() or as ONNX's own "
                            "QuantizeLinear and DequantizeLinear"},
    {"ai.onnx.ml", "it is no part of a neural network; export the network without it"},
};

static const char *const names[] = {
#include "load/onnx_names.inc"
};

static int compare(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *wni_foreign_operator(const char *domain, const char *type) {
  for (size_t i = 0; i < sizeof domains / sizeof *domains; i++)
    if (strcmp(domains[i].name, domain) == 0) return domains[i].what;
  if (*domain)
    return "the file has no function of that name; export with standard ONNX operators only";
  if (bsearch(&type, names, sizeof names / sizeof *names, sizeof *names, compare)) return NULL;
  return "ONNX has none of that name: the exporter left one of its own (for Keras, 'python -m "
         "tf2onnx.convert --saved-model' leaves fewer); take off the layer or replace it";
}
