#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What winnow-retention removes, and what it leaves alone.
# check_retention.sh PROGRAM
set -eu
program=$1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mkdir "$out/folder"

# make NAME HOURS BYTES: a file that old, of so many.
make() {
  head -c "$3" /dev/zero > "$out/folder/$1"
  touch -d "$2 hours ago" "$out/folder/$1"
}

fill() {
  rm -rf "$out/folder"
  mkdir -p "$out/folder/inside.mkv"
  make a-00000.mkv 132 1000
  make a-00000.jpg 132 100
  make a-00000.json 36 10 # the event is as new as its newest file
  make "b 00001.mkv" 108 1000
  make c.mp4 84 1000
  make d.webm 60 1000
  make e.mkv 0 1000 # now
  make notes.txt 999 9000
  make .hidden.mkv 999 9000
  make "$(printf 'two\nlines.mkv')" 999 9000
  make inside.mkv/f.mkv 999 9000
  make ../outside.mkv 999 9000
  ln -s ../outside.mkv "$out/folder/link.mkv"
  ln -s ../outside.mkv "$out/folder/b 00001.png" # of an event that goes
  touch -h -d "99 days ago" "$out/folder/link.mkv"
}

# The names of what may go, one line.
left() {
  (cd "$out/folder" && find . -maxdepth 1 -type f ! -name '.*' ! -name notes.txt ! -name 'two*' \
    -printf '%f\n' | sort | tr '\n' ';')
}

# expect DAYS BYTES LEFT
expect() {
  fill
  "$program" "$out/folder" "$1" "$2" > "$out/printed"
  found=$(left)
  test "$found" = "$3" || { echo "$1 days, $2 bytes: left is $found" >&2; exit 1; }
  for other in notes.txt .hidden.mkv "$(printf 'two\nlines.mkv')" inside.mkv/f.mkv ../outside.mkv \
    link.mkv "b 00001.png"; do
    test -e "$out/folder/$other" || { echo "$1 days, $2 bytes: $other is gone" >&2; exit 1; }
  done
}

a='a-00000.jpg;a-00000.json;a-00000.mkv;'
expect 0 0 "${a}b 00001.mkv;c.mp4;d.webm;e.mkv;"
test ! -s "$out/printed"
expect 9 1G "${a}b 00001.mkv;c.mp4;d.webm;e.mkv;"
expect 4 0 "${a}c.mp4;d.webm;e.mkv;"
printf './b 00001.mkv\n' | cmp - "$out/printed"
expect 3 0 "${a}d.webm;e.mkv;"
expect 0 5110 "${a}b 00001.mkv;c.mp4;d.webm;e.mkv;"
expect 0 5109 "${a}c.mp4;d.webm;e.mkv;"
expect 0 3K "${a}e.mkv;"
expect 0 2109 "e.mkv;"
expect 0 1 "e.mkv;"
expect 4 2109 "e.mkv;"

fill
"$program" --dry-run "$out/folder" 4 0 > "$out/printed"
printf './b 00001.mkv\n' | cmp - "$out/printed"
test "$(left)" = "${a}b 00001.mkv;c.mp4;d.webm;e.mkv;"

# An empty folder, one behind a link, as systemd has it, and none.
mkdir "$out/empty"
"$program" "$out/empty" 1 1
ln -s folder "$out/behind"
"$program" "$out/behind" 4 0 | cmp - "$out/printed"
test ! -e "$out/folder/b 00001.mkv"
status=0
"$program" "$out/none" 1 1 2> "$out/err" || status=$?
test "$status" -eq 1
grep -q "$out/none" "$out/err"

for wrong in "" "$out/folder" "$out/folder 1" "$out/folder x 1" "$out/folder 1 1T" "$out/folder 1 G" \
  "$out/folder -1 1" "$out/folder 1 1 1" "$out/folder 9999999999 1" "$out/folder 1 9999999999G"; do
  status=0
  # shellcheck disable=SC2086 # words of their own
  "$program" $wrong 2> /dev/null || status=$?
  test "$status" -eq 2 || { echo "'$wrong': status $status" >&2; exit 1; }
done
"$program" "$out/folder" 010 08 > /dev/null # no numbers to the base of 8
