/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnow-camera: captures with V4L2, classifies, and publishes frames and results in shared
 * memory or prints the results.  serve.c is its life.
 */
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>
#include <winnow/ipc.h>

#include "command.h"
#include "config.h"
#include "formats.h"
#include "list.h"
#include "options.h"
#include "reload.h"
#include "report.h"
#include "serve.h"
#include "source.h"

/* The options as given. */
typedef struct Settings {
  gboolean list, as_json, version;
  char *model, *device, *size, *format, *input, *socket, *socket_mode, *socket_group;
  char *rotate, *flip;
  double fps;
  char **set, **ignore;
  Turn turn;       /* rotate and flip together */
  Wish wish;       /* size, fps and format together */
  char **controls; /* the assignments in `set` */
  uint32_t mode;   /* of the socket */
  Reload reload;
} Settings;

static int run_camera(int argc, char **argv);

static const char *const sections[] = {"camera", "deploy", NULL};

static const Command command_camera = {
    "winnow-camera",
    "",
    "Classify the frames of a camera and give them to other programs",
    "Without --device the first camera is taken; without --format, --size and --fps the mode near\n"
    "640x480 at 30 frames/s that costs least. A camera that is unplugged is waited for.\n"
    "The settings of --config stand in its sections [camera] and [deploy], by the names of the\n"
    "options. SIGHUP has the model's file read again, or the one that --config names by now;\n"
    "frames go on, and the new model takes the place of the old one between two of them. One that\n"
    "is bad, or does not fit the other options, is told and changes nothing.\n"
    "The exit status is 0 after SIGINT or SIGTERM and at the end of --input, 1 after a failure,\n"
    "2 for wrong usage.\n\n"
    "Cameras that deliver only raw sensor data, such as the Raspberry Pi's camera modules, need\n"
    "libcamera: gst-launch-1.0 libcamerasrc ! winnowclassify model-file=MODEL ! winnowshmsink\n"
    "socket-path=SOCKET does for them what this program does for others. Without GStreamer, let\n"
    "rpicam-vid and ffmpeg write YUV4MPEG2 into a pipe to --input -; the manual page has the "
    "line.\n\n"
    "Examples:\n"
    "  winnow-camera --list\n"
    "  winnow-camera --model models/everyday.onnx --socket $XDG_RUNTIME_DIR/camera\n"
    "  winnow-camera --model models/everyday.onnx --device /dev/video2 --size 1280x720 \\\n"
    "      --fps 30 --set auto_exposure=1 --set exposure_time_absolute=100 --json\n"
    "  ffmpeg -loglevel error -i VIDEO -pix_fmt yuv420p -f yuv4mpegpipe - |\n"
    "    winnow-camera --model models/everyday.onnx --input - --json\n"
    "  winnow-camera --config /etc/winnow/camera.ini",
    run_camera,
    sections};

/* ---- Checking what was given --------------------------------------------- */

static bool parse_size(const char *text, Wish *wish) {
  char end;
  return sscanf(text, "%dx%d%c", &wish->width, &wish->height, &end) == 2 && wish->width > 0 &&
         wish->height > 0 && wish->width <= G_MAXINT16 && wish->height <= G_MAXINT16;
}

static bool parse_mode(const char *text, uint32_t *mode) {
  char *end;
  unsigned long value = strtoul(text, &end, 8);
  *mode = (uint32_t)value;
  return *end == '\0' && value > 0 && value <= 0777;
}

/* "A=1,B=2" in any of them becomes two; to be freed with g_strfreev(). */
static char **split_controls(char **given) {
  GStrvBuilder *all = g_strv_builder_new();
  for (; given != NULL && *given != NULL; given++) {
    char **parts = g_strsplit(*given, ",", -1);
    for (char **part = parts; *part != NULL; part++) g_strstrip(*part);
    g_strv_builder_addv(all, (const char **)parts);
    g_strfreev(parts);
  }
  char **controls = g_strv_builder_end(all);
  g_strv_builder_unref(all);
  return controls;
}

static bool are_assignments(char **controls) {
  for (; *controls != NULL; controls++)
    if (strchr(*controls, '=') == NULL || **controls == '=') return false;
  return true;
}

