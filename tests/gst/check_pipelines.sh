#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the launch lines of configs/pipelines that need no camera and no display.
# check_pipelines.sh PIPELINES MODEL CLIP
set -eu
for element in pngenc vp8enc webmmux decodebin jpegenc splitmuxsink multifilesink matroskademux; do
  gst-inspect-1.0 --exists "$element" || exit 77
done
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
gst-launch-1.0 -q videotestsrc num-buffers=1 ! video/x-raw,width=64,height=48 ! pngenc \
  ! filesink location="$out/in.png"
"$1/picture-to-png.sh" "$2" "$out/in.png" "$out/out.png"
"$1/video-to-video.sh" "$2" "$3" "$out/out.webm"
size=$(od -An -tu1 -j16 -N8 "$out/out.png" | tr -s ' \n' ' ')
test "$size" = " 0 0 2 128 0 0 1 224 " || { echo "out.png is not 640x480:$size" >&2; exit 1; }
test "$(wc -c < "$out/out.webm")" -gt 10000 || { echo "out.webm is too small" >&2; exit 1; }
# A clip, a picture and a result of each event. GStreamer's splitmuxsink closes its last file and
# at times does not say that it is at its end.
status=0
SOURCE="filesrc location=$3 ! decodebin ! videoconvert" ASYNC=false BEFORE=1 AFTER=3 \
  timeout -s KILL 30 "$1/record-on-event.sh" "$(dirname "$2")/../everyday.onnx" bird "$out/events" \
  > "$out/log" || status=$?
if test "$status" -ne 0; then
  test "$status" -eq 137
  grep -q 'fragment-closed.*-00001.mkv' "$out/log"
fi
test "$(grep -c 'winnowgate, event=(string)end' "$out/log")" -eq 4 || { cat "$out/log" >&2; exit 1; }
for number in 00000 00001; do
  for clip in "$out/events"/*-"$number.mkv"; do
    frames=$(gst-launch-1.0 filesrc location="$clip" ! matroskademux ! jpegdec \
      ! identity silent=false ! fakesink -v | grep -c 'last-message = chain')
    # tenths of a second; a state takes half a second to begin
    if test "$frames" -lt 40 || test "$frames" -gt 90; then echo "$clip: $frames frames" >&2; exit 1; fi
    grep -q '"watched":1,' "${clip%mkv}json"
    test "$(head -c 2 "${clip%mkv}jpg" | od -An -tx1 | tr -d ' ')" = ffd8
  done
done
test "$(find "$out/events" -type f | wc -l)" -eq 6 || { ls "$out/events" >&2; exit 1; }
for script in "$1"/*.sh; do
  status=0
  "$script" 2> /dev/null || status=$?
  test "$status" -eq 2 || { echo "$script without arguments: status $status" >&2; exit 1; }
done
if "$1/picture-to-png.sh" /nonexistent.onnx "$out/in.png" "$out/no.png" 2> "$out/err"; then
  echo "a missing model is no error" >&2
  exit 1
fi
grep -q /nonexistent.onnx "$out/err"
