# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libwinnow exports: every function that a public header declares, with its version, and
nothing else.  Arguments: the header folder, the shared library, nm.
"""
import pathlib
import re
import subprocess
import sys

VERSION = "WINNOW_0"
DECLARED = re.compile(r"\b(wn_\w+)\s*\([^{}]*?\);", re.S)
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def declared(folder):
    names = set()
    for header in pathlib.Path(folder).glob("*.h"):
        text = COMMENT.sub("", header.read_text())
        names.update(match[1] for match in DECLARED.finditer(text))
    return names


def exported(library, nm):
    lines = subprocess.run([nm, "-D", "--defined-only", library], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    return {line.split()[-1] for line in lines} - {VERSION}


def main(folder, library, nm):
    wanted = {f"{name}@@{VERSION}" for name in declared(folder)}
    found = exported(library, nm)
    for name in sorted(wanted - found):
        print(f"FAIL {name} is declared and not exported")
    for name in sorted(found - wanted):
        print(f"FAIL {name} is exported and not declared")
    print(f"{len(found)} symbols")
    return min(len(wanted ^ found), 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
