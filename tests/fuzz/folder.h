/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder for targets that need files: models/ in it, with a file of weights, `d`, to which a
 * model may point, and beside that folder another, `secret`, which it must not reach.
 */
#ifndef FUZZ_FOLDER_H
#define FUZZ_FOLDER_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

enum { FOLDER_MAX_FILE = 1 << 16 };

/* The path of a file in it; valid until the call after the next one. */
static inline const char *folder_path(const char *name) {
  static char paths[2][PATH_MAX];
  static int turn;
  turn = 1 - turn;
  snprintf(paths[turn], PATH_MAX, "%s/%s", scratch, name);
  return paths[turn];
}

static inline const char *model_path(void) {
  return folder_path("models/model.onnx");
}

static inline const char *made_path(void) {
  return folder_path("models/made.onnx");
}

static inline void put_file(const char *name, const uint8_t *data, size_t size) {
  int fd = open(folder_path(name), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) != 0) abort();
}

/* Does nothing from the second time on. */
static inline void make_folder(void) {
  uint8_t weights[4096];
  if (*scratch) return;
  scratch_make();
  for (size_t i = 0; i < sizeof weights; i++) weights[i] = (uint8_t)(i * 37);
  if (mkdir(folder_path("models"), 0700) != 0) abort();
  put_file("secret", weights, sizeof weights);
  put_file("models/d", weights, sizeof weights);
}

#ifndef FUZZER

typedef struct Seed {
  uint8_t bytes[FOLDER_MAX_FILE];
  size_t size;
} Seed;

/* The models of the folder at `from`, up to `most`; how many: some. */
static inline uint32_t read_seeds(const char *from, Seed *seeds, uint32_t most) {
  uint32_t n = 0;
  DIR *dir = opendir(from);
  if (!dir) abort();
  for (struct dirent *entry; (entry = readdir(dir)) && n < most;) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", from, entry->d_name);
    FILE *file = strstr(path, ".onnx") ? fopen(path, "rb") : NULL;
    if (!file) continue;
    seeds[n].size = fread(seeds[n].bytes, 1, FOLDER_MAX_FILE, file);
    n++;
    fclose(file);
  }
  closedir(dir);
  if (n == 0) abort();
  return n;
}

#endif
#endif
