/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See model_path.h.  The installed models are found from where this code was loaded, so that an
 * installation may be moved and a build uses its own source's; MODELS_FOLDER, what the build was
 * configured with, is the last resort.
 */
#include "model_path.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define ENDING ".onnx"
#define MODELS_BELOW "share", "winnow", "models"

/* As far as from PREFIX/lib/ARCHITECTURE/gstreamer-1.0 to PREFIX. */
enum { LEVELS_UP = 3 };

/* The program's file, or the plugin's, with its links followed; NULL where it cannot be known. */
static char *own_file(void) {
  Dl_info info;
  gboolean known = dladdr(own_file, &info) != 0 && info.dli_fname != NULL;
  /* Of a program it is the name that it was called by. */
  const char *name =
      known && g_path_is_absolute(info.dli_fname) ? info.dli_fname : "/proc/self/exe";
  char *real = realpath(name, NULL);
  char *file = g_strdup(real);
  free(real);
  return file;
}

/* PREFIX/share/winnow/models of the PREFIX under which this code lies. */
static char *installed_models(void) {
  char *folder = own_file(), *models = NULL;
  for (int up = 0; folder != NULL && models == NULL && up <= LEVELS_UP; up++) {
    char *parent = g_path_get_dirname(folder);
    models = g_build_filename(parent, MODELS_BELOW, NULL);
    if (!g_file_test(models, G_FILE_TEST_IS_DIR)) g_clear_pointer(&models, g_free);
    g_free(folder);
    folder = parent;
  }
  g_free(folder);
  return models != NULL ? models : g_strdup(MODELS_FOLDER);
}

static gboolean is_there(const char *path) {
  return g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_DIR);
}

char *model_path_find(const char *name, char **problem) {
  if (name == NULL) name = ""; /* which whoever opens it refuses */
  if (name[0] == '\0' || strchr(name, '/') != NULL) return g_strdup(name);
  gboolean has_ending = g_str_has_suffix(name, ENDING);
  char *models = installed_models();
  char *file = has_ending ? g_strdup(name) : g_strconcat(name, ENDING, NULL);
  char *places[] = {g_strdup(name), file, g_build_filename(models, file, NULL)};
  char *found = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(places) && found == NULL; i++)
    if (is_there(places[i])) found = g_strdup(places[i]);
  if (found == NULL)
    *problem = g_strdup_printf("%s: no such model here%s, nor %s", name,
                               has_ending ? "" : ", with or without " ENDING, places[2]);
  for (gsize i = 0; i < G_N_ELEMENTS(places); i++) g_free(places[i]);
  g_free(models);
  return found;
}
