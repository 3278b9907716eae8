/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who may connect to a channel's socket, and what happens to other files meanwhile.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
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

/* What a publisher that was killed between bind and rename leaves. */
START_TEST(a_socket_left_beside_the_path_goes) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s~", fixture_path());
  int left = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  ck_assert_int_eq(bind(left, (struct sockaddr *)&address, sizeof address), 0);
  close(left);
  wn_publisher_free(fixture_publisher(NULL));
  ck_assert_int_ne(access(address.sun_path, F_OK), 0);
  fixture_clean();
}
END_TEST

typedef struct Swap {
  char from[128], to[128], victim[128];
  _Atomic bool ended;
} Swap;

/* Whoever owns the folder puts a link to another file in the place of what is made there. */
static void *swap(void *argument) {
  Swap *s = argument;
  while (!s->ended)
    if (symlink(s->victim, s->from) == 0) rename(s->from, s->to);
  return NULL;
}

START_TEST(a_link_in_its_place_opens_no_other_file) {
  Swap s = {.ended = false};
  char beside[128];
  pthread_t thread;
  snprintf(s.from, sizeof s.from, "%s.link", fixture_path());
  snprintf(s.victim, sizeof s.victim, "%s.victim", fixture_path());
  snprintf(s.to, sizeof s.to, "%s~", fixture_path());
  strcpy(beside, s.to);
  close(open(s.victim, O_CREAT | O_WRONLY, 0600));
  ck_assert_int_eq(pthread_create(&thread, NULL, swap, &s), 0);
  for (int i = 0; i < 3000; i++) {
    WnPublisher *publisher;
    WnPublisherOptions options = {.mode = 0666};
    if (wn_publisher_new(fixture_path(), &options, &publisher, NULL) == WN_OK)
      wn_publisher_free(publisher);
    unlink(beside); /* a link there is in the way of bind() */
    unlink(fixture_path());
  }
  s.ended = true;
  pthread_join(thread, NULL);
  ck_assert_uint_eq(mode_of(s.victim), 0600);
  unlink(s.from);
  unlink(s.victim);
  unlink(beside);
  fixture_clean();
}
END_TEST

SUITE_MAIN("endpoint", the_mode_is_the_one_asked_for, the_group_is_the_one_asked_for,
           a_socket_left_beside_the_path_goes, a_link_in_its_place_opens_no_other_file)
