#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes the models of this folder from the float networks that their cards name.
set -eu

usage() {
  cat <<'TEXT'
Usage: models/make.sh [--float] NETWORKS PICTURES PHOTOS NOTHING OUT

Writes mcunet-in4.onnx, efficientnet-lite0.onnx, everyday.onnx and person.onnx into the folder OUT.

  NETWORKS  folder of mcunet-in4-160.onnx, efficientnet-lite0-224.onnx, efficientnet-lite2-260.onnx
            and mcunet-vww-80.onnx, ONNX with float weights
  PICTURES  pictures of anything, from which int8 takes its ranges
  PHOTOS    folder of folders of photos, each named like a label: thresholds and floors
  NOTHING   pictures of what the networks do not know, for the floors

  --float   leave the networks in float32: three times as large

WINNOW names the program (default build/apps/winnow/winnow).
TEXT
}

float=no
if [ "${1:-}" = --float ]; then
  float=yes
  shift
fi
[ $# -eq 5 ] || { usage >&2; exit 2; }
networks=$1 pictures=$2 photos=$3 nothing=$4 out=$5
here=$(dirname "$0")
winnow=${WINNOW:-build/apps/winnow/winnow}
mkdir -p "$out"

# network NAME FILE: one network, quantized; its name becomes that of its input.
network() {
  if [ $float = yes ]; then
    cp "$networks/$2.onnx" "$out/$1.onnx"
  else
    "$winnow" quantize "$networks/$2.onnx" "$pictures" -o "$out/$1.onnx"
  fi
}

network mcunet-in4 mcunet-in4-160
network efficientnet-lite0 efficientnet-lite0-224
network efficientnet-lite2 efficientnet-lite2-260
"$winnow" join "$out/mcunet-in4.onnx" "$out/efficientnet-lite0.onnx" \
  "$out/efficientnet-lite2.onnx" --groups "$here/groups.txt" -o "$out/everyday.onnx"
rm "$out/efficientnet-lite2.onnx"
"$winnow" tune "$out/everyday.onnx" "$photos" --max-accuracy-drop 0 --max-rejected 0.03 \
  --nothing "$nothing" -o "$out/everyday.onnx"
for query in dog cat bird insect 'wild animal' food vehicle; do
  "$winnow" tune "$out/everyday.onnx" "$photos" --watch "$query" --max-extra-misses 0 \
    --max-extra-false-alarms 0 -o "$out/everyday.onnx"
done
cp "$networks/mcunet-vww-80.onnx" "$out/person.onnx"
