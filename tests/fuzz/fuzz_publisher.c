/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A publisher and readers that do what none should: an input is a byte of what lies at its path,
 * one of its options, and a list of bytes, each a step and the reader that takes it. They connect,
 * say half a message or pass descriptors, read nothing or all, shut one direction, leave; between
 * the steps frames are published, larger ones too. However it goes, nobody waits, no descriptor is
 * left, there are never more readers than there may be, and a good reader gets the next frame when
 * the others have gone.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_publisher [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include <winnow/ipc.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc/endpoint.h"

enum { READERS = 4, PEERS = 16, PATIENCE = 1000, STEPS = 14 };

static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int count_descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  int n = 0;
  if (!folder) abort();
  while (readdir(folder)) n++;
  closedir(folder);
  return n;
}

static int connect_to_it(void) {
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1; /* as many wait as may */
}

/* Of the kinds of result some contradict themselves. */
static WnResult make_result(int kind) {
  static const int32_t survivors[] = {4, 2, 1}, per_stage[] = {10, 3};
  static const char *const labels[] = {"deer", "bird", "automobile"};
  static const double scores[] = {0.5, 0.25, 0.125};
  return (WnResult){.label = "deer",
                    .class_index = kind == 1 ? -7 : 4,
                    .group = "animal",
                    .exit_stage = kind == 2 ? 9 : 1,
                    .stage_count = 9,
                    .n_survivors = kind == 3 ? -1 : 3,
                    .survivors = survivors,
                    .survivor_labels = labels,
                    .survivor_scores = scores,
                    .n_stages_evaluated = kind == 4 ? 1 : 2,
                    .survivors_per_stage = per_stage,
                    .confidence = kind == 5 ? 7 : 0.5,
                    .model_id = kind == 6 ? "" : "m@00000000"};
}

static void publish_results(WnPublisher *publisher, int kind) {
  const WnResult results[] = {make_result(0), make_result(kind)};
  WnError error = {0};
  if (wn_publisher_publish(publisher, NULL, results, 2, &error) != WN_OK && !*error.message)
    abort();
}

static void publish(WnPublisher *publisher, int32_t side) {
  static const uint8_t pixels[96 * 96];
  WnFrame frame = {.format = WN_PIXEL_GRAY8,
                   .width = side,
                   .height = side,
                   .plane = {pixels},
                   .stride_bytes = {side}};
  if (wn_publisher_publish(publisher, &frame, NULL, 0, NULL) != WN_OK) abort();
}

/* With `attached` descriptors of its own end, which the publisher must not keep. */
static void say(int fd, size_t bytes, int attached) {
  static const char words[200];
  wni_endpoint_send(fd, words, bytes, attached ? fd : -1);
}

static void listen_to_it(int fd) {
  char message[64];
  int attached;
  while (wni_endpoint_receive(fd, message, sizeof message, &attached) > 0)
    if (attached >= 0) close(attached);
}

static void step(WnPublisher *publisher, int *peer, uint8_t what) {
  switch (what % STEPS) {
  case 0: /* connects, once more too; what was connected goes */
  case 1:
    if (*peer >= 0) close(*peer);
    *peer = connect_to_it();
    break;
  case 2:
    if (*peer >= 0) close(*peer);
    *peer = -1;
    break;
  case 3:
    say(*peer, 5, 0);
    break;
  case 4:
    say(*peer, 200, 0);
    break;
  case 5:
    say(*peer, 0, 0);
    break;
  case 6:
    say(*peer, 8, 1);
    break;
  case 7:
    listen_to_it(*peer);
    break;
  case 8:
    shutdown(*peer, what & 1 ? SHUT_WR : SHUT_RD);
    break;
  case 9:
    wn_publisher_describe(publisher, "{\"name\":\"door\"}", NULL);
    break;
  case 10:
    publish(publisher, 1 + what % 96);
    break;
  case 11:
    publish_results(publisher, what / STEPS % 7);
    break;
  case 12:
    wn_publisher_describe(publisher, what & 1 ? "no JSON" : "", NULL);
    break;
  default:
    wn_publisher_serve(publisher);
  }
  if (wn_publisher_readers(publisher) > READERS) abort();
}

