/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnow-pipeline: runs a pipeline that stands in a file, and ends when no frame comes, so that
 * systemd starts it anew.  run.c is its life.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include <gst/gst.h>
#include <winnow/winnow.h>

#include "command.h"
#include "file.h"
#include "options.h"
#include "report.h"
#include "run.h"

#define USUAL_TIMEOUT_S 20.0
#define LONGEST_TIMEOUT_S 86400.0
enum { MAX_BYTES = 1 << 20 };

static int run_file(int argc, char **argv);

static const Command command_pipeline = {
    "winnow-pipeline",
    "FILE",
    "Run the pipeline that stands in a file for as long as frames come",
    "FILE holds what would follow gst-launch-1.0, over as many lines as it likes; lines that "
    "begin\n"
    "with # are comments. A frame has come when it enters winnowclassify, each of them where "
    "there\n"
    "are several; in a pipeline without one, when it enters a sink.\n"
    "As a service: 'systemctl enable --now winnow-pipeline@NAME' runs /etc/winnow/NAME.pipeline\n"
    "and starts it again whenever it ends.\n"
    "The exit status is 0 at the end of the stream and after SIGINT or SIGTERM, 1 after a failure\n"
    "and when no frame comes, 2 for wrong usage and for a pipeline that cannot be made.\n\n"
    "Example:\n"
    "  winnow-pipeline --timeout 10 /etc/winnow/door.pipeline",
    run_file,
    NULL};

/* Its lines without comments; NULL: it has been reported. */
static char *read_text(const char *path) {
  gsize n_bytes = 0;
  g_autofree char *problem = NULL;
  g_autofree char *whole = file_read(path, "pipeline", MAX_BYTES, &n_bytes, &problem);
  if (whole == NULL) {
    report("%s", problem);
    return NULL;
  }
  g_auto(GStrv) lines = g_strsplit(whole, "\n", -1);
  GString *text = g_string_new(NULL);
  for (char **line = lines; *line != NULL; line++) {
    const char *content = g_strstrip(*line);
    if (content[0] != '#') g_string_append_printf(text, "%s ", content);
  }
  return g_string_free(text, FALSE);
}

/* NULL: it has been reported. */
static GstElement *parse(const char *path, const char *text) {
  g_autoptr(GError) error = NULL;
  GstElement *parsed = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (error != NULL) {
    report("%s: %s", path, error->message);
    gst_clear_object(&parsed);
  } else if (!GST_IS_PIPELINE(parsed)) { /* one element alone */
    report("%s: it needs several elements with ! between", path);
    gst_clear_object(&parsed);
  }
  return parsed;
}

static int run(const char *path, double timeout_s) {
  int status = STATUS_USAGE;
  Frames *frames = NULL;
  GstElement *pipeline = NULL;
  g_autofree char *text = read_text(path);
  if (text == NULL) return STATUS_FAILED;
  pipeline = parse(path, text);
  if (pipeline == NULL) return STATUS_USAGE;
  frames = frames_new(GST_BIN(pipeline));
  if (frames == NULL)
    report("%s: neither winnowclassify nor a sink is in it, so that no frame could be missed",
           path);
  else
    status = run_pipeline(pipeline, frames, path, timeout_s);
  frames_free(frames);
  gst_object_unref(pipeline);
  return status;
}

static int run_file(int argc, char **argv) {
  double timeout_s = USUAL_TIMEOUT_S;
  gboolean version = FALSE;
  Options options = {0};
  const GOptionEntry own[] = {
      {"timeout", 0, 0, G_OPTION_ARG_DOUBLE, &timeout_s,
       "Fail when no frame has come for this long, in seconds (default 20)", "S"},
      {"version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL},
      G_OPTION_ENTRY_NULL};
  int status = options_parse(&command_pipeline, 0, own, argc, argv, 0, 1, &options);
  if (status != STATUS_OK) goto out;
  if (version) {
    printf("winnow-pipeline %s\n", wn_version());
  } else if (!(timeout_s > 0 && timeout_s <= LONGEST_TIMEOUT_S)) {
    report("--timeout: must be seconds, above 0 and at most %g", LONGEST_TIMEOUT_S);
    status = STATUS_USAGE;
  } else if (options.n_arguments == 0) {
    report("FILE is missing; see 'winnow-pipeline --help'");
    status = STATUS_USAGE;
  } else {
    gst_init(NULL, NULL);
    status = run(options.arguments[0], timeout_s);
  }
out:
  options_clear(&options);
  return status;
}

int main(int argc, char **argv) {
  setlocale(LC_CTYPE, "");  /* numbers keep their point in every locale */
  signal(SIGXFSZ, SIG_IGN); /* a file too large is an error, as on a full disk */
  return report_output(command_pipeline.run(argc, argv));
}
