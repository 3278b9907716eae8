# SPDX-License-Identifier: LGPL-2.1-or-later
"""A build with -Dtests=disabled has no test and no program of tests/.

env SOURCE_ROOT: the project; MESON: the program.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])


class Build(unittest.TestCase):
    def test_without_tests(self):
        meson = os.environ["MESON"]
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([meson, "setup", folder, ROOT, "-Dtests=disabled"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)
            ask = lambda what: json.loads(
                subprocess.check_output([meson, "introspect", what, folder]))
            self.assertEqual(ask("--tests") + ask("--benchmarks"), [])
            built = [target["filename"][0] for target in ask("--targets")]
            self.assertTrue(any("libwinnow" in name for name in built), built)
            self.assertEqual([name for name in built if f"{folder}/tests/" in name], [])


if __name__ == "__main__":
    unittest.main()
