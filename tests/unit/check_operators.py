# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/operators.md shows engine/load/ops.inc as it is, and a golden model uses every operator.

usage: check_operators.py ROOT
"""
import pathlib
import re
import sys


def used(name, models):
    """Whether a node of a model has this op_type, field 4 of a NodeProto."""
    field = bytes([4 << 3 | 2, len(name)]) + name.encode()
    return any(field in model for model in models)


def main(root):
    root = pathlib.Path(root)
    sys.path.append(str(root / "docs"))
    import operators
    found = []
    page = (root / "docs" / "operators.md").read_text(encoding="utf-8")
    if f"-->\n{operators.table()}\n<!-- end -->" not in page:
        found.append("docs/operators.md is not what ops.inc says: run "
                     "python3 docs/update.py docs/operators.md")
    models = [path.read_bytes() for path in (root / "tests" / "data" / "golden").rglob("*.onnx")]
    names = [name for name, *_ in operators.rows()]
    found += [f"{name}: no golden model has it" for name in names if not used(name, models)]
    rows = (root / "engine" / "load" / "ops.inc").read_text()
    ids = re.findall(r"^WNI_OPERATOR(?:_OF)?\((?:\"[\w.]+\", )?(\w+),", rows, re.M)
    print("\n".join(found) or f"{len(names)} operators, in {len(models)} golden models")
    return 1 if found or not len(ids) == len(names) >= 40 else 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1]))
