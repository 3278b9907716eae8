/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See options.h.  Words for the engine (strategy, precision, thresholds,
 * labels) are checked by the engine, so that there is one rule and one
 * sentence for each; only plain numbers are checked here.
 */
#include "options.h"

#include <math.h>
#include <signal.h>
#include <string.h>

#include "config.h"
#include "model_path.h"
#include "report.h"

#define NS_PER_MS 1e6
#define MAX_DEADLINE_MS 1e9
#define NS_PER_S 1e9
#define MAX_AGE_S 1e9
#define SHARED_SECTION "deploy" /* of a configuration file: for every command that runs a model */

/* All shared options; each belongs to a group. */
enum { MAX_ENTRIES = 64 };

static void add_entry(GOptionEntry *entries, GOptionEntry entry) {
  while (entries->long_name != NULL) entries++;
  entries[0] = entry;
  entries[1] = (GOptionEntry)G_OPTION_ENTRY_NULL;
}

static const GOptionEntry *find_entry(const GOptionEntry *entries, const char *name) {
  for (; entries->long_name != NULL; entries++)
    if (strcmp(entries->long_name, name) == 0) return entries;
  return NULL;
}

static void add_model_options(GOptionEntry *entries, Options *options) {
  add_entry(entries, (GOptionEntry){"precision", 0, 0, G_OPTION_ARG_STRING, &options->precision,
                                    "Arithmetic: auto, fp32, bf16 or int8 (default auto)", "P"});
  add_entry(entries, (GOptionEntry){"labels", 0, 0, G_OPTION_ARG_FILENAME, &options->labels,
                                    "Labels, one a line, instead of the model's", "FILE"});
  add_entry(entries,
            (GOptionEntry){"cpu-mask", 0, 0, G_OPTION_ARG_STRING, &options->cpu_mask,
                           "Instruction sets that may be used: all, none, or names", "LIST"});
}

/* Those of the table that the command has no option of its own by that name for. */
static void add_meaning_options(GOptionEntry *entries, Options *options, unsigned groups) {
#define ENTRY(field, name, argument, what)                                                         \
  {name, 0, 0, G_OPTION_ARG_STRING, &options->meaning.field, what, argument},
  const GOptionEntry rows[] = {WN_MEANING_FIELDS(ENTRY)};
#undef ENTRY
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    bool wanted = groups & OPTIONS_MEANING || strcmp(rows[i].long_name, "input-size") == 0;
    if (wanted && find_entry(entries, rows[i].long_name) == NULL) add_entry(entries, rows[i]);
  }
}

static void add_policy_options(GOptionEntry *entries, Options *options) {
  const GOptionEntry policy[] = {
      {"strategy", 0, 0, G_OPTION_ARG_STRING, &options->strategy,
       "class-exclusion, confidence, entropy or none (default: the model's)", "S"},
      {"thresholds", 0, 0, G_OPTION_ARG_STRING, &options->thresholds,
       "One number per exit (default: the model's)", "T0,T1,..."},
      {"threshold-scale", 0, 0, G_OPTION_ARG_DOUBLE, &options->threshold_scale,
       "Multiplies the thresholds of class-exclusion: over 1 exits earlier", "X"},
      {"watch", 0, 0, G_OPTION_ARG_STRING, &options->watch,
       "Stop as soon as none of these labels and groups survives", "LABELS"},
      {"group-exit", 0, 0, G_OPTION_ARG_NONE, &options->group_exit,
       "Stop as soon as all survivors are of one group", NULL},
      {"deadline-ms", 0, 0, G_OPTION_ARG_DOUBLE, &options->deadline_ms,
       "Answer within this time per image with the best class so far", "MS"}};
  for (size_t i = 0; i < G_N_ELEMENTS(policy); i++) add_entry(entries, policy[i]);
}

/* The shared options in `groups`, then `own`; entries [MAX_ENTRIES]. */
static void list_entries(unsigned groups, const GOptionEntry *own, Options *options,
                         GOptionEntry *entries) {
  entries[0] = (GOptionEntry)G_OPTION_ENTRY_NULL;
  for (; own != NULL && own->long_name != NULL; own++) add_entry(entries, *own);
  if (groups & OPTIONS_MODEL) add_model_options(entries, options);
  if (groups & (OPTIONS_MEANING | OPTIONS_SIZE)) add_meaning_options(entries, options, groups);
  if (groups & OPTIONS_THREADS)
    add_entry(entries, (GOptionEntry){"threads", 0, 0, G_OPTION_ARG_INT, &options->threads,
                                      "Threads, -1 for one per core (default -1)", "N"});
  if (groups & OPTIONS_POLICY) add_policy_options(entries, options);
  if (groups & OPTIONS_CONFIG)
    add_entry(entries, (GOptionEntry){"config", 0, 0, G_OPTION_ARG_FILENAME, &options->config,
                                      "Read options from this file as well", "FILE.ini"});
}

