#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing, builds plainly and with sanitizers, and runs the
# tests in each; the unit tests under valgrind too.  What needs a build of its own that nothing else
# uses (the packages, another processor, a virtual machine) runs beside that.  The last line counts.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=configs/debian.sh
. configs/debian.sh

usage() {
  cat <<'TEXT'
Usage: ./test.sh [OPTION...]

Installs what is missing (asks for sudo if not root), builds into build/, build-sanitize/
(AddressSanitizer and UBSan), build-threads/ (ThreadSanitizer) and build-clang/, runs the tests in
the first two, the unit tests under valgrind and with clang too, and those of what threads share in
the third; then the checks of style in .pre-commit-config.yaml, whose tools are downloaded once. On
Debian 12 and 13 the packages are built too, as ./package.sh does, and looked into.
The last line is "N passed, N failed, N skipped"; the exit status is 0 if none failed.

Options:
  --deps-only  install what is missing, nothing else
  --arm64      also the engine's tests built for 64-bit Arm, under QEMU: on a processor with all
               instruction sets, those of the kernels also on a Cortex-A72
  --vm         also winnow-camera on the kernel's test driver for cameras, in a virtual machine
               (QEMU, without help of the processor), and ./demo.sh as its first user meets it:
               in a Debian 12 with nothing installed (a folder of its own; needs root)
  --debian RELEASE
               also the plugin's tests in a later Debian, with its GStreamer: trixie (1.26) or forky
               (1.28); in a folder of its own, which needs root.  It can be given more than once
  --packages   no tests but those of the packages, each way for Debian 12 and 13, amd64 and arm64:
               built, installed in a Debian with nothing installed, used, upgraded, removed and
               purged (needs root; arm64 runs under QEMU; about an hour)
  --soak [HOURS]
               also the long runs that watch the memory (about half an hour; with HOURS what happens
               at random goes on for so long in all)
  --fuzz MINUTES
               no tests but libFuzzer, for so long in all: the targets of tests/fuzz in turns, built
               in build-fuzz/ with AddressSanitizer and UBSan, and those that link nothing but the
               engine in build-memory/ with MemorySanitizer, for which Debian's sources of two
               libraries are downloaded and built once.  What leads somewhere new stays in
               build-fuzz/corpus for the next time.  It ends at the first input that breaks a
               target, which lies in build-fuzz/found then.  Where ONNX Runtime is (NODE_PATH), random
               networks run in it too and take a turn.  At the end it tells which lines of what reads
               foreign bytes all inputs together reach
  --slowest [N]
               test nothing; list the N (10) slowest tests of the last run, over all its builds, and
               which of them are slow: a test should end within 30 s
  --werror     treat compiler warnings as errors, as CI does
  --help       print this text
TEXT
}

soak=no
arm64=no
export WINNOW_AUTO=rule # results are compared between runs
vm=no
debians=()
packages=no
deps_only=no
slowest=
fuzz=
werror=false
while [ $# -gt 0 ]; do
  case "$1" in
    --deps-only) deps_only=yes ;;
    --soak)
      soak=yes
      if [[ ${2:-} =~ ^[0-9]+$ ]]; then
        [ "$2" -gt 0 ] || { echo "test.sh: --soak: '$2' is no number of hours from 1 on" >&2; exit 2; }
        export SOAK_SECONDS=$(($2 * 3600 / 2)) # of each of two
        shift
      fi ;;
    --arm64) arm64=yes ;;
    --vm) vm=yes ;;
    --packages) packages=yes ;;
    --werror) werror=true ;;
    --debian)
      [[ ${2:-} =~ ^[a-z]+$ ]] ||
        { echo "test.sh: --debian: '${2:-}' is no release; trixie, say" >&2; exit 2; }
      debians+=("$2")
      shift ;;
    --fuzz)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] ||
        { echo "test.sh: --fuzz: '${2:-}' is no number of minutes from 1 on" >&2; exit 2; }
      fuzz=$2
      shift ;;
    --slowest)
      slowest=10
      if [[ ${2:-} =~ ^[^-]|^-[0-9] ]]; then
        slowest=$2
        shift
      fi
      [[ $slowest =~ ^[1-9][0-9]*$ ]] ||
        { echo "test.sh: --slowest: '$slowest' is no number from 1 on" >&2; exit 2; } ;;
    --help) usage; exit 0 ;;
    *) echo "test.sh: unknown option '$1'; see ./test.sh --help" >&2; exit 2 ;;
  esac
  shift
