/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Folders of photos that nobody meant, as `winnow teach` and `winnow eval` read them: names of
 * classes, times in names and in EXIF, links, FIFOs, twins, pictures of nothing.  What is listed is
 * enough to learn from, in order and there once; what is not is told in a line each.
 *
 * An input is a list of files: a byte of how many, one of what kind, a path up to a zero byte, the
 * length of what is in it, and that.  `./test.sh --fuzz` gives it to libFuzzer, which makes its
 * inputs.  Else: fuzz_album [INPUTS [SEED]] makes its inputs itself.
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <winnow/teach.h>

#include "dataset.h"
#include "exif_block.h"
#include "image.h"
#include "photo_name.h"
#include "photos.h"
#include "picture_write.h"
#include "pictures.h"
#include "scratch.h"
#include "told.h"

enum { MAX_FILES = 32, MAX_DEPTH = 4, MAX_PATH = 300, MAX_CONTENT = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *top; /* the folder */
static unsigned long n_folders, n_albums, n_times;

/* ---- making it ---- */

/* Never above the folder, nor far below it. */
static bool is_inside(const char *path) {
  int depth = 0;
  for (const char *at = path; *at; at += strcspn(at, "/")) {
    at += strspn(at, "/");
    if (at[0] == '.' && (at[1] == '/' || !at[1] || (at[1] == '.' && (at[2] == '/' || !at[2]))))
      return false;
    depth++;
  }
  return depth > 0 && depth <= MAX_DEPTH;
}

static void make_folders(const char *path) {
  char above[MAX_PATH];
  for (const char *slash = strchr(path + strlen(top) + 1, '/'); slash;
       slash = strchr(slash + 1, '/')) {
    snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
    mkdir(above, 0700);
  }
}

/* A JPEG that says when it was taken: at the time given. */
static size_t make_jpeg(uint8_t *to, const uint8_t *when, size_t size) {
  static uint8_t pixels[8 * 8 * 3], *jpeg;
  static size_t n_bytes;
  const Picture picture = {.pixels = pixels, .width = 8, .height = 8};
  PictureProblem problem;
  if (!jpeg && !picture_encode_jpeg(&picture, 50, &jpeg, &n_bytes, &problem)) abort();
  if (2 * sizeof exif_block + n_bytes > MAX_CONTENT) abort();
  memcpy(to, jpeg, 2);
  memcpy(to + 2, exif_block, sizeof exif_block);
  uint8_t *time = to + 2 + sizeof exif_block - EXIF_TIME_BYTES;
  memcpy(time, when, size < EXIF_TIME_BYTES ? size : EXIF_TIME_BYTES);
  memcpy(to + 2 + sizeof exif_block, jpeg + 2, n_bytes - 2);
  return n_bytes + sizeof exif_block;
}

/* A small picture, one that says when it was taken, or the bytes given; behind it a byte that may
 * make it another than its copies. */
static size_t make_content(uint8_t *to, uint8_t kind, const uint8_t *data, size_t size,
                           unsigned copy) {
  static const char picture[] = "P5 2 2 255\nabc";
  size_t n = size;
  if (kind & 128)
    n = make_jpeg(to, data, size);
  else if (kind & 32)
    memcpy(to, data, size);
  else
    memcpy(to, picture, n = strlen(picture));
  to[n] = (uint8_t)(kind & 64 ? 0 : copy);
  return n + 1;
}

static void put(const char *path, uint8_t kind, const uint8_t *data, size_t size, unsigned copy) {
  static const char *const targets[] = {"..", ".", "missing", "/dev/null", "../cat", "photo_1.pgm"};
  static uint8_t content[MAX_CONTENT];
  make_folders(path);
  if (kind % 16 == 1) {
    mkdir(path, 0700);
  } else if (kind % 16 == 2) {
    if (symlink(targets[kind / 16 % (sizeof targets / sizeof *targets)], path) != 0) return;
  } else if (kind % 16 == 3) {
    mkfifo(path, 0600);
  } else {
    size_t n = make_content(content, kind, data, size, copy);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) return; /* too long, or there already */
    if (write(fd, content, n) != (ssize_t)n || close(fd) != 0) abort();
  }
}

/* In front of the ending. */
static void number_path(char *to, const char *path, unsigned copy) {
  const char *dot = strrchr(path, '.');
  size_t n = dot ? (size_t)(dot - path) : strlen(path);
  snprintf(to, MAX_PATH, "%s/%.*s%u%s", top, (int)n, path, copy, path + n);
}

static size_t make_files(const uint8_t *data, size_t size, unsigned *n_files) {
  char name[MAX_PATH / 2], path[MAX_PATH];
  unsigned copies = 1 + data[0] % 8;
  uint8_t kind = data[1];
  size_t n = strnlen((const char *)data + 2, size - 2), at = 2 + n + 1;
  size_t length = at < size ? data[at] : 0;
  at++;
  if (at >= size) length = 0;
  if (length > size - at && at < size) length = size - at;
  snprintf(name, sizeof name, "%.*s", (int)n, (const char *)data + 2);
  for (unsigned copy = 1; copy <= copies && *n_files < MAX_FILES && is_inside(name); copy++) {
    if (copies == 1)
      snprintf(path, sizeof path, "%s/%s", top, name);
    else
      number_path(path, name, copy);
    put(path, kind, at < size ? data + at : data, length, copy);
    ++*n_files;
  }
  return at + length;
}

/* ---- reading it ---- */

