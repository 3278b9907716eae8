/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See json.h.
 */
#include "base/json.h"

#include "base/utf8.h"

#include <stdlib.h>

json_t *wni_json_text(const char *text) {
  json_t *json = json_string(text);
  if (json) return json;
  char *mended = wni_utf8_mend(text);
  json = mended ? json_string(mended) : NULL;
  free(mended);
  return json;
}