static bool numbers_are_valid(const Options *options) {
  if (options->threads < -1) {
    report("--threads %d: give a number of threads, or -1 for one per core", options->threads);
    return false;
  }
  if (!isfinite(options->threshold_scale) || options->threshold_scale <= 0) {
    report("--threshold-scale: must be a number above 0 (to exclude nothing use --strategy none)");
    return false;
  }
  if (!(options->deadline_ms >= 0 && options->deadline_ms <= MAX_DEADLINE_MS)) {
    report("--deadline-ms: must be between 0 (no deadline) and %.0f", MAX_DEADLINE_MS);
    return false;
  }
  if (!(options->max_age_s >= 0 && options->max_age_s <= MAX_AGE_S)) {
    report("--max-age: must be between 0 (any age) and %.0f seconds", MAX_AGE_S);
    return false;
  }
  return true;
}

/* Splits what is left of the command line from the command's name. */
static bool take_arguments(const Command *command, char **line, int min_arguments,
                           int max_arguments, Options *options) {
  options->arguments = g_strdupv(line + 1);
  options->n_arguments = (int)g_strv_length(options->arguments);
  if (options->n_arguments > max_arguments) {
    report("unexpected argument '%s'; see '%s --help'", options->arguments[max_arguments],
           command->name);
    return false;
  }
  if (options->n_arguments < min_arguments) {
    report("expected %s; see '%s --help'", command->arguments, command->name);
    return false;
  }
  return true;
}

/* Gives the options in `line` to the command's variables; false after a report. */
static bool parse_line(const GOptionEntry *entries, const char *section, char **line,
                       const Options *options) {
  GOptionContext *context = g_option_context_new(NULL);
  GError *error = NULL;
  char **left = g_strdupv(line);
  g_option_context_add_main_entries(context, entries, NULL);
  bool valid = g_option_context_parse_strv(context, &left, &error);
  if (!valid) {
    report("%s: [%s]: %s", options->config, section, error->message);
    g_error_free(error);
  }
  g_option_context_free(context);
  g_strfreev(left);
  return valid;
}

/* `first`, then `second`, which is freed. */
static char **join(char **first, char **second) {
  GStrvBuilder *both = g_strv_builder_new();
  g_strv_builder_addv(both, (const char **)first);
  g_strv_builder_addv(both, (const char **)second);
  g_strfreev(second);
  char **joined = g_strv_builder_end(both);
  g_strv_builder_unref(both);
  return joined;
}

/* The file's options, for the command's variables; `entries` are those of the command. */
static bool parse_config(const Command *command, const GOptionEntry *entries, char **argv,
                         Options *options) {
  static const char *const deploy_only[] = {SHARED_SECTION, NULL};
  const char *const *section = command->sections != NULL ? command->sections : deploy_only;
  GOptionEntry shared[MAX_ENTRIES];
  list_entries(OPTIONS_MODEL | OPTIONS_MEANING | OPTIONS_THREADS | OPTIONS_POLICY, NULL, options,
               shared);
  char **taken = g_strdupv(argv);
  bool valid = true;
  for (; *section != NULL && valid; section++) {
    bool is_own = strcmp(*section, SHARED_SECTION) != 0;
    char **line = config_read(options->config, *section, is_own ? entries : shared, entries, taken);
    valid = line != NULL && parse_line(entries, *section, line, options);
    if (valid) taken = join(line, taken);
    g_strfreev(line);
  }
  g_strfreev(taken);
  return valid;
}

int options_parse(const Command *command, unsigned groups, const GOptionEntry *own, int argc,
                  char **argv, int min_arguments, int max_arguments, Options *options) {
  options->threads = -1;
  options->threshold_scale = 1;

  g_set_prgname(command->name); /* the usage line of --help begins with it */
  GOptionContext *context = g_option_context_new(command->arguments);
  g_option_context_set_summary(context, command->summary);
  g_option_context_set_description(context, command->description);
  GOptionEntry entries[MAX_ENTRIES];
  list_entries(groups, own, options, entries);
  g_option_context_add_main_entries(context, entries, NULL);

  /* The strv form takes bytes as they are: labels are UTF-8 in any locale. */
  char **line = g_new0(char *, (gsize)argc + 1);
  for (int i = 0; i < argc; i++) line[i] = g_strdup(argv[i]);
  GError *error = NULL;
  bool valid = g_option_context_parse_strv(context, &line, &error);
  if (!valid) {
    report("%s; see '%s --help'", error->message, command->name);
    g_error_free(error);
  }
  valid = valid && (options->config == NULL || parse_config(command, entries, argv, options)) &&
          numbers_are_valid(options) &&
          take_arguments(command, line, min_arguments, max_arguments, options);
  g_strfreev(line);
  g_option_context_free(context);
  return valid ? STATUS_OK : STATUS_USAGE;
}

