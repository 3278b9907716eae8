/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The registers for matrix tiles of a thread.  Shaping them takes as long as hundreds of products,
 * so that a thread keeps the shapes from call to call.  But as long as it has any, the system saves
 * 8 KiB more whenever it switches and the core cannot sleep deeply: they are given back behind
 * every step.
 */
#ifndef WNI_KERNELS_TILE_REGISTERS_H
#define WNI_KERNELS_TILE_REGISTERS_H

/* For tiles 0 to 3 of sums, 4 and 5 of `upper` and `lower` pixels by `groups` groups of 4 bytes of
 * channels, and 6 and 7 of as many groups of weights by 16 columns. */
void wni_tiles_shape(int upper, int lower, int groups);

/* Nothing where the thread has none. */
void wni_tiles_release(void);

#endif
