# SPDX-License-Identifier: LGPL-2.1-or-later
"""What arm.py and arm_loops.py stand on: a build for arm64, and programs of Debian that are
unpacked below build-arm64-peers/ and not installed (the first run downloads them, 300 MB)."""

import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build-arm64")
SYSROOT = os.path.join(ROOT, "build-arm64-sysroot")
FOLDER = os.path.join(ROOT, "build-arm64-peers")
CROSS = "/usr/aarch64-linux-gnu"  # of Debian's cross compiler

# Versions matter: plugins of this kind are for QEMU 7 and 8, and LLVM knows the Neoverse N1 from 17
# on.  Rows: folder, architecture ("" for this machine's), release, packages.
ROOTS = {"qemu": ["", "bookworm", "qemu-user"], "llvm": ["", "trixie", "llvm-19"],
         "node": ["arm64", "bookworm", "nodejs"]}

SETUP = """. configs/debian.sh
install_missing meson ninja-build gcc "${packages_arm64[@]}" || exit 1
if [ ! -f "$0/build.ninja" ]; then
  arm64_cross "$1" && meson setup "$0" "${cross[@]}" -Dapps=disabled -Dgstreamer=disabled \\
    -Dintrospection=disabled -Dtests=enabled || exit 1
fi
exec ninja -C "$0" tests/arm_frames"""


def bash(script, *arguments):
    """Runs it at the top of the tree; what it prints are messages."""
    if subprocess.run(["bash", "-c", script, *arguments], cwd=ROOT, stdout=sys.stderr).returncode:
        sys.exit("what the figures need could not be made; the lines above say why")


def build():
    """Builds what is counted and disassembled, as far as it is not there."""
    bash(SETUP, BUILD, SYSROOT)


def root(name):
    """The folder of that row of ROOTS, made when it is not there."""
    folder, (architecture, *more) = os.path.join(FOLDER, name), ROOTS[name]
    if not os.path.exists(os.path.join(folder, "complete")):
        bash('. configs/debian.sh\nmake_root_aside "$0" "${1:-$(dpkg --print-architecture)}" '
             '"${@:2}"', folder, architecture, *more)
    return folder


def program(name, path, *libraries):
    """The command that runs a program of that root with the libraries of its own Debian."""
    folder = root(name)
    loader = glob.glob(os.path.join(folder, "usr/lib*/ld-linux-*.so.*")) + \
        glob.glob(os.path.join(folder, "lib*/ld-linux-*.so.*"))
    paths = [p for pattern in ("usr/lib/*-linux-gnu", "lib/*-linux-gnu", *libraries)
             for p in glob.glob(os.path.join(folder, pattern))]
    return [loader[0], "--library-path", ":".join(paths), os.path.join(folder, path)]


def qemu():
    return program("qemu", "usr/bin/qemu-aarch64")


def llvm_mca():
    return program("llvm", "usr/lib/llvm-19/bin/llvm-mca", "usr/lib/llvm-19/lib")
