/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames of which nobody has said what they show: the pictures in a folder, a clip, or what a
 * camera publishes.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <glib.h>
#include <stdbool.h>
#include <winnow/winnow.h>

/* Takes a frame, which is gone afterwards; a failure is reported and ends it all. */
typedef WnStatus FrameTaker(void *user, const WnFrame *frame, WnError *error);

/* How many frames of a channel, and how many seconds from one to the next. */
typedef struct FramesWish {
  int n_frames;
  double every_s;
} FramesWish;

/* Whether `path` is a channel's socket. */
bool frames_is_channel(const char *path);

/* Gives `take` the pictures in a folder and those below it; or the frames of a clip, ten a second;
 * or those of a channel, until there are as many as wished, SIGINT comes or the publisher goes.
 * Pictures may come smaller, as `model` needs them; those that cannot be read are told and added to
 * *n_broken (batch.h).  Reports what fails, no frame at all among it, and returns an exit status.
 */
int frames_take(const char *path, const FramesWish *wish, const WnModelInfo *model,
                FrameTaker *take, void *user, guint *n_broken);

/* The same for what is known to be a folder. */
int frames_take_folder(const char *path, const WnModelInfo *model, FrameTaker *take, void *user,
                       guint *n_broken);

/* The same for what is known to be a clip: a .y4m file, a FIFO, or "-". */
int frames_take_clip(const char *path, FrameTaker *take, void *user);

#endif
