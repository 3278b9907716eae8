#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing, builds, and classifies a camera's frames, or a clip's.
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
The results are printed, one line for each change. Ctrl-C ends it.

Options:
  --deps-only     install what is missing, nothing else
  --clip          use the clip even if there is a camera
  --no-window     write files even if there is a display
  --picture FILE  like --no-window, and copy the second still to FILE
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
if [ -n "$camera" ]; then
  echo "Camera $camera. The network knows: airplane automobile bird cat deer dog frog horse ship truck."
  source=(v4l2src "device=$camera")
  [ $use_window = yes ] || source+=(num-buffers=400)
else
  echo "A clip of CIFAR-10 photographs (apps/demo/README.md)."
  source=(filesrc location=apps/demo/clip.webm)
fi
classify=('!' decodebin '!' videoconvert '!' queue max-size-buffers=1)
[ -z "$camera" ] || classify+=(leaky=downstream)
classify+=('!' winnowclassify model-file=models/paper/edge-cifar10.onnx unchanged=8 '!'
  winnowoverlay)

if [ $use_window = yes ]; then
  build/apps/examples/results "${source[@]}" "${classify[@]}" '!' videoconvert '!' autovideosink
  exit
fi

rm -rf build/demo
mkdir build/demo
build/apps/examples/results "${source[@]}" "${classify[@]}" '!' tee name=drawn \
  drawn. '!' queue '!' videoconvert '!' vp8enc deadline=1 cpu-used=8 target-bitrate=2000000 '!' \
  webmmux '!' filesink location=build/demo/demo.webm \
  drawn. '!' queue '!' videorate drop-only=true '!' video/x-raw,framerate=1/3 '!' \
  videoconvert '!' pngenc '!' multifilesink location=build/demo/still-%02d.png
stills=(build/demo/still-*.png)
echo
echo "Video:  build/demo/demo.webm"
printf 'Still:  %s\n' "${stills[@]}"
if [ -n "$picture" ]; then
  cp "${stills[1]}" "$picture"
  echo "Copied: $picture"
fi
