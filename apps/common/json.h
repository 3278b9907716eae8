/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON output: jansson with the rules of these programs, which are kebab-case keys, null for what
 * has no value, UTF-8 only, and one object a line.
 */
#ifndef JSON_H
#define JSON_H

#include <jansson.h>
#include <winnow/winnow.h>

/* Members of an object, or elements of an array with `name` NULL. */
void put_text(json_t *json, const char *name, const char *value); /* NULL: null */
void put_int(json_t *json, const char *name, int64_t value);
void put_count(json_t *json, const char *name, uint64_t value);
void put_real(json_t *json, const char *name, double value); /* not finite: null */
void put_null(json_t *json, const char *name);
void put_sizes(json_t *json, const char *name, const int64_t *values, int32_t n);
void put_counts(json_t *json, const char *name, const uint64_t *values, int32_t n);
void put_reals(json_t *json, const char *name, const double *values, int32_t n);
void put_texts(json_t *json, const char *name, const char *const *values, int32_t n);

/* An empty one in its place, to be filled; it belongs to `json`. */
json_t *put_array(json_t *json, const char *name);
json_t *put_object(json_t *json, const char *name);

/* The members of `first` (may be NULL) and then the result's as one line with a line break, to be
 * freed with g_free(); frees `first`. */
char *result_line(json_t *first, const WnResult *result);

/* Prints such a line, or an object alone, on stdout and frees the object. */
void print_result(json_t *first, const WnResult *result);
void print_json(json_t *json);

#endif
