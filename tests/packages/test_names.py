# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the packages say of the libraries and of the version is true.

usage: test_names.py ROOT LIBRARY SYMBOLS [LIBRARY SYMBOLS]
"""
import pathlib
import re
import shutil
import subprocess
import sys

SKIP = 77
root = pathlib.Path(sys.argv[1])
if shutil.which("nm") is None:
    print("needs nm")
    sys.exit(SKIP)


def read(name):
    return (root / name).read_text(encoding="utf-8")


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return {line.split()[2].replace("@@", "@") for line in lines if line.split()[1] != "A"}


failed = False
for library, symbols in zip(sys.argv[2::2], sys.argv[3::2]):
    named = {line.split()[0] for line in read(symbols).splitlines() if line.startswith(" ")}
    named -= {name for name in named if re.fullmatch(r"(\w+\.?\d*)@\1", name)}  # the versions
    for name in sorted(exported(library) - named):
        print(f"{symbols}: a row is missing: ' {name} VERSION', with the version that has it first")
        failed = True
    for name in sorted(named - exported(library)):
        print(f"{symbols}: {name} is gone; programs that are built already need it, so that the "
              "library needs another soversion")
        failed = True

version = re.search(r"^  version: '([\d.]+)'", read("meson.build"), re.M)[1]
for name, pattern in (("NEWS", r"Winnow ([\d.]+)"),
                      ("configs/debian/changelog", r"winnow \(([\d.]+)-")):
    found = re.match(pattern, read(name))[1]
    if found != version:
        print(f"{name} begins with version {found}, and meson.build has {version}")
        failed = True
sys.exit(failed)
