#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The camera in a window, with what the network says about it.
# Needs a V4L2 camera and a display.
if [ $# -lt 1 ]; then
  echo "usage: $0 MODEL.onnx [/dev/videoN]" >&2
  exit 2
fi
exec gst-launch-1.0 v4l2src device="${2:-/dev/video0}" \
  ! decodebin ! videoconvert ! queue leaky=downstream max-size-buffers=1 \
  ! winnowclassify model-file="$1" ! queue ! winnowoverlay ! videoconvert ! autovideosink
