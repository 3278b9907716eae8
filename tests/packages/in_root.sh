#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What becomes of the packages in a Debian with nothing but its base system, as root, in a copy of
# the tree there: they are installed and used, removed, upgraded from a former version, purged, and
# installed from the repository that their folder is.  Nothing of them may be left.
#   in_root.sh PACKAGES FORMER    folders that everybody can read
set -eux
packages=$1 former=$2
export DEBIAN_FRONTEND=noninteractive

names=$(for file in "$packages"/*.deb; do dpkg-deb -f "$file" Package; done)
version=$(dpkg-deb -f "$(echo "$packages"/winnow_*.deb)" Version)

# versions_are VERSION: of all packages.
versions_are() {
  for name in $names; do
    [ "$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$name")" = "installed $1" ]
  done
}

# Until they are purged dpkg keeps the script that does it.
no_file_is_left() {
  [ -z "$(find / -xdev -name '*winnow*' ! -path '/root/*' ! -path '/proc/*' ! -path '/srv/*' \
    ! -path '/tmp/*' ! -path '/var/cache/apt/*' ! -path '/var/lib/apt/lists/*' \
    ! -path "/var/lib/dpkg/info/winnow.${1:-}*")" ]
}

nothing_is_left() {
  [ -z "$(dpkg-query -W -f '${db:Status-Status}\n' '*winnow*' 2>/dev/null | sed '/^not-installed$/d')" ]
  no_file_is_left none
}

# run_test NAME: as autopkgtest does.
run_test() {
  AUTOPKGTEST_TMP=$(mktemp -d)
  export AUTOPKGTEST_TMP
  "configs/debian/tests/$1"
  rm -r "$AUTOPKGTEST_TMP"
}

apt-get update -q
nothing_is_left

# With what is recommended, nothing else is needed for the first lines of README.
apt-get install -q -y "$packages"/*.deb
versions_are "$version"
gst-inspect-1.0 winnowclassify | grep model-file
for test in commands readme teach pipeline; do
  run_test $test
done
winnow-camera --list 2>&1 | grep 'no camera'
if command -v systemd-analyze; then
  systemd-analyze verify --man=no winnow-camera@front.service winnow-pipeline@door.service \
    winnow-retention@door.service winnow-retention@door.timer
fi
case $names in
*gir1.2-gstwinnow-1.0*)
  apt-get install -q -y --no-install-recommends gcc libc6-dev pkg-config \
    python3-gi gir1.2-gst-plugins-base-1.0
  run_test develop
  run_test python
  ;;
esac

# shellcheck disable=SC2086  # several
apt-get remove -q -y $names
no_file_is_left

apt-get install -q -y "$former"/*.deb
versions_are "$(dpkg-deb -f "$(echo "$former"/winnow_*.deb)" Version)"
apt-get install -q -y "$packages"/*.deb
versions_are "$version"
run_test commands
# What systemd makes for a service that has run.
mkdir -p /var/cache/private/winnow/door /var/lib/private/winnow/door /var/cache/winnow /var/lib/winnow \
  /var/lib/systemd/timers
touch /var/cache/private/winnow/door/registry /var/lib/systemd/timers/stamp-winnow-retention@door.timer
ln -s ../private/winnow/door /var/cache/winnow/door
ln -s ../private/winnow/door /var/lib/winnow/door
# shellcheck disable=SC2086
apt-get purge -q -y $names
nothing_is_left

echo "deb [trusted=yes] file:$packages ./" >/etc/apt/sources.list.d/winnow.list
apt-get update -q
apt-get install -q -y winnow
gst-inspect-1.0 winnowoverlay | grep Winnow
run_test commands
run_test pipeline
# shellcheck disable=SC2086
apt-get purge -q -y $names
rm /etc/apt/sources.list.d/winnow.list
nothing_is_left