done

results=$PWD/build-results # of the last run: a file for each section, as Meson logs tests
[ -z "$slowest" ] || exec python3 tests/last_run.py "$results" slowest "$slowest"

[ $arm64 = no ] || packages_test+=("${packages_arm64[@]}")
[ $vm = no ] || packages_test+=("${packages_vm[@]}")
[ ${#debians[@]} -eq 0 ] || packages_test+=("${packages_root[@]}")
# shellcheck source=tests/fuzz/run.sh
[ -z "$fuzz" ] || . tests/fuzz/run.sh
[ -z "$fuzz" ] || packages_test=("${packages_demo[@]}" "${packages_fuzz[@]}")
[ $packages = no ] || packages_test=("${packages_package[@]}" "${packages_clean[@]}")
install_missing "${packages_test[@]}" || exit 1
[ $deps_only = no ] || exit 0

[ -n "$fuzz" ] || rm -rf "$results"
mkdir -p "$results"

# section NAME COMMAND...: says when it begins, and at its end how long it took.
section() {
  local name=$1 began=$SECONDS status=0
  shift
  echo "== $name"
  "$@" || status=$?
  echo "== $name: $((SECONDS - began)) s"
  return $status
}

# record SECTION TEST RESULT SECONDS: what is no test of Meson's; RESULT as Meson has it.
record() {
  printf '{"name": "%s", "result": "%s", "duration": %d}\n' "$2" "$3" "$4" >>"$results/$1.json"
}

# build FOLDER OPTION...: counts as a failed test when it does not work.
build() {
  local folder=$1
  section "building in $folder" make_build "$@" && return
  echo "The build in $folder failed."
  record "$folder" build FAIL 0
  return 1
}

make_build() {
  local folder=$1
  shift
  if [ -f "$folder/build.ninja" ]; then
    meson configure "$folder" -Dwerror=$werror "$@"
  else
    meson setup "$folder" -Dwerror=$werror "$@"
  fi && meson compile -C "$folder"
}

# run_tests FOLDER NAME OPTION...: runs them and keeps what the log NAME says.
run_tests() {
  section "$2" run_meson_tests "$@"
}

run_meson_tests() {
  local folder=$1 name=$2 log=$1/meson-logs/$2
  shift 2
  rm -f "$log"*.json
  meson test -C "$folder" --no-rebuild --print-errorlogs --logbase "$name" "$@"
  # With a wrapper its name is part of the log's.
  cat "$log"*.json >"$results/$name.json"
  [ -s "$results/$name.json" ] || record "$name" "no test ran" FAIL 0
}

# QEMU takes its processor from QEMU_CPU; its products of bfloat16 are five times as slow as those
# of float32, so that only the kernels' tests use them.  Cross files are read once, at the setup;
# configure takes none.
test_arm64() {
  local cross=()
  arm64_cross "$PWD/build-arm64-sysroot" || { record arm64 sysroot FAIL 0; return; }
  [ ! -f build-arm64/build.ninja ] || cross=()
  build build-arm64 "${cross[@]}" -Dapps=disabled -Dgstreamer=disabled -Dintrospection=disabled \
    -Dtests=enabled || return
  QEMU_CPU=max run_tests build-arm64 arm64-kernels --suite kernels --timeout-multiplier 20
  QEMU_CPU=cortex-a72 run_tests build-arm64 cortex-a72 --suite kernels --timeout-multiplier 20
  CK_TIMEOUT_MULTIPLIER=5 QEMU_CPU=max WINNOW_CPU_MASK=neon,dotprod,i8mm WINNOW_TEST_FEWER=1 \
    run_tests build-arm64 arm64 --no-suite soak --no-suite kernels --timeout-multiplier 20
}

# fresh_debian ROOT RELEASE SECTION TEST: a Debian in ROOT that has what a clone contains; else the
# test is recorded as skipped.
fresh_debian() {
  local root=$1 release=$2 base=$PWD/build-vm/base-$2
  mkdir -p build-vm
  if [ "$(id -u)" -ne 0 ] || ! unshare --mount true || ! make_fresh_debian "$base" "$release"; then
    echo "Skipped: a fresh Debian cannot be made here: root, mounts and a Debian mirror are needed"
    record "$3" "$4" SKIP 0
    return 1
  fi
  rm -rf --one-file-system "$root"
  cp -a "$base" "$root"
  mkdir "$root/root/winnow"
  git ls-files -z | tar -c --null -T - | tar -x -C "$root/root/winnow"
}

# The plugin's tests with another GStreamer.
test_debian() {
  local release=$1 root=$PWD/build-vm/$1
  fresh_debian "$root" "$release" "debian-$release" build || return
  # shellcheck disable=SC2016  # the inner shell expands them
  if in_fresh_debian "$root" bash -c '
    . configs/debian.sh && install_missing "${packages_plugin[@]}" &&
      meson setup build -Dwerror="$0" -Dtests=enabled -Dgstreamer=enabled -Dintrospection=enabled &&
      meson compile -C build' "$werror" >"$root.log" 2>&1; then
    in_fresh_debian "$root" meson test -C build --no-rebuild --print-errorlogs --suite gst \
      --timeout-multiplier 10
    cp "$root/root/winnow/build/meson-logs/testlog.json" "$results/debian-$release.json"
  else
    tail -n 30 "$root.log"
    record "debian-$release" build FAIL 0
  fi
  rm -rf --one-file-system "$root"
}

# Two videos and at least three stills must come out, the second with the answers of a model that was
# taught there.
test_vm() {
  local root=$PWD/build-vm/system result=FAIL began=$SECONDS
  fresh_debian "$root" bookworm vm demo || return
  if in_fresh_debian "$root" ./demo.sh --clip --no-window >"$root.log" 2>&1 &&
    [ "$(grep -c ' exit [0-2]/2 ' "$root.log")" -ge 20 ] &&
    grep -q ' bird seen .* exit ' "$root.log" && grep -q ' person seen ' "$root.log" &&
    grep -q ' empty .* exit [0-9]/9 ' "$root.log" &&
    [ -s "$root/root/winnow/build/demo/demo.webm" ] &&
    [ -s "$root/root/winnow/build/demo/still-02.png" ] &&
    [ -s "$root/root/winnow/build/demo/mine.webm" ]; then
    result=OK
  else
    tail -n 30 "$root.log"
  fi
  record vm demo $result $((SECONDS - began))
  rm -rf --one-file-system "$root"
}

# The packages for this system, and what is in them.
test_package() {
  local log=$results/package.log status=0 result=FAIL began=$SECONDS
  ./package.sh --out "$results/apt" >"$log" 2>&1 &&
    tests/packages/contents.py "$results"/apt/*/* >>"$log" || status=$?
  [ $status -eq 0 ] || tail -n 30 "$log"
  case $status in
    0) result=OK ;;
    77) result=SKIP ;; # no Debian that they are made for
  esac
  record package package $result $((SECONDS - began))
}

# test_packages_of RELEASE ARCH: in Debians with nothing installed, from the first to the last command.
test_packages_of() {
  local folder=$results/apt/$1/$2 log=$results/$1-$2.log status=0 result=FAIL began=$SECONDS
  ./package.sh --release "$1" --arch "$2" --out "$results/apt" >"$log" 2>&1 &&
    tests/packages/contents.py "$folder" >>"$log" &&
    tests/packages/clean.sh "$folder" "$1" "$2" >>"$log" 2>&1 || status=$?
  case $status in
    0) result=OK ;;
    77) result=SKIP ;;
    *) tail -n 30 "$log" ;;
  esac
  record packages "$1 $2" $result $((SECONDS - began))
}

# WINNOW_TEST_FEWER: what the plain build repeats for a frequency or a race, or on many pictures, is
# done less often where the same code takes many times as long.
valgrind='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite'
all=(-Dapps=enabled -Dcamera=enabled -Dgstreamer=enabled -Dtests=enabled)

test_plain() {
  build build "${all[@]}" -Dintrospection=enabled || return
  run_tests build plain --no-suite soak
  # Valgrind runs one thread at a time, so one that spins holds up the others; and it
  # computes fused multiply-adds in software, so the portable kernels are eight times as fast.
  CK_FORK=no OMP_WAIT_POLICY=passive WINNOW_CPU_MASK=none WINNOW_TEST_FEWER=1 \
    run_tests build valgrind --suite unit --wrapper "$valgrind" \
    --timeout-multiplier 60
  [ $soak = no ] || run_tests build soak --suite soak
}

test_sanitize() {
  build build-sanitize "${all[@]}" -Db_sanitize=address,undefined -Db_lundef=false \
    -Dbuildtype=debugoptimized -Dintrospection=disabled || return
  ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    WINNOW_TEST_FEWER=1 run_tests build-sanitize sanitize --no-suite soak --timeout-multiplier 10
}

# ThreadSanitizer knows neither OpenMP's threads nor fences, which stand between processes here:
# the tests of the channel and of shared models, for what threads of one process share.
# tests/ipc/model.py has the fences.
# GCC warns of those, and with this option of more that it does not understand any longer.
test_threads() {
  build build-threads -Dwerror=false -Db_sanitize=thread -Db_lundef=false \
    -Dbuildtype=debugoptimized -Dapps=disabled -Dgstreamer=disabled -Dtests=enabled || return
  run_tests build-threads threads --suite ipc --suite sharing --timeout-multiplier 10
}

# The plain build with another compiler.
test_clang() {
  CC=clang build build-clang "${all[@]}" -Dintrospection=disabled || return
  run_tests build-clang clang --suite unit --suite kernels
}

# One test: all that .pre-commit-config.yaml lists; clang-tidy reads what build/ was built from.
test_style() {
  local result=FAIL began=$SECONDS
  if pre-commit validate-config && ! pre-commit install-hooks; then
    echo "Skipped: the style's tools cannot be had here: a git checkout and a network are needed"
    result=SKIP
  elif pre-commit run --all-files --hook-stage manual --show-diff-on-failure; then
    result=OK
  fi
  record style pre-commit $result $((SECONDS - began))
}

# With what the others leave of the processors; what cannot use two of them first.
test_beside() {
  renice -n 10 -p $BASHPID >/dev/null
  [ $vm = no ] || section vm test_vm
  section package test_package
  [ $arm64 = no ] || test_arm64
  for release in "${debians[@]}"; do section "debian $release" test_debian "$release"; done
}

# Without it the test that needs it says so and is skipped.
[ $vm = no ] || fetch_kernel "$PWD/build-vm/kernel" || record plain "kernel for camera vm" FAIL 0

if [ -n "$fuzz" ]; then
  run_fuzz "$fuzz" && section coverage cover_fuzz
  exit
fi

# The last line counts; the exit status is that of the script.
sum_up() {
  local ends passed skipped failed
  ends=$(cat "$results"/*.json | grep -oE '"result": "[A-Z]+"')
  passed=$(grep -cE '"(OK|EXPECTEDFAIL)"' <<<"$ends")
  skipped=$(grep -c '"SKIP"' <<<"$ends")
  failed=$(grep -cvE '"(OK|EXPECTEDFAIL|SKIP)"' <<<"$ends")
  python3 tests/last_run.py "$results" failed
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}

if [ $packages = yes ]; then
  for release in bookworm trixie; do
    for arch in amd64 arm64; do
      section "$release $arch" test_packages_of $release $arch
    done
  done
  sum_up
  exit
fi

set -m # a group of its own, so that all of it ends with this
test_beside >"$results/beside.log" 2>&1 &
beside=$!
set +m
trap 'kill -- -$beside 2>/dev/null' EXIT
trap 'exit 130' INT TERM
test_plain
test_sanitize
test_threads
test_clang
section style test_style
section "what runs beside: waiting" wait $beside
cat "$results/beside.log"
sum_up
