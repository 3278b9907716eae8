#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A video file with the results of every frame drawn on it, as WebM.
if [ $# -ne 3 ]; then
  echo "usage: $0 MODEL.onnx VIDEO OUT.webm" >&2
  exit 2
fi
exec gst-launch-1.0 -q filesrc location="$2" ! decodebin ! videoconvert \
  ! winnowclassify model-file="$1" ! winnowoverlay \
  ! videoconvert ! vp8enc deadline=1 cpu-used=8 threads=2 target-bitrate=2000000 ! webmmux \
  ! filesink location="$3"