static bool check(Settings *settings) {
  const char *wrong;
  if (settings->size != NULL && !parse_size(settings->size, &settings->wish))
    report("--size %s: must be WIDTHxHEIGHT in pixels", settings->size);
  else if (!isfinite(settings->fps) || settings->fps < 0 ||
           (settings->fps > 0 && settings->fps < 0.1) || settings->fps > 1000)
    report("--fps: must be between 0.1 and 1000 frames/s");
  else if (settings->format != NULL &&
           (settings->wish.fourcc = format_parse(settings->format)) == 0)
    report("--format %s: must be one that --list shows, such as YUYV", settings->format);
  else if (settings->socket_mode != NULL && !parse_mode(settings->socket_mode, &settings->mode))
    report("--socket-mode %s: must be permissions like 0660", settings->socket_mode);
  else if (!turn_parse(settings->rotate, settings->flip, &settings->turn, &wrong))
    report("--%s: must be %s", wrong,
           strcmp(wrong, "rotate") == 0 ? "0, 90, 180 or 270 degrees, clockwise"
                                        : "none, horizontal or vertical");
  else if (!are_assignments(settings->controls))
    report("--set: must be NAME=VALUE, or several with commas between; see --list");
  else if (settings->list)
    return true; /* NOLINT(bugprone-branch-clone): before what captures need */
  else if (settings->model == NULL)
    report("--model MODEL is missing; see 'winnow-camera --help'");
  else if (settings->socket == NULL && !settings->as_json)
    report("where do the results go? give --socket PATH, --json or both");
  else if (settings->input != NULL && (settings->device != NULL || settings->size != NULL ||
                                       settings->format != NULL || settings->set != NULL))
    report("--device, --size, --format and --set are a camera's, and --input takes its place; give "
           "one or the other");
  else
    return true;
  return false;
}

/* ---- Running -------------------------------------------------------------- */

/* The first camera found remains the one that is opened again. */
static Source *open_camera(Settings *settings, char **problem) {
  Source *source = camera_open(settings->device, &settings->wish,
                               (const char *const *)settings->controls, problem);
  if (source != NULL && settings->device == NULL) settings->device = g_strdup(source->name);
  return source;
}

static Source *open_source(void *data, char **problem) {
  Settings *settings = data;
  if (settings->input == NULL) return open_camera(settings, problem);
  if (g_file_test(settings->input, G_FILE_TEST_IS_DIR))
    return folder_open(settings->input, settings->fps, problem);
  return clip_open(settings->input, settings->fps, problem);
}

static WnSession *load_model(void *data) {
  return reload_model(&((const Settings *)data)->reload);
}

static int classify(Settings *settings, const Options *options) {
  int status = STATUS_OK;
  WnError error;
  WnPublisherOptions access = {.mode = settings->mode, .group = settings->socket_group};
  Service service = {
      .open = open_source, .load = load_model, .settings = settings, .as_json = settings->as_json};
  WnModel *model = options_open_model(options, settings->model, false, &status);
  if (model == NULL) goto out;
  serve_block_signals(); /* the session starts threads */
  service.session = options_new_session(options, model, &status);
  g_clear_pointer(&model, wn_model_unref); /* which may not be the one of the end */
  if (service.session == NULL) goto out;
  if (settings->socket != NULL &&
      wn_publisher_new(settings->socket, &access, &service.publisher, &error) != WN_OK) {
    status = report_error(&error);
    goto out;
  }
  service.turner = turner_new(settings->turn);
  status = serve(&service);

out:
  turner_free(service.turner);
  wn_publisher_free(service.publisher);
  wn_session_free(service.session);
  return status;
}

/* What the command line says holds; what the file says is read again when the model is. */
static Reload plan_reload(const Settings *settings, const Options *options, char **argv) {
  bool is_given = config_is_taken(&(GOptionEntry){.long_name = "model"}, argv);
  return (Reload){options, settings->model, is_given ? NULL : sections};
}

static int list(const Settings *settings) {
  char *problem = NULL;
  if (list_cameras(settings->device, &problem)) return STATUS_OK;
  report("%s", problem);
  g_free(problem);
  return STATUS_FAILED;
}

