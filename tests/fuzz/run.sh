# shellcheck shell=bash disable=SC2154  # set by configs/debian.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ./test.sh --fuzz MINUTES: builds the targets of this folder for libFuzzer and runs them in turns,
# with AddressSanitizer and UBSan and with MemorySanitizer.  Sourced by test.sh, whose section() it
# uses, with configs/debian.sh before it.  Ends with the first target that breaks.

# Seconds.  Where an input takes milliseconds, the corpus alone takes a minute.
FUZZ_TURN=60
FUZZ_LONG_TURN=300
# Networks have so many features that weighing them (entropic) takes most of the time.
fuzz_options=(-rss_limit_mb=4096 -timeout=60 -max_len=65536 -print_final_stats=1 -entropic=0)
fuzz_setup=(-Dapps=enabled -Dcamera=disabled -Dgstreamer=disabled -Dintrospection=disabled
  -Dtests=enabled -Dlibfuzzer=true -Db_lundef=false -Dbuildtype=debugoptimized)

fuzz_counts="-fsanitize=fuzzer-no-link -fsanitize-coverage-ignorelist=$PWD/tests/fuzz/uncounted.txt"

build_fuzz() {
  [ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz "${fuzz_setup[@]}" \
    "-Dc_args=$fuzz_counts" -Db_sanitize=address,undefined
  ninja -C build-fuzz libfuzzer tests/fuzz/differ
}

# memory_libraries FOLDER: what the engine links, from Debian's sources, with MemorySanitizer, which
# has to see all that a program writes.
memory_libraries() {
  local folder=$1 source
  [ ! -f "$folder/complete" ] || return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  (
    cd "$folder" || exit 1
    apt_aside "$(dpkg --print-architecture)" "$debian_release" deb-src &&
      apt-get "${apt[@]}" source --only-source "${fuzz_sources[@]}" || exit 1
    for source in */configure.ac; do
      (cd "${source%/*}" && autoreconf -fi && ./configure CC=clang \
        CXX=clang++ CFLAGS='-g -O1 -fPIC -fsanitize=memory' \
        --prefix="$folder" --disable-shared --enable-static --disable-protoc &&
        make -j2 && make install) || exit 1
    done
    rm -rf lists cache sources.list
    touch complete
  )
}

# Of those targets that link nothing else; false with a line where it cannot be.
build_memory() {
  local libraries=$PWD/build-memory-libraries
  # What is compared is followed in the other build, since that takes a fifth of the time.
  local seen='-fsanitize-memory-track-origins -fno-sanitize-coverage=trace-cmp'
  if ! memory_libraries "$libraries" >"$PWD/build-fuzz/memory.log" 2>&1; then
    echo "No turns with MemorySanitizer: Debian's sources of ${fuzz_sources[*]} cannot be had or" \
      "built here (build-fuzz/memory.log)"
    return 1
  fi
  [ -f build-memory/build.ninja ] ||
    CC=clang PKG_CONFIG_PATH=$libraries/lib/pkgconfig meson setup build-memory "${fuzz_setup[@]}" \
      "-Dc_args=$fuzz_counts $seen" -Db_sanitize=memory
  ninja -C build-memory libfuzzer
}

# Which lines all inputs together reach: in a build of its own, since that counts them.
cover_fuzz() {
  local counts='-fprofile-instr-generate -fcoverage-mapping'
  # Meson runs a program, too.
  [ -f build-coverage/build.ninja ] ||
    CC=clang LLVM_PROFILE_FILE=/dev/null meson setup build-coverage "${fuzz_setup[@]}" \
      "-Dc_args=$counts" "-Dc_link_args=$counts" || return
  ninja -C build-coverage libfuzzer tests/fuzz/no_memory tests/fault/faults &&
    tests/fuzz/coverage.py build-coverage build-fuzz/corpus
}

# compare_networks SECONDS: from a seed of its own each time, which is printed with what fails.
compare_networks() {
  local status=0
  echo "== differ: $1 s"
  DIFFER=build-fuzz/tests/fuzz/differ python3 tests/fuzz/differ.py --seconds "$1" \
    --found build-fuzz/found "$(date +%s)000" || status=$?
  [ $status -eq 77 ] || return $status
}

# begin_corpus NAME: with what the target makes itself, or model files.
begin_corpus() {
  local folder=build-fuzz/corpus/$1 from=() kinds=()
  [ ! -d "$folder" ] || return 0
  mkdir -p "$folder"
  case $1 in
    load) kinds=(golden corpus hostile operators networks) ;;
    network) from=(tests/fuzz/classifiers) kinds=(golden networks) ;;
    teach) from=(tests/fuzz/classifiers) ;;
    picture) from=(tests/data/cifar10-sample/cat/0000.jpg) ;;
  esac
  [ ${#kinds[@]} -eq 0 ] || /usr/bin/python3 tests/fuzz/seeds.py "$folder" "${kinds[@]}"
  [ "$1" = load ] || SEEDS=$folder "build-fuzz/tests/fuzz/fuzz_$1" "${from[@]}" >/dev/null
}

# fuzz_target PROGRAM SECONDS: one turn.
fuzz_target() {
  local target=$1 name=${1##*/libfuzz_} own=() log
  case $name in
    network | teach) own=(-mutate_depth=1) ;; # one change leaves it a network
    beside) own=(-dict=tests/fuzz/found.dict) ;;
  esac
  [ ! -f "tests/fuzz/$name.dict" ] || own+=("-dict=tests/fuzz/$name.dict")
  log=build-fuzz/found/$name.log
  begin_corpus "$name"
  echo "== $name, ${target%%/*}: $2 s"
  "$target" "${fuzz_options[@]}" -max_total_time="$2" "-artifact_prefix=build-fuzz/found/$name-" \
    "${own[@]}" "build-fuzz/corpus/$name" >"$log" 2>&1 || { tail -n 60 "$log"; return 1; }
  grep -hE '^(#[0-9]+.DONE|Done)' "$log"
}

# fuzz_left END [NAME]: sets `left`, the seconds of the next turn; false: there are none.
fuzz_left() {
  local turn=$FUZZ_TURN
  case ${2:-} in load | network | teach) turn=$FUZZ_LONG_TURN ;; esac
  left=$(($1 - SECONDS))
  left=$((left < turn ? left : turn))
  [ "$left" -gt 0 ]
}

# run_fuzz MINUTES
run_fuzz() {
  local builds=(build-fuzz) build target end left
  section "building in build-fuzz" build_fuzz || return
  mkdir -p build-fuzz/found
  ! section "building in build-memory" build_memory || builds+=(build-memory)
  export ASAN_OPTIONS=allocator_may_return_null=1:malloc_context_size=8
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  export MSAN_OPTIONS=allocator_may_return_null=1
  export WINNOW_MAX_WORK=1e6 # what takes longer is refused, and leaves time for other inputs
  export G_SLICE=always-malloc # what GLib keeps for later would be looked for leaks each time
  end=$((SECONDS + $1 * 60))
  while :; do
    for build in "${builds[@]}"; do
      for target in "$build"/tests/fuzz/libfuzz_*; do
        [ -f "$target" ] || continue # folders of objects
        fuzz_left $end "${target##*/libfuzz_}" || return 0
        fuzz_target "$target" "$left" || return 1
      done
    done
    fuzz_left $end || return 0
    compare_networks "$left" || return 1
  done
}
