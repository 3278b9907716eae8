#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# One picture, scaled to 480 rows, with its result drawn on it.
if [ $# -ne 3 ]; then
  echo "usage: $0 MODEL.onnx PICTURE OUT.png" >&2
  exit 2
fi
exec gst-launch-1.0 -q filesrc location="$2" ! decodebin ! videoconvert \
  ! winnowclassify model-file="$1" \
  ! videoscale ! video/x-raw,height=480,pixel-aspect-ratio=1/1 \
  ! winnowoverlay ! videoconvert ! video/x-raw,format=RGB \
  ! pngenc snapshot=true ! filesink location="$3"