/* A reader that does what it should is let in as soon as there is a place. */
static void check_good_reader(WnPublisher *publisher) {
  WnReader *reader;
  WnSnapshot got;
  WnStatus status;
  int tries = 0;
  if (wn_reader_new(address.sun_path, &reader, NULL) != WN_OK) abort();
  do {
    publish(publisher, 7);
    status = wn_reader_read(reader, 1, &got, NULL);
  } while (status != WN_OK && ++tries < PATIENCE);
  if (status != WN_OK || got.frame.width != 7) abort();
  wn_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- where and how it begins ---- */

/* Something at the path: nothing, a file, what a killed publisher has left, one that lives. */
static int put_in_the_way(uint8_t what, WnPublisher **other) {
  int fd = -1;
  *other = NULL;
  switch (what % 8) {
  case 1:
    fd = open(address.sun_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    break;
  case 2:
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) abort();
    break;
  case 3:
    if (wn_publisher_new(address.sun_path, NULL, other, NULL) != WN_OK) abort();
    break;
  default:
    return -1;
  }
  if (fd >= 0) close(fd);
  return what % 8;
}

static WnPublisherOptions make_options(uint8_t what, const uint32_t uids[2]) {
  WnPublisherOptions options = {.max_readers = READERS};
  switch (what % 16) {
  case 1:
    options.uids = uids;
    options.n_uids = 1; /* somebody else alone */
    break;
  case 2:
    options.uids = uids;
    options.n_uids = 2;
    break;
  case 3:
    options.group = "there is no such group";
    break;
  case 4:
    options.mode = what & 16 ? 01600 : 0666;
    break;
  case 5:
    options.max_readers = what / 16 % 2 ? -1 : 1000;
    break;
  default:
    break;
  }
  return options;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const uint32_t uids[] = {4294967000U, geteuid()};
  int peers[PEERS], before = count_descriptors();
  WnPublisher *publisher, *other;
  WnError error = {0};
  if (size < 2) return 0;
  if (!address.sun_path[0])
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/winnow-fuzz-publisher-%d",
             (int)getpid());
  int way = put_in_the_way(data[0], &other);
  WnPublisherOptions options = make_options(data[1], uids);
  if (wn_publisher_new(address.sun_path, &options, &publisher, &error) != WN_OK) {
    if (!*error.message || strchr(error.message, '\n') ||
        (way != 1 && way != 3 && data[1] % 16 < 3))
      abort();
    wn_publisher_free(other);
    unlink(address.sun_path);
    return 0;
  }
  if (way == 1 || way == 3) abort(); /* what it must not replace */
  for (int i = 0; i < PEERS; i++) peers[i] = -1;
  for (size_t i = 2; i < size; i++) step(publisher, &peers[data[i] / STEPS % PEERS], data[i]);
  for (int i = 0; i < PEERS; i++)
    if (peers[i] >= 0) close(peers[i]);
  if (!options.uids || options.n_uids == 2) check_good_reader(publisher);
  wn_publisher_free(publisher);
  if (access(address.sun_path, F_OK) == 0 || count_descriptors() != before) abort();
  return 0;
}

#ifndef FUZZER

#include "draw.h"

int main(int argc, char **argv) {
  unsigned long inputs = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
  state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  for (unsigned long i = 0; i < inputs; i++) {
    uint8_t input[120];
    size_t size = draw(sizeof input);
    for (size_t at = 0; at < size; at++) input[at] = (uint8_t)draw(256);
    if (draw(2)) input[0] = input[1] = 0; /* nothing in the way, plain options */
    try_input(LLVMFuzzerTestOneInput, input, size);
  }
  printf("%lu inputs\n", inputs);
  return 0;
}

#endif
