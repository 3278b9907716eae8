/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who may connect to a channel's socket, and what happens to other files meanwhile.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"

static mode_t mode_of(const char *path) {
  struct stat info;
  ck_assert_int_eq(lstat(path, &info), 0);
  return info.st_mode & 07777;
}

/* Whatever the process's umask is, which stays as it is. */
START_TEST(the_mode_is_the_one_asked_for) {
  static const mode_t masks[] = {0, 022, 077, 0777}, modes[] = {0600, 0660, 0666, 0777};
  for (size_t m = 0; m < 4; m++)
    for (size_t i = 0; i < 4; i++) {
      mode_t before = umask(masks[m]);
      WnPublisher *publisher = fixture_publisher(&(WnPublisherOptions){.mode = modes[i]});
      ck_assert_uint_eq(umask(before), masks[m]);
      ck_assert_uint_eq(mode_of(fixture_path()), modes[i]);
      wn_publisher_free(publisher);
    }
  fixture_clean();
}
END_TEST

START_TEST(the_group_is_the_one_asked_for) {
  struct stat info;
  if (geteuid() != 0) return; /* others belong to few groups, if any by this name */
  WnPublisher *publisher =
      fixture_publisher(&(WnPublisherOptions){.mode = 0660, .group = "daemon"});
  ck_assert_int_eq(stat(fixture_path(), &info), 0);
  ck_assert_uint_eq(info.st_gid, 1); /* in every Debian */
  ck_assert_uint_eq(info.st_mode & 0777, 0660);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

START_TEST(a_group_alone_may_connect) {
  if (geteuid() != 0) return;
  WnPublisher *publisher = fixture_publisher(&(WnPublisherOptions){.group = "daemon"});
  ck_assert_uint_eq(mode_of(fixture_path()), 0660);
  wn_publisher_free(publisher);
  publisher = fixture_publisher(&(WnPublisherOptions){.group = "daemon", .mode = 0640});
  ck_assert_uint_eq(mode_of(fixture_path()), 0640);
  wn_publisher_free(publisher);
  fixture_clean();
}
END_TEST

static const char *beside(void) {
  static char path[128];
  snprintf(path, sizeof path, "%s~", fixture_path());
  return path;
}

/* A socket at `path`; `serves`: somebody listens to it. */
static int make_socket(const char *path, bool serves) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  if (serves) ck_assert_int_eq(listen(fd, 1), 0);
  return fd;
}

/* What a publisher that was killed just before it had its path leaves. */
START_TEST(what_a_killed_publisher_left_beside_the_path_goes) {
  char inside[160];
  snprintf(inside, sizeof inside, "%s/s", beside());
  ck_assert_int_eq(mkdir(beside(), 0700), 0);
  close(make_socket(inside, false));
  wn_publisher_free(fixture_publisher(NULL));
  ck_assert_int_ne(access(beside(), F_OK), 0);
  fixture_clean();
}
END_TEST

static void make_file(const char *path) {
  close(open(path, O_CREAT | O_WRONLY, 0600));
}
static void make_folder(const char *path) {
  char inside[160];
  snprintf(inside, sizeof inside, "%s/s", path);
  ck_assert_int_eq(mkdir(path, 0755), 0);
  close(open(inside, O_CREAT | O_WRONLY, 0600));
}
static void make_link(const char *path) {
  ck_assert_int_eq(symlink("/", path), 0);
}
static void make_served(const char *path) {
  make_socket(path, true);
}

/* Whatever has the name that a publisher would use for the moment is somebody's, and keeps it. */
START_TEST(what_is_beside_the_path_stays) {
  static void (*const makes[])(const char *) = {make_file, make_folder, make_link, make_served};
  for (size_t i = 0; i < sizeof makes / sizeof *makes; i++) {
    struct stat before, after;
    char inside[160];
    makes[i](beside());
    ck_assert_int_eq(lstat(beside(), &before), 0);
    WnPublisher *publisher = fixture_publisher(&(WnPublisherOptions){.mode = 0666});
    ck_assert_uint_eq(mode_of(fixture_path()), 0666);
    wn_publisher_free(publisher);
    ck_assert_int_eq(lstat(beside(), &after), 0);
    ck_assert(before.st_ino == after.st_ino && before.st_mode == after.st_mode);
    snprintf(inside, sizeof inside, "%s/s", beside());
    if (S_ISDIR(after.st_mode)) {
      ck_assert_int_eq(unlink(inside), 0);
      ck_assert_int_eq(rmdir(beside()), 0);
    } else {
      ck_assert_int_eq(unlink(beside()), 0);
    }
    fixture_clean();
  }
}
END_TEST

