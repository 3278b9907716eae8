/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Changes of ONNX files that leave most of them loadable: what a change of bytes rarely finds.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* Changes the file of `size` bytes at `data`, room for `most`, in one place or some: operators put
 * in, taken out, exchanged and connected elsewhere, other attributes, weights, types, shapes and
 * metadata.  Its new size; 0: it cannot be parsed, or what was made of it does not fit. */
size_t mutate_model(uint8_t *data, size_t size, size_t most, uint32_t seed);

/* Takes out of it what its metadata says of exits; its new size, or 0 as above. */
size_t mutate_forget_exits(uint8_t *data, size_t size, size_t most);

#endif
