# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the commands that a page names and puts what they print in their places.

A place begins with a line `<!-- COMMAND -->` and ends with `<!-- end -->`.  Commands run at the
top of the source tree.  usage: update.py PAGE [WORD], only commands that contain WORD.
"""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLACE = re.compile(r"^<!-- (?!end)([^\n]+) -->\n(.*?)^<!-- end -->$", re.M | re.S)


def fill(place):
    command = place[1]
    if len(sys.argv) > 2 and sys.argv[2] not in command:
        return place[0]
    print(command, file=sys.stderr)
    done = subprocess.run(command, shell=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"it ended with status {done.returncode}; the page is unchanged")
    printed = done.stdout.strip("\n")
    return f"<!-- {command} -->\n{printed}\n<!-- end -->"


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as f:
        page = PLACE.sub(fill, f.read())
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        f.write(page)


if __name__ == "__main__":
    main()
