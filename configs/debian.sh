# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The packages of Debian 12 and later that demo.sh, test.sh, package.sh and bench.sh need, and how
# they install what is missing.  Sourced by all; the one list of packages.

# The engine and the commands.
packages_bench=(
  gcc libc6-dev meson ninja-build pkg-config
  libprotobuf-c-dev protobuf-c-compiler
  libglib2.0-dev libjpeg-dev libpng-dev libwebp-dev libjansson-dev libncurses-dev libcairo2-dev
  python3
)

packages_demo=(
  "${packages_bench[@]}"
  # build
  libv4l-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libpango1.0-dev
  gobject-introspection libgirepository1.0-dev
  # run
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-x
  gstreamer1.0-gl fonts-dejavu-core
  python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0
)

# From 1.24 on, GStreamer has a library for what others recognise.
debian_release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
[ "$debian_release" = bookworm ] || packages_demo+=(libgstreamer-plugins-bad1.0-dev)

# The plugin's tests alone.
packages_plugin=("${packages_demo[@]}" check gstreamer1.0-plugins-bad python3-numpy)

packages_package=(
  "${packages_demo[@]}"
  apt-utils debhelper dpkg-dev fakeroot lintian
)

packages_test=(
  "${packages_package[@]}"
  g++ clang libomp-dev check libasan8 libubsan1 libtsan2 valgrind shellcheck groff
  pre-commit clang-tidy-14
  python3-numpy python3-pil python3-onnx
  python3-torch python3-tqdm python3-matplotlib
)

packages_arm64=(
  gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
)

packages_fuzz=(
  clang libclang-rt-14-dev llvm-14 check python3-numpy dpkg-dev make autoconf automake libtool
)

packages_root=(debootstrap)
packages_clean=("${packages_root[@]}" qemu-user-static)
packages_vm=("${packages_root[@]}" qemu-system-x86 busybox-static v4l-utils)

# Built in a folder with MemorySanitizer, from Debian's sources.
fuzz_sources=(jansson protobuf-c)

# Unpacked into a folder, not installed.
packages_arm64_sysroot=(
  libprotobuf-c1 libprotobuf-c-dev libjansson4 libjansson-dev check libsubunit0 libsubunit-dev
)

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# find_missing PACKAGE...: sets `missing`, those that are not there.
find_missing() {
  local package
  missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
}

