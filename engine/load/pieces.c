/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See pieces.h.
 */
#include "load/pieces.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct WniPiece {
  struct WniPiece *next;
  max_align_t data[];
} WniPiece;

void *wni_pieces_alloc(WniPieces *pieces, size_t count, size_t size) {
  size_t bytes;
  WniPiece *piece = NULL;
  if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX / 2 &&
      sizeof *piece + bytes <= pieces->left)
    piece = calloc(1, sizeof *piece + bytes);
  if (!piece) {
    pieces->failed = true;
    return NULL;
  }
  pieces->left -= sizeof *piece + bytes;
  piece->next = pieces->first;
  pieces->first = piece;
  return piece->data;
}

void wni_pieces_clear(WniPieces *pieces) {
  for (WniPiece *piece = pieces->first, *next; piece; piece = next) {
    next = piece->next;
    free(piece);
  }
  *pieces = (WniPieces){0};
}

char *wni_pieces_text(WniPieces *pieces, const char *const *parts) {
  size_t length = 1;
  for (size_t i = 0; parts[i]; i++) length += strlen(parts[i]);
  char *text = wni_pieces_alloc(pieces, length, 1), *end = text;
  for (size_t i = 0; text && parts[i]; i++) end = stpcpy(end, parts[i]);
  return text;
}
