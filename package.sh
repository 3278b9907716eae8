#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes the Debian packages, and a folder with them that apt can install from.  configs/debian
# becomes debian/ in a copy of the tree; this one stays as it is.
set -eu
cd "$(dirname "$0")"
# shellcheck source=configs/debian.sh
. configs/debian.sh

usage() {
  cat <<'TEXT'
Usage: ./package.sh [OPTION...]

Builds the Debian packages, has lintian look at them, and lays them into FOLDER/RELEASE/ARCH,
which is an apt repository, ready to be served. Without --release and --arch they are built on this
system, for it, and what is missing is installed (asks for sudo if not root). With either they are
built in a Debian of that release in build-packages/, which leaves this one as it is; that needs
root, and a mirror. For another processor they are cross-compiled, without introspection data.

Options:
  --release RELEASE  bookworm (Debian 12) or trixie (13)
  --arch ARCH        amd64 or arm64
  --out FOLDER       where the packages go (build-packages/apt)
  --help             print this text
TEXT
}

fail() {
  echo "package.sh: $1" >&2
  exit "${2:-1}"
}

out=build-packages/apt
release=
arch=
while [ $# -gt 0 ]; do
  case "$1" in
    --release | --arch | --out)
      [ -n "${2:-}" ] || fail "$1 needs a value; see ./package.sh --help" 2 ;;
  esac
  case "$1" in
    --release)
      [[ $2 =~ ^(bookworm|trixie)$ ]] || fail "--release: '$2' is neither bookworm nor trixie" 2
      release=$2
      shift ;;
    --arch)
      [[ $2 =~ ^(amd64|arm64)$ ]] || fail "--arch: '$2' is neither amd64 nor arm64" 2
      arch=$2
      shift ;;
    --out) out=$2; shift ;;
    --help) usage; exit 0 ;;
    *) fail "unknown option '$1'; see ./package.sh --help" 2 ;;
  esac
  shift
done

command -v dpkg >/dev/null || fail "this is no Debian: it has no dpkg"
own_arch=$(dpkg --print-architecture)

# Where the packages are built, and how a command runs in it.
if [ -z "$release$arch" ]; then
  [[ $debian_release =~ ^(bookworm|trixie)$ ]] ||
    fail "this system is '$debian_release', neither Debian 12 nor 13; give --release" 77 # tests skip
  install_missing "${packages_package[@]}" || exit 1
  release=$debian_release arch=$own_arch fresh=no
  top=$PWD/build-packages/here
  within=(env -C "$top/winnow")
  rm -rf "$top"
else
  release=${release:-$debian_release} arch=${arch:-$own_arch} fresh=yes
  [ "$(id -u)" -eq 0 ] || fail "--release and --arch make a Debian of their own, which needs root"
  install_missing debootstrap apt-utils dpkg-dev || exit 1
  root=$PWD/build-packages/$release-$arch
  top=$root/root
  within=(in_fresh_debian "$root")
  mkdir -p build-packages
  make_fresh_debian "$root" "$release" ||
    fail "no Debian could be made in $root: $root.log says why"
fi
profiles=()
[ "$arch" = "$own_arch" ] || profiles=(-a "$arch" "-Pcross,nocheck,nogir")

# What a clone contains, with debian/ in its place and a version that says which Debian it is for, so
# that the next one's packages are newer.
lay_out() {
  local debian=$top/winnow/debian number
  rm -rf "$top/winnow" "$top"/*.deb "$top"/*.changes "$top"/*.buildinfo
  mkdir -p "$top/winnow"
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z | tar -c --null -T - | tar -x -C "$top/winnow"
  else
    tar -c --exclude './build*' . | tar -x -C "$top/winnow"
  fi
  mv "$top/winnow/configs/debian" "$debian"
  number=$(sed -n 's/^VERSION_ID="\(.*\)"/\1/p' "${root:-}/etc/os-release")
  sed -i "1s/)/+deb$number)/" "$debian/changelog"
}

# As make_fresh_debian leaves it, with what the packages are built from.
prepare() {
  local compiler=()
  if [ "$arch" != "$own_arch" ]; then
    compiler=("crossbuild-essential-$arch")
    "${within[@]}" dpkg --add-architecture "$arch"
  fi
  "${within[@]}" apt-get update -q
  "${within[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    build-essential fakeroot lintian "${compiler[@]}"
  "${within[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get build-dep -q -y --no-install-recommends "${profiles[@]}" ./
}

# The programs' symbols aside: nobody installs those with the rest.
collect() {
  local folder=$out/$release/$arch
  mkdir -p "$folder/debug"
  mv "$top"/*-dbgsym_*.deb "$folder/debug/"
  mv "$top"/*.deb "$folder/"
  (
    cd "$folder"
    dpkg-scanpackages --multiversion . >Packages 2>scan.log || { cat scan.log >&2; exit 1; }
    rm scan.log
    gzip -9nkf Packages
    rm -f Release
    apt-ftparchive -o APT::FTPArchive::Release::Origin=Winnow \
      -o "APT::FTPArchive::Release::Suite=$release" \
      -o "APT::FTPArchive::Release::Architectures=$arch" release . >../Release.new
    mv ../Release.new Release
  )
}

lay_out
[ $fresh = no ] || prepare
"${within[@]}" dpkg-buildpackage -b -us -uc -j"$(nproc)" "${profiles[@]}"
"${within[@]}" sh -c 'lintian --allow-root --fail-on error,warning --info ../*.changes'
collect

folder=$(realpath "$out/$release/$arch")
echo
echo "Packages:   $folder"
echo "Install:    apt install $folder/*.deb"
echo "Repository: deb [trusted=yes] file:$folder ./"
