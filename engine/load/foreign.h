/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files and operators that are no ONNX: what they are, and the way round them.
 */
#ifndef WNI_LOAD_FOREIGN_H
#define WNI_LOAD_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

/* What a file is that is no ONNX model, by its first bytes; NULL: nothing that is known. */
const char *wni_foreign_file(const uint8_t *data, size_t size);

/* Whose operator it is and what to do; NULL: it is one of ONNX, or nobody known has such. */
const char *wni_foreign_operator(const char *domain, const char *type);

#endif
