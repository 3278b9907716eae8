/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What fuzz targets do with a model that opened: all that a program could.  What is asked follows
 * from the bytes that were given to decide_by(), so that an input does the same each time.
 */
#ifndef FUZZ_USE_MODEL_H
#define FUZZ_USE_MODEL_H

#include <winnow/winnow.h>

#include <stdbool.h>

enum { USE_MAX_ELEMENTS = 1 << 16 }; /* of an input or an output */

void decide_by(const uint8_t *data, size_t size);
uint32_t decide(uint32_t n); /* 0 to n - 1 */
#define DECIDE(list) ((list)[decide(sizeof(list) / sizeof *(list))])

/* Aborts unless it is one line. */
void must_say(const WnError *error);

/* Whether it runs in no time. */
bool is_small(const WnModelInfo *info);

/* A frame of any format; valid until the next one. */
WnFrame make_frame(void);

/* As a classifier, by a few policies. */
void use_classify(WnModel *model);

/* As a graph, all its inputs given and all outputs read. */
void use_run(WnModel *model);

/* Quantizes, tunes, adopts or joins the file at `path`, a classifier that is_small(), with what is
 * written at `made`, or does nothing; what is written must open (use_make.c). */
void use_make(const char *path, const char *made);

#endif
