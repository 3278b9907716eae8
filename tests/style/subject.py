#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the subject of a commit: 'area: imperative', short enough for git log on a terminal.

    tests/style/subject.py FILE

FILE is the message, as git gives it to the hook commit-msg.  What git words itself (merges,
reverts) passes, and so do commits that will be melted into others.
"""
import pathlib
import re
import sys

LIMIT = 80
AREA = re.compile(r"[a-z][a-z0-9_.-]*(, [a-z][a-z0-9_.-]*)*: \S")
BY_GIT = re.compile(r'Merge |Revert "|(fixup|squash|amend)! ')


def fault(message):
    """What is wrong with the message, None: nothing."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    subject = lines[0] if lines else ""
    if BY_GIT.match(subject):
        return None
    if not AREA.match(subject):
        return "must be 'area: what the commit does', as in 'load: refuse empty files'"
    if len(subject) > LIMIT:
        return f"has {len(subject)} characters; {LIMIT} are the most, the rest is for the body"
    if subject.endswith((".", " ")):
        return "ends with a full stop or a space; remove it"
    if len(lines) > 1 and lines[1] != "":
        return "must be a line of its own; leave the line below it empty"
    return None


def main():
    said = fault(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    if said:
        sys.exit(f"subject.py: the subject {said}")


if __name__ == "__main__":
    main()
