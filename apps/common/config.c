/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See config.h.
 */
#include "config.h"

#include <string.h>

#include "file.h"
#include "report.h"

enum { MAX_FILE_BYTES = 1 << 20 };

static const GOptionEntry *find_entry(const GOptionEntry *entries, const char *name) {
  for (; entries->long_name != NULL; entries++)
    if (strcmp(entries->long_name, name) == 0) return entries;
  return NULL;
}

bool config_is_taken(const GOptionEntry *entry, char **line) {
  char *name = g_strconcat("--", entry->long_name, NULL);
  size_t length = strlen(name);
  bool taken = false;
  for (; *line != NULL && strcmp(*line, "--") != 0 && !taken; line++) {
    taken =
        strncmp(*line, name, length) == 0 && ((*line)[length] == '\0' || (*line)[length] == '=');
    if (entry->short_name != 0 && (*line)[0] == '-' && (*line)[1] == entry->short_name)
      taken = true;
  }
  g_free(name);
  return taken;
}

/* NULL after a report. */
static GKeyFile *load(const char *path) {
  size_t n_bytes = 0;
  char *problem = NULL,
       *text = file_read(path, "configuration", MAX_FILE_BYTES, &n_bytes, &problem);
  if (text == NULL) {
    report("--config %s", problem);
    g_free(problem);
    return NULL;
  }
  GKeyFile *file = g_key_file_new();
  GError *error = NULL;
  if (!g_key_file_load_from_data(file, text, n_bytes, G_KEY_FILE_NONE, &error)) {
    report("--config %s: %s", path, error->message);
    g_error_free(error);
    g_clear_pointer(&file, g_key_file_free);
  }
  g_free(text);
  return file;
}

/* The words that the trainer takes as well: 1, 0 or neither, -1. */
static int parse_flag(const char *text) {
  static const char *const words[2][4] = {{"no", "false", "off", "0"}, {"yes", "true", "on", "1"}};
  for (int flag = 0; flag < 2; flag++)
    for (size_t i = 0; i < G_N_ELEMENTS(words[flag]); i++)
      if (g_ascii_strcasecmp(text, words[flag][i]) == 0) return flag;
  return -1;
}

/* What a key says, to be freed; false after a report.  With an escape that is none GLib gives both,
 * a text and an error. */
static bool get_text(GKeyFile *file, const char *path, const char *section, const char *key,
                     char **text) {
  GError *error = NULL;
  *text = g_key_file_get_string(file, section, key, &error);
  if (error == NULL) {
    g_strchomp(*text);
    return true;
  }
  report("%s: [%s] %s: %s", path, section, key, error->message);
  g_error_free(error);
  g_clear_pointer(text, g_free);
  return false;
}

/* Adds what a key says to the command line; false after a report. */
static bool add_key(GKeyFile *file, const char *path, const char *section,
                    const GOptionEntry *entry, GPtrArray *line) {
  char *value;
  int flag = -1;
  bool valid = get_text(file, path, section, entry->long_name, &value);
  if (!valid) return false;
  if (entry->arg != G_OPTION_ARG_NONE) {
    g_ptr_array_add(line, g_strdup_printf("--%s=%s", entry->long_name, value));
  } else {
    flag = parse_flag(value);
    valid = flag >= 0;
    if (!valid) report("%s: [%s] %s: must be yes or no", path, section, entry->long_name);
    if (flag == 1) g_ptr_array_add(line, g_strconcat("--", entry->long_name, NULL));
  }
  g_free(value);
  return valid;
}

static bool add_keys(GKeyFile *file, const char *path, const char *section,
                     const GOptionEntry *known, const GOptionEntry *wanted, char **taken,
                     GPtrArray *line) {
  char **keys = g_key_file_get_keys(file, section, NULL, NULL);
  bool valid = true;
  for (char **key = keys; key != NULL && *key != NULL && valid; key++) {
    const GOptionEntry *entry = find_entry(wanted, *key);
    if (find_entry(known, *key) == NULL) {
      report("%s: [%s] %s: not an option; see '%s --help'", path, section, *key, g_get_prgname());
      valid = false;
    } else if (entry != NULL && !config_is_taken(entry, taken)) {
      valid = add_key(file, path, section, entry, line);
    }
  }
  g_strfreev(keys);
  return valid;
}

char **config_read(const char *path, const char *section, const GOptionEntry *known,
                   const GOptionEntry *wanted, char **taken) {
  GKeyFile *file = load(path);
  if (file == NULL) return NULL;
  GPtrArray *line = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(line, g_strdup(path));
  bool valid = add_keys(file, path, section, known, wanted, taken, line);
  g_key_file_free(file);
  g_ptr_array_add(line, NULL);
  if (valid) return (char **)g_ptr_array_free(line, FALSE);
  g_ptr_array_unref(line);
  return NULL;
}

bool config_read_value(const char *path, const char *const *sections, const char *key,
                       char **value) {
  bool valid = true;
  *value = NULL;
  GKeyFile *file = load(path);
  if (file == NULL) return false;
  for (; *sections != NULL && *value == NULL && valid; sections++)
    if (g_key_file_has_key(file, *sections, key, NULL))
      valid = get_text(file, path, *sections, key, value);
  g_key_file_free(file);
  return valid;
}
