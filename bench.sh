#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the engine for this board, times the networks of the clone on it, beside ONNX Runtime where
# that is installed, and writes a table to paste into an issue.  Installs and downloads nothing.
set -eu
from=$PWD
cd "$(dirname "$0")"
# shellcheck source=configs/debian.sh
. configs/debian.sh

usage() {
  cat <<'TEXT'
Usage: ./bench.sh [OPTION...] [MODEL.onnx...]

Builds into build-bench/ and times all networks in models/ and models/paper/, and those given: on
one thread and on all cores, in every precision that the file and the processor have. What the
board is and a row for each go to bench.md and to the terminal, as Markdown to paste into an issue
or a pull request. Other programs should rest meanwhile. Measuring takes two to five minutes.

Where node finds onnxruntime-node (`npm install onnxruntime-node` in any folder, whose node_modules
NODE_PATH then names), ONNX Runtime runs the same files in turns with Winnow.

Options:
  --quick         fewer frames: a look, not a measurement
  --out FILE      write FILE instead of bench.md
  --built FOLDER  build nothing, take what is built in FOLDER
  --help          print this text
TEXT
}

fail() {
  echo "bench.sh: $1" >&2
  exit "${2:-1}"
}

# given NAME: as the user meant it, who may be elsewhere.
given() {
  (cd "$from" && realpath -m -- "$1")
}

# says_packages: what a Debian would install, if anything is missing.
says_packages() {
  local missing
  find_missing "${packages_bench[@]}"
  [ ${#missing[@]} -eq 0 ] || echo "; on Debian: apt-get install ${missing[*]}"
}

built=
options=()
shopt -s nullglob
models=(models/*.onnx models/paper/*.onnx)
while [ $# -gt 0 ]; do
  case "$1" in
    --out | --built) [ -n "${2:-}" ] || fail "$1 needs a name; see ./bench.sh --help" 2 ;;
  esac
  case "$1" in
    --quick) options+=(--quick) ;;
    --out) options+=(--out "$(given "$2")"); shift ;;
    --built) built=$(given "$2"); shift ;;
    --help) usage; exit 0 ;;
    -*) fail "unknown option '$1'; see ./bench.sh --help" 2 ;;
    *)
      [ -f "$(given "$1")" ] || fail "$1: there is no such file" 2
      models+=("$(given "$1")") ;;
  esac
  shift
done

# Without what the figures do not need.
build() {
  [ -f build-bench/build.ninja ] || meson setup build-bench --buildtype=release -Dapps=enabled \
    -Dcamera=disabled -Dgstreamer=disabled -Dintrospection=disabled -Dtests=disabled || return
  meson compile -C build-bench
}

read -r compiler _ <<<"${CC:-cc}"
tools=(python3)
[ -n "$built" ] || tools+=("$compiler" meson ninja pkg-config protoc-c)
for tool in "${tools[@]}"; do
  command -v "$tool" >/dev/null || fail "there is no $tool$(says_packages)"
done
if [ -z "$built" ]; then
  built=build-bench log=build-bench/bench-build.log
  mkdir -p build-bench
  echo "building in build-bench ..." >&2
  build >$log 2>&1 || {
    tail -n 20 $log >&2
    fail "the build failed; $log has all it said$(says_packages)"
  }
fi
exec python3 tests/peers/board.py --build "$built" "${options[@]}" "${models[@]}"
