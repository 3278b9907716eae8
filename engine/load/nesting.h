/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How deep an ONNX file lies in itself: graphs in attributes of nodes of graphs.
 */
#ifndef WNI_LOAD_NESTING_H
#define WNI_LOAD_NESTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WNI_MAX_NESTING = 16 }; /* graphs in graphs */

/* False: deeper than WNI_MAX_NESTING. */
bool wni_nesting_is_bounded(const uint8_t *data, size_t size);

#endif