static int run_camera(int argc, char **argv) {
  Settings settings = {0};
  Options options = {.max_age_s = WN_MAX_AGE_USUAL_NS / 1e9};
  const GOptionEntry own[] = {
      {"list", 0, 0, G_OPTION_ARG_NONE, &settings.list,
       "Show the cameras, or the one of --device: formats, sizes, rates, controls", NULL},
      {"model", 0, 0, G_OPTION_ARG_FILENAME, &settings.model, "Network (ONNX)", "MODEL"},
      {"socket", 0, 0, G_OPTION_ARG_FILENAME, &settings.socket,
       "Publish frames and results in shared memory at this socket", "PATH"},
      {"socket-mode", 0, 0, G_OPTION_ARG_STRING, &settings.socket_mode,
       "Permissions of the socket (default 0600, or 0660 with a group)", "MODE"},
      {"socket-group", 0, 0, G_OPTION_ARG_STRING, &settings.socket_group,
       "Group that the socket is given to, whose members may then read", "GROUP"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &settings.as_json, "Print one JSON object per frame", NULL},
      {"device", 0, 0, G_OPTION_ARG_FILENAME, &settings.device,
       "Camera (default: the first one that captures)", "PATH"},
      {"size", 0, 0, G_OPTION_ARG_STRING, &settings.size, "Pixels of a frame", "WxH"},
      {"fps", 0, 0, G_OPTION_ARG_DOUBLE, &settings.fps,
       "Frames a second, or the next higher rate of the camera", "N"},
      {"format", 0, 0, G_OPTION_ARG_STRING, &settings.format,
       "Pixel format as --list shows it (default: the one that costs least)", "FORMAT"},
      {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings.set,
       "Set a control of the camera; may be repeated, or A=1,B=2", "NAME=VALUE"},
      {"input", 0, 0, G_OPTION_ARG_FILENAME, &settings.input,
       "Pictures or a clip (.y4m; - is standard input) instead of a camera, once", "FOLDER|CLIP|-"},
      {"rotate", 0, 0, G_OPTION_ARG_STRING, &settings.rotate,
       "Turn frames clockwise by this first: 0, 90, 180 or 270", "DEGREES"},
      {"flip", 0, 0, G_OPTION_ARG_STRING, &settings.flip,
       "Then swap left and right, or top and bottom: none, horizontal or vertical", "HOW"},
      {"region", 0, 0, G_OPTION_ARG_STRING, &options.region,
       "Classify this part only: pixels, or with a decimal point fractions", "[NAME:]X,Y,W,H"},
      {"ignore", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings.ignore,
       "Leave this part out, such as a clock; may be repeated, or with ; between",
       "[NAME:]X,Y,W,H"},
      {"unchanged", 0, 0, G_OPTION_ARG_DOUBLE, &options.unchanged,
       "Repeat the last answer while nothing changes by more grey levels (default 0: never)", "L"},
      {"max-age", 0, 0, G_OPTION_ARG_DOUBLE, &options.max_age_s,
       "But not for longer than this, in seconds (default 2; 0: for ever)", "S"},
      {"version", 0, 0, G_OPTION_ARG_NONE, &settings.version, "Print the version", NULL},
      G_OPTION_ENTRY_NULL};
  int status = options_parse(&command_camera,
                             OPTIONS_MODEL | OPTIONS_MEANING | OPTIONS_THREADS | OPTIONS_POLICY |
                                 OPTIONS_CONFIG,
                             own, argc, argv, 0, 0, &options);
  if (status != STATUS_OK) goto out;
  settings.wish.fps = settings.fps;
  settings.controls = split_controls(settings.set);
  if (settings.ignore != NULL) options.ignore = g_strjoinv(";", settings.ignore);
  settings.reload = plan_reload(&settings, &options, argv);
  if (settings.version)
    printf("winnow-camera %s\n", wn_version());
  else if (!check(&settings))
    status = STATUS_USAGE;
  else
    status = settings.list ? list(&settings) : classify(&settings, &options);

out:;
  char **strings[] = {&settings.model,       &settings.device,       &settings.size,
                      &settings.format,      &settings.input,        &settings.socket,
                      &settings.socket_mode, &settings.socket_group, &settings.rotate,
                      &settings.flip};
  for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) g_free(*strings[i]);
  g_strfreev(settings.set);
  g_strfreev(settings.ignore);
  g_strfreev(settings.controls);
  options_clear(&options);
  return status;
}

int main(int argc, char **argv) {
  setlocale(LC_CTYPE, "");  /* numbers keep their point in every locale */
  signal(SIGXFSZ, SIG_IGN); /* a file too large is an error, as on a full disk */
  return report_output(command_camera.run(argc, argv));
}
