#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the packages hold that ./package.sh has made, and what they need.

    contents.py FOLDER    build-packages/apt/RELEASE/ARCH
"""
import fnmatch
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAMILIES = {"amd64": "x86_64", "arm64": "aarch64"}  # Debian's name of a processor, Meson's

# Each pattern has a file, and each file a pattern, those below usr/share/doc apart.
FILES = {
    "libwinnow0": ["usr/lib/*/libwinnow.so.0", "usr/lib/*/libwinnow.so.0.*"],
    "libwinnow-dev": ["usr/include/winnow/*.h", "usr/lib/*/libwinnow.so",
                      "usr/lib/*/pkgconfig/winnow.pc"],
    "winnow": ["usr/bin/winnow", "usr/bin/winnow-camera", "usr/bin/winnow-pipeline",
               "usr/bin/winnow-retention", "usr/share/man/man1/winnow-retention.1.gz",
               "usr/share/man/man1/winnow.1.gz", "usr/share/man/man1/winnow-camera.1.gz",
               "usr/share/man/man1/winnow-pipeline.1.gz",
               "usr/lib/systemd/system/winnow-camera@.service",
               "usr/lib/systemd/system/winnow-pipeline@.service",
               "usr/lib/systemd/system/winnow-retention@.service",
               "usr/lib/systemd/system/winnow-retention@.timer"],
    "gstreamer1.0-winnow": ["usr/lib/*/gstreamer-1.0/libgstwinnow.so"],
    "libgstwinnow-1.0-0": ["usr/lib/*/libgstwinnow-1.0.so.0"],
    "libgstwinnow-1.0-dev": ["usr/include/gstwinnow-1.0/gstwinnow.h",
                             "usr/lib/*/libgstwinnow-1.0.so",
                             "usr/lib/*/pkgconfig/gstwinnow-1.0.pc",
                             "usr/share/gir-1.0/GstWinnow-1.0.gir"],
    "gir1.2-gstwinnow-1.0": ["usr/lib/*/girepository-1.0/GstWinnow-1.0.typelib"],
    "winnow-models": ["usr/share/winnow/models/*.onnx", "usr/share/winnow/models/*.md",
                      "usr/share/winnow/models/groups.txt",
                      "usr/share/winnow/models/licences/*.txt"],
}
INTROSPECTION = "gir1.2-gstwinnow-1.0"
GIR = "usr/share/gir-1.0/GstWinnow-1.0.gir"


def output(*command):
    return subprocess.run(command, capture_output=True, check=True).stdout


def field(deb, name):
    return output("dpkg-deb", "-f", deb, name).decode().strip()


def files_of(deb):
    listed = output("dpkg-deb", "-c", deb).decode().splitlines()
    return [re.split(r"\s+", line, maxsplit=5)[5].split(" -> ")[0].removeprefix("./")
            for line in listed if not line.startswith("d")]


def wrong_files(package, files, has_gir):
    patterns = [one for one in FILES[package] if has_gir or one != GIR]
    for pattern in patterns:
        if not fnmatch.filter(files, pattern):
            yield f"{package}: no {pattern}"
    for file in files:
        if not file.startswith("usr/share/doc/") and not any(
                fnmatch.fnmatch(file, pattern) for pattern in patterns):
            yield f"{package}: {file} belongs nowhere"


def wrong_kernels(deb, arch):
    """The kernels of all instruction sets are in it, whatever machine has built it."""
    text = (ROOT / "engine/kernels/meson.build").read_text(encoding="utf-8")
    block = re.search(rf"'{FAMILIES[arch]}': \[(.*?)^  \],", text, re.S | re.M)[1]
    sets = re.findall(r"^    \['(\w+)'", block, re.M)
    assert len(sets) >= 4, sets
    archive = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE,
                             check=True).stdout
    library = subprocess.run(["tar", "-xO", "--wildcards", "*/libwinnow.so.0.*"], input=archive,
                             stdout=subprocess.PIPE, check=True).stdout
    for name in sets:
        if f"__{name}\0".encode() not in library:
            yield f"libwinnow0: no kernel of {name}"


def wrong(folder):
    debs = {field(deb, "Package"): deb for deb in sorted(folder.glob("*.deb"))}
    arch = folder.name
    has_gir = INTROSPECTION in debs
    for package in FILES:
        if package not in debs and (package != INTROSPECTION or arch == "amd64"):
            yield f"{package} is missing"
    for package, deb in debs.items():
        yield from wrong_files(package, files_of(deb), has_gir)
    yield from wrong_kernels(debs["libwinnow0"], arch)
    for package in ("winnow", "libwinnow0"):
        if "gst" in field(debs[package], "Depends"):
            yield f"{package} needs GStreamer"
    index = (folder / "Packages").read_text(encoding="utf-8")
    for deb in debs.values():
        if f"Filename: ./{deb.name}\n" not in index:
            yield f"{deb.name} is not in Packages"
    if " Packages\n" not in (folder / "Release").read_text(encoding="utf-8"):
        yield "Packages is not in Release"


if len(sys.argv) != 2:
    sys.exit(__doc__)
problems = list(wrong(pathlib.Path(sys.argv[1])))
for problem in problems:
    print(problem)
sys.exit(bool(problems))
