#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# No picture: one line on stdout whenever one of the LABELS, which may be groups of the model, comes
# into view (event seen) or goes (gone). The network stops as soon as none of them survives. The
# camera never waits for it.
# Needs a V4L2 camera.
if [ $# -lt 2 ]; then
  echo "usage: $0 MODEL.onnx LABEL,LABEL,... [/dev/videoN]" >&2
  exit 2
fi
gst-launch-1.0 -m v4l2src device="${3:-/dev/video0}" ! decodebin ! videoconvert \
  ! winnowclassify model-file="$1" watch="$2" async=true ! fakesink sync=true \
  | grep --line-buffered '(element): winnowclassify,'