/* Who can read a folder can lock it for ever. */
START_TEST(a_lock_of_another_program_is_not_waited_for) {
  char *folder = strdup(fixture_path());
  *strrchr(folder, '/') = '\0';
  int fd = open(folder, O_RDONLY | O_DIRECTORY);
  ck_assert_int_eq(flock(fd, LOCK_EX), 0);
  wn_publisher_free(fixture_publisher(NULL));
  close(fd);
  free(folder);
  fixture_clean();
}
END_TEST

/* As another user than root: what it cannot replace, and a folder that it cannot list. */
START_TEST(the_socket_of_another_user_stays) {
  if (geteuid() != 0) return;
  WnPublisher *publisher;
  WnError error = {0};
  if (geteuid() != 0) return;
  char *folder = strdup(fixture_path());
  *strrchr(folder, '/') = '\0';
  ck_assert_int_eq(chmod(folder, 01777), 0);
  close(make_socket(fixture_path(), false));
  ck_assert_int_eq(chmod(fixture_path(), 0666), 0);
  ck_assert_int_eq(seteuid(65534), 0);
  ck_assert_int_eq(wn_publisher_new(fixture_path(), NULL, &publisher, &error), WN_ERROR_IO);
  ck_assert_msg(strstr(error.message, "another user's") != NULL, "%s", error.message);
  ck_assert_int_eq(seteuid(0), 0);
  ck_assert_int_eq(unlink(fixture_path()), 0);
  ck_assert_int_eq(chmod(folder, 0733), 0);
  ck_assert_int_eq(seteuid(65534), 0);
  wn_publisher_free(fixture_publisher(NULL));
  ck_assert_int_eq(seteuid(0), 0);
  free(folder);
  fixture_clean();
}
END_TEST

START_TEST(a_path_of_107_bytes_is_the_longest) {
  WnPublisher *publisher;
  WnReader *reader;
  WnSnapshot got;
  WnError error = {0};
  char path[160];
  for (int length = 105; length <= 109; length++) {
    snprintf(path, sizeof path, "%s-%0*d", fixture_path(), length - (int)strlen(fixture_path()) - 1,
             0);
    ck_assert_int_eq((int)strlen(path), length);
    WnStatus status = wn_publisher_new(path, NULL, &publisher, &error);
    ck_assert_int_eq(wn_reader_new(path, &reader, NULL), status);
    if (length > 107) {
      ck_assert_int_eq(status, WN_ERROR_ARGUMENT);
      ck_assert_msg(strstr(error.message, "1 to 107") != NULL, "%s", error.message);
      continue;
    }
    ck_assert_msg(status == WN_OK, "%s", error.message);
    wn_reader_read(reader, 0, &got, NULL);
    fixture_publish(publisher, NULL, fixture_result(1, 1));
    fixture_read(reader, &got);
    wn_reader_free(reader);
    wn_publisher_free(publisher);
  }
  fixture_clean();
}
END_TEST

/* Connects as a user and says nothing. -1: is not let in, or not any more. */
static int connect_as(WnPublisher *publisher, uid_t uid) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture_path());
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
  ck_assert_int_eq(seteuid(uid), 0);
  ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq(seteuid(0), 0);
  wn_publisher_serve(publisher);
  return fd;
}

static bool is_reader(int fd) {
  struct pollfd wait = {fd, POLLIN | POLLRDHUP, 0};
  poll(&wait, 1, 0);
  return !(wait.revents & (POLLHUP | POLLRDHUP));
}

static int count_readers(const int *fds, int n) {
  int found = 0;
  for (int i = 0; i < n; i++) found += is_reader(fds[i]);
  return found;
}

