/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow collect`: frames of a channel or a clip as pictures in a folder, for `winnow teach` and
 * `winnow tune`.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <glib.h>
#include <winnow/ipc.h>
#include <winnow/region.h>

#include "collector.h"
#include "commands.h"
#include "options.h"
#include "photos.h"
#include "progress.h"
#include "report.h"
#include "y4m.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_US INT64_C(1000)
#define AGAIN_NS (NS_PER_S / 10)   /* to the next look after a frame that was not taken */
#define PATIENCE_NS (3 * NS_PER_S) /* without a publisher */
#define FRESH_NS (NS_PER_S / 2)    /* the age up to which a result speaks of what is seen */
#define LATEST_NS (INT64_MAX / 2)  /* in a clip */
#define DEFAULT_EVERY_S 1.0
#define MAX_EVERY_S 86400.0
#define UNSURE_MARGIN 0.2 /* between the scores of the first two */

enum { DEFAULT_COUNT = 60, WAIT_MS = 200, MAX_NAME = 128 };

/* What is asked for, and how far it is. */
typedef struct Collection {
  Options shared;
  char *clip, *label, *model, *between;
  gboolean unsure;
  double every_s;
  int count;                /* 0: all there are */
  int64_t begin_ns, end_ns; /* of a clip */
  WnRegion region;          /* of its frames, where shared.region says one */
  char *name;               /* of a clip, for the pictures' */
  WnModel *opened;
  WnSession *session;
  Collector *collector;
  Progress progress;
  int64_t due_ns; /* when the next frame is looked at */
} Collection;

static volatile sig_atomic_t told_to_leave;

static void on_signal(int number) {
  (void)number;
  told_to_leave = 1;
}

/* What is written until then stays, and is told; what is ignored stays so. */
static void catch_signals(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  const struct sigaction action = {.sa_handler = on_signal};
  struct sigaction old;
  for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
    if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
      sigaction(numbers[i], &action, NULL);
}

/* ---- What is asked for ---------------------------------------------------- */

/* "90.5", "1:30.5" or "0:01:30.5". */
static bool parse_time(const char *text, int64_t *ns) {
  char **parts = g_strsplit(text, ":", 4);
  guint n = g_strv_length(parts);
  double seconds = 0;
  bool valid = n >= 1 && n <= 3;
  for (guint i = 0; i < n && valid; i++) {
    bool last = i + 1 == n;
    size_t digits = strspn(parts[i], "0123456789"), rest = strlen(parts[i]) - digits;
    bool decimals = last && rest > 1 && parts[i][digits] == '.' &&
                    strspn(parts[i] + digits + 1, "0123456789") == rest - 1;
    double part = g_ascii_strtod(parts[i], NULL);
    valid = digits > 0 && digits <= 9 && (rest == 0 || decimals) && (i == 0 || part < 60);
    seconds = seconds * 60 + part;
  }
  g_strfreev(parts);
  valid = valid && seconds * 1e9 < (double)LATEST_NS;
  *ns = valid ? (int64_t)llround(seconds * 1e9) : 0;
  return valid;
}

/* "T0 T1", as join_between() makes it. */
static bool parse_between(const char *text, int64_t *begin_ns, int64_t *end_ns) {
  char **times = g_strsplit(text, " ", 3);
  bool valid = g_strv_length(times) == 2 && parse_time(times[0], begin_ns) &&
               parse_time(times[1], end_ns) && *begin_ns < *end_ns;
  g_strfreev(times);
  return valid;
}

/* A label is a folder's name, and teach passes over those that begin with a point. */
static bool is_folder_name(const char *label) {
  return label[0] != '\0' && label[0] != '.' && strchr(label, '/') == NULL;
}

/* What is wrong with where the frames come from and go to; NULL: nothing. */
static const char *find_wrong_source(const Collection *c) {
  int n = c->shared.n_arguments;
  if (c->clip != NULL && n > 1)
    return "--from CLIP takes the place of SOCKET; give one or the other";
  if (c->clip == NULL && n < 2) return "expected SOCKET FOLDER, or --from CLIP FOLDER";
  if (c->clip == NULL && c->between != NULL) return "--between belongs to --from CLIP";
  if (c->clip == NULL && c->shared.region != NULL)
    return "--region belongs to --from CLIP; a channel's results have their own";
  if (c->unsure && c->label != NULL) return "--unsure knows no label; give one or the other";
  if (!c->unsure && c->label == NULL)
    return "--label L is missing: what the frames show; or --unsure";
  if (c->unsure && c->clip != NULL && c->model == NULL)
    return "--unsure of a clip needs --model MODEL: somebody must say what is unsure";
  if (c->model != NULL && (!c->unsure || c->clip == NULL))
    return "--model belongs to --unsure --from CLIP";
  return NULL;
}

static bool check(Collection *c) {
  const char *wrong = find_wrong_source(c);
  const char *region = c->shared.region;
  WnError error;
  if (wrong != NULL)
    report("collect: %s; see 'winnow collect --help'", wrong);
  else if (c->label != NULL && !is_folder_name(c->label))
    report("--label '%s': must be the name of a folder, without / and not beginning with a point",
           c->label);
  else if (c->count < 0)
    report("--count: must be a number of pictures, or 0 for as many as there are");
  else if (!(c->every_s >= 0 && c->every_s <= MAX_EVERY_S))
    report("--every: must be a number of seconds up to a day; 0 looks at every frame");
  else if (c->between != NULL && !parse_between(c->between, &c->begin_ns, &c->end_ns))
    report(
        "--between %s: must be two times, the earlier one first, like 00:10 1:02:03.5 or seconds",
        c->between);
  else if (region != NULL && wn_region_parse(region, &c->region, &error) != WN_OK)
    report_error(&error);
  else
    return true;
  return false;
}

/* ---- A frame -------------------------------------------------------------- */

static bool wants_more(const Collection *c) {
  return !told_to_leave && (c->count == 0 || collector_written(c->collector) < c->count);
}

/* The first two are about even, or there is none. */
static bool is_unsure(const WnResult *result) {
  return result->class_index < 0 ||
         (result->n_survivors > 1 &&
          result->survivor_scores[0] - result->survivor_scores[1] < UNSURE_MARGIN);
}

/* Not yet is told apart from never by when the next frame is due. */
static void look_again(Collection *c, int64_t now_ns, bool taken) {
  int64_t every_ns = (int64_t)(c->every_s * 1e9);
  c->due_ns = now_ns + (taken ? every_ns : MIN(every_ns, AGAIN_NS));
  if (taken && c->count > 0)
    progress_update(&c->progress, (uint64_t)collector_written(c->collector));
}

/* ---- A clip --------------------------------------------------------------- */

/* "hall" of /videos/hall.y4m, so that nothing of it is hidden. */
static char *clip_name(const char *path) {
  char *base = strcmp(path, "-") == 0 ? g_strdup("stdin") : g_path_get_basename(path);
  if (g_str_has_suffix(base, ".y4m")) base[strlen(base) - strlen(".y4m")] = '\0';
  char *name = g_strdup_printf("%.*s", MAX_NAME, base + strspn(base, "."));
  g_free(base);
  if (name[0] != '\0') return name;
  g_free(name);
  return g_strdup("clip");
}

/* Whether it is one to be taken; false: reported. */
static bool is_wanted(Collection *c, const WnFrame *frame, bool *wanted) {
  const WnResult *result;
  WnError error;
  *wanted = true;
  if (!c->unsure) return true;
  if (wn_session_classify(c->session, frame, NULL, &result, &error) != WN_OK) {
    report_error(&error);
    return false;
  }
  *wanted = is_unsure(result);
  return true;
}

static bool take_of_clip(Collection *c, const WnFrame *frame) {
  bool wanted, taken = false;
  WnRect part = {0, 0, frame->width, frame->height};
  WnError error;
  if (c->shared.region != NULL &&
      wn_region_place(&c->region, frame->width, frame->height, &part, &error) != WN_OK) {
    report_error(&error);
    return false;
  }
  if (!is_wanted(c, frame, &wanted)) return false;
  if (wanted) {
    char *name = g_strdup_printf("%s-%09" G_GINT64_FORMAT "ms", c->name,
                                 (frame->pts_ns + NS_PER_MS / 2) / NS_PER_MS);
    bool done = collector_put(c->collector, frame, &part, name, &taken);
    g_free(name);
    if (!done) return false;
  }
  look_again(c, frame->pts_ns, taken);
  return true;
}

static int from_clip(Collection *c) {
  char *problem = NULL;
  WnFrame frame;
  Y4mReading reading = Y4M_NOT_YET;
  Y4m *clip = y4m_open(c->clip, &problem);
  bool done = clip != NULL, any = false;
  c->due_ns = c->begin_ns;
  while (done && reading != Y4M_END && wants_more(c)) {
    struct pollfd more = {y4m_descriptor(clip), POLLIN, 0};
    reading = y4m_read(clip, &frame, &problem);
    if (reading == Y4M_NOT_YET) poll(&more, 1, -1);
    if (reading != Y4M_FRAME) continue;
    int64_t at_ns = frame.pts_ns + NS_PER_MS / 2; /* thirds of seconds are not exact */
    if (at_ns >= c->end_ns) break;
    if (at_ns < c->begin_ns || frame.pts_ns + y4m_period_ns(clip) / 2 < c->due_ns) continue;
    any = true;
    done = take_of_clip(c, &frame);
  }
  y4m_free(clip);
  if (problem == NULL && done && !any && !told_to_leave)
    problem = g_strdup_printf("%s: has no frame%s", c->clip,
                              c->between != NULL ? " between these times" : "");
  if (problem != NULL) report("%s", problem);
  done = done && problem == NULL;
  g_free(problem);
  return done ? STATUS_OK : STATUS_FAILED;
}

/* ---- A channel ------------------------------------------------------------ */

/* 20261129T081500.123Z, of the capture where the publisher knows it. */
static void channel_name(const WnFrame *frame, int32_t result, char name[MAX_NAME]) {
  int64_t ns = frame->time_ns > 0 ? frame->time_ns : g_get_real_time() * NS_PER_US;
  time_t seconds = (time_t)(ns / NS_PER_S);
  struct tm utc;
  gmtime_r(&seconds, &utc); /* 64 bits of ns end in the year 2262 */
  size_t n = strftime(name, MAX_NAME, "%Y%m%dT%H%M%S", &utc);
  n += (size_t)g_snprintf(name + n, (gulong)(MAX_NAME - n), ".%03dZ",
                          (int)(ns % NS_PER_S / NS_PER_MS));
  if (result > 0) g_snprintf(name + n, (gulong)(MAX_NAME - n), "-%d", result);
}

/* One of the frame's results, or with NULL the frame without one. */
static bool take_result(Collection *c, const WnFrame *frame, const WnResult *result, int32_t index,
                        bool *taken) {
  char name[MAX_NAME];
  bool is_old = result == NULL || result->age_ns > FRESH_NS;
  if (c->unsure && (is_old || !is_unsure(result))) return true;
  channel_name(frame, index, name);
  return collector_put(c->collector, frame,
                       result != NULL && result->has_region ? &result->region : NULL, name, taken);
}

static bool take_snapshot(Collection *c, const WnSnapshot *snapshot, const char *path) {
  bool any = false;
  int32_t n = MAX(snapshot->n_results, 1);
  if (!snapshot->has_frame) {
    report("%s: publishes results without frames", path);
    return false;
  }
  for (int32_t i = 0; i < n && wants_more(c); i++) {
    bool taken = false;
    const WnResult *result = snapshot->n_results > 0 ? &snapshot->results[i] : NULL;
    if (!take_result(c, &snapshot->frame, result, i, &taken)) return false;
    any |= taken;
  }
  look_again(c, g_get_monotonic_time() * NS_PER_US, any);
  return true;
}

static void wait_for(const WnReader *reader, int64_t left_ns) {
  struct pollfd news = {wn_reader_descriptor(reader), POLLIN, 0};
  if (left_ns > 0)
    poll(NULL, 0, (int)MIN(left_ns / NS_PER_MS + 1, WAIT_MS));
  else
    poll(&news, 1, WAIT_MS);
}

/* Looks for the newest frame; false: reported. */
static bool look(Collection *c, WnReader *reader, const char *path, int64_t *heard_ns) {
  int64_t now_ns = g_get_monotonic_time() * NS_PER_US;
  WnSnapshot snapshot;
  WnError error;
  if (now_ns < c->due_ns) {
    wait_for(reader, c->due_ns - now_ns);
    *heard_ns += g_get_monotonic_time() * NS_PER_US - now_ns; /* nobody was listening */
    return true;
  }
  WnStatus status = wn_reader_read(reader, 0, &snapshot, &error);
  if (wn_reader_connected(reader)) *heard_ns = now_ns;
  if (status == WN_OK) return take_snapshot(c, &snapshot, path);
  if (status != WN_ERROR_TIMEOUT) {
    report_error(&error);
    return false;
  }
  if (now_ns - *heard_ns > PATIENCE_NS) {
    report("%s: nobody publishes there%s", path,
           collector_written(c->collector) > 0 ? " any more" : "; is winnow-camera running?");
    return false;
  }
  wait_for(reader, 0);
  return true;
}

static int from_channel(Collection *c) {
  const char *path = c->shared.arguments[0];
  WnReader *reader = NULL;
  WnError error;
  bool done = true;
  int64_t heard_ns = g_get_monotonic_time() * NS_PER_US;
  if (wn_reader_new(path, &reader, &error) != WN_OK) return report_error(&error);
  while (done && wants_more(c)) done = look(c, reader, path, &heard_ns);
  wn_reader_free(reader);
  return done ? STATUS_OK : STATUS_FAILED;
}

/* ---- The command ---------------------------------------------------------- */

static int collect(Collection *c) {
  int status = STATUS_OK;
  const char *folder = c->shared.arguments[c->shared.n_arguments - 1];
  if (c->model != NULL) {
    c->opened = options_open_model(&c->shared, c->model, false, &status);
    if (c->opened != NULL) c->session = options_new_session(&c->shared, c->opened, &status);
    if (c->session == NULL) return status;
  }
  c->collector = collector_new(folder, c->unsure ? PHOTOS_UNSORTED : c->label, c->every_s);
  if (c->collector == NULL) return STATUS_FAILED;
  catch_signals();
  progress_start(&c->progress, (uint64_t)c->count);
  status = c->clip != NULL ? from_clip(c) : from_channel(c);
  progress_end(&c->progress);
  if (status == STATUS_OK || collector_written(c->collector) > 0) collector_tell(c->collector);
  return status;
}

static void clear(Collection *c) {
  collector_free(c->collector);
  wn_session_free(c->session);
  wn_model_unref(c->opened);
  char *strings[] = {c->clip, c->label, c->model, c->between, c->name};
  for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) g_free(strings[i]);
  options_clear(&c->shared);
}

/* --between takes two words: they become one, "T0 T1".  To be freed with g_strfreev(). */
static char **join_between(int argc, char **argv, int *n) {
  char **line = g_new0(char *, (gsize)argc + 1);
  *n = 0;
  for (int i = 0; i < argc; i++) {
    bool is_first = i > 0 && strcmp(argv[i - 1], "--between") == 0 && i + 1 < argc;
    line[(*n)++] = is_first ? g_strdup_printf("%s %s", argv[i], argv[i + 1]) : g_strdup(argv[i]);
    i += is_first;
  }
  return line;
}

static int run(int argc, char **argv) {
  Collection c = {.every_s = DEFAULT_EVERY_S, .count = G_MININT, .end_ns = LATEST_NS};
  const GOptionEntry own[] = {
      {"label", 0, 0, G_OPTION_ARG_STRING, &c.label, "What the frames show: they go to FOLDER/L",
       "L"},
      {"unsure", 0, 0, G_OPTION_ARG_NONE, &c.unsure,
       "Only frames that the model is unsure of, into FOLDER/" PHOTOS_UNSORTED, NULL},
      {"count", 0, 0, G_OPTION_ARG_INT, &c.count,
       "Pictures to write (default 60 of a channel, all of a clip; 0: all)", "N"},
      {"every", 0, 0, G_OPTION_ARG_DOUBLE, &c.every_s,
       "Seconds from one to the next (default 1; 0: look at every frame)", "S"},
      {"from", 0, 0, G_OPTION_ARG_FILENAME, &c.clip,
       "A clip (.y4m; - is standard input) instead of a channel", "CLIP"},
      {"between", 0, 0, G_OPTION_ARG_STRING, &c.between,
       "The part of the clip: seconds, or like 00:10 and 1:02:03.5", "T0 T1"},
      {"region", 0, 0, G_OPTION_ARG_STRING, &c.shared.region,
       "The part of the clip's frames: pixels, or with a decimal point fractions",
       "[NAME:]X,Y,W,H"},
      {"model", 0, 0, G_OPTION_ARG_FILENAME, &c.model, "Who is unsure of the clip's frames",
       "MODEL"},
      G_OPTION_ENTRY_NULL};
  int n;
  char **line = join_between(argc, argv, &n);
  int status = options_parse(&command_collect, OPTIONS_MODEL | OPTIONS_MEANING | OPTIONS_THREADS,
                             own, n, line, 1, 2, &c.shared);
  g_strfreev(line);
  if (status == STATUS_OK && c.count == G_MININT) c.count = c.clip != NULL ? 0 : DEFAULT_COUNT;
  if (status == STATUS_OK && !check(&c)) status = STATUS_USAGE;
  if (status == STATUS_OK && c.clip != NULL) c.name = clip_name(c.clip);
  if (status == STATUS_OK) status = collect(&c);
  clear(&c);
  return status;
}

const Command command_collect = {
    "winnow collect",
    "SOCKET|--from CLIP FOLDER",
    "Write frames as pictures, to teach from",
    "Frames of a channel (winnow-camera, winnowshmsink) or of a clip become JPEGs in FOLDER/L, or\n"
    "with --unsure in FOLDER/" PHOTOS_UNSORTED
    ": the region that the publisher's results are about, or\n"
    "the whole frame. A frame that looks like the one written before it is left out, and a file\n"
    "that is there stays as it is. Names tell the time: 20261129T081500.123Z.jpg of a channel,\n"
    "hall-000123400ms.jpg of a clip. The model is unsure of a frame when the first two scores are\n"
    "less than 0.2 apart, and when it recognises nothing.\n"
    "Ctrl-C ends it; what is written stays.\n\n"
    "Examples:\n"
    "  winnow collect $XDG_RUNTIME_DIR/camera photos --label open --count 30 --every 2\n"
    "  winnow collect --from door.y4m photos --label closed --between 00:10 1:30\n"
    "  winnow collect $XDG_RUNTIME_DIR/camera photos --unsure",
    run,
    NULL};
