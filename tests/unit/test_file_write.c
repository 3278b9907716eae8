/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * base/file_write.c: files whole or not at all, what becomes of a file that is there, and of what
 * a process that was killed has left.
 */
#include "base/file.h"
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/winnow.h>

enum { NOBODY = 65534 };

static char folder[] = "/tmp/winnow-write-XXXXXX";
static char path[64], other[64];

static void setup(void) {
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/file", folder);
  snprintf(other, sizeof other, "%s/other", folder);
  umask(027);
}

static void teardown(void) {
  unlink(path);
  unlink(other);
  ck_assert_int_eq(rmdir(folder), 0); /* nothing else is in it */
}

static int count_files(void) {
  int n = 0;
  DIR *dir = opendir(folder);
  while (readdir(dir)) n++;
  closedir(dir);
  return n - 2; /* . and .. */
}

/* Not on every file system. */
static bool files_can_lack_a_name(void) {
  int fd = open(folder, O_TMPFILE | O_WRONLY, 0600);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static void check_content(const char *name, const char *content) {
  uint8_t *data;
  size_t size;
  ck_assert_int_eq(wni_file_read(name, 99, &data, &size, NULL), WN_OK);
  ck_assert_str_eq((char *)data, content);
  free(data);
}

static void write_ok(const char *name, const char *text) {
  WnError error;
  ck_assert_msg(wn_file_write(name, text, strlen(text), &error) == WN_OK, "%s", error.message);
}

static void write_fails(const char *name, const char *why) {
  WnError error;
  ck_assert_int_eq(wn_file_write(name, "x", 1, &error), WN_ERROR_IO);
  ck_assert_ptr_nonnull(strstr(error.message, name));
  ck_assert_msg(strstr(error.message, why) != NULL, "%s", error.message);
}

static struct stat status_of(const char *name) {
  struct stat info;
  ck_assert_int_eq(lstat(name, &info), 0);
  return info;
}

static int n_before;

static void look_meanwhile(FILE *stream, const void *data) {
  fputs(data, stream);
  fflush(stream);
  if (files_can_lack_a_name()) ck_assert_int_eq(count_files(), n_before);
}

START_TEST(a_file_appears_when_it_is_complete) {
  setup();
  n_before = 0;
  ck_assert_int_eq(wni_file_write(path, look_meanwhile, "one", NULL), WN_OK);
  check_content(path, "one");
  ck_assert_int_eq(status_of(path).st_mode & 07777, 0640);
  n_before = 1;
  ck_assert_int_eq(wni_file_write(path, look_meanwhile, "two\n", NULL), WN_OK);
  check_content(path, "two\n");
  ck_assert_int_eq(count_files(), 1);
  write_fails(folder, "it is a folder");
  write_fails("/nonexistent/x", "No such file");
  ck_assert_int_eq(wn_file_write("", "", 0, NULL), WN_ERROR_ARGUMENT);
  teardown();
}
END_TEST

START_TEST(mode_and_owner_stay) {
  setup();
  write_ok(path, "one");
  ck_assert_int_eq(chmod(path, 0604), 0);
  bool root = geteuid() == 0;
  if (root) ck_assert_int_eq(chown(path, NOBODY, NOBODY), 0);
  write_ok(path, "two");
  struct stat info = status_of(path);
  ck_assert_int_eq(info.st_mode & 07777, 0604);
  ck_assert_uint_eq(info.st_uid, root ? NOBODY : geteuid());
  ck_assert_uint_eq(info.st_gid, root ? NOBODY : getegid());
  check_content(path, "two");
  teardown();
}
END_TEST

START_TEST(a_link_is_followed) {
  setup();
  write_ok(other, "one");
  ck_assert_int_eq(symlink("other", path), 0);
  write_ok(path, "two");
  check_content(other, "two");
  ck_assert(S_ISLNK(status_of(path).st_mode));
  unlink(other);
  write_fails(path, "link to a file that is not there");
  ck_assert_int_eq(count_files(), 1);
  teardown();
}
END_TEST

/* In a folder where all may write a link may be somebody's trap; Linux has a rule for that. */
START_TEST(a_link_of_others_is_not_followed) {
  char rule = '0';
  int fd = open("/proc/sys/fs/protected_symlinks", O_RDONLY);
  if (fd >= 0) ck_assert_int_eq(read(fd, &rule, 1), 1);
  if (fd >= 0) close(fd);
  if (rule != '1' || geteuid() != 0) return;
  setup();
  write_ok(other, "one");
  ck_assert_int_eq(chmod(folder, 01777), 0);
  ck_assert_int_eq(symlink("other", path), 0);
  ck_assert_int_eq(lchown(path, NOBODY, NOBODY), 0);
  write_fails(path, "Permission denied");
  check_content(other, "one");
  teardown();
}
END_TEST

/* As a process leaves it that is killed where files cannot lack a name. */
START_TEST(what_was_left_goes) {
  char left[64], held[64];
  setup();
  write_ok(path, "one");
  snprintf(left, sizeof left, "%s/.winnow-new-0", folder);
  snprintf(held, sizeof held, "%s/.winnow-new-1", folder);
  int fds[] = {open(left, O_WRONLY | O_CREAT, 0600), open(held, O_WRONLY | O_CREAT, 0600)};
  ck_assert_int_ge(fds[0], 0);
  ck_assert_int_ge(fds[1], 0);
  ck_assert_int_eq(flock(fds[0], LOCK_EX), 0);
  ck_assert_int_eq(flock(fds[1], LOCK_EX), 0); /* two that are writing */
  write_ok(path, "two");
  check_content(path, "two");
  ck_assert_int_eq(count_files(), 3);
  close(fds[0]); /* one is killed */
  write_ok(path, "three");
  check_content(path, "three");
  ck_assert_int_eq(access(left, F_OK), -1);
  ck_assert_int_eq(access(held, F_OK), 0);
  close(fds[1]);
  unlink(held);
  teardown();
}
END_TEST

static void write_too_much(FILE *stream, const void *data) {
  (void)data;
  for (int i = 0; i < 9999; i++) fputs("more", stream);
}

/* By default the signal ends the process. */
START_TEST(more_than_the_process_may_is_an_error) {
  struct rlimit before, limit;
  WnError error;
  sigset_t pending;
  setup();
  write_ok(path, "one");
  getrlimit(RLIMIT_FSIZE, &before);
  limit = before;
  limit.rlim_cur = 4096;
  setrlimit(RLIMIT_FSIZE, &limit);
  WnStatus status = wni_file_write(path, write_too_much, NULL, &error);
  setrlimit(RLIMIT_FSIZE, &before);
  ck_assert_int_eq(status, WN_ERROR_IO);
  ck_assert_msg(strstr(error.message, strerror(EFBIG)) != NULL, "%s", error.message);
  sigpending(&pending);
  ck_assert_int_eq(sigismember(&pending, SIGXFSZ), 0);
  check_content(path, "one");
  ck_assert_int_eq(count_files(), 1);
  teardown();
}
END_TEST

static void *read_fifo(void *text) {
  int fd = open(path, O_RDONLY);
  ssize_t n = read(fd, text, 9);
  close(fd);
  return n == 3 ? text : NULL;
}

START_TEST(what_is_no_file_is_written_to) {
  char name[32], text[10] = "";
  int ends[2];
  pthread_t reader;
  void *read_it;
  setup();
  write_ok("/dev/null", "gone");
  write_fails("/dev/full", strerror(ENOSPC));
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  ck_assert_int_eq(pthread_create(&reader, NULL, read_fifo, text), 0);
  write_ok(path, "one");
  pthread_join(reader, &read_it);
  ck_assert_str_eq(read_it, "one");
  ck_assert(S_ISFIFO(status_of(path).st_mode));
  ck_assert_int_eq(pipe(ends), 0);
  snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
  write_ok(name, "two");
  ck_assert_int_eq((int)read(ends[0], text, 9), 3);
  ck_assert_int_eq(memcmp(text, "two", 3), 0);
  close(ends[0]); /* and nobody reads */
  write_fails(name, strerror(EPIPE));
  close(ends[1]);
  /* A file that the process has open is written to where it stands. */
  int fd = open(other, O_RDWR | O_CREAT, 0600);
  ck_assert_int_eq((int)write(fd, "a", 1), 1);
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  write_ok(name, "b");
  ck_assert_int_eq((int)write(fd, "c", 1), 1);
  close(fd);
  check_content(other, "abc");
  teardown();
}
END_TEST

SUITE_MAIN("file write", a_file_appears_when_it_is_complete, mode_and_owner_stay,
           a_link_is_followed, a_link_of_others_is_not_followed, what_was_left_goes,
           more_than_the_process_may_is_an_error, what_is_no_file_is_written_to)
