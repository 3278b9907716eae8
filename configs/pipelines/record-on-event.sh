#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Records when one of the LABELS, which may be groups of the model, comes into view: a clip from 5
# seconds before until 10 seconds after, a picture and the result as JSON, which share a name:
# FOLDER/<when this began>-00000.mkv, .jpg and .json, then -00001 and so on. All runs in memory until
# then. Ctrl-C ends it; the clip of an event that is over is whole when the next one begins, or then.
#
# BEFORE and AFTER change the seconds; ENCODER is another encoder, such as "vp8enc deadline=1
# cpu-used=8 keyframe-max-dist=60". winnow-retention bounds what is kept.
# Needs a V4L2 camera, unless SOURCE is something else that gst-launch-1.0 reads.
if [ $# -lt 3 ]; then
  echo "usage: $0 MODEL.onnx LABEL,LABEL,... FOLDER [/dev/videoN]" >&2
  exit 2
fi
mkdir -p "$3" || exit 1
name=$3/$(date -u +%Y%m%dT%H%M%SZ)
before=${BEFORE:-5}000000000 after=${AFTER:-10}000000000
# Words of their own, as on a command line.
# shellcheck disable=SC2086
exec gst-launch-1.0 -e -m ${SOURCE:-v4l2src device="${4:-/dev/video0}" ! decodebin ! videoconvert} \
  ! winnowclassify model-file="$1" watch="$2" async="${ASYNC:-true}" ! tee name=t \
  t. ! queue ! videoconvert ! ${ENCODER:-jpegenc} ! winnowgate pre-roll="$before" hold="$after" \
  ! splitmuxsink muxer=matroskamux location="$name-%05d.mkv" \
  t. ! queue ! winnowgate pre-roll=0 hold="$after" max-buffers=1 \
  ! winnowpublish location="$name-%05d.json" ! videoconvert ! jpegenc \
  ! multifilesink location="$name-%05d.jpg"
