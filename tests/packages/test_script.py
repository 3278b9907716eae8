# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ./package.sh says to a wrong command line, and that it says what it can do.

usage: test_script.py ROOT
"""
import pathlib
import subprocess
import sys
import unittest

SCRIPT = pathlib.Path(sys.argv.pop(1)) / "package.sh"


def package(*options):
    return subprocess.run([SCRIPT, *options], capture_output=True, text=True, check=False)


class Script(unittest.TestCase):
    def test_help(self):
        done = package("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for option in ("--release", "--arch", "--out"):
            self.assertIn(option, done.stdout)

    def test_wrong_usage(self):
        for options, says in ((["--nosuch"], "--nosuch"), (["all"], "all"),
                              (["--arch", "riscv64"], "riscv64"), (["--arch"], "--arch"),
                              (["--release", "sid"], "sid"), (["--release", ""], "--release"),
                              (["--out"], "--out")):
            with self.subTest(options=options):
                done = package(*options)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, r"\Apackage\.sh: [^\n]+\n\Z")
                self.assertIn(says, done.stderr)


if __name__ == "__main__":
    unittest.main()