static void read_photo(const char *path) {
  Image image;
  char *problem = NULL;
  size_t stem = photo_name_stem(path);
  if (stem >= strlen(path) || isinf(photo_name_when(path))) abort();
  if (!image_load(path, (PictureSize){8, 8}, &image, &problem)) {
    if (!problem || !*problem) abort();
    g_free(problem);
    return;
  }
  if (!isnan(image.picture.taken_s)) {
    if (image.picture.taken_s < 0 || image.picture.taken_s > 7.3e9) abort(); /* 1970 to 2199 */
    n_times++;
  }
  image_clear(&image);
}

static void check_labels(const GPtrArray *labels) {
  if (labels->len < 2 || labels->len > WN_TEACH_MAX_CLASSES) abort();
  for (guint i = 0; i < labels->len; i++) {
    const char *label = labels->pdata[i];
    if (!*label || !g_utf8_validate(label, -1, NULL) || strpbrk(label, "\n\r\x1b/")) abort();
    if (i > 0 && strcmp(labels->pdata[i - 1], label) >= 0) abort();
  }
}

static void check_photos(const Photos *photos) {
  guint *counts = photos_count(photos);
  for (guint c = 0; c < photos->labels->len; c++)
    if (counts[c] < WN_TEACH_FEWEST_PHOTOS) abort();
  g_free(counts);
  for (guint i = 0; i < photos->photos->len; i++) {
    const Photo *photo = &g_array_index(photos->photos, Photo, i), *before = photo - 1;
    if (i > 0 &&
        (before->class_index > photo->class_index ||
         (before->class_index == photo->class_index && strcmp(before->path, photo->path) >= 0)))
      abort();
    read_photo(photo->path);
  }
}

/* A model with the photos' labels finds at least as many, since it counts twins. */
static void check_dataset(const Photos *photos) {
  WnModelInfo model = {.id = "m@0",
                       .labels = (const char *const *)photos->labels->pdata,
                       .n_classes = (int32_t)photos->labels->len};
  Dataset dataset;
  told = 0;
  if (!dataset_list(top, &model, &dataset)) {
    if (told == 0) abort();
    return;
  }
  if (dataset.images->len < photos->photos->len) abort();
  dataset_clear(&dataset);
}

static void read_album(void) {
  Photos photos;
  char *problem = NULL;
  told = 0;
  if (photos_list(top, &photos)) {
    n_albums++;
    check_labels(photos.labels);
    check_photos(&photos);
    check_dataset(&photos);
    photos_clear(&photos);
  } else if (told == 0) {
    abort();
  }
  GPtrArray *all = pictures_in(top, &problem);
  if ((problem != NULL) != (all->len == 0)) abort();
  for (guint i = 0; i < all->len && i < 4; i++) read_photo(all->pdata[i]);
  g_ptr_array_unref(all);
  g_free(problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  unsigned n_files = 0;
  top = scratch_make();
  n_folders++;
  while (size >= 4) {
    size_t n = make_files(data, size, &n_files);
    if (n >= size) break;
    data += n;
    size -= n;
  }
  read_album();
  scratch_empty();
  return 0;
}

#ifndef FUZZER

#include "draw.h"

static size_t add_name(char *to, size_t room) {
  static const char *const classes[] = {"cat",      "dog",  "background", "unsorted", ".hidden",
                                        "\xc3\xa4", "\xff", "[json]",     " ",        "nothing",
                                        "__MACOSX", "a\nb", "unknown",    "{",        "dog/far"};
  static const char *const names[] = {"photo_",     "IMG_20240101_12000", "2024-01-01 12.00.0",
                                      "frame-0001", "deadbeef12",         "",
                                      "\xfe",       "9999999999999999999"};
  static const char *const endings[] = {".pgm", ".jpg", ".png", ".txt", "", ".JPEG", "ms.ppm"};
  uint32_t class = draw(12) ? draw(3) : draw(sizeof classes / sizeof *classes);
  return (size_t)snprintf(to, room, "%s/%s%s", classes[class],
                          names[draw(4) ? draw(2) : draw(sizeof names / sizeof *names)],
                          endings[draw(5) ? 0 : draw(sizeof endings / sizeof *endings)]);
}

/* A time, or a PPM. */
static size_t add_bytes(char *to, size_t room) {
  size_t n = draw(2) ? (size_t)snprintf(to, room, "%u:11:2%u 0%u:15:00", 1969 + draw(300), draw(9),
                                        draw(9))
                     : (size_t)snprintf(to, room, "P6 %u 1 255\nabcdef", draw(4));
  if (draw(3) == 0) change_bytes((uint8_t *)to, n, 4);
  return n;
}

static size_t make(char *to, size_t room) {
  size_t length = 0;
  for (uint32_t n = 2 + draw(4); n > 0; n--) {
    to[length++] = (char)(draw(4) ? 4 + draw(4) : draw(256));
    to[length++] = (char)(draw(8) ? 128 * draw(2) : draw(256));
    length += add_name(to + length, room - length) + 1;
    size_t bytes = draw(3) ? 0 : add_bytes(to + length + 1, room - length - 1);
    to[length] = (char)bytes;
    length += 1 + bytes;
  }
  return length;
}

int main(int argc, char **argv) {
  char *few[] = {"", "3000", "1"};
  int status = argc > 1 ? draw_inputs(argc, argv, make, LLVMFuzzerTestOneInput)
                        : draw_inputs(3, few, make, LLVMFuzzerTestOneInput);
  printf("%lu to learn from, %lu times in them\n", n_albums, n_times);
  return status || n_albums < n_folders / 20 || n_times < n_folders / 20;
}

#endif
