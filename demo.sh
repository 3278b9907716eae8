#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing, builds, and classifies a camera's frames, or a clip's; of the clip it
# asks two questions then, and teaches two classes from the first half of one.
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
follow: is there a bird, and, of another clip, is there a person. Then 60 frames of that clip's
first half teach a model of two classes, and it classifies the second half.

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

# write_to VIDEO STILLS: what follows is played into these files of build/demo.
write_to() {
  files=(winnowoverlay '!' tee name=drawn
    drawn. '!' queue '!' videoconvert '!' vp8enc deadline=1 cpu-used=8 target-bitrate=2000000 '!'
    webmmux '!' filesink "location=build/demo/$1"
    drawn. '!' queue '!' videorate drop-only=true '!' 'video/x-raw,framerate=1/3' '!'
    videoconvert '!' pngenc '!' multifilesink "location=build/demo/$2")
}

# play SOURCE... -- PROPERTY...: classifies, into the window or the files.
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

# copy_frames CLASS FIRST STEP LAST: into the photos of the class.
copy_frames() {
  local frame
  mkdir -p "build/demo/photos/$1"
  for frame in $(seq -f %03.0f "$2" "$3" "$4"); do
    cp "build/demo/frames/frame-$frame.png" "build/demo/photos/$1/"
  done
}

# The clip has 210 frames, 10 a second. It is empty until a head comes in below at frame 30; from 34
# on a woman is seen, who leaves at 169, and at 197 a man comes. `winnow collect` would take one
# picture of a scene that stays the same; here it is to be seen as often as the person.
teach() {
  printf '\nTwo classes from 60 frames: empty, person  (%s)\n' \
    "first half of person.webm, winnow teach mcunet-in4"
  mkdir -p build/demo/frames
  gst-launch-1.0 -q filesrc location=apps/demo/person.webm '!' decodebin '!' videoconvert '!' \
    pngenc compression-level=1 '!' multifilesink location=build/demo/frames/frame-%03d.png
  copy_frames empty 0 1 29
  copy_frames person 34 2 92
  build/apps/winnow/winnow teach mcunet-in4 build/demo/photos -o build/demo/mine.onnx \
    >build/demo/mine.txt
  sed '/^$/,$d' build/demo/mine.txt

  printf '\nWhich of the two?  (%s)\n' "second half of person.webm, build/demo/mine.onnx"
  write_to mine.webm mine-%02d.png
  play multifilesrc location=build/demo/frames/frame-%03d.png start-index=105 \
    caps=image/png,framerate=10/1 '!' pngdec '!' videoconvert -- model-file=build/demo/mine.onnx
  rm -r build/demo/frames
}

rm -rf build/demo
mkdir build/demo
write_to demo.webm still-%02d.png

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
  teach
fi
[ $use_window = no ] || exit 0

stills=(build/demo/still-*.png)
echo
echo "Video:  build/demo/demo.webm"
printf 'Still:  %s\n' "${stills[0]}" "${stills[1]}" "...  ${stills[-1]}"
[ ! -f build/demo/mine.onnx ] ||
  echo "Taught: build/demo/mine.onnx, its report mine.txt, mine.webm, mine-00.png ..."
if [ -n "$picture" ]; then
  cp "${stills[7]:-${stills[-1]}}" "$picture"
  echo "Copied: $picture"
fi
