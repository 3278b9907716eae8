# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints a table of docs/operators.md: the rows of engine/load/ops.inc, or of composites.inc.

usage: operators.py [composites]
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r"^WNI_OPERATOR(?:_OF)?\((?:\"([\w.]+)\", )?(\w+), (\w+),\s*(.*?),\s*"
                 r"\"([FITC*]+)\",\s*((?:\"[^\"]*\"\s*)+),\s*(\d+),\s*(\w+), (\w+), (\w+)\)$",
                 re.M | re.S)
INPUT = re.compile(r"WNI_(IN|MAYBE|MANY)\((\w+), ([FITA]), (\d), (\d)\)")
TYPES = {"i": "int", "f": "float", "s": "string", "t": "tensor", "g": "graph",
         "I": "ints", "F": "floats"}
MARKS = {"IN": "", "MAYBE": "?", "MANY": "..."}


def rows():
    """[(name, [(kind, input, type, fewest, most dimensions)], [(attribute, type)], domain)]"""
    text = (ROOT / "engine" / "load" / "ops.inc").read_text(encoding="utf-8")
    found = []
    for row in ROW.finditer(text):
        attributes = "".join(re.findall(r'"([^"]*)"', row[6])).split()
        found.append((row[3], INPUT.findall(row[4]), [a.split(":") for a in attributes],
                      row[1] or ""))
    if len(found) != len(re.findall(r"^WNI_OPERATOR(?:_OF)?\(", text, re.M)):
        raise SystemExit("ops.inc has rows that this script cannot read")
    return found


def cell(kind, name, elements, fewest, most):
    ranks = fewest if fewest == most else f"{fewest}-{most}"
    return f"`{name}`{MARKS[kind]} {elements} {ranks}"


def table():
    lines = ["| operator | inputs | attributes |", "|---|---|---|"]
    for name, inputs, attributes, domain in rows():
        title = f"{name} ({domain})" if domain else name
        lines.append(f"| {title} | {', '.join(cell(*i) for i in inputs)} | "
                     f"{', '.join(f'`{a}` {TYPES[t]}' for a, t in attributes)} |")
    return "\n".join(lines)


COMPOSITE = re.compile(r"^WNI_COMPOSITE\((\"[\w.]*\"|WNI_MS), ([\w:]+), \"([^\"]*)\", "
                       r"\"([^\"]*)\",\s*(.*?)\)$", re.M | re.S)


def composites():
    """Operators that are read as others."""
    text = (ROOT / "engine" / "load" / "composites.inc").read_text(encoding="utf-8")
    text = text.replace("WNI_CONV ", f"{re.search(r'WNI_CONV (.*)', text)[1]} ")
    lines = ["| operator | read as |", "|---|---|"]
    for domain, name, _, _, body in COMPOSITE.findall(text):
        domain = "com.microsoft" if domain == "WNI_MS" else domain.strip('"')
        title = name.replace(":", " with ") + (f" ({domain})" if domain else "")
        ops = re.findall(r"\w+=(\w+)\(", "".join(re.findall(r'"([^"]*)"', body)))
        lines.append(f"| {title} | {', '.join(dict.fromkeys(ops))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(composites() if "composites" in sys.argv else table())