# install_missing PACKAGE...: installs those that are not there, as root or with sudo.
install_missing() {
  local missing as_root=()
  find_missing "$@"
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are missing; as root run: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# apt_aside ARCHITECTURE [RELEASE [deb-src]]: in a folder of its own, package lists of its own, so
# that the system's stay as they are; sets `apt`, the options that use them.  RELEASE: another
# Debian, from the mirror that this system uses; deb-src: its sources.
apt_aside() {
  mkdir -p lists/partial cache/archives/partial
  apt=(-q -o "APT::Architecture=$1" -o "APT::Architectures::=$1"
    -o "Dir::State::Lists=$PWD/lists" -o "Dir::Cache=$PWD/cache" -o Dir::State::status=/dev/null
    -o APT::Sandbox::User=)
  if [ -n "${2:-}" ]; then
    echo "${3:-deb} $(debian_mirror) $2 main" >sources.list
    apt+=(-o "Dir::Etc::SourceList=$PWD/sources.list" -o Dir::Etc::SourceParts=-)
  fi
  apt-get "${apt[@]}" update
}

debian_mirror() {
  # shellcheck disable=SC2016  # apt expands it
  apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1
}

# make_root_aside FOLDER ARCHITECTURE RELEASE PACKAGE...: these and all that they need, downloaded and
# unpacked, not installed; programs in it run with its own ld.so.
make_root_aside() {
  local folder=$1 arch=$2 release=$3 package
  shift 3
  [ ! -f "$folder/complete" ] || return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  (
    cd "$folder" || exit 1
    apt_aside "$arch" "$release" &&
      apt-get "${apt[@]}" install -y --no-install-recommends --download-only "$@" || exit 1
    for package in cache/archives/*.deb; do dpkg-deb -x "$package" . || exit 1; done
    rm -rf lists cache sources.list
    touch complete
  )
}

# make_arm64_sysroot FOLDER: downloads arm64 packages and unpacks them.
make_arm64_sysroot() {
  local folder=$1 package
  [ ! -f "$folder/complete" ] || return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  (
    cd "$folder" || exit 1
    apt_aside arm64 &&
      apt-get "${apt[@]}" download "${packages_arm64_sysroot[@]}" || exit 1
    for package in ./*.deb; do dpkg-deb -x "$package" . || exit 1; done
    rm -rf lists cache ./*.deb
    touch complete
  )
}

# arm64_cross FOLDER: makes that sysroot; sets `cross`, the options for Meson to build for arm64.
arm64_cross() {
  make_arm64_sysroot "$1" || return
  printf "[constants]\nsysroot = '%s'\n" "$1" >"$1/sysroot.ini"
  cross=(--cross-file "$1/sysroot.ini" --cross-file configs/cross/aarch64-linux-gnu.ini)
}

# fetch_kernel FOLDER: Debian's kernel with its drivers for cameras, unpacked and not installed.
fetch_kernel() {
  local folder=$1 package
  [ ! -f "$folder/complete" ] || return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  (
    cd "$folder" || exit 1
    apt_aside amd64 || exit 1
    package=$(apt-cache "${apt[@]}" depends linux-image-amd64 |
      sed -n 's/^ *Depends: *\(linux-image-.*\)/\1/p')
    apt-get "${apt[@]}" download "$package" || exit 1
    dpkg-deb --fsys-tarfile ./*.deb |
      tar -x --wildcards './boot/vmlinuz-*' './lib/modules/*/kernel/drivers/media/*' || exit 1
    busybox depmod -b "$PWD" "${package#linux-image-}" || exit 1
    rm -rf lists cache ./*.deb
    touch complete
  )
}

# with_qemu COMMAND...: runs it where programs of arm64 run under QEMU.  A kernel that does not know
# how is told in a namespace of its own (Linux 6.7), so that the system stays as it is.  What is not
# in the namespace yet waits until this has given it its users.
with_qemu() {
  local pid qemu
  if [ "$(dpkg --print-architecture)" = arm64 ] || [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
    "$@"
    return
  fi
  qemu=':qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:'
  qemu+='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  qemu+=:/usr/bin/qemu-aarch64-static:FP
  # shellcheck disable=SC2016  # the inner shells expand them
  unshare --user sh -c 'until [ "$(id -u)" = 0 ]; do sleep 0.1; done
    exec unshare --mount sh -c '\''
      mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
        printf %s "$0" >/proc/sys/fs/binfmt_misc/register && exec "$@"'\'' "$@"' \
    sh "$qemu" "$@" &
  pid=$!
  until [ "$(readlink /proc/$pid/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.1; done
  echo 0 0 65536 >/proc/$pid/gid_map
  echo 0 0 65536 >/proc/$pid/uid_map
  wait $pid
}

# make_fresh_debian FOLDER RELEASE [ARCHITECTURE]: a Debian (for this system's processor) with
# nothing but the base system, from the mirror that this system uses.
make_fresh_debian() {
  local folder=$1 release=$2 script=() own arch mirror
  own=$(dpkg --print-architecture)
  arch=${3:-$own}
  [ ! -f "$folder/complete" ] || return 0
  rm -rf --one-file-system "$folder"
  mirror=$(debian_mirror)
  # A release that is younger than debootstrap is made as every one is before its time.
  [ -e "/usr/share/debootstrap/scripts/$release" ] || script=(/usr/share/debootstrap/scripts/sid)
  if [ "$arch" = "$own" ]; then
    debootstrap --variant=minbase "$release" "$folder" "$mirror" "${script[@]}" >"$folder.log" 2>&1
  else
    debootstrap --foreign --arch="$arch" --variant=minbase "$release" "$folder" "$mirror" \
      "${script[@]}" >"$folder.log" 2>&1 &&
      debootstrap_under_qemu "$folder" >>"$folder.log" 2>&1
  fi && cp /etc/resolv.conf "$folder/etc/" && echo "$arch" >"$folder/complete"
}

# Its devices are there by then; it takes the namespace for a container where no others are made.
debootstrap_under_qemu() {
  # shellcheck disable=SC2016
  with_qemu unshare --mount sh -c 'mount --rbind /proc "$0/proc" &&
    container=lxc exec chroot "$0" /debootstrap/debootstrap --second-stage' "$1"
}

# in_fresh_debian FOLDER COMMAND...: runs it in the project's copy there, as root, with
# mounts that end with it.
in_fresh_debian() {
  local folder=$1 qemu=()
  shift
  [ "$(cat "$folder/complete")" = "$(dpkg --print-architecture)" ] || qemu=(with_qemu)
  # shellcheck disable=SC2016  # the inner shell expands them
  "${qemu[@]}" unshare --mount --fork sh -c '
    mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev" && folder=$0 &&
      exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        chroot "$folder" sh -c "cd /root/winnow && exec \"\$@\"" sh "$@"' "$folder" "$@"
}