void options_clear(Options *options) {
  char **strings[] = {&options->labels,   &options->precision,  &options->cpu_mask,
                      &options->strategy, &options->thresholds, &options->watch,
                      &options->config,   &options->region,     &options->ignore};
  for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) g_clear_pointer(strings[i], g_free);
  g_clear_pointer(&options->arguments, g_strfreev);
#define FREE(field, name, argument, what) g_free((char *)options->meaning.field);
  WN_MEANING_FIELDS(FREE)
#undef FREE
  options->meaning = (WnMeaning){0};
}

/* By a signal that is blocked until the frame is done. */
static bool is_ended(void *user) {
  sigset_t pending;
  return sigpending(&pending) == 0 &&
         (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

WnStatus options_model(const Options *options, WnModelOptions *how, WnError *error) {
  WnStatus status = WN_OK;
  how->labels_file = options->labels;
  how->meaning = &options->meaning;
  if (options->cpu_mask != NULL) status = wn_cpu_set_mask(options->cpu_mask, error);
  if (status == WN_OK && options->precision != NULL)
    status = wn_precision_parse(options->precision, &how->precision, error);
  return status;
}

/* *path is to be freed with g_free(); NULL on failure. */
static WnStatus find_model(const char *name, char **path, WnError *error) {
  char *problem = NULL;
  *path = model_path_find(name, &problem);
  if (*path != NULL) return WN_OK;
  error->status = WN_ERROR_IO;
  g_strlcpy(error->message, problem, sizeof error->message);
  g_free(problem);
  return WN_ERROR_IO;
}

char *options_find_model(const char *model, int *status) {
  char *path = NULL;
  WnError error = {0};
  if (find_model(model, &path, &error) != WN_OK) *status = report_error(&error);
  return path;
}

static WnStatus open_model(const Options *options, const char *name, bool any_graph, WnModel **out,
                           WnError *error) {
  WnModelOptions how = {.any_graph = any_graph};
  char *path = NULL;
  WnStatus status = options_model(options, &how, error);
  if (status == WN_OK) status = find_model(name, &path, error);
  if (status == WN_OK) status = wn_model_open(path, &how, out, error);
  g_free(path);
  return status;
}

void options_warn(const WnModel *model) {
  if (wn_model_info(model)->warning != NULL) report("%s", wn_model_info(model)->warning);
}

WnModel *options_open_model(const Options *options, const char *path, bool any_graph, int *status) {
  WnError error = {0};
  WnModel *model = NULL;
  if (open_model(options, path, any_graph, &model, &error) == WN_OK) {
    options_warn(model);
    return model;
  }
  *status = report_error(&error);
  return NULL;
}

/* However short it is, it is one: 0 were none. */
static int64_t deadline_ns(double ms) {
  int64_t ns = (int64_t)(ms * NS_PER_MS);
  return ms > 0 && ns == 0 ? 1 : ns;
}

static WnStatus new_session(const Options *options, WnModel *model, WnSession **out,
                            WnError *error) {
  WnSessionOptions how = {
      .threads = options->threads,
      .policy = {.thresholds = options->thresholds,
                 .threshold_scale = options->threshold_scale,
                 .watch = options->watch,
                 .group_exit = options->group_exit,
                 .deadline_ns = deadline_ns(options->deadline_ms),
                 .unchanged = options->unchanged,
                 .max_age_ns = (int64_t)(options->max_age_s * NS_PER_S),
                 .region = options->region,
                 .ignore = options->ignore},
      .cancelled = is_ended,
  };
  WnStatus status = WN_OK;
  if (options->strategy != NULL)
    status = wn_strategy_parse(options->strategy, &how.policy.strategy, error);
  return status == WN_OK ? wn_session_new(model, &how, out, error) : status;
}

WnSession *options_new_session(const Options *options, WnModel *model, int *status) {
  WnError error = {0};
  WnSession *session = NULL;
  if (new_session(options, model, &session, &error) != WN_OK) {
    *status = report_error(&error);
    return NULL;
  }
  if (wn_session_watch_warning(session) != NULL) report("%s", wn_session_watch_warning(session));
  return session;
}

WnStatus options_open(const Options *options, const char *path, WnModel **model,
                      WnSession **session, WnError *error) {
  *model = NULL;
  *session = NULL;
  WnStatus status = open_model(options, path, false, model, error);
  return status == WN_OK ? new_session(options, *model, session, error) : status;
}
