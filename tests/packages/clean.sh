#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Tests what ./package.sh has made in a Debian with nothing installed, which ends with this; of
# another processor under QEMU.  Needs root and a mirror; exits with 77 where they are not there.
#   clean.sh PACKAGES RELEASE ARCH    folder as package.sh makes them
set -eu
packages=$(realpath "$1") release=$2 arch=$3
cd "$(dirname "$0")/../.."
# shellcheck source=configs/debian.sh
. configs/debian.sh

top=$PWD/build-packages
base=$top/base-$release-$arch root=$top/clean-$release-$arch
mkdir -p "$top"
if [ "$(id -u)" -ne 0 ] || ! unshare --mount true ||
  ! make_fresh_debian "$base" "$release" "$arch"; then
  echo "Skipped: a fresh Debian ($release, $arch) cannot be made here: root, mounts and a mirror are needed"
  exit 77
fi

# The same files under a lower version, as long as no version has been released.
make_former() {
  local file version folder=$1/folder
  for file in "$packages"/*.deb; do
    version=$(dpkg-deb -f "$file" Version)
    dpkg-deb -R "$file" "$folder"
    sed -i -e "s/^Version: .*/Version: 0.1.0-1~former/" -e "s/(= $version)/(= 0.1.0-1~former)/g" \
      "$folder/DEBIAN/control"
    dpkg-deb --root-owner-group -Zgzip -z1 -b "$folder" "$1/" >/dev/null
    rm -r "$folder"
  done
}

rm -rf --one-file-system "$root"
cp -a "$base" "$root"
mkdir -p "$root/root/winnow" "$root/srv/packages" "$root/srv/former"
git ls-files -z | tar -c --null -T - | tar -x -C "$root/root/winnow"
cp -r "$packages/." "$root/srv/packages"
make_former "$root/srv/former"
status=0
in_fresh_debian "$root" tests/packages/in_root.sh /srv/packages /srv/former || status=1
rm -rf --one-file-system "$root"
exit $status
