/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory for messages that are made here: carved piece by piece, freed together, because protobuf-c
 * cannot free a tree that has two owners.
 */
#ifndef WNI_LOAD_PIECES_H
#define WNI_LOAD_PIECES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct WniPieces {
  struct WniPiece *first;
  size_t left; /* bytes that may still be taken */
  bool failed; /* something was not to be had */
} WniPieces;

/* Zeroed memory; NULL: none left, and `failed`. */
void *wni_pieces_alloc(WniPieces *pieces, size_t count, size_t size);
void wni_pieces_clear(WniPieces *pieces);

/* PARTS, NULL behind the last, as one text; NULL: none left. */
char *wni_pieces_text(WniPieces *pieces, const char *const *parts);

#endif
