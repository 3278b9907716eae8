# shellcheck shell=dash disable=SC2086
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs in the virtual machine (machine.py), as its test_vm.py wants it: what is to be looked at is
# written to descriptor 3, in sections.  /dev/video0 and 1 are the capture and output device of
# vivid; /dev/video10 captures with the multi-planar API.

section() { echo "== $1" >&3; }

# Kernels in portable C: QEMU computes fused multiply-adds in software.
export WINNOW_CPU_MASK=none
export GST_PLUGIN_PATH=/gst GST_REGISTRY=/tmp/registry GST_REGISTRY_FORK=no
camera='winnow-camera --model /model.onnx --precision fp32 --threads 1'

# What does not start ends the machine at once, as does what never comes.
winnow-camera --version >&3 2>&3 && winnow --version >&3 2>&3 || exit 1

# until_found PATTERN FILE [TIMES]
until_found() {
  for _ in $(seq 300); do
    [ "$(grep -c "$1" "$2")" -lt "${3:-1}" ] || return 0
    sleep 0.2
  done
  echo "no '$1' in $2" >&3
  cat "$2" >&3
  exit 1
}

# start OPTION...: the camera, publishing; leave ends it and shows how it went.
start() {
  $camera --socket /tmp/socket "$@" 2>/tmp/log &
  running=$!
}
leave() {
  kill -TERM $running
  wait $running
  echo "camera ended with $?" >&3
  [ ! -e /tmp/socket ] || echo "the socket was left" >&3
  cat /tmp/log >&3
}

# SIGTERM gives a frame up in its middle, and only those are counted that were classified.
until_classified() { winnow monitor --json /tmp/socket | head -n 1 >/dev/null; }

# watch: the camera with somebody who looks on; results_go_on waits for three more; unwatch ends both.
watch() {
  start $small
  winnow monitor --json /tmp/socket >/tmp/lines &
  monitor=$!
  until_found label /tmp/lines
}
results_go_on() { until_found label /tmp/lines $(($(wc -l </tmp/lines) + 3)); }
unwatch() {
  results_go_on
  kill $monitor
  leave
}

modprobe vivid n_devs=2 multiplanar=1,2 vid_cap_nr=0,10 vid_out_nr=1,11
small='--device /dev/video0 --size 320x180'

section list
winnow-camera --list --device /dev/video0 >&3 2>&3

section list-all
winnow-camera --list 2>&3 | grep ^/dev >&3

for format in YUYV NV12 RGB3 YVYU RGBP; do
  section "format $format"
  start $small --format $format
  winnow monitor --json /tmp/socket | head -n 3 >&3
  leave
done

section multi-planar
start --device /dev/video10 --size 320x180 --format NV12
winnow monitor --json /tmp/socket | head -n 1 >&3
leave

section refused
for options in '--format H264' '--format VYUY' '--size 321x181' '--set no_such_control=1' \
  '--set brightness=999' '--set brightness=much' '--set read_only_integer_32_bits=1' \
  '--device /dev/video1' '--device /dev/video99' '--device /dev/null'; do
  echo "$options" >&3
  $camera --json $options 2>&3 >/dev/null
  echo "status $?" >&3
done

section controls
start $small --set brightness=77,contrast=66 --set test_pattern='100% Red'
until_found frames/s /tmp/log
v4l2-ctl -d /dev/video0 -C brightness,contrast,test_pattern >&3
until_classified
leave

section raw
$camera --json $small --format RGGB 2>&3 | head -n 1 >&3

section busy
start $small
until_found frames/s /tmp/log
$camera --json --device /dev/video0 2>&3
echo "status $?" >&3
until_classified
leave

section unplugged
watch
echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind
until_found waiting /tmp/log
[ -e /dev/video0 ] && echo "the camera is still there" >&3
echo vivid.0 >/sys/bus/platform/drivers/vivid/bind
until_found frames/s /tmp/log 2
unwatch

section failing
watch
v4l2-ctl -d /dev/video0 -c inject_v4l2_buf_flag_error=1
results_go_on
v4l2-ctl -d /dev/video0 -c inject_fatal_streaming_error=1
until_found frames/s /tmp/log 2
unwatch

section silent
watch
v4l2-ctl -d /dev/video0 -c percentage_of_dropped_buffers=100
until_found 'no frame' /tmp/log
v4l2-ctl -d /dev/video0 -c percentage_of_dropped_buffers=0
until_found frames/s /tmp/log 2
unwatch

section gstreamer
command -v gst-launch-1.0 >/dev/null && gst-launch-1.0 -m v4l2src device=/dev/video0 num-buffers=3 ! video/x-raw,width=320,height=180 ! \
  winnowclassify model-file=/model.onnx precision=fp32 threads=1 stable-time=0 ! fakesink \
  2>&3 | grep winnowclassify, >&3

# Pictures go in at the HDMI output, which is wired to the HDMI input.
v4l2-ctl -d /dev/video0 -i 3 >/dev/null
v4l2-ctl -d /dev/video1 --set-output 1 >/dev/null
v4l2-ctl -d /dev/video0 --set-dv-bt-timings index=0 >/dev/null
v4l2-ctl -d /dev/video1 --set-dv-bt-timings index=0 >/dev/null
v4l2-ctl -d /dev/video0 -c osd_text_mode=2 -c loop_video=1
v4l2-ctl -d /dev/video1 --set-fmt-video-out width=640,height=480,pixelformat=RGB3
for picture in /pictures/*; do
  section "picture ${picture##*/}"
  v4l2-ctl -d /dev/video1 --stream-out-mmap --stream-from="$picture" --stream-loop >/dev/null 2>&1 &
  output=$!
  sleep 1
  $camera --json --device /dev/video0 --format RGB3 2>/dev/null | head -n 2 >&3
  kill $output
  wait $output
done
exit 0
