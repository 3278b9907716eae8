#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What libgstwinnow exports are gst_winnow_* of its version script, and nothing else.
# check_exports.sh LIBRARY
set -eu
names=$(nm -D --defined-only --with-symbol-versions "$1" | awk '$2 != "A" { print $3 }')
echo "$names" | grep -q '^gst_winnow_result_from_buffer@@GSTWINNOW_1.0$' || {
  echo "gst_winnow_result_from_buffer has no version" >&2
  exit 1
}
others=$(echo "$names" | grep -v '^gst_winnow_[a-z_]*@@GSTWINNOW_1.0$' || true)
test -z "$others" || { echo "exported too: $others" >&2; exit 1; }
