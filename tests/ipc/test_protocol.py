# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds protocol.md and the reader in Python to the table of a result's fields.

env WIRE_TABLE: tests/ipc/wire_table; SOURCE_ROOT: the project.
"""
import importlib.util
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
spec = importlib.util.spec_from_file_location("reader", ROOT / "apps" / "examples" / "reader.py")
reader = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reader)


class Protocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        printed = subprocess.run([os.environ["WIRE_TABLE"]], capture_output=True, text=True,
                                 check=True).stdout
        rows = [re.fullmatch(r"(\d+) (.+) (\S+)", line).groups() for line in printed.splitlines()]
        cls.fields = [(int(at), kind, name) for at, kind, name in rows[:-3]]
        cls.sizes = {(kind, name): int(n) for n, kind, name in rows[-3:]}
        assert len(cls.fields) > 25

    def test_protocol(self):
        page = (ROOT / "engine" / "ipc" / "protocol.md").read_text()
        section = page[page.index("**Result**"):page.index("## Trust")]
        rows = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|", section, re.M)
        self.assertEqual([(int(at), kind, name) for at, kind, name in rows], sorted(self.fields))
        self.assertIn(f"results, {self.sizes['bytes', 'result']} bytes each", page)
        self.assertIn(f"| {self.sizes['offset', 'result']} | | results,", page)

    def test_python_reader(self):
        """What it reads is where it looks; fields that were added since need not be read."""
        self.assertLessEqual(set(reader.FIELDS), set(self.fields))
        self.assertGreaterEqual(len(reader.FIELDS), 30)
        self.assertEqual(reader.RESULT_AT, self.sizes["offset", "result"])


if __name__ == "__main__":
    unittest.main()
