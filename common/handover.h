/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes something anew in a thread of its own while the one before is in use: the session of a new
 * model, for winnowclassify and winnow-camera.  Whoever uses it takes the new one between two
 * frames and gives the old one back to be freed in that thread too, so that no frame waits for
 * either.
 *
 *   any thread   order   ->  the newest order  ->  make     the handover's thread
 *   the user     take    <-  what was made     <-
 *   the user     retire  ->  what is done with ->  destroy
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include <glib.h>
#include <stdbool.h>

typedef struct Handover Handover;

/* The first two and the last are called in the handover's thread, one at a time. */
typedef struct HandoverClass {
  void *(*make)(void *owner, void *order); /* NULL: it could not, and has said so */
  void (*ready)(void *owner);              /* something can be taken; may be NULL */
  void (*free_order)(void *order);         /* in any thread */
  void (*destroy)(void *made);
} HandoverClass;

/* `class` and `owner` must outlive it.  The thread begins with the first order. */
Handover *handover_new(const HandoverClass *class, void *owner);

/* Waits for what is being made, and destroys all that it has.  NULL is ignored. */
void handover_free(Handover *self);

/* Asks for another one; takes `order`, which must not be NULL.  It replaces one that has not begun.
 * False: the system gives no thread. */
bool handover_order(Handover *self, void *order);

/* The newest that was made, which is the caller's now; NULL: nothing new.  Never waits for what is
 * being made. */
void *handover_take(Handover *self);

/* Has what was taken, or what was used before, destroyed. */
void handover_retire(Handover *self, void *made);

#endif
