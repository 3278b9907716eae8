/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON output: json-glib's builder with the rules of this program, which are
 * kebab-case keys, null for what has no value, UTF-8 only, and one object a line.
 */
#ifndef JSON_H
#define JSON_H

#include <json-glib/json-glib.h>
#include <winnow/winnow.h>

/* Members of the open object; with `name` NULL elements of the open array. */
void put_text(JsonBuilder *json, const char *name, const char *value); /* NULL: null */
void put_int(JsonBuilder *json, const char *name, int64_t value);
void put_count(JsonBuilder *json, const char *name, uint64_t value);
void put_real(JsonBuilder *json, const char *name, double value); /* not finite: null */
void put_null(JsonBuilder *json, const char *name);
void put_indices(JsonBuilder *json, const char *name, const int32_t *values, int32_t n);
void put_sizes(JsonBuilder *json, const char *name, const int64_t *values, int32_t n);
void put_counts(JsonBuilder *json, const char *name, const uint64_t *values, int32_t n);
void put_reals(JsonBuilder *json, const char *name, const double *values, int32_t n);
void put_texts(JsonBuilder *json, const char *name, const char *const *values, int32_t n);

/* Opens an array to be filled and closed with json_builder_end_array(). */
void put_array(JsonBuilder *json, const char *name);

/* The members of one result. */
void put_result(JsonBuilder *json, const WnResult *result);

/* The object as one line with a line break, to be freed with g_free(); frees the builder. */
char *json_line(JsonBuilder *json);

/* Prints the line on stdout and frees the builder. */
void print_json(JsonBuilder *json);

#endif
