/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A result as an object of jansson, for those who add members of their own.
 */
#ifndef WNI_RESULT_JSON_H
#define WNI_RESULT_JSON_H

#include <winnow/result.h>

#include <jansson.h>

/* A new object; NULL: no memory. */
json_t *wni_result_object(const WnResult *result);

#endif
