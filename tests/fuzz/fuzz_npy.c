/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Arrays of NumPy's that nobody meant.  An input is a file; what is read of it has as many elements
 * as its shape says, and what cannot be read is reported once.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_npy [INPUTS [SEED]]
 * makes its inputs itself.
 */
#include "npy.h"

#include <stdio.h>
#include <string.h>

#include "memory_file.h"
#include "told.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long n_read;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static volatile float sink;
  char path[32];
  NpyArray array;
  memory_file(data, size, path);
  told = 0;
  if (!npy_read(path, &array)) {
    if (told != 1) abort();
  } else {
    size_t n = 1;
    if (told != 0 || array.rank < 0 || array.rank > NPY_MAX_RANK) abort();
    for (int32_t d = 0; d < array.rank; d++) n *= (size_t)array.shape[d];
    if (n != array.n_elements) abort();
    for (size_t i = 0; i < n; i++) sink = sink + array.data[i];
    g_free(array.data);
    n_read++;
  }
  return 0;
}

#ifndef FUZZER

#include "draw.h"

enum { HEADER = 118, PREFIX = 10 };

/* An array of bytes or floats, now and then with other bytes in it. */
static size_t make(char *to, size_t room) {
  static const char *const types[] = {"<f4", "<f8", "<f2", "|u1", "|i1", ">f4", "<i8"};
  static const unsigned sizes[] = {4, 8, 2, 1, 1, 4, 8};
  uint32_t type = draw(sizeof sizes / sizeof *sizes), rows = draw(5), columns = draw(9);
  size_t n = PREFIX + HEADER + (size_t)rows * columns * sizes[type];
  memset(to, 0, room);
  memcpy(to, "\x93NUMPY\1\0", 8);
  to[8] = HEADER;
  memset(to + PREFIX, ' ', HEADER);
  char *header = g_strdup_printf("{'descr': '%s', 'fortran_order': %s, 'shape': (%u, %u), }",
                                 types[type], draw(9) ? "False" : "True", rows, columns);
  memcpy(to + PREFIX, header, strlen(header));
  g_free(header);
  to[PREFIX + HEADER - 1] = '\n';
  for (size_t i = PREFIX + HEADER; i < n; i++) to[i] = (char)draw(256);
  change_bytes((uint8_t *)to, draw(2) ? n : 80, 3);
  return draw(8) ? n : draw((uint32_t)n + 1);
}

int main(int argc, char **argv) {
  draw_inputs(argc, argv, make, LLVMFuzzerTestOneInput);
  printf("%lu read\n", n_read);
  return n_read == 0;
}

#endif
