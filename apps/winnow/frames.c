/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See frames.h.
 */
#include "frames.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include <glib.h>
#include <winnow/ipc.h>

#include "batch.h"
#include "command.h"
#include "pictures.h"
#include "progress.h"
#include "report.h"
#include "y4m.h"

#define NS_PER_S INT64_C(1000000000)
#define CLIP_STEP_NS (NS_PER_S / 10)

enum { WAIT_MS = 200 };

/* An error of the engine as a sentence about `name`, to be freed with g_free(). */
static char *sentence(const char *name, const WnError *error) {
  return g_strdup_printf("%s: %s", name, error->message);
}

/* Reports and frees what went wrong, if anything did. */
static int end_with(char *problem) {
  if (problem == NULL) return STATUS_OK;
  report("%s", problem);
  g_free(problem);
  return STATUS_FAILED;
}

/* ---- A folder ------------------------------------------------------------- */

typedef struct Folder {
  FrameTaker *take;
  void *user;
} Folder;

static WnStatus take_picture(void *user, guint index, const Image *image, WnError *error) {
  const Folder *folder = user;
  (void)index;
  return folder->take(folder->user, &image->frame, error);
}

int frames_take_folder(const char *path, const WnModelInfo *model, FrameTaker *take, void *user,
                       guint *n_broken) {
  Folder folder = {take, user};
  char *problem;
  GPtrArray *paths = pictures_in(path, &problem);
  int status = end_with(problem);
  if (status == STATUS_OK)
    status = batch_take(paths, image_enough(model, NULL), take_picture, &folder, n_broken);
  g_ptr_array_unref(paths);
  return status;
}

/* ---- A clip --------------------------------------------------------------- */

/* Of frames more often than ten a second those nearest to the tenths. */
static bool is_due(const WnFrame *frame, int64_t period_ns, int64_t *due_ns) {
  if (frame->pts_ns + period_ns / 2 < *due_ns) return false;
  do *due_ns += CLIP_STEP_NS;
  while (*due_ns <= frame->pts_ns);
  return true;
}

int frames_take_clip(const char *path, FrameTaker *take, void *user) {
  char *problem = NULL;
  WnError error = {0};
  WnFrame frame;
  int64_t due_ns = 0;
  Y4mReading reading = Y4M_NOT_YET;
  Y4m *clip = y4m_open(path, &problem);
  while (problem == NULL && reading != Y4M_END) {
    struct pollfd more = {y4m_descriptor(clip), POLLIN, 0};
    reading = y4m_read(clip, &frame, &problem);
    if (reading == Y4M_NOT_YET) poll(&more, 1, -1);
    if (reading == Y4M_FRAME && is_due(&frame, y4m_period_ns(clip), &due_ns) &&
        take(user, &frame, &error) != WN_OK)
      problem = sentence(path, &error);
  }
  y4m_free(clip);
  if (problem == NULL && due_ns == 0) problem = g_strdup_printf("%s: the clip has no frame", path);
  return end_with(problem);
}

/* ---- A channel ------------------------------------------------------------ */

static volatile sig_atomic_t had_enough;

static void on_interrupt(int number) {
  (void)number;
  had_enough = 1;
}

/* Ctrl-C ends the taking and not the program, unless it is ignored; `old` is to be put back. */
static void catch_interrupt(struct sigaction *old) {
  struct sigaction action = {.sa_handler = on_interrupt};
  sigaction(SIGINT, NULL, old);
  if (old->sa_handler != SIG_IGN) sigaction(SIGINT, &action, NULL);
}

/* Until something is new, it is time to look, or a signal has come. */
static void wait_a_while(const WnReader *reader, gint64 until_us) {
  struct pollfd news = {wn_reader_descriptor(reader), POLLIN, 0};
  gint64 left_us = until_us - g_get_monotonic_time();
  if (left_us > 0)
    poll(NULL, 0, (int)MIN(left_us / 1000 + 1, WAIT_MS));
  else
    poll(&news, 1, WAIT_MS);
}

/* The newest frame, if there is one that was not taken yet; *problem as above. */
static bool take_newest(WnReader *reader, const char *path, FrameTaker *take, void *user,
                        char **problem) {
  WnSnapshot snapshot;
  WnError error = {0};
  WnStatus status = wn_reader_read(reader, 0, &snapshot, &error);
  if (status == WN_ERROR_TIMEOUT) return false;
  if (status == WN_OK && !snapshot.has_frame)
    *problem = g_strdup_printf("%s: publishes results without frames", path);
  else if (status != WN_OK || take(user, &snapshot.frame, &error) != WN_OK)
    *problem = sentence(path, &error);
  return *problem == NULL;
}

/* Gives the number of frames taken. */
static int take_frames(WnReader *reader, const char *path, const FramesWish *wish, FrameTaker *take,
                       void *user, char **problem) {
  gint64 next_us = 0, step_us = (gint64)(wish->every_s * G_USEC_PER_SEC);
  Progress progress;
  int n = 0;
  progress_start(&progress, (uint64_t)wish->n_frames);
  while (n < wish->n_frames && *problem == NULL && !had_enough) {
    gint64 now_us = g_get_monotonic_time();
    if (now_us >= next_us && take_newest(reader, path, take, user, problem)) {
      next_us = now_us + step_us;
      progress_update(&progress, (uint64_t)++n);
    } else if (n > 0 && !wn_reader_connected(reader)) {
      break;
    } else if (*problem == NULL) {
      wait_a_while(reader, next_us);
    }
  }
  progress_end(&progress);
  return n;
}

static int take_channel(const char *path, const FramesWish *wish, FrameTaker *take, void *user) {
  struct sigaction old;
  WnReader *reader = NULL;
  WnError error = {0};
  char *problem = NULL;
  if (wn_reader_new(path, &reader, &error) != WN_OK) return report_error(&error);
  catch_interrupt(&old);
  int n = take_frames(reader, path, wish, take, user, &problem);
  sigaction(SIGINT, &old, NULL);
  wn_reader_free(reader);
  if (problem == NULL && n == 0) problem = g_strdup_printf("%s: no frame has come", path);
  if (problem == NULL && n < wish->n_frames) report("%s: going on with %d frames", path, n);
  return end_with(problem);
}

bool frames_is_channel(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISSOCK(info.st_mode);
}

int frames_take(const char *path, const FramesWish *wish, const WnModelInfo *model,
                FrameTaker *take, void *user, guint *n_broken) {
  if (frames_is_channel(path)) return take_channel(path, wish, take, user);
  if (g_file_test(path, G_FILE_TEST_IS_DIR))
    return frames_take_folder(path, model, take, user, n_broken);
  return frames_take_clip(path, take, user);
}
