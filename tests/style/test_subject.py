# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which subjects of commits pass subject.py.  env SUBJECT: the script."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

GOOD = (
    "load: refuse empty files",
    "winnow.h: give the version as macros\n\nA body.\n",
    "engine, plugin: name pixel formats once",
    "gst-plugin: sleep until there is a frame",
    "docs: " + "é" * 74,
    "# what git says\ntests: count\n# more of it\n",
    "Merge branch 'ci'",
    'Revert "load: refuse empty files"',
    "fixup! load: refuse empty files",
)
BAD = (  # and what is said of it
    ("", "area"),
    ("# a comment alone\n", "area"),
    ("refuse empty files", "area"),
    ("Load: refuse empty files", "area"),
    ("load:refuse empty files", "area"),
    ("load: ", "area"),
    ("load, : refuse empty files", "area"),
    ("docs: " + "x" * 75, "81 characters"),
    ("load: refuse empty files.", "full stop"),
    ("load: refuse empty files ", "space"),
    ("load: refuse empty files\nand folders", "line"),
)


class Subject(unittest.TestCase):
    def check(self, message):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "COMMIT_EDITMSG"
            path.write_text(message, encoding="utf-8")
            return subprocess.run([sys.executable, os.environ["SUBJECT"], path], text=True,
                                  capture_output=True)

    def test_good(self):
        for message in GOOD:
            with self.subTest(message):
                done = self.check(message)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_bad(self):
        for message, says in BAD:
            with self.subTest(message):
                done = self.check(message)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, r"\A[^\n]+\n\Z")
                self.assertIn(says, done.stderr)


if __name__ == "__main__":
    unittest.main()
