#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing, builds, and classifies a camera's frames, or a clip's; of the clip it
# asks two questions then.
set -eu
cd "$(dirname "$0")"
# shellcheck source=configs/debian.sh
. configs/debian.sh

usage() {
  cat <<'TEXT'
Usage: ./demo.sh [OPTION...]

Installs what is missing (asks for sudo if not root), builds into build/ and classifies the
frames of the first camera, or of a clip if there is none. The picture with the result drawn on it
goes to a window if there is a display, else to a video file and stills in build/demo/.
The results are printed, one line for each change. Ctrl-C ends it. With a clip two questions
follow: is there a bird, and, of another clip, is there a person.

Options:
  --deps-only     install what is missing, nothing else
  --clip          use the clip even if there is a camera
  --no-window     write files even if there is a display
  --picture FILE  like --no-window, and copy the eighth still to FILE
  --help          print this text
TEXT
}

use_camera=yes
use_window=yes
deps_only=no
picture=
while [ $# -gt 0 ]; do
  case "$1" in
    --deps-only) deps_only=yes ;;
    --clip) use_camera=no ;;
    --no-window) use_window=no ;;
    --picture)
      [ $# -ge 2 ] || { echo "demo.sh: --picture needs a file name" >&2; exit 2; }
      picture=$2
      use_window=no
      shift ;;
    --help) usage; exit 0 ;;
    *) echo "demo.sh: unknown option '$1'; see ./demo.sh --help" >&2; exit 2 ;;
  esac
  shift
done
install_missing "${packages_demo[@]}"
[ $deps_only = no ] || exit 0

[ -f build/build.ninja ] || meson setup build >/dev/null
meson configure build -Dapps=enabled -Dgstreamer=enabled
meson compile -C build >build/demo-build.log || { cat build/demo-build.log >&2; exit 1; }

export GST_PLUGIN_PATH=$PWD/build/gst-plugin
export GST_REGISTRY=$PWD/build/demo-registry.bin

# The first video device that delivers a frame within five seconds.
find_camera() {
  local device
  for device in /dev/video*; do
    [ -c "$device" ] || continue
    if timeout 5 gst-launch-1.0 -q v4l2src device="$device" num-buffers=1 ! fakesink \
        >/dev/null 2>&1; then
      echo "$device"
      return
    fi
  done
}

camera=
[ $use_camera = no ] || camera=$(find_camera)
[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || use_window=no

# play SOURCE... -- PROPERTY...: classifies, into the window or the files of build/demo.
play() {
  local source=() sink=(winnowoverlay '!' videoconvert '!' autovideosink)
  while [ "$1" != -- ]; do
    source+=("$1")
    shift
  done
  shift
  [ $use_window = yes ] || sink=("${files[@]}")
  build/apps/examples/results "${source[@]}" '!' winnowclassify "$@" '!' "${sink[@]}"
}

# ask QUESTION CLIP PROPERTY...: plays a clip of apps/demo, without files.
ask() {
  local files=(fakesink) question=$1 clip=$2
  shift 2
  printf '\n%s  (%s, %s)\n' "$question" "$clip" "${*#model-file=}"
  play filesrc "location=apps/demo/$clip" '!' decodebin -- "$@"
}

rm -rf build/demo
mkdir build/demo
files=(winnowoverlay '!' tee name=drawn
  drawn. '!' queue '!' videoconvert '!' vp8enc deadline=1 cpu-used=8 target-bitrate=2000000 '!'
  webmmux '!' filesink location=build/demo/demo.webm
  drawn. '!' queue '!' videorate drop-only=true '!' 'video/x-raw,framerate=1/3' '!'
  videoconvert '!' pngenc '!' multifilesink location=build/demo/still-%02d.png)

everyday=model-file=models/everyday.onnx
if [ -n "$camera" ]; then
  echo "What is this?  ($camera, models/everyday.onnx unchanged=8; 1000 classes, or nothing)"
  source=(v4l2src "device=$camera")
  [ $use_window = yes ] || source+=(num-buffers=400)
  play "${source[@]}" '!' decodebin '!' videoconvert '!' \
    queue max-size-buffers=1 leaky=downstream -- $everyday unchanged=8
else
  echo "What is this?  (everyday.webm, models/everyday.onnx unchanged=8; 1000 classes, or nothing)"
  play filesrc location=apps/demo/everyday.webm '!' decodebin -- $everyday unchanged=8
  ask "Is there a bird?" everyday.webm $everyday unchanged=8 watch=bird
  ask "Is there a person?" person.webm model-file=models/person.onnx unchanged=8 watch=person
fi
[ $use_window = no ] || exit 0

stills=(build/demo/still-*.png)
echo
echo "Video:  build/demo/demo.webm"
printf 'Still:  %s\n' "${stills[0]}" "${stills[1]}" "...  ${stills[-1]}"
if [ -n "$picture" ]; then
  cp "${stills[7]:-${stills[-1]}}" "$picture"
  echo "Copied: $picture"
fi
