/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the channel's tests share: a path, frames whose pixels tell their number, a result.
 */
#ifndef TESTS_IPC_FIXTURE_H
#define TESTS_IPC_FIXTURE_H

#include <winnow/ipc.h>

#include "../unit/suite.h"

/* A path for a socket in a folder of its own; the same string each time. */
const char *fixture_path(void);

/* Removes the folder and what is in it. */
void fixture_clean(void);

WnPublisher *fixture_publisher(const WnPublisherOptions *options);
WnReader *fixture_reader(void);

/* A frame of any format whose bytes follow from `number`, with rows `padding` bytes longer than
 * they need be; free with fixture_free_frame(). */
WnFrame fixture_frame(WnPixelFormat format, int32_t width, int32_t height, ptrdiff_t padding,
                      uint64_t number);
void fixture_free_frame(WnFrame *frame);

/* Whether all pixels are those of fixture_frame() with that number. */
bool fixture_frame_is(const WnFrame *frame, uint64_t number);

/* A result with `n` survivors; it points to static memory. */
const WnResult *fixture_result(int32_t n, uint64_t number);
void fixture_check_result(const WnResult *result, int32_t n, uint64_t number);

void fixture_publish(WnPublisher *publisher, const WnFrame *frame, const WnResult *result);
void fixture_read(WnReader *reader, WnSnapshot *out);

/* The read fails with `status`, in one sentence that holds `word`. */
void fixture_read_fails(WnReader *reader, WnStatus status, const char *word);

#endif
