/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A hash of names that come from files.  Its key is drawn when the process first asks, so that
 * nobody can write names that all fall into one place of a table.
 */
#ifndef WNI_BASE_HASH_H
#define WNI_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-1-3 of the `size` bytes, the same for the life of the process.  Thread-safe. */
uint64_t wni_hash(const void *data, size_t size);

#endif
