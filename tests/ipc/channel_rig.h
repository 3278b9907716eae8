/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the channel's tests share: a path, frames whose pixels tell their number, a result.
 */
#ifndef TESTS_IPC_CHANNEL_RIG_H
#define TESTS_IPC_CHANNEL_RIG_H

#include <winnow/ipc.h>

#include "../unit/suite.h"

/* A path for a socket in a folder of its own; the same string each time. */
const char *rig_path(void);

/* Removes the folder and what is in it. */
void rig_clean(void);

WnPublisher *rig_publisher(const WnPublisherOptions *options);
WnReader *rig_reader(void);

/* A frame of any format whose bytes follow from `number`, with rows `padding` bytes longer than
 * they need be; free with rig_free_frame(). */
WnFrame rig_frame(WnPixelFormat format, int32_t width, int32_t height, ptrdiff_t padding,
                  uint64_t number);
void rig_free_frame(WnFrame *frame);

/* Whether all pixels are those of rig_frame() with that number. */
bool rig_frame_is(const WnFrame *frame, uint64_t number);

/* A result with `n` survivors; it points to static memory. */
const WnResult *rig_result(int32_t n, uint64_t number);
void rig_check_result(const WnResult *result, int32_t n, uint64_t number);

void rig_publish(WnPublisher *publisher, const WnFrame *frame, const WnResult *result);
void rig_read(WnReader *reader, WnSnapshot *out);

/* The read fails with `status`, in one sentence that holds `word`. */
void rig_read_fails(WnReader *reader, WnStatus status, const char *word);

#endif
