#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A network camera in a window; frames are classified within 50 ms or as well as that allows.
# Needs a display, and GStreamer's decoder for the camera's format (H.264: gstreamer1.0-libav).
if [ $# -lt 2 ]; then
  echo "usage: $0 MODEL.onnx rtsp://HOST/PATH" >&2
  exit 2
fi
exec gst-launch-1.0 rtspsrc location="$2" latency=200 ! decodebin ! videoconvert \
  ! queue leaky=downstream max-size-buffers=1 \
  ! winnowclassify model-file="$1" deadline=50000000 ! queue ! winnowoverlay ! videoconvert ! autovideosink
