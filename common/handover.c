/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See handover.h.
 */
#include "handover.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

struct Handover {
  const HandoverClass *class;
  void *owner;
  GMutex lock; /* guards what follows */
  GCond changed;
  GThread *thread; /* NULL: nothing was ordered yet */
  void *order;     /* the newest that has not begun; NULL: none */
  void *made;      /* not taken yet, or NULL; read without the lock to see whether there is one */
  GSList *retired;
  bool quit;
};

Handover *handover_new(const HandoverClass *class, void *owner) {
  Handover *self = g_new0(Handover, 1);
  self->class = class;
  self->owner = owner;
  g_mutex_init(&self->lock);
  g_cond_init(&self->changed);
  return self;
}

/* Under the lock, as are the next two, which give it up for their work. */
static void set_made(Handover *self, void *made) {
  if (self->made != NULL) self->retired = g_slist_prepend(self->retired, self->made);
  g_atomic_pointer_set(&self->made, made);
}

static void make(Handover *self) {
  void *order = g_steal_pointer(&self->order);
  g_mutex_unlock(&self->lock);
  void *made = self->class->make(self->owner, order);
  self->class->free_order(order);
  g_mutex_lock(&self->lock);
  if (made == NULL) return;
  set_made(self, made);
  if (self->class->ready != NULL) self->class->ready(self->owner);
}

/* glibc would keep the room that large things leave, and no other thing of that size fits into it:
 * a few times what is in use. */
static void destroy_retired(Handover *self) {
  GSList *retired = g_steal_pointer(&self->retired);
  g_mutex_unlock(&self->lock);
  g_slist_free_full(retired, self->class->destroy);
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  g_mutex_lock(&self->lock);
}

static gpointer work(gpointer data) {
  Handover *self = data;
  g_mutex_lock(&self->lock);
  while (!self->quit) {
    if (self->retired != NULL)
      destroy_retired(self);
    else if (self->order != NULL)
      make(self);
    else
      g_cond_wait(&self->changed, &self->lock);
  }
  g_mutex_unlock(&self->lock);
  return NULL;
}

void handover_free(Handover *self) {
  if (self == NULL) return;
  g_mutex_lock(&self->lock);
  self->quit = true;
  g_cond_signal(&self->changed);
  g_mutex_unlock(&self->lock);
  if (self->thread != NULL) g_thread_join(self->thread);
  if (self->order != NULL) self->class->free_order(self->order);
  set_made(self, NULL);
  g_slist_free_full(self->retired, self->class->destroy);
  g_mutex_clear(&self->lock);
  g_cond_clear(&self->changed);
  g_free(self);
}

bool handover_order(Handover *self, void *order) {
  g_mutex_lock(&self->lock);
  if (self->thread == NULL) self->thread = g_thread_try_new("winnow-model", work, self, NULL);
  bool has_thread = self->thread != NULL;
  void *unwanted = order;
  if (has_thread) {
    unwanted = self->order;
    self->order = order;
    g_cond_signal(&self->changed);
  }
  g_mutex_unlock(&self->lock);
  if (unwanted != NULL) self->class->free_order(unwanted);
  return has_thread;
}

void *handover_take(Handover *self) {
  if (g_atomic_pointer_get(&self->made) == NULL) return NULL;
  g_mutex_lock(&self->lock);
  void *made = self->made;
  g_atomic_pointer_set(&self->made, NULL);
  g_mutex_unlock(&self->lock);
  return made;
}

void handover_retire(Handover *self, void *made) {
  g_mutex_lock(&self->lock);
  self->retired = g_slist_prepend(self->retired, made);
  g_cond_signal(&self->changed);
  g_mutex_unlock(&self->lock);
}
