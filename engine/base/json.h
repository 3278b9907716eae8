/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text from outside in JSON, which is UTF-8 only.
 */
#ifndef WNI_BASE_JSON_H
#define WNI_BASE_JSON_H

#include <jansson.h>

/* A new string; what is no UTF-8 in `text` is mended (utf8.h). NULL: no memory. */
json_t *wni_json_text(const char *text);

#endif