/* One user takes all places, then a second one as many as it can, then those who own the place. */
START_TEST(no_user_has_all_places) {
  if (geteuid() != 0) return;
  enum { PLACES = 8, TRIES = 12 };
  int greedy[TRIES], second[TRIES], own[TRIES];
  if (geteuid() != 0) return;
  char *folder = strdup(fixture_path());
  *strrchr(folder, '/') = '\0';
  ck_assert_int_eq(chmod(folder, 0755), 0);
  WnPublisher *publisher =
      fixture_publisher(&(WnPublisherOptions){.mode = 0666, .max_readers = PLACES});
  for (int i = 0; i < TRIES; i++) greedy[i] = connect_as(publisher, 65534);
  ck_assert_int_eq(count_readers(greedy, TRIES), PLACES); /* nobody else wants them */
  second[0] = connect_as(publisher, 65533);
  ck_assert(is_reader(second[0]));
  for (int i = 1; i < TRIES; i++) second[i] = connect_as(publisher, 65533);
  ck_assert_int_eq(count_readers(second, TRIES), PLACES / 2);
  ck_assert_int_eq(count_readers(greedy, TRIES), PLACES / 2);
  for (int i = 0; i < TRIES; i++) own[i] = connect_as(publisher, 0);
  ck_assert_int_eq(count_readers(own, TRIES), PLACES);
  ck_assert_int_eq(wn_publisher_readers(publisher), PLACES);
  close(connect_as(publisher, 65534));
  ck_assert_int_eq(count_readers(own, TRIES), PLACES); /* nor are they taken from these */
  for (int i = 0; i < TRIES; i++) {
    close(greedy[i]);
    close(second[i]);
    close(own[i]);
  }
  wn_publisher_free(publisher);
  free(folder);
  fixture_clean();
}
END_TEST

typedef struct Swap {
  char from[128], to[128], aside[128], victim[128];
  _Atomic bool ended;
} Swap;

static void remove_folder(const char *path) {
  char inside[160];
  snprintf(inside, sizeof inside, "%s/s", path);
  unlink(inside);
  rmdir(path);
}

/* Whoever owns the folder puts a link to another file in the place of what is made there. */
static void *swap(void *argument) {
  Swap *s = argument;
  while (!s->ended)
    if (symlink(s->victim, s->from) == 0 && rename(s->from, s->to) != 0) {
      rename(s->to, s->aside); /* a folder is there */
      rename(s->from, s->to);
      remove_folder(s->aside);
    }
  return NULL;
}

START_TEST(a_link_in_its_place_opens_no_other_file) {
  Swap s = {.ended = false};
  pthread_t thread;
  snprintf(s.from, sizeof s.from, "%s.link", fixture_path());
  snprintf(s.victim, sizeof s.victim, "%s.victim", fixture_path());
  snprintf(s.aside, sizeof s.aside, "%s.aside", fixture_path());
  strcpy(s.to, beside());
  close(open(s.victim, O_CREAT | O_WRONLY, 0600));
  ck_assert_int_eq(pthread_create(&thread, NULL, swap, &s), 0);
  for (int i = 0; i < suite_rounds(500); i++) {
    WnPublisher *publisher;
    WnPublisherOptions options = {.mode = 0666};
    if (wn_publisher_new(fixture_path(), &options, &publisher, NULL) == WN_OK)
      wn_publisher_free(publisher);
    unlink(fixture_path());
  }
  s.ended = true;
  pthread_join(thread, NULL);
  ck_assert_uint_eq(mode_of(s.victim), 0600);
  unlink(s.from);
  unlink(s.victim);
  unlink(s.to);
  remove_folder(s.aside);
  fixture_clean();
}
END_TEST

SUITE_MAIN("endpoint", the_mode_is_the_one_asked_for, the_group_is_the_one_asked_for,
           a_group_alone_may_connect, what_a_killed_publisher_left_beside_the_path_goes,
           what_is_beside_the_path_stays, a_lock_of_another_program_is_not_waited_for,
           the_socket_of_another_user_stays, a_path_of_107_bytes_is_the_longest,
           no_user_has_all_places, a_link_in_its_place_opens_no_other_file)
